"""The electronic repair record of a settled order: reported after its unit, until the platform has it."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from aftersales.settlement.records import MOST_ATTEMPTS, take_records
from forecourt.record_platform.port import Company, Platforms
from forecourt.record_platform.reporting import report
from forecourt.record_platform.shanghai import Shanghai
from forecourt.sweeps import sweep_deadlines
from forecourt.task_queue import REPORT_REPAIR
from ingest.tables import vehicles
from simulators.record_platform import Mood, Platform, running
from tests.aftersales.settlement.till import Till

VIN, OTHER_VIN = "LSVAA4182E2184847", "LSVAA4182E2184848"
CAR = {"plate": "沪A12345", "vin": VIN}


@pytest.fixture
def platform() -> Iterator[Platform]:
    with running(Platform({"310115": "secret"})) as listening:
        yield listening


@pytest.fixture
def platforms(platform: Platform) -> Platforms:
    return {"wks_one": Shanghai(Company(platform.url, "310115", "secret"))}


def work(till: Till, platforms: Platforms) -> list[str]:
    """Do what the sweep and its tasks do; gives the orders that were taken."""
    database = till.street.world.database
    with database.unit() as unit:
        taken = take_records(unit, platforms)
    for order in taken:
        report(database, platforms, order)
    return taken


def record(till: Till) -> Any:
    return till.street.advisor.get(f"{till.path}/record")


def mend(till: Till, status: int = 200, **said: str) -> Any:
    return till.street.advisor.post(f"{till.path}/record", said, status)


def test_a_settled_repair_is_reported_with_what_was_done(till: Till, platform: Platform, platforms: Platforms) -> None:
    till.street.advisor.get(f"{till.path}/record", 404)
    till.settled(plate="沪A12345")
    mend(till, vin=VIN)
    assert work(till, platforms) == [till.id]
    now = record(till)
    assert (now["state"], now["platform"], now["reference"]) == ("delivered", "shanghai", "R00000001")
    assert [one["outcome"] for one in now["log"]] == ["delivered"]
    [told] = platform.records.values()
    assert told["basicInfo"]["repairmileage"] == "84210"
    assert told["basicInfo"]["costlistcode"] == till.view["settlement"]
    assert [part["partscode"] for part in told["vehiclepartslist"]] == ["alt_shelf", "belt"]
    assert all(job["workinghours"] for job in told["repairprojectlist"])
    assert work(till, platforms) == []
    mend(till, 409)


def test_what_it_lacks_is_asked_of_the_workshop_and_never_invented(
    till: Till, platform: Platform, platforms: Platforms
) -> None:
    till.settled()
    work(till, platforms)
    assert (record(till)["state"], record(till)["lacking"]) == ("lacking", ["plate", "vin"])
    assert till.street.advisor.told() == ["record_lacking"]
    assert (platform.came, work(till, platforms)) == ([], [])
    mend(till, 422, vin="short")
    mend(till, plate="沪A12345")
    work(till, platforms)
    assert record(till)["lacking"] == ["vin"]
    mend(till, vin=VIN)
    work(till, platforms)
    assert record(till)["state"] == "delivered"


def test_the_registered_number_goes_before_what_was_read_off(
    till: Till, platform: Platform, platforms: Platforms
) -> None:
    with till.street.world.database.unit() as unit:
        unit.connection.execute(vehicles.update().where(vehicles.c.id == "car-1").values(vin=VIN))
    till.settled()
    mend(till, plate="沪A12345", vin=OTHER_VIN)
    work(till, platforms)
    assert [told["basicInfo"]["vin"] for told in platform.records.values()] == [VIN]


def test_one_that_fails_and_dies_gets_it_once(till: Till, platform: Platform, platforms: Platforms) -> None:
    till.settled()
    mend(till, **CAR)
    platform.moods = [Mood.FAILS, Mood.DIES]
    tried = 0
    while record(till)["state"] == "waiting":
        tried += len(work(till, platforms))
        till.street.world.clock.advance(timedelta(seconds=1))
        assert tried < 4
    assert [one["outcome"] for one in record(till)["log"]] == ["http_503", "unreachable", "delivered"]
    assert (len(platform.records), tried) == (1, 3)
    assert record(till)["why"] is None


def test_whoever_dies_while_sending_loses_nothing(till: Till, platform: Platform, platforms: Platforms) -> None:
    till.settled()
    mend(till, **CAR)
    with till.street.world.database.unit() as unit:
        assert take_records(unit, platforms) == [till.id]  # and its sender is killed
    till.street.world.clock.advance(timedelta(minutes=4))
    assert work(till, platforms) == [], "it is somebody's for five minutes"
    till.street.world.clock.advance(timedelta(minutes=2))
    assert work(till, platforms) == [till.id]
    assert len(platform.records) == 1


def test_two_senders_at_once_report_one_record(till: Till, platform: Platform, platforms: Platforms) -> None:
    till.settled()
    mend(till, **CAR)
    platform.moods = [Mood.SLOW]
    database = till.street.world.database
    with database.unit() as unit:
        take_records(unit, platforms)
    both = [threading.Thread(target=report, args=(database, platforms, till.id)) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join(20)
    assert (len(platform.came), len(platform.records), record(till)["state"]) == (2, 1, "delivered")
    assert len(record(till)["log"]) == 2


def test_a_refused_one_waits_for_the_desk_which_sends_it_once_more(
    till: Till, platform: Platform, platforms: Platforms
) -> None:
    till.settled()
    mend(till, **CAR)
    platform.moods = [Mood.REFUSES]
    work(till, platforms)
    now = record(till)
    assert (now["state"], now["why"], now["words"]) == ("refused", "refused", "车架号校验失败")
    assert till.street.advisor.told() == ["record_refused"]
    assert work(till, platforms) == []
    mend(till, vin=OTHER_VIN)
    work(till, platforms)
    assert record(till)["state"] == "delivered"


def test_after_many_tries_a_person_has_to_look(till: Till, platform: Platform, platforms: Platforms) -> None:
    till.settled()
    mend(till, **CAR)
    platform.moods = [Mood.FAILS]
    with till.street.world.database.unit() as unit:
        unit.connection.execute(text("UPDATE repair_records SET attempts = :n"), {"n": MOST_ATTEMPTS - 1})
    work(till, platforms)
    assert (record(till)["state"], record(till)["why"]) == ("given_up", "http_503")
    mend(till)
    work(till, platforms)
    assert record(till)["state"] == "delivered"


def test_it_is_the_workshops_own_and_shown_to_nobody_else(till: Till) -> None:
    street = till.street
    till.settled(plate="沪A12345")
    assert street.advisor.get(till.path)["record"]["state"] == "waiting"
    assert "record" not in till.view
    street.owner.get(f"{till.path}/record", 403)
    street.technician.get(f"{till.path}/record", 403)
    street.storekeeper.get(f"{till.path}/record", 403)
    street.technician.post(f"{till.path}/record", {}, 403)


def test_the_sweep_queues_it_for_workshops_that_report(till: Till) -> None:
    till.settled(plate="沪A12345")
    database = till.street.world.database

    def queued() -> list[str]:
        with database.unit() as unit:
            jobs = text("SELECT args->>'order' FROM procrastinate_jobs WHERE task_name = :name")
            return list(unit.connection.execute(jobs, {"name": REPORT_REPAIR}).scalars())

    sweep_deadlines(database)
    sweep_deadlines(database, reporting=["wks_two"])
    assert queued() == []
    sweep_deadlines(database, reporting=["wks_one"])
    sweep_deadlines(database, reporting=["wks_one"])
    assert queued() == [till.id]
