"""What a loaded code list says of the codes on catalogue lines: pure, for every reader of lines."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from parts_catalog.applications import Application

CodeKey = tuple[str, int]  # kind and id


@dataclass(frozen=True, slots=True)
class Code:
    """One row of a code list: its names, and what it means in the catalogue's words."""

    name_en: str
    name_zh: str | None
    canonical: Mapping[str, Any]


_WORDS = (
    *("make", "model_line", "fuel", "displacement_l", "cylinders", "aspiration", "transmission", "drive", "body"),
    *("engine_code", "region", "built_from", "built_to"),
)


def codes_on(line: Application) -> Iterator[CodeKey]:
    """Give the codes on a line that a list may explain."""
    if line.base_vehicle is not None and line.make is None:
        yield "base_vehicle", line.base_vehicle
    yield from (line.attributes or {}).items()
    for qualifier in line.qualifiers or ():
        if qualifier.get("id") is not None:
            yield "qualifier", qualifier["id"]


def resolved(line: Application, known: Mapping[CodeKey, Code]) -> Application:
    """Write a line's codes in words, as far as lists explain them; what the line states itself stands.

    A code whose row has no meaning of its own (only names) stays a code.
    """
    said: dict[str, Any] = {}
    left: dict[str, int] = {}
    for kind, number in (line.attributes or {}).items():
        meaning = _meaning(known.get((kind, number)))
        if meaning:
            said |= meaning
        else:
            left[kind] = number
    if line.base_vehicle is not None and line.make is None:
        said |= _meaning(known.get(("base_vehicle", line.base_vehicle)))
    missing = {name: value for name, value in said.items() if getattr(line, name) is None}
    return replace(line, **missing, attributes=left or None, qualifiers=_named(line, known))


def _meaning(code: Code | None) -> dict[str, Any]:
    if code is None:
        return {}
    said = {name: value for name, value in code.canonical.items() if name in _WORDS}
    year = code.canonical.get("year")
    return said if year is None else {**said, "year_from": year, "year_to": year}


def _named(line: Application, known: Mapping[CodeKey, Code]) -> list[Mapping[str, Any]] | None:
    """Give qualifiers their Chinese text, where the list has one and the line has none."""
    if line.qualifiers is None:
        return None
    return [
        {**one, "text_zh": code.name_zh}
        if (code := known.get(("qualifier", one.get("id") or 0))) and code.name_zh and not one.get("text_zh")
        else one
        for one in line.qualifiers
    ]
