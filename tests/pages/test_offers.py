"""What the owner is offered and told, without JavaScript: other times, late parts, waiting, help, reminders."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

from fastapi.testclient import TestClient
from sqlalchemy import select

from aftersales.tables import reminders
from aftersales.telling.reminders import send_reminders
from aftersales.views import get_appointment
from aftersales.visits.late_parts import offer_later_times
from diagnostics.findings import Urgency
from foundation.clock import FixedClock
from foundation.identity import Actor
from parts_catalog import stock
from tests.pages.forms import forms_of
from tests.pages.scene import Scene
from tests.pages.test_calendar import page_of, visit_of
from tests.pages.test_visit import post

Entrance = Callable[[Actor], TestClient]


def confirmed(scene: Scene, owner: TestClient) -> str:
    visit = scene.fail()
    post(owner, f"/appointments/{visit}", f"/appointments/{visit}/confirm")
    return visit


def propose_tomorrow(scene: Scene, advisor: TestClient, visit: str) -> str:
    """Let the desk propose another time; gives its day."""
    page, action = page_of(scene, visit)
    day = (date.fromisoformat(visit_of(scene, visit)["day"]) + timedelta(days=1)).isoformat()
    post(advisor, page, action, day=day, time="09:00")
    return day


def answer(owner: TestClient, visit: str, word: str) -> str:
    """Accept (`confirm`) or decline what is offered beside a visit; gives the page that follows."""
    page = f"/appointments/{visit}"
    actions = forms_of(owner.get(page).text)
    offer = next(one for one in actions if one.endswith(f"/{word}") and not one.startswith(f"{page}/"))
    return post(owner, page, offer)


def test_another_time_of_the_workshop_is_accepted(scene: Scene, signed_in: Entrance) -> None:
    owner = signed_in(scene.owner)
    visit = confirmed(scene, owner)
    day = propose_tomorrow(scene, signed_in(scene.advisor), visit)
    assert "Needs your answer" in owner.get("/cars").text
    assert "The workshop proposes another time" in owner.get("/cars/car-1").text
    assert "The visit has been moved." in answer(owner, visit, "confirm")
    assert visit_of(scene, visit)["start"].startswith(f"{day}T01:00")
    assert "The workshop proposes" not in owner.get(f"/appointments/{visit}").text


def test_another_time_is_kept_away_and_read_of_in_the_messages(scene: Scene, signed_in: Entrance) -> None:
    owner = signed_in(scene.owner)
    visit = confirmed(scene, owner)
    before = visit_of(scene, visit)
    propose_tomorrow(scene, signed_in(scene.advisor), visit)
    messages = owner.get("/messages").text
    assert "held for you until" in messages
    first = next(action for action in forms_of(messages) if action.startswith("/messages/"))
    unread = messages.count(">new<")
    opened = owner.post(first, data=forms_of(messages)[first] | {"open": "yes"})
    assert owner.get(opened.headers["location"]).headers["location"] == f"/appointments/{visit}"
    assert owner.get("/messages").text.count(">new<") == unread - 1
    assert "Your visit stays as it was." in answer(owner, visit, "decline")
    assert visit_of(scene, visit) == before


def test_a_late_part_proposes_a_later_time_by_itself(scene: Scene, signed_in: Entrance, clock: FixedClock) -> None:
    owner = signed_in(scene.owner)
    visit = confirmed(scene, owner)
    late = (clock.now() + timedelta(days=3)).date()
    with scene.database.unit() as unit:
        parts = get_appointment(unit, scene.owner, visit)["reservations"]
        for part in parts:
            stock.expect(unit, scene.advisor.organisation, part["part"], part["location"], late)
    with scene.database.unit() as unit:
        assert offer_later_times(unit) == 1
    page = owner.get(f"/appointments/{visit}").text
    assert "A part comes later: another time for your visit" in page
    assert "The parts arrive on Thursday" in page
    owner.post("/language", data={"language": "zh_CN"})
    assert "配件周四到货" in owner.get(f"/appointments/{visit}").text
    answer(owner, visit, "confirm")
    assert visit_of(scene, visit)["day"] >= late.isoformat()


def test_a_loaner_car_is_wished_for_and_lent(scene: Scene, signed_in: Entrance) -> None:
    page = "/cars/car-1/book?service=inspection"
    owner = signed_in(scene.owner)
    form = forms_of(owner.get(page).text)["/cars/car-1/book"] | {"loaner": "yes"}
    chosen = forms_of(owner.post("/cars/car-1/book/times", data=form).text)["/cars/car-1/book"]
    held = owner.post("/cars/car-1/book", data=chosen | {"loaner": "yes"})
    assert "<dt>Loaner car</dt>" in owner.get(held.headers["location"]).text
    plain = forms_of(owner.get(page).text)["/cars/car-1/book"]
    held = owner.post("/cars/car-1/book", data=plain)
    assert "<dt>Loaner car</dt>" not in owner.get(held.headers["location"]).text


def test_who_waits_says_so_and_leaves_again(scene: Scene, signed_in: Entrance) -> None:
    owner = signed_in(scene.owner)
    visit = confirmed(scene, owner)
    page = f"/appointments/{visit}"
    waiting = post(owner, page, f"{page}/wait")
    assert "You are told when something earlier is free." in waiting
    leave = next(action for action in forms_of(waiting) if action.endswith("/leave"))
    left = owner.post(leave, data=forms_of(waiting)[leave])
    assert owner.get(left.headers["location"]).headers["location"] == page
    assert "Wait for an earlier time" in owner.get(page).text
    assert (
        owner.post(
            f"{page}/wait", data=forms_of(owner.get(page).text)[f"{page}/wait"] | {"latest_day": "x"}
        ).status_code
        == 422
    )


def test_a_wish_waits_at_the_workshop_that_is_shown(scene: Scene, signed_in: Entrance) -> None:
    owner = signed_in(scene.owner)
    form = forms_of(owner.get("/cars/car-1/book?service=inspection").text)["/cars/car-1/book"]
    asked = owner.post("/cars/car-1/wait", data={name: value for name, value in form.items() if name != "slot"})
    page = owner.get(asked.headers["location"]).text
    assert page.count("You are told as soon as something is free.") == 2  # what was done, and the case that waits
    assert any(action.endswith("/leave") for action in forms_of(page))


def test_a_stopped_car_is_told_to_stop_and_asks_for_help(scene: Scene, signed_in: Entrance) -> None:
    visit = scene.fail(Urgency.S0)
    owner, advisor = signed_in(scene.owner), signed_in(scene.advisor)
    with scene.database.unit() as unit:
        case = get_appointment(unit, scene.owner, visit)["case"]
    assert f"/cases/{case}/stopped" in owner.get("/cars/car-1").text
    page = owner.get(f"/cases/{case}").headers["location"]
    assert "do not drive on" in owner.get(page).text
    helped = post(owner, page, f"/cases/{case}/assistance", kind="towing", words="Nanpu bridge")
    assert "The workshop has been told" in helped
    assert "towing" in helped
    messages = advisor.get("/messages").text
    assert "A stopped car asks for help" in messages
    first = next(action for action in forms_of(messages) if action.startswith("/messages/"))
    opened = advisor.post(first, data=forms_of(messages)[first] | {"open": "yes"}).headers["location"]
    seen = advisor.get(advisor.get(opened).headers["location"]).text
    assert "Nanpu bridge" in seen
    assert f"visit={visit}" in seen
    wrong = forms_of(owner.get(page).text)[f"/cases/{case}/assistance"]
    assert owner.post(f"/cases/{case}/assistance", data=wrong | {"kind": "helicopter"}).status_code == 422


def test_reminders_come_only_to_who_ticked_them(scene: Scene, signed_in: Entrance, clock: FixedClock) -> None:
    owner = signed_in(scene.owner)
    visit = confirmed(scene, owner)
    page = f"/appointments/{visit}"
    form = forms_of(owner.get(page).text)["/me/reminders"]
    assert owner.post("/me/reminders", data=form | {"inbox": "yes"}).headers["location"] == page
    assert 'name="inbox" value="yes" checked' in owner.get(page).text
    assert 'name="mail" value="yes" checked' not in owner.get(page).text
    with scene.database.unit() as unit:
        due = unit.connection.execute(select(reminders.c.due_at)).scalars().all()
    clock.advance(max(due) - clock.now())
    with scene.database.unit() as unit:
        assert send_reminders(unit) == 1
    assert "Your visit to the workshop begins soon" in owner.get("/messages").text


def test_the_desk_says_that_a_car_did_not_come(scene: Scene, signed_in: Entrance, clock: FixedClock) -> None:
    owner = signed_in(scene.owner)
    visit = confirmed(scene, owner)
    page, action = page_of(scene, visit)
    missed = action.replace("moves", "no-shows")
    advisor = signed_in(scene.advisor)
    assert missed not in forms_of(advisor.get(page).text)
    clock.advance(datetime.fromisoformat(visit_of(scene, visit)["start"]) - clock.now() + timedelta(minutes=20))
    assert "are free again" in post(advisor, page, missed)
    assert "The car did not come" in owner.get(f"/appointments/{visit}").text
