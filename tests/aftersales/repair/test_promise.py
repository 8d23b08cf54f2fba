"""A car that will be ready at another time: promised by the desk, read by the owner wherever he looks."""

from datetime import datetime, timedelta

import pytest

from aftersales.cases import RepairOrderState
from tests.aftersales.repair.orders import Order
from tests.aftersales.settlement.test_refused import page
from tests.aftersales.settlement.till import Till
from tests.aftersales.voices import Town


@pytest.fixture
def till(street: Town) -> Till:
    return Till(street)


def promise(order: Order, at: datetime, status: int = 201) -> None:
    order.street.advisor.post(f"{order.path}/promise", {"ready_at": at.isoformat(), "note": "a part <late>"}, status)


def test_another_time_is_promised_once_and_told_everywhere(till: Till) -> None:
    street, clock = till.street, till.street.world.clock
    promise(till, clock.now() + timedelta(days=9), 409)  # the car is not here yet
    till.way("check_in", "start")
    till.take("hold", reason="waiting_parts")
    booked = datetime.fromisoformat(till.view["end"])
    assert datetime.fromisoformat(till.view["ready_at"]) == booked
    clock.advance(booked - clock.now() + timedelta(minutes=1))
    assert till.view["overdue"]
    assert "Promised time is over" in page(till, street.advisor.actor, "/board")
    later = clock.now() + timedelta(days=2)
    for voice in (street.owner, street.technician):
        voice.post(f"{till.path}/promise", {"ready_at": later.isoformat()}, 403)
    promise(till, clock.now(), 422)
    for _ in range(2):
        promise(till, later)
    view = till.view
    assert (view["state"], view["hold_reason"], view["overdue"]) == ("on_hold", "waiting_parts", False)
    assert datetime.fromisoformat(view["ready_at"]) == later
    assert [one["step"] for one in view["steps"]].count("promise") == 1
    assert "a part <late>" in view["steps"][-1]["note"]
    assert street.owner.told().count("ready_anew") == 1
    shown = page(till, street.owner.actor, f"/{till.path}")
    assert later.isoformat() in shown
    assert booked.isoformat() not in shown
    assert "a part &lt;late&gt;" in shown
    assert "form-promise" in page(till, street.advisor.actor, f"/board/{till.id}")


def test_nothing_is_promised_of_what_is_done(till: Till) -> None:
    till.settled()
    assert till.view["state"] == RepairOrderState.SETTLED
    promise(till, till.street.world.clock.now() + timedelta(days=1), 409)
    assert "form-promise" not in page(till, till.street.advisor.actor, f"/board/{till.id}")
