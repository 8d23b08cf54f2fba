"""Which parts fit a car: SQL narrows the catalogue's lines to the car's make and model, `verdicts.py` judges them.

A constant number of statements, however many parts and lines:

    the keys of the car's names     only for a Chinese model name
    the years of its model line     only when its year is unknown, from a loaded list of base vehicles
    kits and their components       every component, through kits in kits
    lines                           of the parts and of the components
    what codes mean                 only when lines have codes
    parts, brands, completeness
    relations, stock at each hop    only where parts are offered for the car
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import (
    ColumnElement,
    Integer,
    Row,
    Select,
    SmallInteger,
    Text,
    and_,
    any_,
    cast,
    false,
    func,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY, array

from foundation.database import UnitOfWork
from foundation.refusals import NotFound
from ingest.vehicles import VehicleConfig
from parts_catalog.answers import Listed, Said, best_answer, mark_ambiguous, offered
from parts_catalog.applications import NAMING_CODES, Application
from parts_catalog.coding import Code, codes_on, resolved
from parts_catalog.configurations import vehicle_keys
from parts_catalog.part_types import part_type_of
from parts_catalog.parts import FitAnswer, Part
from parts_catalog.questions import answered, question_about
from parts_catalog.relations import relations_of
from parts_catalog.snapshot.newest import newest
from parts_catalog.snapshot.reading import Snapshot
from parts_catalog.tables import applications as table
from parts_catalog.tables import brands, completeness, imports, kit_components, parts, reference_codes
from parts_catalog.verdicts import Car

__all__ = [
    "answered",
    "car_of",
    "fit_of",
    "fits_of",
    "fitting_parts",
    "fitting_parts_for",
    "fitting_parts_of",
    "get_part",
    "question_about",
]

_MOST_PARTS = 500  # of a type, offered for a car of which not even the make is known: each of them depends on that


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
    return fitting_parts_for(unit, [(config, wanted)])[0]


def fitting_parts_for(
    unit: UnitOfWork, questions: Sequence[tuple[VehicleConfig, Sequence[str]]]
) -> list[dict[str, list[FitAnswer]]]:
    """Give the same for many cars, each with the part types that it is asked for.

    From the snapshot of the catalogue where there is one of its present version, else by SQL; the answers are equal.
    """
    snapshot = newest(unit)
    found = [_offers(unit, snapshot, config, wanted) for config, wanted in questions]
    parts_offered = {answer.part.id for _, offers in found for answers in offers.values() for answer in answers}
    related = relations_of(
        unit, sorted(parts_offered if snapshot is None else parts_offered.intersection(snapshot.related))
    )
    return [
        {
            asked: mark_ambiguous(
                said,
                [
                    replace(answer, related=related[answer.part.id]) if answer.part.id in related else answer
                    for answer in answers
                ],
            )
            for asked, answers in offers.items()
        }
        for said, offers in found
    ]


def _offers(
    unit: UnitOfWork, snapshot: Snapshot | None, config: VehicleConfig, wanted: Sequence[str]
) -> tuple[Said, dict[str, list[FitAnswer]]]:
    """Give what is said of one car and, by the name each type was asked for with, what is offered for it."""
    kinds = {asked: part_type_of(asked).name for asked in wanted}
    car = car_of(unit, config)
    types = sorted(set(kinds.values()))
    if snapshot is not None and snapshot.covers(car):
        said = snapshot.said_of(car, types)
    else:
        said = _said_of_types(unit, car, types)
    by_type: dict[str, list[str]] = {kind: [] for kind in types}
    for part, one in said.listed.items():
        if one.part.part_type in by_type:
            by_type[one.part.part_type].append(part)
    offers = {kind: offered(said, by_type[kind], car) for kind in types}
    return said, {asked: offers[kind] for asked, kind in kinds.items()}


def _said_of_types(unit: UnitOfWork, car: Car, types: Sequence[str]) -> Said:
    named = _may_speak_of(car)
    of_types = table.c.part_type.in_(types) & named
    if car.make is None:
        of_types &= table.c.part.in_(_some_parts(of_types))
    kits = _kits(unit, _kits_of_types(types, of_types, car))
    return _said(unit, or_(of_types, table.c.part.in_(_components(kits)) & named), kits)


def fit_of(unit: UnitOfWork, part: str, config: VehicleConfig) -> FitAnswer:
    """Answer for one part, the best of its positions. Raises `NotFound` for a part that is not in the catalogue."""
    answers = fits_of(unit, [part], config)
    if part not in answers:
        raise NotFound(f"there is no part {part}")
    return replace(answers[part], related=relations_of(unit, [part]).get(part, ()))


def fits_of(unit: UnitOfWork, wanted: Sequence[str], config: VehicleConfig) -> dict[str, FitAnswer]:
    """Answer for several parts at once, by id; ids that are not in the catalogue are left out, and so are relations."""
    car = car_of(unit, config)
    snapshot = newest(unit)
    if snapshot is not None and snapshot.covers(car):
        said = snapshot.said_of_parts(car, _numbers(unit, wanted))
    else:
        said = _said_of_parts(unit, car, wanted)
    return {part: best_answer(said, part, car) for part in dict.fromkeys(wanted) if part in said.listed}


def _numbers(unit: UnitOfWork, wanted: Sequence[str]) -> list[int]:
    rows = unit.rows("SELECT no FROM parts WHERE id = ANY(%(parts)s::text[])", {"parts": list(wanted)})
    return [row.no for row in rows]


def _said_of_parts(unit: UnitOfWork, car: Car, wanted: Sequence[str]) -> Said:
    kits = _kits(unit, kit_components.c.kit.in_(wanted))
    asked = {*wanted, *_components(kits)}
    return _said(unit, table.c.part.in_(asked) & _may_speak_of(car), kits, asked)


def get_part(unit: UnitOfWork, part: str) -> Part:
    """Give a part of the catalogue; raises `NotFound`."""
    found = _listed(unit, [part])
    if part not in found:
        raise NotFound(f"there is no part {part}")
    return found[part].part


def car_of(unit: UnitOfWork, config: VehicleConfig) -> Car:
    """Give the car in the catalogue's words, with the years in which its model line exists if its own is unknown."""
    make, model_line = vehicle_keys(unit, config)
    years: Sequence[int] | None = None
    if config.model_year is None and make is not None and model_line is not None:
        year = cast(reference_codes.c.canonical["year"].astext, SmallInteger)
        listed = select(year).where(_base_vehicles({"make": make, "model_line": model_line}), year.is_not(None))
        years = unit.connection.execute(listed.distinct().order_by(year)).scalars().all()
    return Car.of(config, make, model_line, years or None)


def _said(
    unit: UnitOfWork, where: ColumnElement[bool], kits: Mapping[str, Sequence[str]], asked: Iterable[str] = ()
) -> Said:
    """Read lines and the parts that they are of, those of the kits and those asked for."""
    lines = _lines(unit, where)
    return Said(_listed(unit, sorted({*lines, *kits, *_components(kits), *asked})), lines, kits)


def _may_speak_of(car: Car) -> ColumnElement[bool]:
    """Narrow to the lines of the car's make and model line; a name that is unknown does not narrow.

    Written as one alternative for each index range: universal lines with those that name the make by code, lines of
    the model line, lines of the whole make, and lines that name base vehicles by code. Codes are of the car where a
    loaded list tells or the car itself has them.
    """
    if car.make is None:
        return true()
    coded = func.coalesce(table.c.attributes.has_any(array(NAMING_CODES)), false())
    return or_(_nameless() & or_(~coded, _coded_for(car)), _speaks_by_name_of(car))


def _nameless() -> ColumnElement[bool]:
    return table.c.make.is_(None) & table.c.base_vehicle.is_(None)


def _coded_for(car: Car) -> ColumnElement[bool]:
    """Choose, of the lines without names and base vehicles, those under codes of the car."""
    makes = select(cast(reference_codes.c.id, Text)).where(
        reference_codes.c.kind == "make", reference_codes.c.canonical["make"].astext == car.make
    )
    listed = func.array(makes.scalar_subquery(), type_=ARRAY(Text))
    own = [table.c.attributes.contains({name: car.codes[name]}) for name in NAMING_CODES if name in car.codes]
    return or_(table.c.attributes["make"].astext == any_(listed), *own)


def _speaks_by_name_of(car: Car) -> ColumnElement[bool]:
    of_make = table.c.make == car.make
    names = {"make": car.make or ""}
    if car.model_line is None:
        named = [of_make]
    else:
        named = [of_make & (table.c.model_line == car.model_line), of_make & table.c.model_line.is_(None)]
        names["model_line"] = car.model_line
    # As an array, not as a subquery, which would keep the other alternatives from their indexes.
    listed = func.array(
        select(reference_codes.c.id).where(_base_vehicles(names)).scalar_subquery(), type_=ARRAY(Integer)
    )
    coded: list[ColumnElement[bool]] = [table.c.base_vehicle == any_(listed)]
    if "base_vehicle" in car.codes:
        coded.append(table.c.base_vehicle == car.codes["base_vehicle"])
    return or_(*named, *coded)


def _base_vehicles(names: Mapping[str, str]) -> ColumnElement[bool]:
    return and_(reference_codes.c.kind == "base_vehicle", reference_codes.c.canonical.contains(names))


def _some_parts(where: ColumnElement[bool]) -> Select[tuple[str]]:
    current = table.c.removed_by.is_(None)
    return select(table.c.part).where(current, where).distinct().order_by(table.c.part).limit(_MOST_PARTS)


def _kits_of_types(types: Sequence[str], of_types: ColumnElement[bool], car: Car) -> ColumnElement[bool]:
    """Choose kits of the types that have a line about the car, or a component that has one by name or by code."""
    current = table.c.removed_by.is_(None)
    chosen: ColumnElement[bool] = kit_components.c.kit.in_(select(table.c.part).where(current, of_types))
    if car.make is not None:
        speaking = or_(_speaks_by_name_of(car), _nameless() & _coded_for(car))
        through = select(table.c.part).where(current, speaking)
        chosen = or_(chosen, kit_components.c.component.in_(through))
    return and_(chosen, kit_components.c.kit.in_(select(parts.c.id).where(parts.c.part_type.in_(types))))


def _kits(unit: UnitOfWork, chosen: ColumnElement[bool]) -> dict[str, list[str]]:
    """Give the required components of the chosen kits, and of the kits among their components."""
    kept = kit_components.c.removed_by.is_(None)
    kits = select(kit_components.c.kit).where(kept, chosen).cte("kits", recursive=True)
    kits = kits.union(  # no row twice: this ends in a circle, too
        select(kit_components.c.component).join(kits, kits.c.kit == kit_components.c.kit).where(kept)
    )
    rows = unit.connection.execute(
        select(kit_components.c.kit, kit_components.c.component)
        .where(kept, kit_components.c.required, kit_components.c.kit.in_(select(kits.c.kit)))
        .order_by(kit_components.c.kit, kit_components.c.id)
    )
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row.kit, []).append(row.component)
    return found


def _components(kits: Mapping[str, Sequence[str]]) -> list[str]:
    return sorted({component for components in kits.values() for component in components})


def _lines(unit: UnitOfWork, where: ColumnElement[bool]) -> dict[str, list[Application]]:
    """Read lines that no import took out, in the order in which they came, their codes in words where lists tell."""
    rows = unit.connection.execute(_select_lines(where)).all()
    lines = [_application(row) for row in rows]
    known = codes_of(unit, sorted({code for line in lines for code in codes_on(line)}))
    found: dict[str, list[Application]] = {}
    for row, line in zip(rows, lines, strict=True):
        found.setdefault(row.part, []).append(resolved(line, known) if known else line)
    return found


def _select_lines(where: ColumnElement[bool]) -> Select[tuple[object, ...]]:
    """Select lines, each with the import's file and line where it has no source of its own."""
    told = func.coalesce(table.c.source, func.concat(imports.c.file_name, ", line ", table.c.line)).label("source")
    others = [one for one in table.c if one.name != "source"]
    query = select(*others, told).outerjoin(imports, imports.c.id == table.c.import_id)
    return query.where(table.c.removed_by.is_(None), where).order_by(table.c.part, table.c.id)


_AS_THEY_ARE = tuple(name for name in Application.__dataclass_fields__ if name != "displacement_l")


def _application(row: "Row[tuple[object, ...]]") -> Application:
    litres = row.displacement_l
    stated = {name: getattr(row, name) for name in _AS_THEY_ARE}
    return Application(**stated, displacement_l=None if litres is None else float(litres))


def codes_of(unit: UnitOfWork, wanted: Sequence[tuple[str, int]]) -> dict[tuple[str, int], Code]:
    """Give what the loaded lists tell of codes, each a kind and an id."""
    if not wanted:
        return {}
    rows = unit.connection.execute(
        select(reference_codes).where(tuple_(reference_codes.c.kind, reference_codes.c.id).in_(wanted))
    )
    return {(row.kind, row.id): Code(row.name_en, row.name_zh, row.canonical) for row in rows}


def _listed(unit: UnitOfWork, wanted: Sequence[str]) -> dict[str, Listed]:
    whole = (completeness.c.brand == parts.c.brand) & (completeness.c.part_type == parts.c.part_type)
    rows = unit.connection.execute(
        select(parts, brands.c.rank, completeness.c.source.label("complete"))
        .join(brands, brands.c.name == parts.c.brand)
        .outerjoin(completeness, whole)
        .where(parts.c.id.in_(wanted), parts.c.removed_by.is_(None))
    )
    return {
        row.id: Listed(
            Part(row.id, row.brand, row.number, row.part_type, row.name_en, row.name_zh), row.rank, row.complete
        )
        for row in rows
    }
