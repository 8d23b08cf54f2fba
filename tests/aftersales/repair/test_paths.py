"""The life of a repair order at the API, path by path."""

from typing import Any

import pytest

from tests.aftersales.repair.orders import Order
from tests.aftersales.voices import Town

WORK = ("start", "issue_parts", "work", "quality_check")


@pytest.fixture
def order(street: Town) -> Order:
    return Order(street)


def test_the_way_in_full_asks_the_owner_and_hands_parts_out_before_work(order: Order) -> None:
    order.way("check_in")
    order.look("check_in")
    order.way("inspect")
    order.find()
    order.take("start", 409)
    order.take("prepare", 409)
    order.way("ask_approval")
    order.take("prepare", 409)
    order.decide("approved", order.lines("awaiting")[0]["id"])
    order.way("prepare")
    order.take("start", 409)  # its parts lie on the shelf
    order.way("issue_parts", "start")
    order.take("hold", 422)
    order.take("hold", reason="waiting_customer")
    assert order.view["hold_reason"] == "waiting_customer"
    order.way("resume", "work", "quality_check", "rework")
    assert (order.state, order.view["reworks"], order.view["hold_reason"]) == ("rework", 1, None)
    order.way("work", "quality_check", "complete")
    told = [step["step"] for step in order.view["steps"]]
    assert told[:4] == ["check_in", "inspect", "ask_approval", "prepare"]
    assert len(told) == order.view["progress_count"] == 14


@pytest.mark.parametrize("stage", ["inspected", "awaiting_approval", "parts_pending", "in_progress", "on_hold"])
def test_declining_everything_closes_with_a_fee_at_every_stage(order: Order, stage: str) -> None:
    ways = {
        "inspected": (),
        "awaiting_approval": ("ask_approval",),
        "parts_pending": ("prepare",),
        "in_progress": ("start",),
        "on_hold": ("start", "hold"),
    }
    order.take("check_in", mileage_km=5)
    order.take("inspect", inspection_fee=10_000)
    order.take("inspect", 409, inspection_fee=20_000)
    if stage == "awaiting_approval":
        order.find()
    for step in ways[stage]:
        said: dict[str, Any] = {"reason": "waiting_parts"} if step == "hold" else {}
        order.take(step, **said)
    assert order.state == stage
    order.take("close_declined", 409, fee="waived")
    order.decide("declined")
    assert (order.state, order.street.world.reserved()) == ("declined", {})
    one = order.lines()[0]["id"]
    order.decide("approved", one)
    assert order.state == "awaiting_approval", "he may think again until it is closed"
    order.decide("declined", one)
    order.take("close_declined", 422)
    order.take("close_declined", 409, fee="settled")  # nobody has paid it
    order.take("close_declined", fee="waived")
    assert order.view["inspection_fee"]["outcome"] == "waived"
    assert order.view["inspection_fee"]["gross"]["amount"] == 11_300
    assert order.street.world.nothing_is_held()
    assert order.street.world.case(order.view["case"])["state"] == "declined"


def test_a_fee_that_nobody_announced_is_not_settled(order: Order) -> None:
    order.way("check_in", "inspect")
    order.decide("declined")
    order.take("close_declined", 409, fee="settled")
    order.take("close_declined", fee="waived")
    assert order.state == "closed_declined"


def test_a_change_of_price_or_quantity_voids_the_approval(order: Order) -> None:
    order.way("check_in", "start")
    belt, was = order.part("belt"), order.part("belt")["hash"]
    path = f"{order.path}/lines/{belt['id']}"
    change = order.street.technician._client.patch
    assert change(f"/v1/{path}", json={"unit_net": 9_000, "quantity": 2}).status_code == 200
    assert order.part("belt")["approval"] == "awaiting"
    assert order.street.world.reserved()["belt"] == 2
    order.take("issue_parts", 409)
    order.take("quality_check", 409)
    order.decide("approved", belt["id"], shown={belt["id"]: was}, status=409)
    assert change(f"/v1/{path}", json={"unit_net": 8_001, "quantity": 1}).status_code == 200
    assert order.part("belt") | {"approval": "approved"} == order.part("belt") == belt, "as he approved it"
    assert order.street.world.reserved() == {"alt_shelf": 1, "belt": 1}
    assert order.street.owner.told().count("lines_to_decide") == 1
    assert "lines_changed" in order.street.world.events(order.view["case"])


def test_pieces_are_whole_and_numbers_are_numbers(order: Order) -> None:
    order.way("check_in")
    sublet = {"kind": "sublet", "text_en": "Turned", "text_zh": "光鼓", "supplier": "Pudong Machining", "net": 18_000}
    for body in ({**sublet, "net": True}, {"kind": "labour", "text_en": "a", "text_zh": "b", "hours": True}):
        order.street.technician.post(f"{order.path}/lines", body, 422)
    new = order.street.technician.post(f"{order.path}/lines", sublet, 201)["lines"][-1]
    path, change = f"/v1/{order.path}/lines/{new['id']}", order.street.technician._client.patch
    for wrong in ({"hours": 1.5}, {"quantity": 1.5}, {"quantity": "2"}, {"unit_net": True}):
        assert change(path, json=wrong).status_code == 422, wrong
    changed = change(path, json={"quantity": 2, "unit_net": 9_000}).json()["lines"][-1]
    assert (changed["quantity"], changed["net"]["amount"]) == (2, 18_000)


def test_what_was_declined_since_is_not_approved_by_changing_it_back(order: Order) -> None:
    order.way("check_in", "start")
    belt = order.part("belt")
    path, change = f"/v1/{order.path}/lines/{belt['id']}", order.street.technician._client.patch
    assert change(path, json={"unit_net": 9_000}).status_code == 200
    order.decide("declined", belt["id"])
    assert order.street.world.reserved() == {"alt_shelf": 1}
    assert change(path, json={"unit_net": 8_001}).status_code == 200
    assert (order.part("belt")["hash"], order.part("belt")["approval"]) == (belt["hash"], "awaiting")
    order.take("quality_check", 409)
    order.decide("approved", belt["id"])
    assert order.part("belt") == belt
    assert order.street.world.reserved() == {"alt_shelf": 1, "belt": 1}


def test_the_desk_writes_down_what_the_owner_says_on_the_telephone(order: Order) -> None:
    street = order.street
    order.way("check_in")
    order.find()
    new = order.lines("awaiting")[0]["id"]
    said: dict[str, Any] = {"channel": "telephone", "given_by": "Li Wei"}
    order.decide("approved", new, by=street.advisor, status=422)
    order.decide("approved", new, by=street.technician, status=403, **said)
    order.decide("approved", new, status=422, **said)
    order.decide("approved", new, by=street.advisor, status=404, signature="0" * 64, **said)
    order.decide("approved", new, by=street.advisor, **said)
    order.decide("declined", new)
    every = street.owner.get(f"{order.path}/approvals")["items"]
    assert [(one["channel"], one["given_by"], one["ip"]) for one in every if one["line"] == new] == [
        ("telephone", "Li Wei", None),
        ("app", None, "testclient"),
    ]


def test_under_warranty_the_owner_pays_nothing_and_sees_who_does(order: Order) -> None:
    order.way("check_in", "start", "issue_parts")
    before = order.view["totals"]["gross"]["amount"]
    sublet = {"kind": "sublet", "text_en": "Turned", "text_zh": "光鼓", "supplier": "Pudong Machining", "net": 18_000}
    order.street.technician.post(f"{order.path}/lines", sublet, 201)
    order.find(borne_by="workshop")
    order.take("quality_check", 409)
    order.decide("approved", *(line["id"] for line in order.lines("awaiting")))
    turned, free = order.lines()[-2:]
    assert (turned["supplier"], turned["group"], free["borne_by"]) == ("Pudong Machining", "加工费", "workshop")
    assert free["gross"]["amount"] == 0
    assert order.view["totals"]["gross"]["amount"] == before + 20_340
    order.way("quality_check", "complete")
    sheet = order.street.technician.post(f"{order.path}/settlement", status=201)
    assert sheet["totals"]["gross"]["amount"] == before + 20_340


def test_a_part_that_goes_back_is_not_paid(order: Order) -> None:
    order.way("check_in", "start")
    belt = order.part("belt")["id"]
    back = {"line": belt, "pieces": 1}
    order.street.technician.post(f"{order.path}/parts-returns", back, 409)
    order.way("issue_parts")
    order.decide("declined", belt, status=409)
    order.street.technician.post(f"{order.path}/parts-returns", back, 201)
    order.street.technician.post(f"{order.path}/parts-returns", back, 409)
    assert order.part("belt")["approval"] == "returned"
    order.way("quality_check", "complete")
    sheet = order.street.technician.post(f"{order.path}/settlement", status=201)
    assert [line["part"] for line in sheet["groups"][2]["lines"]] == ["alt_shelf"]
    assert order.street.world.nothing_is_held()


def test_red_in_the_final_check_goes_back_to_the_bay(order: Order) -> None:
    order.way("check_in", *WORK)
    order.look("check_in", status=409)
    order.look("final", red="road_test")
    order.take("complete", 409)
    order.way("rework", "quality_check")
    order.take("complete", 409)  # what was seen before the second try does not count
    order.look("final")
    order.way("complete")
    assert order.state == "completed"
