"""The seed catalogue: large enough, plausible, the same every time, and useful for every car in it."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from diagnostics.faults import FAULTS
from foundation.clock import FixedClock
from foundation.database import Database
from ingest.vehicles import Fuel, VehicleConfig
from parts_catalog import tables
from parts_catalog.configurations import list_configurations
from parts_catalog.fitment import fitting_parts
from parts_catalog.part_types import PART_TYPES
from parts_catalog.parts import FitVerdict
from parts_catalog.prices import price_of
from parts_catalog.seed import seed
from parts_catalog.seed_parts import seed_parts
from parts_catalog.seed_rules import RULES
from parts_catalog.seed_vehicles import seed_vehicles
from parts_catalog.stock import offers
from tests.parts_catalog.warehouse.books import check_books

ETIOS = VehicleConfig.from_json(
    {"make": "Toyota", "model_line": "Etios", "model_year": 2014, "fuel": "petrol", "displacement_l": 1.5}
)


def _count(database: Database, table: str) -> int:
    with database.unit() as unit:
        return unit.connection.execute(select(func.count()).select_from(getattr(tables, table))).scalar_one()


def test_the_catalogue_is_as_large_as_promised(catalogue: Database) -> None:
    assert _count(catalogue, "vehicle_configurations") >= 60
    assert _count(catalogue, "parts") >= 1500
    assert _count(catalogue, "applications") >= 3000
    assert _count(catalogue, "prices") == _count(catalogue, "parts")


def test_every_seeded_piece_is_in_the_ledger_and_what_is_not_there_is_on_its_way(catalogue: Database) -> None:
    with catalogue.unit() as unit:
        check_books(unit)
        missing = unit.connection.execute(select(tables.stock.c.part).where(tables.stock.c.on_hand == 0))
        coming = set(unit.connection.execute(select(tables.expected_deliveries.c.part)).scalars())
        assert set(missing.scalars()) == coming != set()


def test_every_part_type_has_a_rule_and_every_fault_its_parts() -> None:
    assert set(RULES) == set(PART_TYPES)
    assert {name for fault in FAULTS.values() for name in fault.part_types} <= set(PART_TYPES)
    assert len({part_type.zh for part_type in PART_TYPES.values()}) == len(PART_TYPES)


def test_every_part_type_is_made_for_some_car() -> None:
    assert {part.part_type for part in seed_parts(seed_vehicles())} == set(PART_TYPES)


def test_drawing_twice_gives_the_same_parts() -> None:
    assert list(seed_parts(seed_vehicles())) == list(seed_parts(seed_vehicles()))


def test_seeding_again_changes_nothing_and_fills_nothing_up(database: Database, clock: FixedClock) -> None:
    with database.unit() as unit:
        seed(unit, [("ws_a", "org_a")])
        unit.connection.execute(tables.stock.update().values(on_hand=0))
    before = [_count(database, table.name) for table in tables.metadata.sorted_tables]
    with database.unit() as unit:
        seed(unit, [("ws_a", "org_a")])
    assert [_count(database, table.name) for table in tables.metadata.sorted_tables] == before
    with database.unit() as unit:
        assert unit.connection.execute(select(func.max(tables.stock.c.on_hand))).scalar_one() == 0


@pytest.mark.parametrize("newest", [False, True])
def test_every_car_gets_its_electrical_parts_from_stock(catalogue: Database, newest: bool) -> None:
    """With a belt drive: alternator, belt and battery. Full hybrids and electric cars: a DC/DC converter."""
    with catalogue.unit() as unit:
        last: dict[tuple[object, ...], int] = {
            (car.make, car.model_line, car.year_from, car.engine): car.year_to for car in seed_vehicles()
        }
        for config in list_configurations(unit):
            if newest:
                key = (config.make, config.model_line, config.model_year, config.engine_code)
                config = replace(config, model_year=last[key])  # noqa: PLW2901 - the same car, newer
            belt = config.fuel in {Fuel.PETROL, Fuel.DIESEL}
            wanted = ("alternator", "serpentine_belt") if belt else ("dc_dc_converter",)
            for part_type in (*wanted, "vehicle_battery"):
                fitting = [a for a in fitting_parts(unit, config, part_type) if a.verdict is FitVerdict.FITS]
                found = offers(unit, [answer.part.id for answer in fitting])
                assert any(offer.available >= 1 for of in found.values() for offer in of), (config, part_type)


def test_the_parts_of_an_electrical_fault_fit_the_demo_car_and_have_a_price(catalogue: Database) -> None:
    with catalogue.unit() as unit:
        for part_type in ("alternator", "serpentine_belt", "belt_tensioner", "vehicle_battery", "starter_motor"):
            best = fitting_parts(unit, ETIOS, part_type)[0]
            assert best.verdict is FitVerdict.FITS, part_type
            assert price_of(unit, [best.part.id])[best.part.id].net.amount > 0


def test_workshops_hold_what_moves_fast(catalogue: Database) -> None:
    with catalogue.unit() as unit:
        best = fitting_parts(unit, ETIOS, "alternator")[0]
        at = {offer.location: offer.available for offer in offers(unit, [best.part.id])[best.part.id]}
    assert set(at) == {"loc_central_warehouse", "ws_north", "ws_south"}


def test_no_seed_price_is_absurd(catalogue: Database) -> None:
    with catalogue.unit() as unit:
        amounts = unit.connection.execute(
            select(tables.parts.c.part_type, func.min(tables.prices.c.net_amount), func.max(tables.prices.c.net_amount))
            .join(tables.prices, tables.prices.c.part == tables.parts.c.id)
            .group_by(tables.parts.c.part_type)
        )
        for part_type, least, most in amounts:
            assert 100 <= least <= most <= 8 * least, part_type
