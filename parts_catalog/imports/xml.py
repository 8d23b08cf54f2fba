"""XML as a stream of records: each becomes a small tree and is forgotten; nothing outside the file is ever read."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO
from xml.parsers import expat

from parts_catalog.imports.records import Unreadable

_CHUNK = 1 << 16
_MOST_NODES = 200_000
_MOST_TEXT = 16 << 20


@dataclass(slots=True)
class Node:
    tag: str
    attributes: dict[str, str]
    line: int
    children: list["Node"] = field(default_factory=list)
    text: str = ""

    def child(self, *tags: str) -> "Node | None":
        """Give the first child with one of the tags."""
        for one in self.children:
            if one.tag in tags:
                return one
        return None

    def all(self, *path: str) -> Iterator["Node"]:
        """Give the descendants along a path of tags."""
        for one in self.children:
            if one.tag == path[0]:
                if len(path) == 1:
                    yield one
                else:
                    yield from one.all(*path[1:])

    def said(self, *tags: str) -> str | None:
        """Give the text of the first child with one of the tags, None where there is none or it is empty."""
        found = self.child(*tags)
        return (found.text.strip() or None) if found is not None else None


class _Builder:
    """Collects the records that are complete; the root comes first, without its children."""

    def __init__(self, wanted: frozenset[str]) -> None:
        self.done: list[Node] = []
        self._wanted = wanted
        self._open: list[Node] = []
        self._depth = 0
        self._nodes = self._text = 0
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.ordered_attributes = False
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.EntityDeclHandler = self._refuse

    def _refuse(self, *_: object) -> None:
        raise Unreadable(
            "document_type", "a file with a document type or entities is not read", self.parser.CurrentLineNumber
        )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        tag = name.rpartition(":")[2]
        if not self._open and self._depth > 1 and tag not in self._wanted:
            return
        node = Node(tag, attributes, self.parser.CurrentLineNumber)
        if self._depth == 1:
            self.done.append(node)
            return
        self._nodes += 1
        if self._nodes > _MOST_NODES:
            self._too_large()
        if self._open:
            self._open[-1].children.append(node)
        self._open.append(node)

    def _characters(self, text: str) -> None:
        if self._open:
            self._text += len(text)
            if self._text > _MOST_TEXT:
                self._too_large()
            node = self._open[-1]
            node.text = node.text + text if node.text else text

    def _end(self, _: str) -> None:
        self._depth -= 1
        if self._open:
            node = self._open.pop()
            if not self._open:
                self.done.append(node)
                self._nodes = self._text = 0

    def _too_large(self) -> None:
        raise Unreadable(
            "record_too_large",
            f"a record is larger than {_MOST_TEXT >> 20} MB",
            self.parser.CurrentLineNumber,
            most=_MOST_TEXT >> 20,
        )


def stream(file: BinaryIO, wanted: frozenset[str]) -> Iterator[Node]:
    """Give the root of a file without its children, then each outermost element whose tag is wanted.

    Prefixes of namespaces are left out of tags. Raises `Unreadable` for what is not well-formed, not in an encoding of
    XML parsers, or has a document type (so there are no entities to expand and none to fetch).
    """
    builder = _Builder(wanted)
    try:
        while chunk := file.read(_CHUNK):
            builder.parser.Parse(chunk, False)
            done, builder.done = builder.done, []
            yield from done
        builder.parser.Parse(b"", True)
        yield from builder.done
    except (ValueError, LookupError) as error:
        raise Unreadable("encoding", "the XML is in an encoding that is not read; UTF-8 always is") from error
    except expat.ExpatError as error:
        raise Unreadable("malformed", f"the XML is not well-formed ({error})", error.lineno) from error
