"""The workshop says what it found of a finding: when it may, in which words, and that the last word counts."""

from typing import Any

import pytest
from sqlalchemy import select

from aftersales.tables import verdicts
from tests.aftersales.repair.orders import Order
from tests.aftersales.voices import Town

TO_THE_CHECK = ("check_in", "inspect", "start", "issue_parts", "work", "quality_check")
FOUND = {"finding": "f-car-1", "verdict": "found"}


@pytest.fixture
def order(street: Town) -> Order:
    return Order(street)


def give(order: Order, status: int = 201, **said: Any) -> Any:
    return order.street.technician.post(f"{order.path}/verdicts", FOUND | said, status)


def test_a_verdict_is_asked_for_once_the_car_was_looked_at_and_completing_waits_for_none(order: Order) -> None:
    order.way("check_in")
    give(order, 409)
    assert order.view["verdicts_waiting"] == 0
    order.way("inspect")
    assert order.view["verdicts_waiting"] == 1
    order.way(*TO_THE_CHECK[2:], "complete")
    assert (order.state, order.view["verdicts_waiting"]) == ("completed", 1), "the order tells that it waits"
    order.street.world.settle(order.id)
    said = give(order)
    assert said["waiting"] == order.view["verdicts_waiting"] == 0
    assert said["items"][0] | {"verdict": "found", "predictor": "test-1", "number": 1} == said["items"][0]


def test_completing_takes_the_verdicts_with_it_or_nothing_of_both(order: Order) -> None:
    order.way(*TO_THE_CHECK)
    order.take("rework", 422, note="squeals", verdicts=[FOUND])
    order.take("complete", 404, verdicts=[FOUND, FOUND | {"finding": "f-of-another"}])
    assert (order.state, order.view["verdicts_waiting"]) == ("quality_check", 1)
    order.take("complete", verdicts=[FOUND])
    assert (order.state, order.view["verdicts_waiting"]) == ("completed", 0)


def test_another_fault_is_named_or_described_and_the_last_verdict_counts(order: Order) -> None:
    order.way(*TO_THE_CHECK)
    give(order, 422, other="starter")
    give(order, 422, verdict="other_fault")
    give(order, 422, verdict="other_fault", other="alternator")
    give(order, 422, verdict="other_fault", other="flux_capacitor", note="it hums")
    give(order, verdict="other_fault", note="a chafed cable")
    give(order, verdict="not_found")
    give(order, verdict="not_found")
    last = give(order, verdict="other_fault", other="battery_12v")["items"][0]
    assert (last["verdict"], last["other"], last["other_en"], last["number"]) == (
        "other_fault", "battery_12v", "12 V battery", 3,
    )  # fmt: skip
    with order.street.world.database.unit() as unit:
        kept = unit.connection.execute(select(verdicts.c.number, verdicts.c.verdict).order_by(verdicts.c.number)).all()
    assert [tuple(one) for one in kept] == [(1, "other_fault"), (2, "not_found"), (3, "other_fault")]
    told = order.street.world.events(str(order.view["case"]))
    assert told.count("verdict_given") == 3, "the same again is no event"


def test_the_owner_reads_verdicts_and_gives_none_and_strangers_see_none(order: Order) -> None:
    order.way(*TO_THE_CHECK)
    give(order)
    assert order.street.owner.get(f"{order.path}/verdicts")["items"][0]["verdict"] == "found"
    order.street.owner.post(f"{order.path}/verdicts", FOUND, 403)
    order.street.stranger.get(f"{order.path}/verdicts", 404)
