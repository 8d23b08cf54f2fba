"""The seed catalogue in the database: loaded by COPY, deterministic, and again is no harm."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import accumulate

from sqlalchemy import CreateTableAs, Table, column, func, select, text
from sqlalchemy import table as relation
from sqlalchemy.dialects.postgresql import insert

from foundation.database import UnitOfWork
from foundation.identity import add_organisation, list_organisations
from parts_catalog import tables
from parts_catalog.parts import Location
from parts_catalog.prices import BASE_LIST, CHINESE_VAT
from parts_catalog.search.index import index_parts, index_vehicles
from parts_catalog.seed_parts import SeedPart, draw, seed_parts
from parts_catalog.seed_rules import BRANDS, FAST_MOVERS, RULES
from parts_catalog.seed_vehicles import SeedVehicle, seed_vehicles
from parts_catalog.spelling import name_key, number_key
from parts_catalog.version import raise_version
from parts_catalog.warehouse.ledger import open_ledger
from parts_catalog.warehouse.locations import list_locations, open_location

CENTRAL_WAREHOUSE = "loc_central_warehouse"
CENTRAL_ORGANISATION = "org_central_parts"
SOURCE = "forecourt seed catalogue"
_WUHAN = (30.5928, 114.3055)
_CENTRAL = Location(
    CENTRAL_WAREHOUSE, CENTRAL_ORGANISATION, "warehouse", "Central warehouse", "中心仓库", _WUHAN, "CN-HB", ships=True
)

Row = Sequence[object]


def seed(unit: UnitOfWork, locations: Sequence[tuple[str, str]] = ()) -> dict[str, int]:
    """Load the seed catalogue, with stock in the central warehouse and at each (location, owning organisation).

    What is there already stays as it is, so stock that was sold is not filled up; new locations get their stock.
    Gives the number of rows that the catalogue holds now, by table.
    """
    if CENTRAL_ORGANISATION not in {organisation for organisation, _ in list_organisations(unit)}:
        add_organisation(unit, "Central Parts Warehouse", CENTRAL_ORGANISATION)
    vehicles = seed_vehicles()
    parts = list(seed_parts(vehicles))
    places = [(CENTRAL_WAREHOUSE, CENTRAL_ORGANISATION), *locations]
    open_location(unit, _CENTRAL)
    known = {location.id for location in list_locations(unit)}
    for location, organisation in locations:
        if location not in known:
            open_location(unit, Location(location, organisation, "workshop", location, location))
    _load(unit, tables.brands, ((b.name, b.name_zh, b.quality, b.rank) for b in BRANDS), "name name_zh quality rank")
    _load(unit, tables.vehicle_configurations, map(_configuration_row, vehicles))
    _load(unit, tables.parts, map(_part_row, parts), _PART)
    _load(unit, tables.applications, _application_rows(_without_lines(unit, parts)), _APPLICATION)
    _load(unit, tables.completeness, _completeness_rows())
    _load(unit, tables.prices, map(_price_row, parts))
    _load(unit, tables.stock, (row for part in parts for row in _stock_rows(part, places)))
    open_ledger(unit, SOURCE)
    _load(unit, tables.expected_deliveries, (row for part in parts for row in _delivery_rows(part, unit)), _DELIVERY)
    index_parts(unit)
    index_vehicles(unit)
    raise_version(unit)
    counted = (tables.vehicle_configurations, tables.parts, tables.applications, tables.stock)
    return {
        table.name: unit.connection.execute(select(func.count()).select_from(table)).scalar_one() for table in counted
    }


def _load(unit: UnitOfWork, table: Table, rows: Iterable[Row], given: str = "") -> None:
    """Add rows with the columns given, else with all of the table's; rows whose key is there already are skipped."""
    names = given.split() or [one.name for one in table.columns]
    empty = select(*(table.c[name] for name in names)).limit(0)
    unit.connection.execute(CreateTableAs(empty, "incoming", temporary=True))
    with unit.driver.cursor() as cursor, cursor.copy("COPY incoming FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    incoming = relation("incoming", *(column(name) for name in names))
    unit.connection.execute(insert(table).from_select(names, select(*incoming.columns)).on_conflict_do_nothing())
    unit.connection.execute(text("DROP TABLE incoming"))


def _configuration_row(car: SeedVehicle) -> Row:
    return (
        f"vc_{car.key}",
        car.make,
        car.make_zh,
        car.make_key,
        car.model_line,
        car.model_line_zh,
        car.model_key,
        name_key(car.model_line_zh),
        car.year_from,
        car.year_to,
        car.fuel,
        car.displacement_l,
        car.cylinders,
        car.aspiration,
        car.transmission,
        car.drive,
        car.body,
        car.engine,
        car.region,
    )


_PART = "id brand number number_key part_type name_en name_zh search_text"
_APPLICATION = (
    "part part_type make model_line year_from year_to built_from built_to fuel displacement_l cylinders aspiration"
    " transmission drive body engine_code region position quantity equipment note_en note_zh excludes source"
)


def _part_row(part: SeedPart) -> Row:
    return (
        part.id,
        part.brand.name,
        part.number,
        number_key(part.number),
        part.part_type,
        part.name_en,
        part.name_zh,
        part.search_text,
    )


def _without_lines(unit: UnitOfWork, parts: Sequence[SeedPart]) -> list[tuple[int, SeedPart]]:
    """Leave out the parts whose lines are there already; gives each part with the number of its first line."""
    of_the_seed = select(tables.applications.c.part).where(tables.applications.c.import_id.is_(None)).distinct()
    there = set(unit.connection.execute(of_the_seed).scalars())
    numbers = accumulate((len(part.lines) for part in parts), initial=1)
    return [(number, part) for number, part in zip(numbers, parts, strict=False) if part.id not in there]


def _application_rows(parts: Iterable[tuple[int, SeedPart]]) -> Iterator[Row]:
    for first, part in parts:
        for number, line in enumerate(part.lines, first):
            yield (
                part.id,
                part.part_type,
                line.make,
                line.model_line,
                line.year_from,
                line.year_to,
                line.built_from,
                line.built_to,
                line.fuel,
                line.displacement_l,
                line.cylinders,
                line.aspiration,
                line.transmission,
                line.drive,
                line.body,
                line.engine_code,
                line.region,
                line.position,
                line.quantity,
                json.dumps(line.equipment) if line.equipment else None,
                line.note_en,
                line.note_zh,
                line.excludes,
                f"{SOURCE}, line {number}",
            )


def _completeness_rows() -> Iterator[Row]:
    """Declare that the invented brands list every car for their parts made for an engine or a car, not for sizes."""
    for part_type, rule in RULES.items():
        for brand in BRANDS[: rule.brands]:
            if rule.scope in {"engine", "car"}:
                yield brand.name, part_type, f"{SOURCE}, {brand.name}: all {part_type} applications"


def _price_row(part: SeedPart) -> Row:
    return BASE_LIST, part.id, "CNY", CENTRAL_ORGANISATION, part.net_fen, CHINESE_VAT


_DELIVERY = "id organisation supplier part location quantity day state created_at"
_TO_COME = 5  # sets that a supplier is to send of a part that is not there


def _to_come(part: SeedPart) -> int | None:
    """Give in how many days a part comes to the central warehouse that has none of it."""
    chance = draw(1000, "stock", part.id, CENTRAL_WAREHOUSE)
    return 3 + chance % 15 if part.brand.rank == len(BRANDS) and chance < 60 else None


def _delivery_rows(part: SeedPart, unit: UnitOfWork) -> Iterator[Row]:
    days = _to_come(part)
    if days is not None:
        where = f"{part.brand.name} supply", part.id, CENTRAL_WAREHOUSE, _TO_COME * part.pieces
        day = unit.now().date() + timedelta(days=days)
        yield f"delivery_{part.id}", CENTRAL_ORGANISATION, *where, day, "expected", unit.now()


def _stock_rows(part: SeedPart, places: Sequence[tuple[str, str]]) -> Iterator[Row]:
    """Give the central warehouse of everything, but for some cheap parts that are to come; and workshops a little.

    Counted in sets for one car: the central warehouse holds 5-40, a workshop 2-6 of what moves fast.
    """
    for location, organisation in places:
        chance = draw(1000, "stock", part.id, location)
        if location == CENTRAL_WAREHOUSE:
            sets = 5 + chance % 36 if _to_come(part) is None else 0
        elif part.part_type in FAST_MOVERS and part.brand.rank == 1:
            sets = 2 + chance % 5
        else:
            sets = 1 + chance % 2 if chance < 200 else 0
        if sets or location == CENTRAL_WAREHOUSE:
            yield part.id, location, organisation, sets * part.pieces, 0, None
