"""Erasing a person: afterwards he is in no table and in no file, what others need is there, and the trail is whole."""

import threading
from datetime import timedelta
from typing import Any

import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import Range

from aftersales.tables import absences, cases, repair_orders, settlements, technicians
from forecourt import privacy
from forecourt.task_queue import OPEN_CASE, queue
from foundation import audit
from foundation.events import read
from foundation.identity import (
    FRESH,
    Role,
    add_account,
    add_organisation,
    issue_link,
    issue_token,
    note_failed_sign_in,
    open_session,
)
from foundation.privacy import person_of
from foundation.tables import seals
from ingest.archive import Archive
from ingest.archive.store import Directory
from ingest.intake import Intake
from ingest.tables import segment_contents, segment_removals, segments
from ingest.topics import Kind
from tests.ingest.wire import columns, document
from tests.privacy.scene import CAR, EMAIL, NEEDLES, PASSWORD, Scene, places


def erase(scene: Scene, **given: Any) -> None:
    with scene.database.unit() as unit:
        person = person_of(unit, scene.owner)
    privacy.erase(scene.database, scene.archive, person, "test", **given)


def readings_of(scene: Scene, vehicle: str) -> int:
    with scene.database.unit() as unit:
        now = unit.now()
        rows = scene.archive.readings(unit, vehicle, now - timedelta(days=3), now, ["engine_speed"])
        return len(rows.at_us)


def test_an_erased_person_is_in_no_table_and_in_no_file(scene: Scene, client: TestClient) -> None:
    with scene.database.unit() as unit:
        queue(unit, OPEN_CASE, finding="find_z", vehicle=CAR, organisation=scene.owner.organisation)
    for needle in (*NEEDLES, CAR):
        assert places(scene.database, scene.folder, needle), needle
    neighbour = readings_of(scene, "car-1")
    with scene.database.unit() as unit:
        sheet = unit.connection.execute(select(settlements.c.sheet, settlements.c.net)).one()
    assert client.post("/v1/me/erasure", json={"password": "not the one"}).status_code == 403
    assert client.post("/v1/me/erasure", json={}).status_code == 403
    with scene.database.unit() as unit:
        refused = [it.data for it in read(unit, scene.owner.organisation) if it.kind == "access_refused"]
    assert refused == [{"method": "POST", "path": "/v1/me/erasure"}] * 2
    answer = client.post("/v1/me/erasure", json={"password": PASSWORD, "vehicles": True})
    assert (answer.status_code, answer.json()) == (202, {"account": scene.owner.account, "vehicles": True})
    assert client.get("/v1/vehicles/car-z").status_code == 401
    privacy.keep_house(scene.database, scene.archive)
    for needle in NEEDLES:
        assert places(scene.database, scene.folder, needle) == set(), needle
    left = places(scene.database, scene.folder, CAR)
    assert "procrastinate_jobs" not in left
    assert not [it for it in left if it.endswith(".parquet")]
    for path in scene.folder.rglob("*.parquet"):
        assert "vehicle" in pq.read_schema(path).names
        assert set(pq.read_table(path, partitioning=None)["vehicle"].to_pylist()) == {"car-1"}
    assert readings_of(scene, "car-1") == neighbour > 0
    with scene.database.unit() as unit:
        assert unit.connection.execute(select(settlements.c.sheet, settlements.c.net)).one() == sheet
        assert [it.kind for it in read(unit, scene.owner.organisation)][-1] == "person_erased"
    with scene.database.unit() as unit:
        verdict = audit.verify(unit)
    assert verdict.broken is None
    assert verdict.erased > 0


def test_without_the_vehicles_their_history_stays_with_nobodys_name_on_it(scene: Scene) -> None:
    before = readings_of(scene, CAR)
    erase(scene, vehicles=False)
    privacy.finish_erasures(scene.database, scene.archive)
    for needle in (NEEDLES[1], NEEDLES[2], NEEDLES[3], EMAIL):
        assert places(scene.database, scene.folder, needle) == set(), needle
    assert readings_of(scene, CAR) == before > 0


def test_nothing_that_a_car_sends_after_its_erasure_is_stored(scene: Scene) -> None:
    erase(scene, vehicles=True)
    at = scene.world.clock.now()
    late = columns(50, device="dev-z", at=at, engine_speed=[1.0])
    words = document(Kind.READINGS_JSON, {"boot": "b1", "seq": 51, "words": "needle"}, device="dev-z", at=at)
    outcome = Intake(scene.database, scene.archive, "w1").process([late, words])
    assert outcome.stored == 0
    assert readings_of(scene, CAR) == 0
    assert places(scene.database, scene.folder, "needle") == {"rejected_messages"}
    privacy.keep_house(scene.database, scene.archive)
    assert places(scene.database, scene.folder, "needle") == set()


def test_a_car_in_repair_is_settled_first_and_a_visit_to_come_is_declined(scene: Scene, client: TestClient) -> None:
    with scene.database.unit() as unit:
        unit.connection.execute(cases.update().where(cases.c.id == scene.orders["case"]).values(state="in_repair"))
    refused = client.post("/v1/me/erasure", json={"password": PASSWORD})
    assert (refused.status_code, refused.json()["code"]) == (409, "erasure_refused")
    assert refused.json()["reasons"] == [{"case": scene.orders["case"], "code": "in_repair"}]
    assert client.post("/v1/me/erasure", json={}, headers={"Authorization": "Bearer x"}).status_code == 401
    assert client.get("/v1/me/export", headers={"Authorization": "Bearer x"}).status_code == 401
    with scene.database.unit() as unit:
        unit.connection.execute(cases.update().where(cases.c.id == scene.orders["case"]).values(state="settled"))
    erase(scene, vehicles=True)
    with scene.database.unit() as unit:
        states = {row.id: row.state for row in unit.connection.execute(select(cases.c.id, cases.c.state))}
    assert states[scene.orders["wish"]] == "declined"
    with scene.database.unit() as unit:  # what came in between is erased by doing it again
        words = cases.update().where(cases.c.id == scene.orders["wish"]).values(words="rattles on cold mornings")
        unit.connection.execute(words)
    erase(scene, vehicles=True)
    assert places(scene.database, scene.folder, "rattles on cold mornings") == set()
    assert scene.world.nothing_is_held()


def test_a_fleets_cars_stay_when_a_driver_of_it_goes(scene: Scene) -> None:
    with scene.database.unit() as unit:
        add_account(unit, "second@example.com", Role.OWNER, scene.owner.organisation)
    erase(scene, vehicles=True)
    assert places(scene.database, scene.folder, EMAIL) == set()
    assert readings_of(scene, CAR) > 0
    with scene.database.unit() as unit:
        vins = text("SELECT count(*) FROM vehicles WHERE vin IS NOT NULL")
        assert unit.connection.execute(vins).scalar_one() == 1
        words = select(repair_orders.c.id).join(cases, cases.c.id == repair_orders.c.case)
        assert unit.connection.execute(words).all()


class Killed(BaseException):
    pass


def test_a_technician_who_goes_leaves_no_name_and_no_reason_of_absence(scene: Scene) -> None:
    who, now = scene.world.technician, scene.world.clock.now()
    with scene.database.unit() as unit:
        run = unit.connection.execute
        run(technicians.update().values(account=who.account, name_en="Splinter"))
        away = {"during": Range(now, now + timedelta(days=1)), "reason": "splinter in the thumb"}
        run(absences.insert().values(id="abs_1", organisation=who.organisation, workshop="wks_one",
                                     resource="tech_one_0", **away))  # fmt: skip
        person = person_of(unit, who)
        assert privacy.export_of(unit, person)["absences"][0]["reason"] == away["reason"]
    assert places(scene.database, scene.folder, "splinter") == {"technicians", "absences"}
    privacy.erase(scene.database, scene.archive, person, "test", vehicles=True)
    assert places(scene.database, scene.folder, "splinter") == set()


@pytest.mark.parametrize(
    ("owner", "step", "done"),
    [
        (Directory, "write", True),
        (Archive, "_replace", True),
        (Archive, "erase_some", True),
        (Archive, "remove_files", False),
        (Archive, "remove_files", True),
    ],
)
def test_an_eraser_that_is_killed_is_finished_by_the_next(scene: Scene, owner: type, step: str, *, done: bool) -> None:
    """Killed with the step done or not, before the unit that it belongs to commits."""
    erase(scene, vehicles=True)
    neighbour = readings_of(scene, "car-1")
    real = getattr(owner, step)

    def die(*given: Any) -> None:
        if done:
            real(*given)
        raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, step, die)
        with pytest.raises(Killed):
            privacy.finish_erasures(scene.database, scene.archive)
    assert readings_of(scene, "car-1") == neighbour
    privacy.finish_erasures(scene.database, scene.archive)
    assert readings_of(scene, "car-1") == neighbour > 0
    with scene.database.unit() as unit:
        listed = set(unit.connection.execute(select(segments.c.name)).scalars())
        assert unit.connection.execute(select(segment_removals)).all() == []
        assert set(unit.connection.execute(select(segment_contents.c.vehicle)).scalars()) == {"car-1"}
    assert names(scene) == listed


def names(scene: Scene) -> set[str]:
    return {path.relative_to(scene.folder).as_posix() for path in scene.folder.rglob("*") if path.is_file()}


def test_an_erasure_waits_for_the_batch_that_a_worker_is_in(scene: Scene) -> None:
    """What the worker stores in that batch is erased with the rest, for all that it knew the device when it began."""
    inside, may_go_on = threading.Event(), threading.Event()

    def within(*_: object) -> None:
        inside.set()
        assert may_go_on.wait(20)

    late = columns(60, device="dev-z", at=scene.world.clock.now(), engine_speed=[1.0])
    intake = Intake(scene.database, scene.archive, "w1")
    worker = threading.Thread(target=intake.process, args=([late], within))
    eraser = threading.Thread(target=erase, args=(scene,), kwargs={"vehicles": True})
    worker.start()
    assert inside.wait(20)
    eraser.start()
    eraser.join(0.5)
    assert eraser.is_alive()
    may_go_on.set()
    worker.join(20)
    eraser.join(20)
    assert not eraser.is_alive()
    privacy.finish_erasures(scene.database, scene.archive)
    assert readings_of(scene, CAR) == 0
    for path in scene.folder.rglob("*.parquet"):
        assert set(pq.read_table(path, partitioning=None)["vehicle"].to_pylist()) == {"car-1"}


def test_an_account_without_a_password_shows_a_fresh_sign_in(scene: Scene, client: TestClient) -> None:
    with scene.database.unit() as unit:
        person = add_account(unit, "link@example.com", Role.OWNER, add_organisation(unit, "Link"))
        token = issue_token(unit, person)
    headers = {"Authorization": f"Bearer {token}"}
    scene.world.clock.advance(FRESH)
    assert client.post("/v1/me/erasure", json={}, headers=headers).status_code == 403
    with scene.database.unit() as unit:
        open_session(unit, issue_link(unit, person))
        fresh = {"Authorization": f"Bearer {issue_token(unit, person)}"}
    # Somebody else's fresh sign-in, or his own at another place, is not this one's.
    assert client.post("/v1/me/erasure", json={}, headers=headers).status_code == 403
    answer = client.post("/v1/me/erasure", json={}, headers=fresh)
    assert (answer.status_code, answer.json()["vehicles"]) == (202, False)


def test_the_house_is_kept_once_an_hour(scene: Scene) -> None:
    def numbers() -> list[int]:
        privacy.keep_house(scene.database, scene.archive)
        with scene.database.unit() as unit:
            return list(unit.connection.execute(select(seals.c.number).order_by(seals.c.number)).scalars())

    assert numbers() == numbers() == [1]
    with scene.database.unit() as unit:
        note_failed_sign_in(unit, EMAIL)
    assert numbers() == [1]
    scene.world.clock.advance(privacy.SEAL_EVERY)
    assert numbers() == [1, 2]
    with scene.database.unit() as unit:
        assert audit.verify(unit).broken is None
