"""Waiting for what suppliers send: no more than comes, in the order of asking, and before anybody else."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest
from sqlalchemy import text

from foundation.database import Database, UnitOfWork
from foundation.refusals import NotFound, Stale
from parts_catalog.stock import (
    NotExpected,
    OutOfStock,
    StillWaiting,
    hand_over,
    held,
    issue,
    late_holds,
    offers,
    receive,
    release,
    reserve,
    wait_for,
    waiting,
)
from parts_catalog.warehouse.deliveries import DeliveryPromised, cancel_delivery, change_delivery, expect_delivery
from tests.parts_catalog.rows import add_brand, add_part, add_stock
from tests.parts_catalog.warehouse.books import check_books

HERE = ("p1", "loc")
SOON, LATER = date(2026, 11, 26), date(2026, 12, 3)


@pytest.fixture
def unit(database: Database) -> Iterator[UnitOfWork]:
    with database.unit() as unit:
        add_brand(unit)
        add_stock(unit, add_part(unit, "p1"), on_hand=0)
        yield unit
        check_books(unit)


def days(unit: UnitOfWork, holder: str) -> list[tuple[int, date]]:
    return [(one.quantity, one.expected) for one in waiting(unit, holder)]


def test_each_has_the_day_of_the_delivery_that_covers_him(unit: UnitOfWork) -> None:
    expect_delivery(unit, "org", "Velmora", HERE, 2, LATER)
    first = expect_delivery(unit, "org", "Velmora", HERE, 3, SOON).id
    wait_for(unit, {HERE: 3}, "cart_a")
    wait_for(unit, {HERE: 1}, "cart_b")
    assert (days(unit, "cart_a"), days(unit, "cart_b")) == ([(3, SOON)], [(1, LATER)])
    with pytest.raises(NotExpected) as refused:
        wait_for(unit, {HERE: 2}, "cart_c")
    assert refused.value.extra["lines"] == [{"part": "p1", "location": "loc", "wanted": 2, "available": 1}]
    wait_for(unit, {HERE: 2}, "cart_a")  # he wants less, and stands behind the other now
    assert (days(unit, "cart_b"), days(unit, "cart_a")) == ([(1, SOON)], [(2, SOON)])
    [offer] = offers(unit, ["p1"])["p1"]
    assert (offer.available, offer.expected, offer.coming) == (0, LATER, ((LATER, 2),))
    change_delivery(unit, "org", first, None, day=LATER + timedelta(days=7))
    assert days(unit, "cart_a") == [(2, LATER + timedelta(days=7))]
    assert late_holds(unit) == {"cart_a": LATER + timedelta(days=7), "cart_b": LATER}


def test_what_comes_goes_to_who_waits_before_anybody_else(unit: UnitOfWork) -> None:
    sent = expect_delivery(unit, "org", "Velmora", HERE, 5, SOON).id
    wait_for(unit, {HERE: 2}, "cart_a", unit.now() + timedelta(hours=1))
    wait_for(unit, {HERE: 3}, "case_b")
    hand_over(unit, "cart_a", "order_a", None)
    receive(unit, "org", *HERE, 4, delivery=sent)
    assert [one.quantity for one in held(unit, "order_a")] == [2]
    assert ([one.quantity for one in held(unit, "case_b")], days(unit, "case_b")) == ([2], [(1, SOON)])
    with pytest.raises(OutOfStock):
        reserve(unit, {HERE: 1}, "cart_c", None)
    with pytest.raises(StillWaiting):
        issue(unit, "case_b")
    receive(unit, "org", *HERE, 2, delivery=sent)
    assert [one.quantity for one in issue(unit, "case_b")] == [3]
    assert offers(unit, ["p1"])["p1"][0].available == 1
    with pytest.raises(NotFound):
        receive(unit, "org", *HERE, 1, delivery=sent)


def test_a_promised_delivery_is_not_called_off_before_there_is_another(unit: UnitOfWork) -> None:
    sent = expect_delivery(unit, "org", "Velmora", HERE, 3, SOON)
    wait_for(unit, {HERE: 2}, "case_b")
    with pytest.raises(DeliveryPromised) as refused:
        cancel_delivery(unit, "org", sent.id, sent.version)
    assert refused.value.extra["lines"] == [{"holder": "case_b", "quantity": 2, "expected": SOON.isoformat()}]
    with pytest.raises(DeliveryPromised):
        change_delivery(unit, "org", sent.id, None, quantity=1)
    with pytest.raises(Stale):
        change_delivery(unit, "org", sent.id, sent.version + 1, quantity=2)
    with pytest.raises(NotFound):
        cancel_delivery(unit, "other", sent.id, None)
    expect_delivery(unit, "org", "Farlight", HERE, 2, LATER)
    assert cancel_delivery(unit, "org", sent.id, sent.version).state == "cancelled"
    assert days(unit, "case_b") == [(2, LATER)]


def let_go(unit: UnitOfWork) -> None:
    release(unit, "cart_a")


def take_what_is_there(unit: UnitOfWork) -> None:
    with pytest.raises(OutOfStock):
        reserve(unit, {HERE: 3}, "cart_a", None)
    release(unit, "cart_a")


@pytest.mark.parametrize("act", [let_go, take_what_is_there])
def test_what_comes_while_he_who_waits_lets_go_is_not_held_for_him(
    database: Database, act: Callable[[UnitOfWork], None]
) -> None:
    with database.unit() as unit:
        add_brand(unit)
        add_stock(unit, add_part(unit, "p1"), on_hand=0)
        sent = expect_delivery(unit, "org", "Velmora", HERE, 2, SOON).id
        wait_for(unit, {HERE: 2}, "cart_a")

    def go() -> None:
        with database.unit() as unit:
            act(unit)

    other = threading.Thread(target=go)
    with database.unit() as unit:
        receive(unit, "org", *HERE, 2, delivery=sent)
        other.start()
        while not unit.connection.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar_one():
            time.sleep(0.01)
    other.join(30)
    with database.unit() as unit:
        check_books(unit)
        assert (held(unit, "cart_a"), waiting(unit, "cart_a")) == ([], [])
        assert offers(unit, ["p1"])["p1"][0].available == 2
