"""Whatever is done with stock in whatever order: it is what the simple model says, and every piece is accounted for."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from foundation.clock import FixedClock
from foundation.database import Database, UnitOfWork
from foundation.identity import Actor, Role
from parts_catalog import stock
from parts_catalog import tables as t
from parts_catalog.warehouse import counting, deliveries, shelves
from parts_catalog.warehouse.deliveries import DeliveryPromised
from parts_catalog.warehouse.ledger import HOUSE
from parts_catalog.warehouse.locking import Key
from tests.parts_catalog.rows import add_brand, add_location, add_part
from tests.parts_catalog.warehouse.books import check_books
from tests.parts_catalog.warehouse.model import Coming, Model

KEYS: tuple[Key, ...] = (("p1", "here"), ("p1", "there"), ("p2", "here"))
KEEPER = Actor("acc_keeper", "org", Role.PARTS_MANAGER)
keys, pieces = st.sampled_from(KEYS), st.integers(1, 4)
wishes = st.dictionaries(keys, pieces, min_size=1, max_size=3)
ends = st.sampled_from([None, timedelta(hours=1), timedelta(hours=3)])
holders = st.sampled_from(["case_a", "case_b", "cart_c"])


class StockMachine(RuleBasedStateMachine):
    """Each run is one transaction, which is rolled back at its end."""

    def __init__(self, database: Database, clock: FixedClock) -> None:
        super().__init__()
        self.clock, self.orders, self.counts = clock, 0, dict[str, tuple[Key, int]]()
        self.connection = database.engine.connect()
        self.unit = UnitOfWork(self.connection, clock)
        self.model = Model(clock.now())

    def teardown(self) -> None:
        self.connection.rollback()
        self.connection.close()

    @initialize()
    def open_house(self) -> None:
        add_brand(self.unit)
        for part in ("p1", "p2"):
            add_part(self.unit, part)
        for place in ("here", "there"):
            add_location(self.unit, place)
        for key in KEYS:
            stock.receive(self.unit, "org", *key, 3)
            self.model.put(key, 3)

    def until(self, life: timedelta | None) -> Any:
        return None if life is None else self.clock.now() + life

    @rule(wanted=wishes, holder=holders, life=ends)
    def reserve(self, wanted: dict[Key, int], holder: str, life: timedelta | None) -> None:
        until = self.until(life)
        if self.model.reserve(wanted, holder, until):
            stock.reserve(self.unit, wanted, holder, until)
        else:
            with pytest.raises(stock.OutOfStock):
                stock.reserve(self.unit, wanted, holder, until)

    @rule(wanted=wishes, holder=holders, life=ends)
    def wait(self, wanted: dict[Key, int], holder: str, life: timedelta | None) -> None:
        until = self.until(life)
        ordered = dict(sorted(wanted.items()))
        if self.model.wait_for(ordered, holder, until):
            stock.wait_for(self.unit, ordered, holder, until)
        else:
            with pytest.raises(stock.NotExpected):
                stock.wait_for(self.unit, ordered, holder, until)

    @rule(holder=holders, life=ends)
    def hand_over(self, holder: str, life: timedelta | None) -> None:
        self.orders += 1
        order, until = f"order_{self.orders}", self.until(life)
        if self.model.expired(holder):
            with pytest.raises(stock.HoldExpired):
                stock.hand_over(self.unit, holder, order, until)
            return
        stock.hand_over(self.unit, holder, order, until)
        for one in (*self.model.holds, *self.model.waits):
            if one.holder == holder:
                one.holder, one.until = order, until

    @rule(holder=holders, life=ends)
    def keep(self, holder: str, life: timedelta | None) -> None:
        until = self.until(life)
        if self.model.expired(holder):
            with pytest.raises(stock.HoldExpired):
                stock.keep(self.unit, holder, until)
            return
        stock.keep(self.unit, holder, until)
        for one in (*self.model.holds, *self.model.waits):
            if one.holder == holder:
                one.until = until

    @rule(data=st.data())
    def issue(self, data: st.DataObject) -> None:
        holder = data.draw(st.sampled_from(self.everybody()))
        if self.model.expired(holder):
            with pytest.raises(stock.HoldExpired):
                stock.issue(self.unit, holder)
        elif any(one.holder == holder for one in self.model.waits):
            with pytest.raises(stock.StillWaiting):
                stock.issue(self.unit, holder)
        else:
            stock.issue(self.unit, holder)
            self.model.issue(holder)

    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        holder = data.draw(st.sampled_from(self.everybody()))
        stock.release(self.unit, holder)
        self.model.end(holder)

    def everybody(self) -> list[str]:
        return sorted({"case_a", *(one.holder for one in (*self.model.holds, *self.model.waits))})

    @rule(hours=st.sampled_from([1, 2]))
    def time_goes_by(self, hours: int) -> None:
        self.clock.advance(timedelta(hours=hours))
        self.model.now = self.clock.now()

    @rule()
    def expire(self) -> None:
        gone = sum(self.model.overdue(one) for one in (*self.model.holds, *self.model.waits))
        assert stock.expire(self.unit) == gone
        self.model.sweep_holds(KEYS)
        self.model.sweep_waits(KEYS)

    @rule(key=keys, some=pieces, days=st.integers(1, 5))
    def expect(self, key: Key, some: int, days: int) -> None:
        day = self.clock.now().date() + timedelta(days=days)
        row = deliveries.expect_delivery(self.unit, "org", "Velmora", key, some, day)
        self.model.sweep_holds([key])
        self.model.coming[row.id] = Coming(key, some, day)

    @precondition(lambda self: self.model.coming)
    @rule(data=st.data(), some=pieces)
    def delivery_comes(self, data: st.DataObject, some: int) -> None:
        name = data.draw(st.sampled_from(list(self.model.coming)))
        sent = self.model.coming[name]
        stock.receive(self.unit, "org", *sent.key, some, delivery=name)
        sent.pieces -= some
        if sent.pieces <= 0:
            del self.model.coming[name]
        self.model.put(sent.key, some)
        self.model.fill(sent.key)

    @precondition(lambda self: self.model.coming)
    @rule(data=st.data(), days=st.integers(1, 5))
    def delivery_is_put_off_or_cancelled(self, data: st.DataObject, days: int) -> None:
        name = data.draw(st.sampled_from(list(self.model.coming)))
        sent = self.model.coming[name]
        self.model.sweep_holds([sent.key])
        self.model.sweep_waits([sent.key])
        if days == 1 and self.model.on_the_way(sent.key) - sent.pieces < self.model.awaited(sent.key):
            with pytest.raises(DeliveryPromised):
                deliveries.cancel_delivery(self.unit, "org", name, None)
        elif days == 1:
            deliveries.cancel_delivery(self.unit, "org", name, None)
            del self.model.coming[name]
        else:
            sent.day = self.clock.now().date() + timedelta(days=days)
            deliveries.change_delivery(self.unit, "org", name, None, day=sent.day)

    @rule(key=keys, some=st.integers(-4, 4).filter(bool))
    def adjust(self, key: Key, some: int) -> None:
        if self.model.put(key, some):
            shelves.adjust(self.unit, "org", key, some, HOUSE)
            self.model.fill(key)
        else:
            with pytest.raises(stock.PiecesHeld):
                shelves.adjust(self.unit, "org", key, some, HOUSE)

    @rule(some=pieces, back=st.booleans())
    def move(self, some: int, back: bool) -> None:
        out, to = (KEYS[1], KEYS[0]) if back else (KEYS[0], KEYS[1])
        self.model.sweep_holds([out, to])
        if self.model.put(out, -some):
            shelves.move(self.unit, "org", "p1", out[1], to[1], some, HOUSE)
            self.model.put(to, some)
            self.model.fill(to)
        else:
            with pytest.raises(stock.OutOfStock):
                shelves.move(self.unit, "org", "p1", out[1], to[1], some, HOUSE)

    @rule(key=keys, some=pieces, restock=st.booleans())
    def take_back(self, key: Key, some: int, restock: bool) -> None:
        stock.take_back(self.unit, *key, some, "return", restock=restock)
        self.model.put(key, some if restock else 0)
        if restock:
            self.model.fill(key)

    @rule(key=keys)
    def begin_count(self, key: Key) -> None:
        [row] = counting.begin_counts(self.unit, KEEPER, key[1], [key[0]])
        self.model.sweep_holds([key])
        assert self.counts.setdefault(row.id, (key, row.on_hand)) == (key, row.on_hand)

    @precondition(lambda self: self.counts)
    @rule(data=st.data(), counted=st.integers(0, 6))
    def book_count(self, data: st.DataObject, counted: int) -> None:
        name = data.draw(st.sampled_from(list(self.counts)))
        key, began = self.counts[name]
        if self.model.put(key, counted - began):
            counting.book_count(self.unit, KEEPER, name, counted)
            del self.counts[name]
            if counted > began:
                self.model.fill(key)
        else:
            with pytest.raises(stock.PiecesHeld):
                counting.book_count(self.unit, KEEPER, name, counted)

    @invariant()
    def it_is_as_the_model_says(self) -> None:
        run, model = self.unit.connection.execute, self.model
        check_books(self.unit)
        assert {(row.part, row.location): row.on_hand for row in run(select(t.stock))} == model.on_hand
        held = run(select(t.reservations).where(t.reservations.c.state == "held"))
        assert sorted((r.holder, r.part, r.location, r.quantity, str(r.reserved_until)) for r in held) == sorted(
            (one.holder, *one.key, one.pieces, str(one.until)) for one in model.holds
        )
        waiting = run(
            select(t.back_orders).where(t.back_orders.c.state == "waiting").order_by(t.back_orders.c.no)
        ).all()
        assert [(r.holder, (r.part, r.location), r.quantity, r.reserved_until) for r in waiting] == [
            (one.holder, one.key, one.pieces, one.until) for one in model.waits
        ]
        assert [row.expected for row in waiting] == model.days()
        for part in ("p1", "p2") if model.on_hand else ():
            for offer in stock.offers(self.unit, [part])[part]:
                assert offer.available == model.free((part, offer.location))


def play(database: Database, clock: FixedClock, examples: int, steps: int) -> None:
    quick = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )

    class Here(StockMachine):
        def __init__(self) -> None:
            super().__init__(database, clock)

    run_state_machine_as_test(Here, settings=quick)


def test_stock_is_what_a_simple_model_says(database: Database, clock: FixedClock) -> None:
    play(database, clock, examples=12, steps=30)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_stock_is_what_a_simple_model_says_for_long(database: Database, clock: FixedClock) -> None:
    play(database, clock, examples=300, steps=60)
