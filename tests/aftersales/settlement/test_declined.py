"""Nothing is repaired: what looking cost is settled and paid, waived, or was never announced."""

import pytest

from parts_catalog.payments import State
from tests.aftersales.settlement.till import Till


@pytest.fixture
def declined(till: Till) -> Till:
    till.way("check_in")
    till.take("inspect", inspection_fee=10_000)
    till.decide("declined")
    return till


def test_the_fee_is_settled_paid_and_the_order_closed(declined: Till) -> None:
    declined.take("close_declined", 409, fee="settled")
    sheet = declined.settle()
    assert (sheet["of"], sheet["mileage_km"]) == ("inspection_fee", 84_210)
    charged = {group["group"]: group["totals"]["net"]["amount"] for group in sheet["groups"]}
    assert {group for group, net in charged.items() if net} == {"检测费"}
    assert sheet["totals"]["gross"]["amount"] == 11_300
    assert declined.state == "declined"
    declined.take("close_declined", 409, fee="settled")
    declined.decide("approved", declined.lines()[0]["id"], status=409)  # what is settled is not thought over again
    declined.release(409)
    declined.pay()
    declined.take("close_declined", 409, fee="waived")
    declined.take("close_declined", fee="settled")
    assert (declined.state, declined.view["inspection_fee"]["outcome"]) == ("closed_declined", "settled")
    declined.street.advisor.get(f"{declined.path}/record", 404)  # nothing was repaired, and nothing is reported
    assert declined.street.world.nothing_is_held()


def test_a_fee_that_is_waived_is_paid_by_nobody(declined: Till) -> None:
    declined.settle()
    waiting = declined.begin()["id"]
    declined.decide_payment(waiting, hear=False)
    declined.take("close_declined", fee="waived")
    declined.hear()
    assert (declined.bill["state"], declined.payment(waiting).state) == ("waived", State.REFUNDED)
    declined.begin(409)
    declined.correct({"inspection_fee": 0}, 409)


def test_without_an_announcement_there_is_no_fee_to_settle(till: Till) -> None:
    till.way("check_in", "inspect")
    till.decide("declined")
    till.settle(409)
    till.take("close_declined", 409, fee="settled")
    till.take("close_declined", fee="waived")
    assert till.bill is None
