"""The owner's page of a car: live values with their age, findings in words, and nobody else's car."""

from collections.abc import Callable
from datetime import timedelta

from fastapi.testclient import TestClient

from diagnostics.told import list_findings
from diagnostics.votes import TripVote, record_trips
from foundation.clock import FixedClock
from foundation.identity import Actor, Role
from tests.pages.scene import Scene

Entrance = Callable[[Actor], TestClient]


def test_live_values_stand_with_their_age(scene: Scene, signed_in: Entrance, clock: FixedClock) -> None:
    client = signed_in(scene.owner)
    assert "Not heard from yet" in client.get("/cars").text
    scene.drive("b1", 5, 12.9)
    clock.advance(timedelta(seconds=7))
    state = client.get("/cars/car-1/state").text
    assert "52 <small>km/h" in state
    assert "88 <small>°C" in state
    assert "12.9 <small>V" in state
    assert "7 seconds ago" in state
    assert 'class="old"' not in state
    clock.advance(timedelta(minutes=2))
    assert client.get("/cars/car-1/state").text.count('class="old"') == 4


def test_a_finding_is_told_in_words_of_both_languages(scene: Scene, signed_in: Entrance) -> None:
    scene.fail()
    client = signed_in(scene.owner)
    english = client.get("/cars/car-1").text
    assert "this car&#39;s own normal 13.8 V" in english
    assert "Within 3 days" in english
    client.post("/language", data={"language": "zh_CN"})
    chinese = client.get("/cars/car-1").text
    assert "怠速充电电压12.6 V" in chinese
    assert "发电机故障" in chinese
    assert "我的车辆" in chinese
    assert "Technician" not in chinese


def test_the_plot_gives_the_voltage_of_the_trips_and_a_pause_between_them(scene: Scene, signed_in: Entrance) -> None:
    scene.drive("b1", 120, 13.8, ago=timedelta(hours=9))
    scene.drive("b2", 120, 12.6, ago=timedelta(hours=1))
    scene.fail()
    client = signed_in(scene.owner)
    address = client.get("/cars/car-1").text.partition('data-plot="')[2].partition('"')[0]
    data = client.get(address).json()
    assert data["expected"] == 13.8
    assert len(data["minutes"]) == len(data["at"]) == len(data["value"])
    assert data["minutes"] == sorted(data["minutes"])
    pause = data["value"].index(None)
    assert data["value"].count(None) == 1
    assert all(13.7 < volts < 13.9 for volts in data["value"][:pause])
    assert all(12.5 < volts < 12.7 for volts in data["value"][pause + 1 :])
    assert 3.5 < data["minutes"][-1] < 4.5


def test_the_trend_gives_the_strongest_reason_from_trip_to_trip(scene: Scene, signed_in: Entrance) -> None:
    scene.fail()
    begin = scene.database.clock.now() - timedelta(days=6)
    votes = [
        TripVote("b1", start, start + timedelta(minutes=9), "alternator", 500.0, {"charging_voltage_idle": volts})
        for start, volts in ((begin + timedelta(hours=8 * trip), 13.9 - 0.3 * (trip > 7)) for trip in range(12))
    ]
    with scene.database.unit() as unit:
        record_trips(unit, scene.vehicle, scene.owner.organisation, votes)
        finding = list_findings(unit, scene.owner, scene.vehicle)[0].id
    data = signed_in(scene.owner).get(f"/cars/car-1/findings/{finding}/trend").json()
    assert data["unit"] == "V"
    assert data["value"] == [13.9] * 8 + [13.6] * 4
    assert len(data["at"]) == 12
    assert all(13.8 < volts < 14.0 for volts in data["expected"])


def test_nobody_else_sees_the_car(scene: Scene, signed_in: Entrance, person: Callable[..., Actor]) -> None:
    scene.drive("b1", 5, 12.9)
    visit = scene.fail()
    places = (
        "",
        "/state",
        "/codes",
        "/visits",
        "/findings",
        "/book",
        "/findings/find_x/voltage",
        "/findings/find_x/trend",
    )
    pages = [f"/cars/car-1{place}" for place in places]
    pages += ["/live?vehicle=car-1", f"/appointments/{visit}/move", "/parts?vehicle=car-1"]
    stranger = signed_in(person(Role.OWNER, "Stranger"))
    for page in pages:
        answer = stranger.get(page)
        assert answer.status_code == 404, page
        assert "12.9" not in answer.text
    assert "Etios" not in stranger.get("/cars").text


def test_every_page_needs_somebody(scene: Scene, browser: Callable[[], TestClient]) -> None:
    client = browser()
    for page in ("/cars", "/cars/car-1", "/jobs", "/board", "/parts?q=belt"):
        answer = client.get(page)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/sign-in?next=%2F")
    fragment = client.get("/cars/car-1/state", headers={"HX-Request": "true"})
    assert fragment.status_code == 401
    assert fragment.headers["hx-retarget"] == "#notice"
    assert "stays here" in fragment.text
