"""Small catalogues for tests: one brand, and parts with the lines that the test is about."""

from dataclasses import asdict
from typing import Any

from foundation.database import UnitOfWork
from parts_catalog.applications import Application
from parts_catalog.parts import Location
from parts_catalog.spelling import number_key, plain
from parts_catalog.stock import list_locations, open_location
from parts_catalog.tables import applications, brands, completeness, imports, parts, stock
from parts_catalog.warehouse.ledger import open_ledger


def add_brand(unit: UnitOfWork, name: str = "Testmark", rank: int = 1) -> None:
    unit.connection.execute(brands.insert().values(name=name, name_zh=name, quality="aftermarket", rank=rank))


def add_part(
    unit: UnitOfWork,
    part: str,
    *lines: Application,
    part_type: str = "alternator",
    brand: str = "Testmark",
    **names: Any,
) -> str:
    number = names.get("number", part)
    values = {"name_en": "Alternator", "name_zh": "发电机", **names, "number": number}
    unit.connection.execute(
        parts.insert().values(
            id=part,
            brand=brand,
            part_type=part_type,
            number_key=number_key(number),
            search_text=plain(f"{values['name_en']} {values['name_zh']} {number} {number_key(number)}"),
            **values,
        )
    )
    for line in lines:
        stated = {name: value for name, value in asdict(line).items() if value is not None}
        unit.connection.execute(applications.insert().values(part=part, part_type=part_type, **stated))
    return part


def add_import(unit: UnitOfWork, name: str = "lines.xml") -> int:
    given = {"file_name": name, "sha256": "0", "format": "aces", "mode": "full", "state": "done"}
    added: int = unit.connection.execute(
        imports.insert().values(started_at=unit.now(), **given).returning(imports.c.id)
    ).scalar_one()
    return added


def declare_complete(unit: UnitOfWork, part_type: str = "alternator", brand: str = "Testmark") -> None:
    unit.connection.execute(completeness.insert().values(brand=brand, part_type=part_type, source="all of Testmark"))


def add_location(unit: UnitOfWork, location: str = "loc", **changes: Any) -> str:
    names = {"name_en": location, "name_zh": location}
    given: dict[str, Any] = {"organisation": "org", "kind": "warehouse", "ships": True, **names}
    open_location(unit, Location(location, **(given | changes)))
    return location


def add_stock(unit: UnitOfWork, part: str, location: str = "loc", on_hand: int = 5) -> tuple[str, str]:
    if location not in {one.id for one in list_locations(unit)}:
        add_location(unit, location)
    unit.connection.execute(stock.insert().values(part=part, location=location, organisation="org", on_hand=on_hand))
    open_ledger(unit, "a test")
    return part, location
