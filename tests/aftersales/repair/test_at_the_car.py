"""Photos, the clock and findings: what the technician does with the car in front of him."""

import base64
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from aftersales.repair.photos import photo_folder, sweep_photos
from aftersales.tables import order_photos, technicians
from tests.aftersales.repair.orders import Order
from tests.aftersales.voices import Town

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture
def order(street: Town) -> Order:
    with street.world.database.unit() as unit:
        unit.connection.execute(update(technicians).values(account=street.technician.actor.account))
    made = Order(street)
    made.way("check_in")
    return made


def test_a_photo_is_checked_kept_once_and_shown_to_who_sees_the_order(order: Order) -> None:
    path, street = f"/v1/{order.path}/photos", order.street
    put = street.technician._client.post
    assert put(path, content=b"<svg onload=alert(1)>").status_code == 422
    assert put(path, content=b"\x89PNG" + bytes(6 << 20)).status_code == 422
    assert put(path, content=PNG, params={"stage": "final", "point": "tyres"}).status_code == 422
    first, again = (put(path, content=PNG, params={"stage": "check_in", "point": "tyres"}).json() for _ in range(2))
    assert first == again
    assert street.owner._client.post(path, content=PNG).status_code == 403
    shown = street.owner._client.get(first["url"])
    assert (shown.content, shown.headers["content-type"]) == (PNG, "image/png")
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert street.stranger._client.get(first["url"]).status_code == 404
    other = Order(street, "car-p")
    elsewhere = first["url"].replace(order.id, other.id)
    assert street.owner._client.get(elsewhere).status_code == 404
    signed = {"signature": first["sha256"], "channel": "counter", "given_by": "Li Wei"}
    order.decide("approved", by=street.advisor, **signed)


def test_files_that_no_order_shows_are_swept(order: Order, tmp_path: Path) -> None:
    folder, database = photo_folder(tmp_path), order.street.world.database
    put = order.street.technician._client.post(f"/v1/{order.path}/photos", content=PNG)
    assert put.status_code == 201
    assert sweep_photos(database, folder) == 0
    with database.unit() as unit:
        unit.connection.execute(delete(order_photos))
    assert sweep_photos(database, folder) == 1
    assert not any(path.is_file() for path in folder.rglob("*"))


def test_one_clock_runs_per_technician_and_stops_with_the_work(order: Order) -> None:
    street = order.street
    other = Order(street, "car-c")
    other.way("check_in", "start", "issue_parts")
    clock, world = f"{order.path}/clock", street.world
    street.advisor.post(f"{clock}/start", status=422)
    street.technician.post(f"{clock}/start")
    street.technician.post(f"{clock}/start")
    world.clock.advance(timedelta(minutes=30))
    street.technician.post(f"{other.path}/clock/start")
    world.clock.advance(timedelta(minutes=15))
    mine = street.owner.get(clock)
    assert (mine["minutes"], len(mine["items"]), mine["items"][0]["stopped_at"] is None) == (30, 1, False)
    other.way("quality_check")
    world.clock.advance(timedelta(minutes=15))
    assert street.owner.get(f"{other.path}/clock")["minutes"] == 15


def test_a_finding_says_condition_cause_correction_and_how_it_was_confirmed(order: Order) -> None:
    technician, path = order.street.technician, f"{order.path}/findings"
    technician.post(path, {"cause": "worn brushes"}, 422)
    technician.post(path, {"condition": "12.1 V at idle", "line": "line_x"}, 404)
    technician.post(path, {"condition": "12.1 V at idle"}, 201)
    more = {"cause": "worn brushes", "correction": "replaced", "confirmation": "14.1 V"}
    assert technician._client.patch(f"/v1/{path}/1", json=more).status_code == 200
    assert technician._client.patch(f"/v1/{path}/2", json=more).status_code == 404
    [found] = order.street.owner.get(path)["items"]
    assert {name: found[name] for name in ("condition", *more)} == {"condition": "12.1 V at idle"} | more


def test_amber_needs_a_note_and_a_stage_all_its_points(order: Order) -> None:
    technician, path = order.street.technician, f"{order.path}/inspections"
    technician.post(path, {"stage": "check_in", "point": "tyres", "light": "amber"}, 422)
    technician.post(path, {"stage": "check_in", "point": "road_test", "light": "green"}, 422)
    technician.post(path, {"stage": "check_in", "point": "tyres", "light": "amber", "note": "3 mm"})
    technician.post(f"{path}/complete", {"stage": "check_in"}, 409)
    order.take("inspect", 409)
    order.look("check_in", red="lights")
    order.way("inspect")
    assert order.street.owner.get(path)["items"][0]["completed_at"]
    assert order.street.world.events(order.view["case"]).count("inspected") == 1


def test_durations_are_learnt_from_the_clocks_of_enough_orders(order: Order) -> None:
    street, learnt = order.street, "workshops/wks_one/durations"
    for number, minutes in enumerate((50, 90, 60, 70, 500)):
        one = Order(street, f"car-d{number}")
        one.way("check_in", "start", "issue_parts")
        street.technician.post(f"{one.path}/clock/start")
        street.world.clock.advance(timedelta(minutes=minutes))
        one.way("quality_check", "complete")
        [found] = street.advisor.get(learnt)["items"]
        assert (found["operation"], found["orders"]) == ("repair_alternator", number + 1)
        assert (found["labour_min"], found["learnt_min"]) == (96, 70 if number == 4 else None)
    street.owner.get(learnt, 403)
