"""The workshop manager's page: hours, special days, bays and technicians; what is wrong is said at its field."""

from collections.abc import Callable
from datetime import date

import pytest
from fastapi.testclient import TestClient

from aftersales.seed import WORKSHOP_ORGANISATION
from aftersales.workshop.workshop_setup import read_hours
from aftersales.workshop.workshops import Contact, Workshop, load_workshop
from foundation.identity import Actor, Role
from foundation.refusals import Invalid
from tests.pages.forms import forms_of
from tests.pages.scene import Scene
from tests.pages.test_calendar import WORKSHOP, visit_of
from tests.pages.test_visit import post

Entrance = Callable[[Actor], TestClient]
PAGE, BASE = f"/workshop?workshop={WORKSHOP}", f"/workshop/{WORKSHOP}"


@pytest.fixture
def manager(scene: Scene, person: Callable[..., Actor], signed_in: Entrance) -> TestClient:
    return signed_in(person(Role.WORKSHOP_MANAGER, "Boss", WORKSHOP_ORGANISATION))


def workshop(scene: Scene) -> Workshop:
    with scene.database.unit() as unit:
        return load_workshop(unit, WORKSHOP)


def test_hours_are_changed_and_what_is_booked_outside_them_is_named(scene: Scene, manager: TestClient) -> None:
    visit = scene.fail()
    day = date.fromisoformat(visit_of(scene, visit)["day"])
    weekday = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[day.weekday()]
    saved = post(manager, PAGE, f"{BASE}/hours", **{weekday: "6:30-7:00，07:30–8:00"})
    assert workshop(scene).opening_hours[weekday] == [["06:30", "07:00"], ["07:30", "08:00"]]
    assert f"visit={visit}" in saved
    assert visit_of(scene, visit)["day"] == day.isoformat()


def test_a_wrong_hour_is_refused_at_its_field_and_nothing_is_saved(scene: Scene, manager: TestClient) -> None:
    before = workshop(scene).opening_hours
    form = forms_of(manager.get(PAGE).text)[f"{BASE}/hours"]
    refused = manager.post(f"{BASE}/hours", data=form | {"tue": "late", "mon": "09:00-17:00"})
    assert refused.status_code == 422
    assert 'name="tue" maxlength="120" value="late"' in refused.text
    assert 'id="wrong-tue"' in refused.text
    assert 'id="wrong-mon"' not in refused.text
    assert workshop(scene).opening_hours == before


def test_what_stands_on_the_sheets_is_set_and_a_wrong_one_keeps_what_was_typed(
    scene: Scene, manager: TestClient
) -> None:
    said = {"name_zh": "浦东店", "name_en": "", "address": "Century Avenue 1", "telephone": "none", "licence": "31-1"}
    refused = manager.post(f"{BASE}/contact", data=forms_of(manager.get(PAGE).text)[f"{BASE}/contact"] | said)
    assert refused.status_code == 422
    assert 'id="wrong-telephone"' in refused.text
    assert "Century Avenue 1" in refused.text
    post(manager, PAGE, f"{BASE}/contact", **said | {"telephone": "021-1"})
    here = workshop(scene)
    assert (here.name_en, here.name_zh) == ("浦东店", "浦东店")
    assert here.contact == Contact("Century Avenue 1", "021-1", "31-1")


def test_a_special_day_is_set_and_taken_back(scene: Scene, manager: TestClient) -> None:
    form = forms_of(manager.get(PAGE).text)[f"{BASE}/special-days"]
    form.pop("usual", None)
    for key, hours in (("1", ""), ("2", "10:00-12:00")):
        answer = manager.post(f"{BASE}/special-days", data=form | {"key": key, "day": "2026-12-24", "hours": hours})
        assert answer.status_code == 303
        assert workshop(scene).special_days["2026-12-24"] == ([["10:00", "12:00"]] if hours else [])
    manager.post(f"{BASE}/special-days", data=form | {"key": "3", "day": "2026-12-24", "usual": "yes"})
    assert "2026-12-24" not in workshop(scene).special_days


def test_a_bay_and_a_technician_are_added(scene: Scene, manager: TestClient) -> None:
    bays, people = len(workshop(scene).bays), len(workshop(scene).technicians)
    csrf = forms_of(manager.get(PAGE).text)[f"{BASE}/bays"]["csrf"]
    manager.post(f"{BASE}/bays", data={"csrf": csrf, "name": "9", "high_voltage": "yes"})
    manager.post(f"{BASE}/technicians", data={"csrf": csrf, "name_zh": "何静", "high_voltage": "yes"})
    here = workshop(scene)
    assert (len(here.bays), len(here.technicians)) == (bays + 1, people + 1)
    assert next(one for one in here.bays if one.name == "9").equipment == {"high_voltage"}
    assert next(one for one in here.technicians if one.name_zh == "何静").name_en == "何静"
    nameless = manager.post(f"{BASE}/technicians", data={"csrf": csrf, "general": "yes"})
    assert nameless.status_code == 422
    assert manager.post(f"{BASE}/bays", data={"csrf": csrf, "name": "x", "id": "bay_of_others"}).status_code == 404


def test_an_absence_is_reported_shown_and_taken_back(scene: Scene, manager: TestClient, signed_in: Entrance) -> None:
    visit = scene.fail()
    seen = visit_of(scene, visit)
    typed = {"resource": seen["technician"], "from": f"{seen['day']}T00:00", "until": f"{seen['day']}T23:45"}
    form = forms_of(manager.get(PAGE).text)[f"{BASE}/absences"] | typed | {"reason": "flu"}
    backwards = manager.post(f"{BASE}/absences", data=form | {"until": f"{seen['day']}T00:00"})
    assert backwards.status_code == 422
    assert 'id="wrong-absence"' in backwards.text
    assert manager.post(f"{BASE}/absences", data=form | {"from": "0001-01-01T00:00"}).status_code == 422
    assert manager.post(f"{BASE}/absences", data=form).status_code == 303
    page = manager.get(PAGE).text
    assert "flu" in page
    assert f"visit={visit}" in page
    calendar = signed_in(scene.advisor).get(f"/calendar?workshop={WORKSHOP}&day={seen['day']}").text
    assert 'class="absent"' in calendar
    assert 'class="block bad' in calendar
    assert "is away then" in calendar
    end = page.partition('name="end" value="')[2].partition('"')[0]
    manager.post(f"{BASE}/absences", data={"csrf": form["csrf"], "end": end})
    assert "flu" not in manager.get(PAGE).text


def test_what_is_booked_is_not_taken_out_and_what_is_not_is(scene: Scene, manager: TestClient) -> None:
    seen = visit_of(scene, scene.fail())
    csrf = forms_of(manager.get(PAGE).text)[f"{BASE}/removals"]["csrf"]
    kept = manager.post(f"{BASE}/removals", data={"csrf": csrf, "kind": "bays", "id": seen["bay"]})
    assert kept.status_code == 422
    assert f'id="wrong-remove-{seen["bay"]}"' in kept.text
    other = next(one.id for one in workshop(scene).bays if one.id != seen["bay"])
    manager.post(f"{BASE}/removals", data={"csrf": csrf, "kind": "bays", "id": other})
    assert {one.id for one in workshop(scene).bays} >= {seen["bay"]}
    assert other not in {one.id for one in workshop(scene).bays}


def test_shifts_loaners_services_and_holidays_are_kept(scene: Scene, manager: TestClient) -> None:
    csrf = forms_of(manager.get(PAGE).text)[f"{BASE}/bays"]["csrf"]
    person = workshop(scene).technicians[0]
    shift = {
        "id": person.id,
        "name_en": person.name_en,
        "name_zh": person.name_zh,
        "general": "yes",
        "mon": "9:00-12:00",
    }
    sent = {
        "technicians": shift,
        "loaners": {"name": "沪A·D12345"},
        "services": {"wish": "repair", "minutes": "", "before": "15", "after": "30"},
        "holidays": {"country": "cn"},
    }
    for what, fields in sent.items():
        assert manager.post(f"{BASE}/{what}", data={"csrf": csrf} | fields).status_code == 303, what
    here = workshop(scene)
    changed = next(one for one in here.technicians if one.id == person.id)
    assert changed.shifts is not None
    assert changed.shifts["mon"] == [["09:00", "12:00"]]
    assert "沪A·D12345" in {one.name for one in here.loaners}
    assert (here.services["repair"].before, here.services["repair"].after) == (15, 30)
    assert here.country == "CN"
    assert '"repair"' in manager.get(PAGE).text
    for what, fields in (
        ("holidays", {"country": "XX"}),
        ("services", {"wish": "repair", "before": "7", "after": "0"}),
        ("services", {"wish": "maintenance", "minutes": "0", "before": "0", "after": "0"}),
    ):
        assert manager.post(f"{BASE}/{what}", data={"csrf": csrf} | fields).status_code == 422, what


def test_it_is_the_manager_s_alone(scene: Scene, signed_in: Entrance, person: Callable[..., Actor]) -> None:
    advisor = signed_in(scene.advisor)
    csrf = forms_of(advisor.get("/board").text)["/sign-out"]["csrf"]
    assert advisor.get(PAGE).status_code == 403
    assert advisor.post(f"{BASE}/bays", data={"csrf": csrf, "name": "x"}).status_code == 403
    stranger = signed_in(person(Role.WORKSHOP_MANAGER, "Stranger"))
    assert stranger.get(PAGE).status_code == 404


def test_hours_are_read_as_people_write_them() -> None:
    assert read_hours("9-12，13：00–17") == [["09:00", "12:00"], ["13:00", "17:00"]]


@pytest.mark.parametrize("written", ["9:10-17", "25-26", "12:00-09:00", "08:00-12:00, 11:00-13:00", "08:00", "a-b"])
def test_hours_that_make_no_sense_are_refused(written: str) -> None:
    with pytest.raises(Invalid):
        read_hours(written)
