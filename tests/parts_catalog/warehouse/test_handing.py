"""Handing over what is held, handing it out in parts, and taking it back: the ledger tells of every piece."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from foundation.clock import FixedClock
from foundation.database import Database, UnitOfWork
from foundation.refusals import NotFound
from parts_catalog.stock import HoldExpired, hand_over, held, issue, offers, release, reserve, take_back
from parts_catalog.tables import reservations, stock_changes
from tests.parts_catalog.rows import add_brand, add_part, add_stock
from tests.parts_catalog.warehouse.books import check_books

HOUR = timedelta(hours=1)


@pytest.fixture
def unit(database: Database) -> Iterator[UnitOfWork]:
    with database.unit() as unit:
        add_brand(unit)
        for part in ("p1", "p2"):
            add_stock(unit, add_part(unit, part))
        add_stock(unit, "p1", "far")
        yield unit
        check_books(unit)


def lines(unit: UnitOfWork, part: str = "p1") -> list[tuple[str, int, int, str | None]]:
    rows = unit.connection.execute(select(stock_changes).where(stock_changes.c.part == part).order_by("id"))
    return [(row.kind, row.quantity, row.on_hand, row.reference) for row in rows]


def test_a_carts_holds_become_the_orders_in_place(unit: UnitOfWork, clock: FixedClock) -> None:
    before = reserve(unit, {("p1", "loc"): 2, ("p2", "loc"): 1}, "cart", unit.now() + HOUR)
    taken = hand_over(unit, "cart", "order", unit.now() + 2 * HOUR)
    assert [one.id for one in taken] == [one.id for one in before]
    assert (held(unit, "cart"), held(unit, "order")) == ([], taken)
    clock.advance(1.5 * HOUR)
    assert len(held(unit, "order")) == 2


def test_what_has_run_out_is_not_handed_over(unit: UnitOfWork, clock: FixedClock) -> None:
    reserve(unit, {("p1", "loc"): 2}, "cart", unit.now() + HOUR)
    clock.advance(HOUR)
    with pytest.raises(HoldExpired):
        hand_over(unit, "cart", "order", unit.now() + HOUR)
    assert unit.connection.execute(select(reservations.c.holder)).scalars().all() == ["cart"]
    assert hand_over(unit, "nobody", "order", None) == []


def test_shipments_leave_one_location_at_a_time(unit: UnitOfWork) -> None:
    reserve(unit, {("p1", "loc"): 2, ("p1", "far"): 1, ("p2", "loc"): 1}, "order", None)
    assert [one.part for one in issue(unit, "order", location="loc", account="acc")] == ["p1", "p2"]
    assert [(one.part, one.location) for one in held(unit, "order")] == [("p1", "far")]
    assert lines(unit)[-1] == ("issued", -2, 3, "order")
    assert issue(unit, "order", location="loc") == []


def test_a_line_of_a_cart_is_let_go_by_itself(unit: UnitOfWork) -> None:
    reserve(unit, {("p1", "loc"): 2, ("p2", "loc"): 1}, "cart", None)
    assert [one.part for one in release(unit, "cart", parts=["p1"])] == ["p1"]
    assert [one.part for one in held(unit, "cart")] == ["p2"]


def test_returned_pieces_lie_on_their_shelf_again_or_are_scrapped(unit: UnitOfWork) -> None:
    reserve(unit, {("p1", "loc"): 3}, "order", None)
    issue(unit, "order")
    take_back(unit, "p1", "loc", 2, "return_1", restock=True)
    take_back(unit, "p1", "loc", 1, "return_1", restock=False)
    assert lines(unit)[-4:] == [
        ("issued", -3, 2, "order"),
        ("returned", 2, 4, "return_1"),
        ("returned", 1, 5, "return_1"),
        ("scrapped", -1, 4, "return_1"),
    ]
    assert {one.location: one.available for one in offers(unit, ["p1"])["p1"]}["loc"] == 4
    with pytest.raises(NotFound):
        take_back(unit, "p1", "nowhere", 1, "return_1", restock=True)
