"""Which parts fit a car: SQL narrows the catalogue's lines to the car's make and model, `verdicts.py` judges them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Row, Select, func, or_, select, true

from foundation.database import UnitOfWork
from foundation.refusals import NotFound
from ingest.vehicles import VehicleConfig
from parts_catalog.applications import Application
from parts_catalog.configurations import vehicle_keys
from parts_catalog.part_types import part_type_of
from parts_catalog.parts import FitAnswer, FitVerdict, Part
from parts_catalog.tables import applications as table
from parts_catalog.tables import brands, completeness, imports, parts
from parts_catalog.verdicts import Car, Ruling, judge, place

Lines = Mapping[str, Sequence[Application]]


def fitting_parts(
    unit: UnitOfWork, config: VehicleConfig, part_type: str, position: str | None = None
) -> list[FitAnswer]:
    """Give the parts of a type that fit, fit under conditions, or may fit, one answer per part and position.

    In order: `fits`, `fits_if`, `depends_on`; within each, parts made for this vehicle before universal ones, then by
    the brand's rank. Parts at different positions are not alternatives of one another: `position` keeps one position.
    `part_type` is a name of `part_types.py` or its words in either language; another one raises `NotFound`.
    """
    found = fitting_parts_of(unit, config, [part_type])[part_type]
    return [answer for answer in found if position in (None, answer.position)]


def fitting_parts_of(unit: UnitOfWork, config: VehicleConfig, wanted: Sequence[str]) -> dict[str, list[FitAnswer]]:
    """Give the same for several part types at once, by the name that each was asked for with; all their positions."""
    kinds = {asked: part_type_of(asked).name for asked in wanted}
    car = Car.of(config, *vehicle_keys(unit, config))
    lines: dict[str, dict[str, list[Application]]] = {kind: {} for kind in kinds.values()}
    for row in unit.connection.execute(_select_lines(table.c.part_type.in_(list(lines)) & _may_speak_of(car))):
        lines[row.part_type].setdefault(row.part, []).append(_application(row))
    known = {one.part.id: one for one in _known(unit, sorted({part for found in lines.values() for part in found}))}
    return {asked: _offered(known, lines[kind], car) for asked, kind in kinds.items()}


def _offered(known: Mapping[str, "_Known"], lines: Lines, car: Car) -> list[FitAnswer]:
    answers = [(answer, known[part]) for part in lines if part in known for answer in _answers(known[part], lines, car)]
    offered = [pair for pair in answers if place(pair[0].verdict) <= place(FitVerdict.DEPENDS_ON)]
    return [answer for answer, _ in sorted(offered, key=lambda pair: _listed(pair[0], pair[1], lines))]


def fit_of(unit: UnitOfWork, part: str, config: VehicleConfig) -> FitAnswer:
    """Answer for one part, the best of its positions. Raises `NotFound` for a part that is not in the catalogue."""
    answers = fits_of(unit, [part], config)
    if part not in answers:
        raise NotFound(f"there is no part {part}")
    return answers[part]


def fits_of(unit: UnitOfWork, wanted: Sequence[str], config: VehicleConfig) -> dict[str, FitAnswer]:
    """Answer for several parts at once, by id; ids that are not in the catalogue are left out."""
    car = Car.of(config, *vehicle_keys(unit, config))
    lines = _lines(unit, table.c.part.in_(wanted) & _may_speak_of(car))
    return {
        known.part.id: min(_answers(known, lines, car), key=lambda answer: place(answer.verdict))
        for known in _known(unit, wanted)
    }


def get_part(unit: UnitOfWork, part: str) -> Part:
    """Give a part of the catalogue; raises `NotFound`."""
    found = _known(unit, [part])
    if not found:
        raise NotFound(f"there is no part {part}")
    return found[0].part


@dataclass(frozen=True, slots=True)
class _Known:
    """A part with its brand's rank, and where its brand declares that it lists every vehicle."""

    part: Part
    rank: int
    complete: str | None


def _answers(known: _Known, lines: Lines, car: Car) -> list[FitAnswer]:
    """Judge a part position by position; an exclusion without a position counts for all of them."""
    mine = lines.get(known.part.id, ())
    positions = sorted({line.position for line in mine if not line.excludes}, key=lambda name: name or "")
    return [
        _answer(
            known,
            judge(
                [line for line in mine if line.position == position or (line.excludes and line.position is None)],
                car,
                complete=known.complete is not None,
            ),
        )
        for position in positions or [None]
    ]


def _answer(known: _Known, ruling: Ruling) -> FitAnswer:
    line = ruling.line
    return FitAnswer(
        part=known.part,
        verdict=ruling.verdict,
        quantity=line.quantity if line else 0,
        position=line.position if line else None,
        conditions_en=tuple(condition.en for condition in ruling.conditions),
        conditions_zh=tuple(condition.zh for condition in ruling.conditions),
        question=ruling.question,
        source=line.source if line else known.complete or "",
    )


def _listed(answer: FitAnswer, known: _Known, lines: Lines) -> tuple[int, bool, int, str, str]:
    universal = all(line.universal for line in lines[answer.part.id])
    return place(answer.verdict), universal, known.rank, answer.part.number, answer.position or ""


def _may_speak_of(car: Car) -> ColumnElement[bool]:
    """Narrow to the lines of the car's make and model line; a name that is unknown does not narrow."""
    clause: ColumnElement[bool] = true()
    if car.make is not None:
        clause &= or_(table.c.make.is_(None), table.c.make == car.make)
    if car.model_line is not None:
        clause &= or_(table.c.model_line.is_(None), table.c.model_line == car.model_line)
    return clause


def _lines(unit: UnitOfWork, where: ColumnElement[bool]) -> dict[str, list[Application]]:
    found: dict[str, list[Application]] = {}
    for row in unit.connection.execute(_select_lines(where)):
        found.setdefault(row.part, []).append(_application(row))
    return found


def _select_lines(where: ColumnElement[bool]) -> Select[tuple[object, ...]]:
    """Select lines that no import took out, each with the import's file and line where it has no source of its own."""
    told = func.coalesce(table.c.source, func.concat(imports.c.file_name, ", line ", table.c.line)).label("source")
    others = [one for one in table.c if one.name != "source"]
    query = select(*others, told).outerjoin(imports, imports.c.id == table.c.import_id)
    return query.where(table.c.removed_by.is_(None), where).order_by(table.c.part, table.c.id)


_AS_THEY_ARE = tuple(name for name in Application.__dataclass_fields__ if name != "displacement_l")


def _application(row: "Row[tuple[object, ...]]") -> Application:
    litres = row.displacement_l
    stated = {name: getattr(row, name) for name in _AS_THEY_ARE}
    return Application(**stated, displacement_l=None if litres is None else float(litres))


def _known(unit: UnitOfWork, wanted: Sequence[str]) -> list[_Known]:
    whole = (completeness.c.brand == parts.c.brand) & (completeness.c.part_type == parts.c.part_type)
    rows = unit.connection.execute(
        select(parts, brands.c.rank, completeness.c.source.label("complete"))
        .join(brands, brands.c.name == parts.c.brand)
        .outerjoin(completeness, whole)
        .where(parts.c.id.in_(wanted), parts.c.removed_by.is_(None))
    )
    return [
        _Known(Part(row.id, row.brand, row.number, row.part_type, row.name_en, row.name_zh), row.rank, row.complete)
        for row in rows
    ]
