"""Judging a record by itself: codes by the lists that the licensee has loaded, years by the day of the import."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from foundation.database import UnitOfWork
from parts_catalog.imports.findings import Findings
from parts_catalog.imports.records import Fault, Item, Line
from parts_catalog.part_types import PART_TYPES, UNCLASSIFIED
from parts_catalog.tables import reference_codes

NAMELESS = ("Part", "配件")
_YEARS_AHEAD = 3


class Judge:
    """Holds the ids of each loaded list, so that a record is judged without a question to the database."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._lists: dict[str, set[int]] = {}
        self._types: dict[int, str] = {}
        self._positions: dict[int, str] = {}
        self._pairs: set[tuple[int, int]] = set()
        self.type_names: dict[str, tuple[str, str]] = {name: (kind.en, kind.zh) for name, kind in PART_TYPES.items()}
        self._last_year = unit.now().year + _YEARS_AHEAD
        self._unverified: dict[tuple[str, str], list[int]] = {}
        self._unverified_lines: Counter[str] = Counter()
        for row in unit.connection.execute(select(reference_codes)).yield_per(10_000):
            self._lists.setdefault(row.kind, set()).add(row.id)
            self._learn(row.kind, row.id, row.name_en, row.name_zh, row.canonical)

    def _learn(self, kind: str, number: int, en: str, zh: str | None, canonical: Mapping[str, Any]) -> None:
        if kind == "part_terminology":
            said = str(canonical.get("part_type"))
            name = said if said in PART_TYPES else f"pcdb_{number}"  # what the catalogue has no row for keeps its code
            self._types[number] = name
            self.type_names.setdefault(name, (en, zh or en))
        elif kind == "position":
            self._positions[number] = canonical.get("position") or en.lower()
        elif kind == "part_position":
            self._pairs.add((canonical["part_terminology"], canonical["position"]))

    def line(self, line: Line) -> Line | Fault:
        """Give the line in the catalogue's words, or the first rule that it breaks."""
        application = line.application
        unknown: list[tuple[str, int]] = []
        unjudged: set[tuple[str, str]] = set()
        for rule, kind, number in _codes(line):
            if kind not in self._lists:
                unjudged.add((rule, f"{kind} {number}" if rule == "vehicle_code" else str(number)))
            elif number not in self._lists[kind]:
                unknown.append((rule, number))
        if unknown:
            rule, number = unknown[0]
            return Fault(line.line, f"unknown_{rule}", {"id": number}, str(line.part.number))
        for year in (application.year_from, application.year_to):
            if year is not None and year > self._last_year:
                return Fault(
                    line.line, "year_out_of_range", {"year": year, "first": 1896, "last": self._last_year}, line.vehicle
                )
        if line.terminology is not None and line.position_code is not None and self._pairs:
            pair = (line.terminology, line.position_code)
            if pair not in self._pairs:
                about = {"type": line.terminology, "position": line.position_code}
                return Fault(line.line, "invalid_position", about, line.part.number)
        self._note(line.line, unjudged)
        position = self._positions.get(line.position_code or 0, application.position)
        return replace(
            line,
            application=application if position == application.position else replace(application, position=position),
            part_type=line.part_type or self.part_type(line.terminology),
        )

    def item(self, item: Item) -> Item | Fault:
        if item.terminology is not None:
            known = self._lists.get("part_terminology")
            if known is None:
                self._note(item.line, {("part_terminology", str(item.terminology))})
            elif item.terminology not in known:
                return Fault(item.line, "unknown_part_terminology", {"id": item.terminology}, item.part.number, "item")
        return replace(item, part_type=item.part_type or self.part_type(item.terminology))

    def part_type(self, terminology: int | None) -> str | None:
        """Name a part type by its code: as the list says, else by the code itself."""
        if terminology is None:
            return None
        return self._types.get(terminology, f"pcdb_{terminology}")

    def names(self, part_types: Collection[str]) -> list[tuple[str, str, str]]:
        """Give (part type, English, Chinese) to name parts by of which no file has told a name."""
        found = []
        for name in part_types:
            code = name.removeprefix("pcdb_")
            plain = NAMELESS if name == UNCLASSIFIED else (f"Part of type {code}", f"配件（类型 {code}）")
            found.append((name, *self.type_names.get(name, plain)))
        return found

    def tell(self, findings: Findings) -> None:
        """Note what could not be judged: each id once, counted by the lines that have it."""
        lines = self._unverified_lines
        for (rule, number), (first, count) in self._unverified.items():
            findings.add(f"unverified_{rule}", first, {"id": number, "lines": count}, records=0)
        for rule, count in lines.items():
            findings.warnings[f"unverified_{rule}"] = count

    def _note(self, line: int, unjudged: Collection[tuple[str, str]]) -> None:
        self._unverified_lines.update({rule for rule, _ in unjudged})
        for key in unjudged:
            seen = self._unverified.setdefault(key, [line, 0])
            seen[1] += 1


def _codes(line: Line) -> Iterator[tuple[str, str, int]]:
    """Give (rule, kind of list, id) of every code on a line."""
    if line.application.base_vehicle is not None:
        yield "base_vehicle", "base_vehicle", line.application.base_vehicle
    if line.terminology is not None:
        yield "part_terminology", "part_terminology", line.terminology
    if line.position_code is not None:
        yield "position", "position", line.position_code
    for kind, number in (line.application.attributes or {}).items():
        yield "vehicle_code", kind, number
    for qualifier in line.application.qualifiers or ():
        yield "qualifier", "qualifier", qualifier["id"]
