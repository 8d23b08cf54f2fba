"""All that the catalogue says of one part beside its fit: the numbers it is known by, and what it is made for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import false, func, select, tuple_
from sqlalchemy.dialects.postgresql import array

from foundation.database import UnitOfWork
from parts_catalog.applications import NAMING_CODES
from parts_catalog.tables import applications, part_numbers, reference_codes
from parts_catalog.tables import vehicle_configurations as configurations

MOST_LINES = 200  # of what it is made for that are shown


@dataclass(frozen=True, slots=True)
class OtherNumber:
    """A number that the part is known by; `kind` is that of `part_numbers`."""

    kind: str
    maker: str
    number: str


@dataclass(frozen=True, slots=True)
class MadeFor:
    """A car that a part is made for, in both languages; years are None where the catalogue bounds none."""

    en: str
    zh: str
    year_from: int | None
    year_to: int | None


@dataclass(frozen=True, slots=True)
class PartSheet:
    """`universal`: it is made for no car in particular. `more`: there are lines that were not read."""

    numbers: tuple[OtherNumber, ...]
    made_for: tuple[MadeFor, ...]
    universal: bool
    more: bool


def part_sheet(unit: UnitOfWork, part: str) -> PartSheet:
    """Give what the catalogue says of a part; one that is not there has nothing."""
    others = unit.connection.execute(
        select(part_numbers.c.kind, part_numbers.c.maker, part_numbers.c.number)
        .where(part_numbers.c.part == part, part_numbers.c.removed_by.is_(None))
        .order_by(part_numbers.c.kind, part_numbers.c.maker, part_numbers.c.number)
    ).all()
    table = applications.c
    coded = func.coalesce(table.attributes.has_any(array(NAMING_CODES)), false())
    lines: Sequence[Any] = unit.connection.execute(
        select(table.make, table.model_line, table.base_vehicle, table.year_from, table.year_to, coded.label("coded"))
        .where(table.part == part, table.removed_by.is_(None), ~table.excludes)
        .distinct()
        .limit(MOST_LINES + 1)
    ).all()
    shown = lines[:MOST_LINES]
    return PartSheet(
        numbers=tuple(OtherNumber(*row) for row in others),
        made_for=_made_for(unit, [row for row in shown if row.make is not None or row.base_vehicle is not None]),
        universal=any(row.make is None and row.base_vehicle is None and not row.coded for row in shown),
        more=len(lines) > MOST_LINES,
    )


def _made_for(unit: UnitOfWork, lines: Sequence[Any]) -> tuple[MadeFor, ...]:
    """Give each car once, with the years that its lines span."""
    names = _names(unit, lines)
    spans: dict[tuple[str, str], tuple[list[int | None], list[int | None]]] = {}
    for row in lines:
        begins, ends = spans.setdefault(names[_key(row)], ([], []))
        begins.append(row.year_from)
        ends.append(row.year_to)
    return tuple(
        MadeFor(en, zh, _bound(begins, min), _bound(ends, max)) for (en, zh), (begins, ends) in sorted(spans.items())
    )


def _bound(years: Sequence[int | None], pick: Callable[[list[int]], int]) -> int | None:
    known = [year for year in years if year is not None]
    return pick(known) if len(known) == len(years) else None


def _key(row: Any) -> tuple[str, str, int]:
    return (row.make or "", row.model_line or "", row.base_vehicle or 0)


def _names(unit: UnitOfWork, lines: Sequence[Any]) -> dict[tuple[str, str, int], tuple[str, str]]:
    """Name the cars of lines as the catalogue writes them; what no list names goes by its key or code."""
    table = configurations.c
    wanted = sorted({(row.make, row.model_line) for row in lines if row.make and row.model_line})
    query = select(
        table.make_key, table.model_line_key, table.make, table.make_zh, table.model_line, table.model_line_zh
    )
    known = {
        (row.make_key, row.model_line_key): (f"{row.make} {row.model_line}", f"{row.make_zh}{row.model_line_zh}")
        for row in unit.connection.execute(query.where(tuple_(table.make_key, table.model_line_key).in_(wanted)))
    }
    codes = sorted({row.base_vehicle for row in lines if row.base_vehicle is not None})
    listed = select(reference_codes.c.id, reference_codes.c.name_en, reference_codes.c.name_zh).where(
        reference_codes.c.kind == "base_vehicle", reference_codes.c.id.in_(codes)
    )
    coded = {row.id: (row.name_en, row.name_zh or row.name_en) for row in unit.connection.execute(listed)}
    named = {}
    for make, model, code in {_key(row) for row in lines}:
        plain = f"{make} {model}".strip().title()
        unknown = (f"Vehicle {code} (VCdb)", f"车型{code}（VCdb）") if code else (plain, plain)
        named[make, model, code] = coded.get(code) or known.get((make, model)) or unknown
    return named
