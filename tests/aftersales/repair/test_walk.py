"""Hypothesis walks the state machine at the API: whatever is asked in whatever order, no guard is passed by.

The long walk says where it has not been; and every guard that is taken away is missed by the walk.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from aftersales import cases
from aftersales.cases import MOVES, Guard, Move, RepairOrderState
from aftersales.permissions import PERMISSIONS, Act, Permission, Side
from aftersales.repair import guards
from aftersales.tables import appointments
from foundation.access import Access
from foundation.identity import Role
from parts_catalog import stock
from tests.aftersales.repair.orders import Order
from tests.aftersales.repair.walk import ACTS, BEGINNINGS, Walk
from tests.aftersales.voices import Town

NUMBERS = count()
ANY = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
SHORT = settings(max_examples=6, deadline=None, suppress_health_check=ANY)
# These two cannot be untrue by anything that is asked over HTTP: a visit has its technician, and an approved part its
# pieces. Should another room break that, they stop the order; below they are asked by changing the rows.
OUT_OF_REACH = {Guard.TECHNICIAN_ASSIGNED, Guard.PARTS_PROMISED}


def wander(street: Town, data: Any, acts: int, walks: list[Walk] | None = None) -> None:
    """Walk with one order: from one of its states wherever, most of all to where a guard stands."""
    walk = Walk(street, f"car-walk-{next(NUMBERS)}", waits=data.draw(st.booleans()))
    if walks is not None:
        walks.append(walk)
    try:
        for act in data.draw(st.sampled_from(BEGINNINGS)):
            walk.go(act)
        for _ in range(data.draw(st.integers(acts // 2, acts))):
            way = data.draw(st.sampled_from(("guarded", "guarded", "unready", "possible", "onward", "any")))
            if way != "any" and (steps := getattr(walk, way)()):
                walk.go(data.draw(st.sampled_from(steps)), data.draw(st.integers(0, 3)))
            else:
                walk.go(*data.draw(ACTS))
    finally:
        walk.leave()


@SHORT
@given(data=st.data())
def test_no_guard_is_ever_passed_by(street: Town, data: Any) -> None:
    wander(street, data, 10)


def test_guards_that_nothing_at_the_api_makes_untrue_stop_an_order_all_the_same(street: Town) -> None:
    first, second = Order(street), Order(street, "car-second")
    first.way("check_in", "inspect")
    second.way("check_in", "inspect")
    with street.world.database.unit() as unit:
        stock.release(unit, first.view["case"])
        mine = appointments.c.id == second.visit
        unit.connection.execute(update(appointments).where(mine).values(technician=""))
    assert "neither held nor awaited" in first.take("prepare", 409)["detail"]
    assert second.take("start", 409)["detail"] == "no technician is assigned"


# For each guard a way to where it stands. The walk's own account says there what may be, so a guard that is taken away
# is found.
WORKED = ("check_in", "start", "issue_parts", "quality_check")
TO: Mapping[Guard, tuple[str | tuple[str, int], ...]] = {
    Guard.CHECK_IN_LOOKED_THROUGH: ("check_in", ("look_check_in", 0), "inspect"),
    Guard.SOMETHING_AWAITS: ("check_in", "ask_approval"),
    Guard.NOTHING_AWAITS: ("check_in", "find", "start"),
    Guard.SOMETHING_APPROVED: ("check_in", "start", "change_all", "work"),
    Guard.PARTS_TO_ISSUE: ("check_in", "start", "issue_parts", "issue_parts"),
    Guard.PARTS_DECIDED: ("check_in", "start", "change_all", "issue_parts"),
    Guard.PARTS_ISSUED: ("check_in", "inspect", "prepare", "start"),
    Guard.WAIT_OVER: ("check_in", "start", "hold_customer", "find", "resume"),
    Guard.FINAL_CHECK_PASSED: (*WORKED, ("look_final_red", 1), "complete"),
    Guard.NO_SHEET: ("check_in", "inspect", "decline_all", "settlement", ("approve", 0)),
    Guard.BILL_SETTLED: (*WORKED, "complete", "settlement", "release"),
}


@pytest.mark.soak
def test_a_guard_that_is_taken_away_is_found(street: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(TO) == set(Guard) - OUT_OF_REACH
    for guard, way in TO.items():
        lead(street, way)
        with monkeypatch.context() as without:
            without.setitem(guards.QUESTIONS, guard, lambda _unit, _order: None)
            with pytest.raises(AssertionError):
                lead(street, way)


def lead(street: Town, way: Sequence[str | tuple[Any, ...]]) -> Walk:
    """Walk a given way."""
    walk = Walk(street, f"car-walk-{next(NUMBERS)}")
    try:
        for act in way:
            walk.go(*((act,) if isinstance(act, str) else act))
    finally:
        walk.leave()
    return walk


# Another time is promised in every state of work, and changes none.
MOVING = [move for move in MOVES if move.step != "promise"]
ROWS = {(source.value, move.step): frozenset(move.guards) for move in MOVING for source in move.sources}


@pytest.mark.soak
def test_the_long_walk_takes_most_moves_and_passes_no_guard(street: Town) -> None:
    walks: list[Walk] = []

    @settings(SHORT, max_examples=140, database=None)
    @given(data=st.data())
    def walk(data: Any) -> None:
        wander(street, data, 14, walks)

    walk()
    taken, refused = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for one in walks:
        taken += one.taken
        refused += one.refused
    untaken = sorted(row for row in ROWS if not taken[row])
    print(f"{len(walks)} walks; rows not taken: {untaken}; refused by a guard: {sorted(refused)}")
    assert len(untaken) < len(ROWS) / 2


@pytest.mark.soak
@pytest.mark.parametrize(
    ("way", "target"),
    [
        (("check_in", "quality_check"), RepairOrderState.QUALITY_CHECK),
        (("check_in", "find", "ask_approval", "start"), RepairOrderState.IN_PROGRESS),
        (("check_in", "start", "complete"), RepairOrderState.COMPLETED),
        ((*WORKED, "complete", "release"), RepairOrderState.RELEASED),
    ],
)
def test_the_walk_finds_a_row_that_should_not_be(
    street: Town, monkeypatch: pytest.MonkeyPatch, way: Sequence[str], target: RepairOrderState
) -> None:
    *there, step = way
    walk = lead(street, there)
    lead(street, way)
    source = RepairOrderState(walk.view["state"])
    monkeypatch.setitem(cases._BY_STEP, (source.value, step), Move(frozenset({source}), step, (), target))
    with pytest.raises(AssertionError):
        lead(street, way)


@pytest.mark.soak
def test_the_walk_finds_who_may_too_much(street: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    walk = Walk(street, f"car-walk-{next(NUMBERS)}")
    try:
        walk.go("check_in")
        walk.go("start", by="owner")
        # Two tables stand in his way, of routes and of acts.
        monkeypatch.setattr(Access, "check", lambda *_: None)
        monkeypatch.setitem(PERMISSIONS, Act.TAKE_STEP, Permission(Side.OWNER, frozenset({Role.OWNER})))
        with pytest.raises(AssertionError):
            walk.go("start", by="owner")
    finally:
        walk.leave()
