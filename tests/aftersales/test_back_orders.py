"""A visit whose part is on its way: it begins after the part has come, and the part is its own when it comes."""

from datetime import date, datetime, timedelta

from sqlalchemy import update

from aftersales.visits.late_parts import offer_later_times
from parts_catalog import stock
from parts_catalog.tables import stock as shelves
from parts_catalog.warehouse.deliveries import change_delivery, expect_delivery
from tests.aftersales.world import CENTRAL, WAREHOUSE, World

COMES = date(2026, 11, 25)  # a Wednesday; an S1 finding is seen to by the 26th


def on_its_way(world: World) -> str:
    """Leave no alternator anywhere, but for two that a supplier sends."""
    with world.database.unit() as unit:
        alternators = shelves.c.part.in_(["alt_shelf", "alt_central"])
        unit.connection.execute(update(shelves).where(alternators).values(on_hand=0))
        return str(expect_delivery(unit, WAREHOUSE, "Farlight", ("alt_central", CENTRAL), 2, COMES).id)


def test_a_visit_waits_for_its_part_and_has_it_first(world: World) -> None:
    delivery = on_its_way(world)
    case = world.open()
    assert case["reasons"] == []
    visit = case["appointment"]
    assert datetime.fromisoformat(visit["start"]).date() > COMES
    order = world.confirm(visit["id"])["repair_order"]
    with world.database.unit() as unit:
        assert [(one.part, one.quantity, one.expected) for one in stock.waiting(unit, case["id"])] == [
            ("alt_central", 1, COMES)
        ]
    world.clock.advance(timedelta(days=8))
    for step in ({"step": "check_in", "mileage_km": 84_210}, {"step": "inspect"}, {"step": "start"}):
        world.step(order, **step)
    with world.database.unit() as unit:
        stock.receive(unit, WAREHOUSE, "alt_central", CENTRAL, 2, delivery=delivery)
        assert stock.waiting(unit, case["id"]) == []
        assert {one.part for one in stock.held(unit, case["id"])} == {"alt_central", "belt"}
        assert stock.offers(unit, ["alt_central"])["alt_central"][0].available == 1
    world.step(order, step="issue_parts")


def test_a_delivery_that_is_put_off_is_told_to_who_waits(world: World) -> None:
    delivery = on_its_way(world)
    case = world.open()
    world.confirm(case["appointment"]["id"])
    with world.database.unit() as unit:
        change_delivery(unit, WAREHOUSE, delivery, None, day=COMES + timedelta(days=14))
        assert offer_later_times(unit) == 1
    assert "part_late" in world.events(case["id"])
