"""What the owner decides, line by line and stage by stage, and what is asked of him again."""

import random
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from aftersales.repair.decisions import APPROVED, AWAITING, DECLINED, awaits_one, standing
from aftersales.tables import approvals, estimate_lines
from parts_catalog import stock
from parts_catalog.tables import stock as shelves
from parts_catalog.warehouse.deliveries import expect_delivery
from tests.aftersales.repair.orders import Order
from tests.aftersales.voices import Town
from tests.aftersales.world import CENTRAL, WAREHOUSE
from tests.conftest import NOON

WAYS: dict[str, tuple[str, ...]] = {
    "expected": (),
    "open": ("check_in",),
    "inspected": ("check_in", "inspect"),
    "awaiting_approval": ("check_in", "inspect", "ask_approval"),
    "parts_pending": ("check_in", "inspect", "prepare"),
    "in_progress": ("check_in", "start"),
    "on_hold": ("check_in", "start", "hold"),
    "rework": ("check_in", "start", "issue_parts", "quality_check", "rework"),
}
DECIDED = ("quality_check", "completed")  # by then nothing is open, and nothing is decided anew


def bring(order: Order, state: str) -> None:
    """Bring an order into a state; what the owner has to decide on is found before he is asked."""
    for step in WAYS[state]:
        if step == "ask_approval":
            order.find()
        if step == "hold":
            order.take(step, reason="waiting_customer")
        else:
            order.way(step)
    assert order.state == state


@pytest.fixture
def order(street: Town) -> Order:
    return Order(street)


@pytest.mark.parametrize("seed", range(3))
def test_the_database_knows_which_lines_await_a_decision_as_we_do(order: Order, seed: int) -> None:
    """The same rule twice, `standing` and `awaits_one`: on any history of decisions, about this line or as it was."""
    rng = random.Random(seed)
    seen = set()
    with order.street.world.database.unit() as unit:
        lines = unit.connection.execute(select(estimate_lines)).all()
        unit.connection.execute(delete(approvals))
        for turn in range(60):
            for line in lines:
                decided = decisions_of(rng, line, f"{turn}-{line.id}")
                unit.connection.execute(delete(approvals).where(approvals.c.line == line.id))
                if decided:
                    unit.connection.execute(insert(approvals), [{**row, "order": order.id} for row in decided])
            known = {line for line, state in standing(unit, lines).items() if state == AWAITING}
            query = select(estimate_lines.c.id).where(awaits_one(estimate_lines))
            assert set(unit.connection.execute(query).scalars()) == known, f"seed {seed}, turn {turn}"
            seen.add(len(known))
    assert len(seen) > 1


def decisions_of(rng: random.Random, line: Any, key: str) -> list[dict[str, Any]]:
    """Give up to six decisions on a line, some of them on what it was before."""
    hashes, made = [line.hash, "as it was", "as it was first"], []
    for number in range(1, rng.randint(0, 6) + 1):
        said = {"decision": rng.choice([APPROVED, DECLINED]), "hash": rng.choice(hashes)}
        who = {"organisation": line.organisation, "actor": "acc_1", "channel": "app"}
        made.append({"id": f"{key}-{number}", "line": line.id, "number": number, "decided_at": NOON} | said | who)
    return made


def test_a_part_that_is_declined_alone_is_free_and_the_rest_is_done_at_every_stage(street: Town) -> None:
    for state in WAYS:
        if state != "rework":
            declined_alone(Order(street, f"car-{state}"), state)


def declined_alone(order: Order, state: str) -> None:
    bring(order, state)
    before = {line["id"]: line["approval"] for line in order.lines()}
    belt = order.part("belt")["id"]
    order.decide("declined", belt)
    assert {line["id"]: line["approval"] for line in order.lines()} == {**before, belt: "declined"}
    assert (order.state, [one["part"] for one in order.view["reservations"]].count("belt")) == (state, 0)
    assert len(order.view["reservations"]) == 1
    for line in order.lines("awaiting"):
        order.decide("approved", line["id"])
    rest = {
        "expected": ("check_in", "start"),
        "open": ("start",),
        "inspected": ("start",),
        "awaiting_approval": ("prepare", "issue_parts", "start"),
        "parts_pending": ("issue_parts", "start"),
        "on_hold": ("resume",),
    }
    order.way(*rest.get(state, ()))
    if order.view["reservations"]:
        order.way("issue_parts")
    order.way("quality_check", "complete")
    done = [line["gross"]["amount"] for line in order.lines("approved")]
    assert order.view["totals"]["gross"]["amount"] == sum(done) > 0
    assert len(done) == len(before) - 1
    assert order.view["reservations"] == []


@pytest.mark.parametrize("state", ["expected", "open"])
def test_declining_everything_before_the_car_is_looked_over_ends_the_visit(order: Order, state: str) -> None:
    bring(order, state)
    order.decide("declined")
    assert (order.state, order.street.world.nothing_is_held()) == ("cancelled", True)
    assert order.street.world.case(order.view["case"])["state"] == "declined"
    for step in ("check_in", "start", "prepare", "close_declined"):
        order.take(step, 409, **({"mileage_km": 5} if step == "check_in" else {}), **_fee(step))


def _fee(step: str) -> dict[str, Any]:
    return {"fee": "waived"} if step == "close_declined" else {}


def test_in_rework_what_is_in_the_car_is_not_declined_until_it_went_back(order: Order) -> None:
    bring(order, "rework")
    parts = [line["id"] for line in order.lines() if line["part"]]
    order.decide("declined", status=409)
    assert {line["approval"] for line in order.lines()} == {"approved"}, "a refused decision decides nothing"
    for part in parts:
        order.street.technician.post(f"{order.path}/parts-returns", {"line": part, "pieces": 1}, 201)
    order.decide("declined", *(line["id"] for line in order.lines("approved")))
    assert order.state == "declined"
    order.take("close_declined", fee="waived")
    assert order.street.world.nothing_is_held()


@pytest.mark.parametrize("state", DECIDED)
def test_after_the_final_check_nothing_is_decided_changed_or_added(order: Order, state: str) -> None:
    order.way("check_in", "start", "issue_parts", "quality_check", *(() if state == "quality_check" else ("complete",)))
    assert order.state == state
    before = order.view
    order.decide("declined", status=409)
    order.find(status=409)
    labour = next(line["id"] for line in order.lines() if not line["part"])
    assert change(order, labour, hours=0.1) == 409
    assert order.view == before


def change(order: Order, line: str, **what: Any) -> int:
    answer = order.street.technician._client.patch(f"/v1/{order.path}/lines/{line}", json=what)
    return int(answer.status_code)


def test_a_price_that_changes_after_the_approval_is_asked_for_again_at_every_stage(street: Town) -> None:
    for state in ("open", "inspected", "awaiting_approval", "parts_pending", "in_progress", "on_hold"):
        asked_again(Order(street, f"car-{state}"), state)


def asked_again(order: Order, state: str) -> None:
    bring(order, state)
    belt, gross = order.part("belt"), order.view["totals"]["gross"]["amount"]
    assert change(order, belt["id"], unit_net=9_500) == 200
    assert order.part("belt")["approval"] == "awaiting"
    assert order.view["totals"]["gross"]["amount"] == gross - belt["gross"]["amount"], "only what he approved counts"
    assert "lines_to_decide" in order.street.owner.told()
    for step in ("prepare", "start", "resume", "issue_parts", "quality_check"):
        order.take(step, 409)
    now = order.part("belt")["hash"]
    order.decide("approved", belt["id"], shown={belt["id"]: belt["hash"]}, status=409)
    order.decide("approved", *(line["id"] for line in order.lines("awaiting")), shown={belt["id"]: now})
    said = [one for one in order.street.owner.get(f"{order.path}/approvals")["items"] if one["line"] == belt["id"]]
    assert [(one["decision"], one["hash"], one["channel"]) for one in said] == [
        ("approved", belt["hash"], "confirmation"),
        ("approved", now, "app"),
    ]
    assert {one["actor"] for one in said} == {order.street.owner.actor.account}
    assert [one["ip"] for one in said] == ["testclient", "testclient"]
    assert said[1]["decided_at"] >= said[0]["decided_at"]
    rest = {
        "open": ("start",),
        "inspected": ("prepare", "issue_parts", "start"),
        "awaiting_approval": ("prepare", "issue_parts", "start"),
        "parts_pending": ("issue_parts", "start"),
        "on_hold": ("resume",),
    }
    order.way(*rest.get(state, ()))
    if order.view["reservations"]:
        order.way("issue_parts")
    order.way("quality_check", "complete")


def test_while_its_parts_are_on_the_way_the_car_waits_and_goes_on_when_they_have_come(street: Town) -> None:
    comes = date(2026, 11, 25)
    with street.world.database.unit() as unit:
        alternators = shelves.c.part.in_(["alt_shelf", "alt_central"])
        unit.connection.execute(update(shelves).where(alternators).values(on_hand=0))
        sent = expect_delivery(unit, WAREHOUSE, "Farlight", ("alt_central", CENTRAL), 1, comes).id
    order = Order(street)
    street.world.clock.advance(timedelta(days=1))
    order.way("check_in", "inspect", "prepare")
    order.take("issue_parts", 409)
    order.take("start", 409)
    assert order.state == "parts_pending"
    with street.world.database.unit() as unit:
        stock.receive(unit, WAREHOUSE, "alt_central", CENTRAL, 1, delivery=sent)
    order.way("issue_parts", "start", "quality_check", "complete")


def test_work_that_waits_for_a_part_is_held_until_it_has_come(street: Town) -> None:
    with street.world.database.unit() as unit:
        alternators = shelves.c.part.in_(["alt_shelf", "alt_central"])
        unit.connection.execute(update(shelves).where(alternators).values(on_hand=0))
        sent = expect_delivery(unit, WAREHOUSE, "Farlight", ("alt_central", CENTRAL), 1, date(2026, 11, 25)).id
    order = Order(street)
    street.world.clock.advance(timedelta(days=1))
    order.way("check_in", "start")
    order.take("issue_parts", 409)
    order.take("quality_check", 409)
    order.take("hold", reason="waiting_parts")
    order.take("resume", 409)
    order.take("work", 409, note="x")
    with street.world.database.unit() as unit:
        stock.receive(unit, WAREHOUSE, "alt_central", CENTRAL, 1, delivery=sent)
    order.way("resume", "issue_parts", "quality_check", "complete")


def test_a_repair_that_fails_its_final_check_twice_is_counted_and_asks_for_what_is_found(order: Order) -> None:
    order.way("check_in", "start", "issue_parts", "quality_check", "rework")
    order.find()
    order.take("quality_check", 409)  # what was found in rework is the owner's to decide as well
    order.decide("declined", order.lines("awaiting")[0]["id"])
    order.way("quality_check", "rework", "work", "quality_check", "complete")
    assert order.view["reworks"] == 2
    assert [line["approval"] for line in order.lines()].count("declined") == 1
    assert [step["note"] for step in order.view["steps"] if step["step"] == "rework"] == ["squeals", "squeals"]
