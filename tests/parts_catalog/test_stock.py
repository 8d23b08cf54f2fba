"""Stock: nothing is promised twice, and what is not needed any more is free again."""

import random
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from foundation.clock import FixedClock
from foundation.database import Database, UnitOfWork
from foundation.refusals import Invalid, NotFound
from parts_catalog.stock import HoldExpired, OutOfStock, expire, held, issue, keep, offers, receive, release, reserve
from parts_catalog.tables import reservations, stock
from tests.parts_catalog.rows import add_brand, add_location, add_part, add_stock

HOUR = timedelta(hours=1)


@pytest.fixture
def unit(database: Database) -> Iterator[UnitOfWork]:
    with database.unit() as unit:
        add_brand(unit)
        for part in ("p1", "p2"):
            add_stock(unit, add_part(unit, part))
        yield unit


def available(unit: UnitOfWork, part: str = "p1", location: str = "loc") -> int:
    return {offer.location: offer.available for offer in offers(unit, [part])[part]}[location]


def counts(unit: UnitOfWork, part: str = "p1") -> tuple[int, int]:
    row = unit.connection.execute(select(stock).where(stock.c.part == part, stock.c.location == "loc")).one()
    return row.on_hand, row.reserved


def test_a_reservation_takes_pieces_out_of_the_offer(unit: UnitOfWork) -> None:
    (hold,) = reserve(unit, {("p1", "loc"): 2}, "case_a", unit.now() + HOUR)
    assert (hold.part, hold.location, hold.quantity, hold.holder) == ("p1", "loc", 2, "case_a")
    assert held(unit, "case_a") == [hold]
    assert available(unit) == 3


def test_all_shortages_are_told_at_once_and_nothing_is_taken(unit: UnitOfWork) -> None:
    add_stock(unit, add_part(unit, "p3"))
    with pytest.raises(OutOfStock) as refused:
        reserve(unit, {("p2", "loc"): 6, ("p1", "loc"): 7, ("p3", "loc"): 1, ("p1", "nowhere"): 1}, "case_a", None)
    assert refused.value.code == "out_of_stock"
    assert refused.value.extra["lines"] == [
        {"part": "p1", "location": "loc", "wanted": 7, "available": 5},
        {"part": "p1", "location": "nowhere", "wanted": 1, "available": 0},
        {"part": "p2", "location": "loc", "wanted": 6, "available": 5},
    ]
    assert available(unit, "p3") == 5
    assert held(unit, "case_a") == []


def test_a_refused_reservation_keeps_the_one_before_it(unit: UnitOfWork) -> None:
    before = reserve(unit, {("p1", "loc"): 4}, "case_a", None)
    with pytest.raises(OutOfStock):
        reserve(unit, {("p1", "loc"): 6}, "case_a", None)
    assert held(unit, "case_a") == before
    assert counts(unit) == (5, 4)


def test_reserving_again_replaces_and_the_own_hold_never_blocks(unit: UnitOfWork) -> None:
    reserve(unit, {("p1", "loc"): 4, ("p2", "loc"): 1}, "case_a", None)
    reserve(unit, {("p1", "loc"): 5}, "case_a", None)
    assert [(hold.part, hold.quantity) for hold in held(unit, "case_a")] == [("p1", 5), ("p2", 1)]
    assert counts(unit) == (5, 5)


def test_reserving_again_elsewhere_frees_the_first_place(unit: UnitOfWork) -> None:
    add_stock(unit, "p1", "elsewhere")
    reserve(unit, {("p1", "loc"): 4}, "case_a", None)
    reserve(unit, {("p1", "elsewhere"): 4}, "case_a", None)
    assert (available(unit), available(unit, location="elsewhere")) == (5, 1)


def test_release_frees_once_however_often_it_is_called(unit: UnitOfWork) -> None:
    reserve(unit, {("p1", "loc"): 2}, "case_a", None)
    reserve(unit, {("p1", "loc"): 1}, "case_b", None)
    assert len(release(unit, "case_a")) == 1
    assert release(unit, "case_a") == []
    assert counts(unit) == (5, 1)


def test_issued_pieces_leave_the_shelf_once(unit: UnitOfWork) -> None:
    reserve(unit, {("p1", "loc"): 2}, "case_a", None)
    assert [hold.quantity for hold in issue(unit, "case_a")] == [2]
    assert issue(unit, "case_a") == []
    assert release(unit, "case_a") == []
    assert counts(unit) == (3, 0)


def test_an_overdue_hold_is_free_to_readers_and_reservers_before_any_sweep(unit: UnitOfWork, clock: FixedClock) -> None:
    reserve(unit, {("p1", "loc"): 5}, "case_a", unit.now() + HOUR)
    clock.advance(HOUR)
    assert (available(unit), held(unit, "case_a")) == (5, [])
    reserve(unit, {("p1", "loc"): 5}, "case_b", None)
    assert counts(unit) == (5, 5)
    assert expire(unit) == 0


def test_the_sweep_frees_overdue_holds_only(unit: UnitOfWork, clock: FixedClock) -> None:
    reserve(unit, {("p1", "loc"): 2}, "case_a", unit.now() + HOUR)
    reserve(unit, {("p1", "loc"): 1}, "case_b", unit.now() + 2 * HOUR)
    reserve(unit, {("p1", "loc"): 1}, "case_c", None)
    clock.advance(HOUR)
    assert (expire(unit), expire(unit)) == (1, 0)
    assert counts(unit) == (5, 2)


def test_a_kept_hold_does_not_run_out(unit: UnitOfWork, clock: FixedClock) -> None:
    reserve(unit, {("p1", "loc"): 2}, "case_a", unit.now() + HOUR)
    keep(unit, "case_a")
    clock.advance(10 * HOUR)
    assert expire(unit) == 0
    assert [hold.quantity for hold in held(unit, "case_a")] == [2]


@pytest.mark.parametrize("act", [keep, issue])
def test_an_overdue_hold_can_be_neither_kept_nor_issued(act: object, unit: UnitOfWork, clock: FixedClock) -> None:
    reserve(unit, {("p1", "loc"): 2}, "case_a", unit.now() + HOUR)
    clock.advance(HOUR)
    with pytest.raises(HoldExpired) as refused:
        act(unit, "case_a")  # type: ignore[operator]
    assert refused.value.extra["lines"] == [{"part": "p1", "location": "loc", "quantity": 2}]


def test_a_reservation_of_nothing_or_into_the_past_makes_no_sense(unit: UnitOfWork) -> None:
    with pytest.raises(Invalid):
        reserve(unit, {("p1", "loc"): 0}, "case_a", None)
    with pytest.raises(Invalid):
        reserve(unit, {("p1", "loc"): 1}, "case_a", unit.now())


def test_the_table_itself_refuses_to_promise_more_than_there_is(unit: UnitOfWork) -> None:
    with pytest.raises(IntegrityError), unit.connection.begin_nested():
        unit.connection.execute(stock.update().values(reserved=6))


def test_deliveries_add_up_at_the_own_location_only(unit: UnitOfWork) -> None:
    receive(unit, "org", "p1", "loc", 3)
    receive(unit, "org", "p1", add_location(unit, "new_shelf"), 1)
    assert (available(unit), available(unit, location="new_shelf")) == (8, 1)
    with pytest.raises(NotFound):
        receive(unit, "other", "p1", "loc", 3)
    with pytest.raises(NotFound):
        receive(unit, "org", "p1", "nowhere", 3)


def run_all(work: list[threading.Thread]) -> None:
    for thread in work:
        thread.start()
    for thread in work:
        thread.join(60)
        assert not thread.is_alive()


def stocked(database: Database, *names: str) -> None:
    with database.unit() as unit:
        add_brand(unit)
        for name in names:
            add_stock(unit, add_part(unit, name))


def test_twelve_buyers_of_five_pieces_get_exactly_five(database: Database) -> None:
    stocked(database, "p1")
    start, outcomes = threading.Barrier(12), []

    def buy(buyer: str) -> None:
        start.wait(30)
        try:
            with database.unit() as unit:
                reserve(unit, {("p1", "loc"): 1}, buyer, None)
            outcomes.append("taken")
        except OutOfStock:
            outcomes.append("short")

    run_all([threading.Thread(target=buy, args=(f"case_{number}",)) for number in range(12)])
    assert sorted(outcomes) == ["short"] * 7 + ["taken"] * 5
    with database.unit() as unit:
        assert counts(unit) == (5, 5)


def trade(unit: UnitOfWork, draw: random.Random, names: list[str]) -> None:
    holder, until = f"case_{draw.randrange(5)}", draw.choice([None, unit.now() + HOUR])
    match draw.randrange(5):
        case 0:
            release(unit, holder)
        case 1:
            keep(unit, holder, until)
        case 2:
            expire(unit)
        case _:
            reserve(unit, {(name, "loc"): draw.randint(1, 3) for name in draw.sample(names, 3)}, holder, until)


def test_racing_changes_never_wait_in_a_circle_and_the_books_balance(database: Database, clock: FixedClock) -> None:
    names = ["p1", "p2", "p3", "p4"]
    stocked(database, *names)
    failures: list[Exception] = []

    def keep_trading(seed: int) -> None:
        draw = random.Random(seed)
        for _ in range(25):
            try:
                with database.unit() as unit:
                    trade(unit, draw, names)
                clock.advance(HOUR * draw.choice([0, 0, 0, 0, 1]))
            except (OutOfStock, HoldExpired):
                continue
            except Exception as failure:  # noqa: BLE001 - the test looks at it in its own thread
                failures.append(failure)

    run_all([threading.Thread(target=keep_trading, args=(seed,)) for seed in range(6)])
    assert failures == []
    with database.unit() as unit:
        for name in names:
            quantity = func.coalesce(func.sum(reservations.c.quantity), 0)
            still = select(quantity).where(reservations.c.part == name, reservations.c.state == "held")
            assert counts(unit, name) == (5, unit.connection.execute(still).scalar_one())
