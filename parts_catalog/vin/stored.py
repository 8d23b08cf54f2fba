"""The user's rules in the database: read for a VIN, and written from a CSV file, with every rejected row told."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, func, select

from foundation.database import UnitOfWork
from foundation.refusals import Invalid
from ingest.vehicles import Fuel, VehicleConfig
from parts_catalog.tables import vin_rules as table
from parts_catalog.vin.answers import FIELDS, Decoded, Value
from parts_catalog.vin.decoding import decode
from parts_catalog.vin.rules import NUMBERS, PATTERN, SIGNS, WMI, Rule, split
from parts_catalog.vin.years import FIRST

_FIELDS = tuple(name for name in FIELDS if name not in {"model_year", "maker_country"})
COLUMNS = ("wmi", "pattern", "year_from", "year_to", *_FIELDS, "source")
_TO_POSITION_14 = 11  # signs of a pattern, which begins at position 4


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that was not taken: its line in the file, the rule it broke, and the sentence for people."""

    line: int
    rule: str
    text: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file of rules."""

    rows: int
    accepted: int
    rejected: list[Rejected] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        counts: dict[str, int] = {}
        for one in self.rejected:
            counts[one.rule] = counts.get(one.rule, 0) + 1
        findings = [{"line": one.line, "rule": one.rule, "text": one.text} for one in self.rejected]
        return {"rows": self.rows, "accepted": self.accepted, "rejected": counts, "findings": findings}


class _Rejection(Exception):  # noqa: N818 - bad data is no error of ours
    def __init__(self, rule: str, text: str) -> None:
        super().__init__(text)
        self.rule, self.text = rule, text


def decode_vin(unit: UnitOfWork, vin: str, year: int | None = None, hints: VehicleConfig | None = None) -> Decoded:
    """Decode with the rules of this installation; model years end with the next one."""
    rules = rules_of(unit, vin[:3].upper())
    return decode(vin, year, hints, latest_year=unit.now().year + 1, rules=rules)


def rules_of(unit: UnitOfWork, wmi: str) -> list[Rule]:
    """Give the user's rules of a maker's code."""
    rows = unit.connection.execute(select(table).where(table.c.wmi == wmi).order_by(table.c.id))
    return [
        Rule(
            row.wmi,
            row.pattern,
            row.year_from,
            row.year_to,
            {name: tuple(value) if isinstance(value, list) else (value,) for name, value in row.fields.items()},
            row.source,
        )
        for row in rows
    ]


def import_rules(unit: UnitOfWork, lines: Iterable[str], *, dry_run: bool = False) -> Imported:
    """Take the rows of a CSV file, each in place of a rule of the same code, pattern and years; the others stay.

    A heading that is unknown, or `wmi` or `source` without one, refuses the whole file with `Invalid`.
    """
    rejected: list[Rejected] = []
    taken: dict[tuple[object, ...], Rule] = {}
    rows = 0
    for line, row in _rows(lines):
        rows += 1
        try:
            rule = _rule(row)
        except _Rejection as rejection:
            rejected.append(Rejected(line, rejection.rule, rejection.text))
            continue
        if _key(rule) in taken:
            rejected.append(Rejected(line, "duplicate", "the file has this code, pattern and years twice"))
        else:
            taken[_key(rule)] = rule
    if not dry_run:
        for rule in taken.values():
            _write(unit, rule)
    return Imported(rows, len(taken), rejected)


def _rows(lines: Iterable[str]) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(lines, strict=True)
    try:
        headings = reader.fieldnames or ()
        if unknown := sorted(set(headings) - set(COLUMNS)):
            raise Invalid(f"unknown columns: {', '.join(map(repr, unknown))}; known are {', '.join(COLUMNS)}")
        if missing := sorted({"wmi", "source"} - set(headings)):
            raise Invalid(f"the file needs the columns {', '.join(missing)}")
        for row in reader:
            yield reader.line_num, {name or "": cell for name, cell in row.items() if isinstance(cell, str)}
    except csv.Error as error:
        raise Invalid(f"line {reader.line_num} is not CSV: {error}") from error


def _rule(row: Mapping[str, str]) -> Rule:
    cells = {name: cell.strip() for name, cell in row.items()}
    wmi, pattern = cells["wmi"].upper(), cells.get("pattern", "").upper()
    if not WMI.fullmatch(wmi):
        raise _Rejection("wmi", f"{wmi!r} is no maker's code: three signs of a VIN")
    if not PATTERN.fullmatch(pattern):
        raise _Rejection(
            "pattern", f"{pattern!r}: up to 14 signs from position 4, `?` for any, `[AB]` for one of these"
        )
    if not cells["source"]:
        raise _Rejection("source", "a rule names its source")
    years = [_number("years", cells.get(name, ""), int) for name in ("year_from", "year_to")]
    first, last = (None if year is None else int(year) for year in years)
    if any(year is not None and not FIRST <= year <= 9999 for year in (first, last)) or (first or 0) > (last or 9999):
        raise _Rejection("years", f"the years {first} to {last} cannot be")
    fields = {name: _values(name, cells[name]) for name in _FIELDS if cells.get(name)}
    if not fields:
        raise _Rejection("nothing_said", "the rule tells nothing of the car")
    rule = Rule(wmi, pattern, first, last, fields, cells["source"])
    if wmi[2] == "9" and not _reaches_small_makers(pattern):
        raise _Rejection("small_maker", "many small makers share this code: the pattern must fix positions 12 to 14")
    return rule


def _reaches_small_makers(pattern: str) -> bool:
    signs = SIGNS.findall(pattern)
    return len(signs) >= _TO_POSITION_14 and "?" not in signs[_TO_POSITION_14 - 3 : _TO_POSITION_14]


def _values(name: str, cell: str) -> tuple[Value, ...]:
    words = split(cell)
    if name == "fuel" and (wrong := [word for word in words if word not in set(Fuel)]):
        raise _Rejection("field", f"fuel: {wrong[0]!r} is none of {', '.join(Fuel)}")
    numbers = [_number("field", word, NUMBERS[name]) for word in words] if name in NUMBERS else words
    values = tuple(value for value in numbers if value is not None)
    if not values:
        raise _Rejection("field", f"{name}: {cell!r} holds no value")
    return values


def _number(rule: str, cell: str, kind: type[int] | type[float]) -> int | float | None:
    if not cell:
        return None
    try:
        number = kind(cell)
    except ValueError:
        raise _Rejection(rule, f"{cell!r} is no number") from None
    if not 0 < number < 10_000:  # not a number and infinity are no sizes either
        raise _Rejection(rule, f"{cell!r} cannot be")
    return number


def _key(rule: Rule) -> tuple[object, ...]:
    return rule.wmi, rule.pattern, rule.year_from, rule.year_to


def _write(unit: UnitOfWork, rule: Rule) -> None:
    same = (table.c.wmi == rule.wmi) & (table.c.pattern == rule.pattern)
    same &= func.coalesce(table.c.year_from, 0) == (rule.year_from or 0)
    same &= func.coalesce(table.c.year_to, 0) == (rule.year_to or 0)
    unit.connection.execute(delete(table).where(same))
    fields = {name: list(values) for name, values in rule.fields.items()}
    unit.connection.execute(
        table.insert().values(
            wmi=rule.wmi,
            pattern=rule.pattern,
            year_from=rule.year_from,
            year_to=rule.year_to,
            fields=fields,
            source=rule.source,
        )
    )
