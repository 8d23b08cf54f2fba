"""What an import finds, counted rule by rule and kept in the order in which it was found, in a file until the end."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from tempfile import SpooledTemporaryFile
from typing import Any

from parts_catalog.imports.rules import REJECTED, RULES

MOST_WARNINGS = 10_000  # of one rule that are kept one by one; all are counted, and what is rejected is kept whole
_IN_MEMORY = 1 << 20


class Findings:
    def __init__(self) -> None:
        self.rejected: Counter[str] = Counter()
        self.warnings: Counter[str] = Counter()
        self._kept: Counter[str] = Counter()
        self._file = SpooledTemporaryFile(_IN_MEMORY, "w+", encoding="utf-8")  # noqa: SIM115 - closed by `close`

    def add(
        self, rule: str, line: int | None, about: Mapping[str, Any], excerpt: str | None = None, records: int = 1
    ) -> None:
        """Note one finding; `records` of the file are counted for it."""
        of_rule = RULES[rule]
        counted = self.rejected if of_rule.severity == REJECTED else self.warnings
        counted[rule] += records
        if of_rule.severity == REJECTED or self._kept[rule] < MOST_WARNINGS:
            self._kept[rule] += 1
            text = (of_rule.en.format_map(about), of_rule.zh.format_map(about))
            row = (line, of_rule.severity, rule, *(_storable(one) for one in (*text, excerpt)))
            self._file.write(json.dumps(row, ensure_ascii=False) + "\n")

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Give line, severity, rule, text_en, text_zh and excerpt of each, in order."""
        self._file.seek(0)
        yield from (tuple(json.loads(row)) for row in self._file)

    def close(self) -> None:
        self._file.close()


def _storable(text: str | None) -> str | None:
    """Give a text as the database can hold it, and of a length that a person reads."""
    return None if text is None else text.replace("\x00", "")[:1000]
