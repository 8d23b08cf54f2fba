"""From the sheet to the car that drives off: paid once, and by what is owed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from foundation.money import Money
from parts_catalog.payments import State
from tests.aftersales.settlement.till import DONE, Till
from tests.aftersales.world import FAMILY


def test_settled_paid_and_handed_over(till: Till) -> None:
    street = till.street
    till.release(409)
    till.begin(409)
    sheet = till.settled()
    assert (till.bill["state"], till.bill["amount"]) == ("open", sheet["totals"]["gross"])
    assert street.owner.told().count("sheet_written") == 1
    till.release(409)
    street.technician.post(f"{till.path}/payments", {"provider": "sandbox"}, 403)
    street.stranger.post(f"{till.path}/payments", {"provider": "sandbox"}, 404)
    till.begin(422, provider="nobody")
    payment = till.begin()
    assert payment["amount"] == sheet["totals"]["gross"]
    assert payment["pay"]["url"] == f"/payments/{payment['id']}/sandbox"
    assert till.begin()["id"] == payment["id"], "begun once, however often it is asked for"
    till.decide_payment(payment["id"], copies=2)
    assert (till.bill["state"], till.bill["payment"]) == ("paid", payment["id"])
    till.begin(409)
    till.release()
    assert till.release()["state"] == "released", "again is no harm"
    assert [step["step"] for step in till.view["steps"]][-2:] == ["settle", "release"]
    assert street.world.events(till.view["case"])[-2:] == ["case_settled", "bill_paid"]
    assert till.settle() == sheet, "and the sheet is the same"


def test_without_a_mileage_nothing_is_settled(till: Till) -> None:
    till.take("check_in", 422)
    till.settle(409)
    till.way(*DONE)
    lose = "UPDATE repair_orders SET mileage_km = NULL"
    database = till.street.world.database
    with pytest.raises(IntegrityError), database.unit() as unit:
        unit.connection.execute(text(lose))
    with database.unit() as unit:  # as if the database had let it happen
        unit.connection.execute(text("ALTER TABLE repair_orders DROP CONSTRAINT ck_repair_orders_mileage"))
        unit.connection.execute(text(lose))
    assert "mileage" in till.settle(409)["detail"]
    assert till.view["bill"] is None
    till.street.owner.get(f"{till.path}/settlement", 404)


def test_two_payments_that_arrive_at_once_are_taken_once(till: Till) -> None:
    till.settled()
    first = till.begin()["id"]
    till.street.world.clock.advance(timedelta(minutes=31))
    till.look_after()
    second = till.begin()["id"]
    with ThreadPoolExecutor(2) as both:
        assert list(both.map(till.tell, (first, second))) == ["acted", "acted"]
    paid = [till.payment(one) for one in (first, second)]
    assert sum(one.amount.amount - one.refunded.amount for one in paid) == till.bill["amount"]["amount"]
    assert till.bill["payment"] in {one.id for one in paid if not one.refunded.amount}


def test_a_payment_that_fails_leaves_the_bill_open(till: Till) -> None:
    till.settled()
    first = till.begin()["id"]
    till.decide_payment(first, "decline")
    assert (till.payment(first).state, till.bill["state"]) == (State.FAILED, "open")
    till.release(409)
    second = till.pay()
    assert (second != first, till.bill["payment"]) == (True, second)


def test_what_expires_is_begun_anew_and_nobody_pays_twice(till: Till) -> None:
    till.settled()
    first = till.begin()["id"]
    till.decide_payment(first, hear=False)
    till.street.world.clock.advance(timedelta(minutes=31))
    till.look_after()
    assert till.payment(first).state is State.CLOSED
    second = till.begin()["id"]
    till.decide_payment(second, hear=False)
    till.hear()
    # The first one came too late and is what is owed all the same: it is taken, and the second one goes back.
    assert (till.bill["payment"], till.payment(first).refunded.amount) == (first, 0)
    assert (till.payment(second).state, till.payment(second).refunded) == (State.REFUNDED, till.payment(second).amount)
    assert "payment_late" in till.street.world.events(till.id)


def test_a_wrong_amount_is_disputed_and_pays_nothing(till: Till) -> None:
    till.settled()
    payment = till.begin()["id"]
    assert till.tell(payment, Money(1, "CNY")) == "wrong_amount"
    assert till.tell(payment, Money(till.bill["amount"]["amount"], "EUR")) == "wrong_currency"
    assert till.bill["state"] == "open"
    till.release(409)
    assert till.street.world.events(till.id).count("payment_disputed") == 2


def test_at_the_counter_the_desk_begins_a_payment_that_is_the_owners(till: Till) -> None:
    till.settled()
    payment = till.street.advisor.post(f"{till.path}/payments", {"provider": "sandbox"}, 201)["id"]
    assert till.payment(payment).organisation == FAMILY
    till.street.owner.get(f"payments/{payment}")
    till.street.advisor.get(f"payments/{payment}", 404)


def test_what_costs_nothing_needs_no_payment(till: Till) -> None:
    till.way("check_in")
    for line in till.lines():
        answer = till.street.technician._client.patch(
            f"/v1/{till.path}/lines/{line['id']}", json={"borne_by": "manufacturer"}
        )
        assert answer.status_code == 200
    till.decide("approved")
    till.way(*DONE[1:])
    assert till.settle()["totals"]["gross"]["amount"] == 0
    assert till.bill["state"] == "nothing_due"
    till.begin(409)
    till.release()


def test_a_fleet_on_account_drives_off_and_may_pay_later(till: Till) -> None:
    street = till.street
    manager = till.manager
    accounts = "workshops/wks_one/accounts"
    street.advisor.post(accounts, {"customer": FAMILY}, 403)
    street.owner.post(accounts, {"customer": FAMILY}, 403)
    manager.post(accounts, {"customer": "org_zhao"}, 404)  # exists, and was never here
    till.settled()
    till.release(409)
    for _ in range(2):
        [known] = manager.post(accounts, {"customer": FAMILY}, 201)["items"]
    assert known["customer"] == FAMILY
    till.release()
    assert till.bill["state"] == "on_account"
    other = Till(street, "car-second")
    other.settled()
    assert other.bill["state"] == "on_account"
    manager.delete(f"{accounts}/{FAMILY}")
    manager.delete(f"{accounts}/{FAMILY}", 404)
    other.release()
    till.pay()
    assert till.bill["state"] == "paid"
