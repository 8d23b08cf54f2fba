"""A workshop's own calendar over HTTP: who may change it, what is refused, and what it does to free times."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select

from aftersales.tables import occupancies
from aftersales.workshop.calendars import public_holidays, spans_of
from aftersales.workshop.staffing import LONGEST_MIN, put_service
from aftersales.workshop.workshop_bodies import NewTiming
from aftersales.workshop.workshops import Loaner, Technician, Timing, load_workshops
from foundation.identity import Role, add_account
from foundation.refusals import Invalid
from ingest.archive import Archive
from tests.aftersales.voices import Town, Voice, town
from tests.aftersales.world import GARAGE, SKILLS, World, garage, local
from tests.application import compose

PATH = "workshops/wks_one"
MONDAY = {"mon": [["08:00", "10:00"]]}


@pytest.fixture
def manager(world: World, tmp_path: Path) -> Voice:
    with world.database.unit() as unit:
        actor = add_account(unit, "boss@garage.example", Role.WORKSHOP_MANAGER, GARAGE)
    return Voice(compose(tmp_path, world.database, Archive(tmp_path)), world, actor)


def ask(voice: Voice, method: str, path: str, body: dict[str, Any] | None = None, status: int = 200) -> Any:
    return voice._answer(voice._client.request(method, f"/v1/{path}", json=body), status)


def test_everybody_sees_a_workshop_and_its_own_people_see_who_is_away(street: Town, manager: Voice) -> None:
    away = {"resource": "tech_one_0", "start": "2026-12-01T00:00+08:00", "end": "2026-12-02T00:00+08:00"}
    manager.post(f"{PATH}/absences", away, 201)
    seen, own = street.owner.get(PATH), manager.get(PATH)
    assert [one["id"] for one in seen["bays"]] == ["bay_one_0"]
    assert "absences" not in seen
    assert "shifts" not in seen["technicians"][0]
    assert [one["resource"] for one in own["absences"]] == ["tech_one_0"]
    street.owner.get("workshops/nowhere", 404)


def test_only_its_own_manager_changes_a_workshop(street: Town, manager: Voice) -> None:
    change = {"opening_hours": MONDAY}
    for voice, status in ((street.owner, 403), (street.technician, 403), (manager, 200)):
        ask(voice, "PATCH", PATH, change, status)
    street.world.put(garage("theirs", organisation="org_li"))
    ask(manager, "PATCH", "workshops/wks_theirs", change, 404)
    ask(manager, "PATCH", "workshops/wks_theirs/bays/bay_theirs_0", {"name": "x"}, 404)


REFUSED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "a field nobody knows": ("PATCH", PATH, {"colour": "red"}),
    "hours that overlap": ("PATCH", PATH, {"opening_hours": {"mon": [["08:00", "12:00"], ["11:00", "13:00"]]}}),
    "hours off the quarter": ("PATCH", PATH, {"opening_hours": {"mon": [["08:05", "12:00"]]}}),
    "half a span": ("PATCH", PATH, {"opening_hours": {"mon": [["08:00"]]}}),
    "a weekday nobody knows": ("PATCH", PATH, {"opening_hours": {"someday": []}}),
    "a day that is none": ("PATCH", PATH, {"special_days": {"2027-02-30": []}}),
    "a zone that is none": ("PATCH", PATH, {"zone": "Mars/Olympus"}),
    "a country without holidays": ("PATCH", PATH, {"country": "XX"}),
    "a state of another country": ("PATCH", PATH, {"country": "CN", "subdivision": "BY"}),
    "equipment nobody knows": ("POST", f"{PATH}/bays", {"name": "2", "equipment": ["magic"]}),
    "a skill nobody knows": ("PATCH", f"{PATH}/technicians/tech_one_0", {"skills": ["magic"]}),
    "shifts that overlap": (
        "PATCH",
        f"{PATH}/technicians/tech_one_0",
        {"shifts": {"mon": [["08:00", "12:00"], ["11:00", "13:00"]]}},
    ),
    "an absence that ends before it begins": (
        "POST",
        f"{PATH}/absences",
        {"resource": "bay_one_0", "start": "2026-12-02T00:00Z", "end": "2026-12-01T00:00Z"},
    ),
    "a buffer off the quarter": ("POST", f"{PATH}/services", {"code": "maintenance", "before_min": 10}),
    "a service nobody knows": ("POST", f"{PATH}/services", {"code": "polish"}),
    "a length for a wish": ("POST", f"{PATH}/services", {"code": "repair", "minutes": 60}),
}


def test_nonsense_is_refused_and_changes_nothing(manager: Voice) -> None:
    before = manager.get(PATH)
    for name, (method, path, body) in REFUSED.items():
        ask(manager, method, path, body, 422)
        assert manager.get(PATH) == before, name


def test_the_longest_service_is_the_same_in_the_document_and_in_the_rules(world: World, manager: Voice) -> None:
    for name in ("minutes", "before_min", "after_min"):
        written = NewTiming.model_json_schema()["properties"][name]
        assert written.get("maximum", written.get("anyOf", [{}])[0].get("maximum")) == LONGEST_MIN
    longest = {"code": "maintenance", "minutes": LONGEST_MIN}
    manager.post(f"{PATH}/services", longest, 201)
    with world.database.unit() as unit, pytest.raises(Invalid):
        put_service(unit, manager.actor, "wks_one", "maintenance", Timing(LONGEST_MIN + 15, 0, 0))


def test_what_a_workshop_has_comes_changes_and_goes(street: Town, manager: Voice) -> None:
    bay = manager.post(f"{PATH}/bays", {"name": "2", "equipment": ["lift"]}, 201)["id"]
    assert ask(manager, "PATCH", f"{PATH}/bays/{bay}", {"equipment": []})["equipment"] == []
    person = {"name_en": "Lin", "name_zh": "林", "skills": sorted(SKILLS), "shifts": MONDAY}
    key = manager.post(f"{PATH}/technicians", person, 201)["id"]
    assert ask(manager, "PATCH", f"{PATH}/technicians/{key}", {"shifts": None})["shifts"] is None
    car = manager.post(f"{PATH}/loaners", {"name": "Golf"}, 201)["id"]
    assert ask(manager, "PATCH", f"{PATH}/loaners/{car}", {"name": "Polo"})["name"] == "Polo"
    manager.post(f"{PATH}/services", {"code": "maintenance", "minutes": 45, "after_min": 15}, 201)
    times = ask(manager, "PATCH", f"{PATH}/services/maintenance", {"before_min": 30})["services"]
    assert times == [{"code": "maintenance", "minutes": None, "before_min": 30, "after_min": 0}]
    for kind, one in (("bays", bay), ("technicians", key), ("loaners", car), ("services", "maintenance")):
        assert one not in str(manager.delete(f"{PATH}/{kind}/{one}")[kind])
        manager.delete(f"{PATH}/{kind}/{one}", 404)


def test_an_absence_names_the_visits_that_it_hits_and_a_bay_in_use_stays(street: Town, manager: Voice) -> None:
    visit = street.owner.confirmed("car-1", street.owner.slots(vehicle="car-1")[0])
    day = visit["start"][:10]
    away = {"resource": "bay_one_0", "start": f"{day}T00:00Z", "end": f"{day}T23:45Z", "reason": "repair of the lift"}
    told = manager.post(f"{PATH}/absences", away, 201)
    assert [one["id"] for one in told["visits"]] == [visit["id"]]
    assert all(not slot["start"].startswith(day) for slot in street.owner.slots(vehicle="car-1"))
    later = {"start": "2027-01-01T00:00Z", "end": "2027-01-02T00:00Z"}
    assert ask(manager, "PATCH", f"{PATH}/absences/{told['id']}", later)["visits"] == []
    manager.delete(f"{PATH}/absences/{told['id']}")
    refused = manager.delete(f"{PATH}/bays/bay_one_0", 409)
    assert (refused["code"], [one["id"] for one in refused["visits"]]) == ("in_use", [visit["id"]])
    assert manager.get(PATH)["bays"], "a refusal changes nothing"


def test_a_change_names_the_visits_that_it_hits_on_any_of_their_days(street: Town, manager: Voice) -> None:
    manager.post(f"{PATH}/services", {"code": "maintenance", "minutes": 900}, 201)
    visit = street.owner.confirmed("car-1", street.owner.slots(vehicle="car-1")[0])
    last, person = visit["end"][:10], f"{PATH}/technicians/tech_one_0"
    away = {"resource": "tech_one_0", "start": f"{last}T00:00Z", "end": f"{last}T01:00Z"}

    def hit(view: dict[str, Any]) -> dict[str, list[str]]:
        return {one["id"]: [why["code"] for why in one["reasons"]] for one in view["disturbed"]}

    assert last > visit["start"][:10]
    assert hit(ask(manager, "PATCH", PATH, {"special_days": {last: []}})) == {visit["id"]: ["closed_meanwhile"]}
    planned = street.advisor.get(f"{PATH}/days/{visit['start'][:10]}")["visits"][visit["id"]]
    assert [why["zh"] for why in planned["disturbed"]] == ["门店在此预约时段内休息"]
    assert hit(ask(manager, "PATCH", PATH, {"special_days": {last: None}})) == {}
    shifts = {**garage().opening_hours, last: []}
    assert hit(ask(manager, "PATCH", person, {"shifts": shifts})) == {visit["id"]: ["off_shift"]}
    assert hit(ask(manager, "PATCH", person, {"shifts": None, "skills": []})) == {visit["id"]: ["unfit"]}
    assert hit(ask(manager, "PATCH", person, {"skills": sorted(SKILLS)})) == {}
    manager.post(f"{PATH}/absences", away, 201)
    assert hit(manager.get(PATH)) == {visit["id"]: ["away"]}
    assert "disturbed" not in street.owner.get(PATH)


def test_loading_many_workshops_takes_as_many_queries_as_loading_one(world: World) -> None:
    asked: list[str] = []
    event.listen(world.database.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    numbers = []
    for more in (0, 1, 5):
        for number in range(more):
            world.put(garage(f"no{more}{number}", loaners=(Loaner(f"car{more}{number}", "Golf"),)))
        with world.database.unit() as unit:
            asked.clear()
            load_workshops(unit)
            numbers.append(len(asked))
    assert len(set(numbers)) == 1


def test_a_buffer_keeps_the_bay_and_a_length_of_its_own_is_kept(street: Town, manager: Voice) -> None:
    manager.post(f"{PATH}/services", {"code": "maintenance", "minutes": 30, "before_min": 15, "after_min": 30}, 201)
    first = street.owner.slots(vehicle="car-1")[0]
    visit = street.owner.confirmed("car-1", first)
    begin, end = (datetime.fromisoformat(visit[name]) for name in ("start", "end"))
    assert end - begin == timedelta(minutes=30)
    with street.world.database.unit() as unit:
        rows = unit.connection.execute(select(occupancies.c.resource, occupancies.c.during)).all()
    spans = {row.resource: (row.during.lower, row.during.upper) for row in rows}
    assert spans["bay_one_0"] == (begin - timedelta(minutes=15), end + timedelta(minutes=30))
    assert spans["tech_one_0"] == (begin, end)
    again = street.owner.slots(vehicle="car-1")[0]
    assert datetime.fromisoformat(again["start"]) >= end + timedelta(minutes=45)
    assert again["reason"] == "first_free_bay"
    assert again["reason_zh"] == "具备设备的工位最早的空闲时间"


def test_long_work_keeps_its_bay_over_night_and_its_technician_while_he_works(street: Town, manager: Voice) -> None:
    manager.post(f"{PATH}/services", {"code": "maintenance", "minutes": 900}, 201)
    visit = street.owner.confirmed("car-1", street.owner.slots(vehicle="car-1")[0])
    with street.world.database.unit() as unit:
        rows = unit.connection.execute(select(occupancies.c.resource, occupancies.c.during)).all()
    worked = sorted((one.during.lower, one.during.upper) for one in rows if one.resource == "tech_one_0")
    (bay,) = (one.during for one in rows if one.resource == "bay_one_0")
    assert sum((upper - lower for lower, upper in worked), timedelta()) == timedelta(minutes=900)
    assert all(upper < lower for (_, upper), (lower, _) in pairwise(worked))
    assert (bay.lower, bay.upper) == (worked[0][0], worked[-1][1])
    assert len({lower.date() for lower, _ in worked}) > 1
    assert visit["end"] == bay.upper.isoformat()
    moved = street.owner.slots(case=visit["case"])[-1]
    street.owner.post(f"appointments/{visit['id']}/reschedule", {"slot": moved["id"]})
    street.owner.post(f"appointments/{visit['id']}/decline")
    assert street.world.nothing_is_held()


def test_a_loaner_is_one_more_thing_that_is_never_taken_twice(street: Town) -> None:
    world = street.world
    world.put(garage(bays=3, loaners=(Loaner("car_lent", "Golf"),)))
    slot = street.owner.slots(vehicle="car-1", loaner=True)[0]
    assert slot["loaner"] == {"id": "car_lent", "name": "Golf"}
    visit = street.owner.confirmed("car-1", slot)
    refused = street.owner.post(
        "appointments", {"vehicle": "car-4", "slot": slot["id"], "service": slot["service"]}, 409
    )
    assert refused["code"] == "slot_taken"
    assert all(one["loaner"] for one in refused["slots"])
    with_car = street.owner.slots(vehicle="car-4", loaner=True)[0]
    assert datetime.fromisoformat(with_car["start"]) >= datetime.fromisoformat(visit["end"])
    assert with_car["reason"] == "first_free_loaner"
    assert with_car["reason_zh"] == "代步车最早11月23日空闲"
    assert street.owner.slots(vehicle="car-4")[0]["start"] == slot["start"], "without a loaner nothing is in the way"
    kept = street.owner.slots(case=visit["case"])
    assert slot["start"] in {one["start"] for one in kept}, "one's own hold is in nobody's own way"
    assert all(one["loaner"] for one in kept), "who has a loaner is offered times with one"


def test_the_reason_that_was_shown_is_kept_with_the_visit(street: Town, manager: Voice) -> None:
    away = {"resource": "tech_one_0", "start": "2026-11-23T00:00+08:00", "end": "2026-11-26T00:00+08:00"}
    manager.post(f"{PATH}/absences", away, 201)
    slot = street.owner.slots(vehicle="car-1")[0]
    told = "Only Wang has the skills for this work, and is away or busy until 26 November"
    assert (slot["reason"], slot["reason_en"]) == ("only_technician", told)
    visit = street.owner.hold("car-1", slot)
    assert (visit["reason_en"], visit["reason_zh"]) == (slot["reason_en"], slot["reason_zh"])
    moved = {"bay": slot["bay"]["id"], "technician": "tech_one_0"}
    for start, reason in ((visit["start"], slot["reason_zh"]), ("2026-11-27T02:00:00Z", "此时间由门店安排")):
        assert (
            street.advisor.post(f"appointments/{visit['id']}/arrange", moved | {"start": start})["reason_zh"] == reason
        )


def test_a_slot_keeps_its_id_when_its_reason_changes(street: Town, manager: Voice) -> None:
    street.world.put(garage(bays=2))

    def told() -> dict[str, str]:
        return {slot["id"]: slot["reason"] for slot in street.owner.slots(vehicle="car-1")}

    before = told()
    chosen = list(before)[-1]
    street.stranger.confirmed("car-2", street.stranger.slots(vehicle="car-2")[0])
    street.third.confirmed("car-3", street.third.slots(vehicle="car-3")[0])
    after = told()
    assert (before[chosen], after[chosen]) == ("as_soon_as_open", "first_free_technician")
    assert street.owner.hold("car-1", {"id": chosen, "service": "maintenance"})["reason_en"].startswith(
        "The first time"
    )


@pytest.mark.parametrize(
    ("special", "first", "reason"),
    [
        ({}, "2027-01-04", "门店1月1日休息"),
        ({"2027-01-01": [["09:00", "12:00"]]}, "2027-01-01", "工位和技师空闲"),
        ({"2027-01-02": [["09:00", "12:00"]]}, "2027-01-02", "门店1月1日休息"),
    ],
    ids=["a holiday", "the workshop is open all the same", "a make-up workday"],
)
def test_a_booking_over_a_holiday(
    world: World, tmp_path: Path, special: dict[str, Any], first: str, reason: str
) -> None:
    world.clock.advance(local("2026-12-31T17:50") - world.clock.now())
    owner = town(world, tmp_path).owner
    week = {key: [["08:30", "18:00"]] for key in ("mon", "tue", "wed", "thu", "fri")}
    world.put(garage(country="CN", opening_hours=week, special_days=special))
    slot = owner.slots(vehicle="car-1")[0]
    assert (slot["start"][:10], slot["reason_zh"]) == (first, reason)
    assert owner.confirmed("car-1", slot)["start"] == slot["start"]


@pytest.mark.parametrize(("country", "subdivision"), [("XX", None), ("DE", "ZZ"), (None, None)])
def test_an_unknown_calendar_fails_no_search(country: str | None, subdivision: str | None) -> None:
    workshop = garage(country=country, subdivision=subdivision)
    assert spans_of(workshop, date(2026, 10, 1))
    assert spans_of(replace(workshop, country="CN"), date(2026, 10, 1)) == []
    assert isinstance(public_holidays("CN", None, 9000), frozenset)


def test_a_technician_works_his_shifts_only(street: Town) -> None:
    late = {"mon": [["15:00", "18:00"]], "tue": [["15:00", "18:00"]], "2026-11-25": [["09:00", "11:00"]]}
    person = Technician("tech_late", "Lin", "林", SKILLS, late)
    street.world.put(garage("late", bays=2, technicians=(person,), opening_hours=garage().opening_hours))
    slots = street.owner.slots(vehicle="car-1", workshop="wks_late")
    local_starts = sorted(datetime.fromisoformat(one["start"]).astimezone(garage().zone) for one in slots)
    assert {one.hour for one in local_starts if one.date() == date(2026, 11, 25)} == {9, 10}
    assert {one.isoweekday() for one in local_starts} == {1, 2, 3}
    assert all(one.hour >= 15 for one in local_starts if one.isoweekday() < 3)
