"""The car's own trouble codes in the cases of their faults: they join once, open nothing, and are never forgotten."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text, update

from aftersales.cases import CaseState
from aftersales.codes import LastAnswer, SeenCode, faults_of, join_codes
from aftersales.tables import cases
from aftersales.views import list_cases
from diagnostics.faults import FAULTS
from diagnostics.predictor import Predictor
from diagnostics.tables import findings
from forecourt.pipeline import Pipeline
from forecourt.task_queue import OPEN_CASE, QUEUE, queue
from forecourt.tasks import build_tasks
from foundation.events import read
from ingest.archive import Archive
from ingest.registry import add_device
from ingest.topics import Kind
from tests.aftersales.world import World
from tests.ingest.wire import document

ECU = "7E8"
FRAME = {"frame": 0, "dtc": "P0562", "signals": {"engine_speed": 800.0}}


def seen(world: World, code: str, kind: str = "stored", *, ago: float = 0, freeze: Any = None) -> SeenCode:
    return SeenCode(ECU, kind, code, world.clock.now() - timedelta(hours=ago), freeze)


def join(world: World, codes: list[SeenCode], *answers: LastAnswer) -> int:
    with world.database.unit() as unit:
        return join_codes(unit, world.vehicle.id, codes, answers)


def codes(world: World, case: str) -> list[tuple[str, str, bool]]:
    return [(it["code"], it["kind"], it["reported"]) for it in world.case(case)["codes"]]


def test_every_code_of_the_fault_table_finds_its_faults() -> None:
    assert {"air_flow_meter", "vacuum_leak", "fuel_pump"} <= set(faults_of("P0171"))
    assert faults_of("P0562-16") == faults_of("P0562") == ["alternator", "battery_12v"]
    assert faults_of("P0000") == []
    for fault in FAULTS.values():
        assert all(fault.name in faults_of(code) for code in fault.dtcs)


def test_a_later_code_joins_the_open_case_and_is_told_once(world: World) -> None:
    case = world.open()["id"]
    told = [seen(world, "P0562", "pending", ago=1), seen(world, "P0562", freeze=FRAME), seen(world, "P0301")]
    assert [join(world, told) for _ in range(3)] == [1, 0, 0]
    assert codes(world, case) == [("P0562", "pending", True), ("P0562", "stored", True)]
    assert world.case(case)["codes"][1]["freeze"] == FRAME
    assert world.events(case) == ["case_opened", "appointment_proposed", "code_joined"]
    assert world.events("car-1") == ["case_opened", "code_joined"]
    with world.database.unit() as unit:
        event = read(unit, "car-1")[-1].to_json()
        assert len(list_cases(unit, world.owner).items) == 1, "a code opens no case"
    assert (event["kind"], event["case"], event["code"], event["ecu"]) == ("code_joined", case, "P0562", ECU)


def test_a_code_of_several_faults_joins_whichever_is_open(world: World) -> None:
    pump = world.open(world.finding("f1", fault="fuel_pump"))["id"]
    leak = world.open(world.finding("f2", fault="vacuum_leak"))["id"]
    charge = world.open(world.finding("f3"))["id"]
    assert join(world, [seen(world, "P0171")]) == 2
    assert [codes(world, case) for case in (pump, leak, charge)] == [[("P0171", "stored", True)]] * 2 + [[]]


def test_a_code_without_an_open_case_opens_none(world: World) -> None:
    assert join(world, [seen(world, "P0562")]) == 0
    case = world.open()["id"]
    with world.database.unit() as unit:
        unit.connection.execute(update(cases).values(state=CaseState.SETTLED.value))
    assert join(world, [seen(world, "P0562")]) == 0
    assert codes(world, case) == []
    assert world.events("car-1") == ["case_opened"]


def test_what_the_car_no_longer_reports_stays_with_the_moment(world: World) -> None:
    def answered(*codes: str) -> LastAnswer:
        return LastAnswer(ECU, "stored", world.clock.now(), codes)

    def hour() -> datetime:
        world.clock.advance(timedelta(hours=1))
        return world.clock.now()

    case = world.open()["id"]
    first = world.clock.now()
    join(world, [seen(world, "P0562")], answered("P0562"))
    gone = hour()
    join(world, [], answered())
    hour()
    join(world, [], answered())
    (code,) = world.case(case)["codes"]
    assert (code["reported"], code["gone_at"]) == (False, gone.isoformat()), "since when, not how often it was looked"
    join(world, [SeenCode(ECU, "stored", "P0562", first)], LastAnswer(ECU, "stored", first, ["P0562"]))
    assert codes(world, case) == [("P0562", "stored", False)], "an old report that comes late is history"
    back = hour()
    join(world, [seen(world, "P0562")], answered("P0562"))
    (code,) = world.case(case)["codes"]
    assert (code["reported"], code["first_seen_at"], code["seen_at"]) == (True, first.isoformat(), back.isoformat())
    hour()
    join(world, [], LastAnswer("7E9", "stored", world.clock.now(), []), LastAnswer(ECU, "pending", back, []))
    assert codes(world, case) == [("P0562", "stored", True)], "another ECU, another kind"
    assert world.events(case).count("code_joined") == 1


def test_joining_and_opening_at_once_tell_once(world: World) -> None:
    case = world.open()["id"]
    told = [seen(world, "P0562"), seen(world, "P0620")]

    def act(number: int) -> None:
        if number % 2:
            join(world, told)
        else:
            world.open(world.finding(f"g{number}"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(act, range(12)))
    assert world.events(case).count("code_joined") == 2
    assert len(codes(world, case)) == 2


@pytest.fixture
def told(world: World, tmp_path: Path) -> Callable[..., None]:
    """Let the car report codes through the real pipeline, and let the task worker run what that queued."""
    with world.database.unit() as unit:
        add_device(unit, "car-1", "dev-1")
    pipeline = Pipeline(world.database, Archive(tmp_path / "archive"), Predictor.shipped())
    pipeline.start()
    count = iter(range(1, 100))

    def report(*reports: dict[str, Any], run: bool = True) -> None:
        for stored in reports:
            now = world.clock.now()
            body = {
                "boot": "b1",
                "seq": next(count),
                "t": now.isoformat(),
                "ecus": {ECU: stored},
                "freeze": {ECU: FRAME},
            }
            pipeline.take([document(Kind.DTCS, body, at=now)])
            world.clock.advance(timedelta(seconds=1))
        if run:
            work(world)

    return report


def work(world: World) -> None:
    async def run() -> None:
        app = build_tasks(world.database)
        async with app.open_async():
            await app.run_worker_async(queues=[QUEUE], wait=False, install_signal_handlers=False)

    asyncio.run(run())


def waiting(world: World) -> int:
    with world.database.unit() as unit:
        return int(
            unit.connection.execute(text("SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'")).scalar_one()
        )


def test_a_report_s_codes_join_by_a_task(world: World, told: Callable[..., None]) -> None:
    case = world.open()["id"]
    told({"stored": ["P0562"]})
    told({"stored": ["P0562"]}, {"stored": None}, {"stored": ["P0562"], "pending": []}, run=False)
    assert waiting(world) == 0, "nothing new, nothing to do"
    assert codes(world, case) == [("P0562", "stored", True)]
    assert world.case(case)["codes"][0]["freeze"] == FRAME
    told({"stored": []})
    assert codes(world, case) == [("P0562", "stored", False)]
    assert world.events(case).count("code_joined") == 1


def test_a_code_that_was_cleared_before_the_task_ran_is_in_the_case(world: World, told: Callable[..., None]) -> None:
    case = world.open()["id"]
    told({"stored": ["P0562"]}, {"stored": []}, run=False)
    work(world)
    assert codes(world, case) == [("P0562", "stored", False)]


def test_a_code_that_was_there_first_joins_when_its_case_opens(world: World, told: Callable[..., None]) -> None:
    told({"stored": ["P0562"], "permanent": ["P0301"]})
    finding = world.finding("f1")
    with world.database.unit() as unit:
        kept = {"severity": 0.8, "quiet_until": finding.confirmed + timedelta(days=30), "recorded_at": unit.now()}
        unit.connection.execute(
            findings.insert().values(
                id="f1",
                vehicle="car-1",
                organisation=world.owner.organisation,
                fault=finding.fault,
                probability=finding.probability,
                urgency=finding.urgency.value,
                first_seen=finding.first_seen,
                confirmed_at=finding.confirmed,
                evidence=[],
                predictor="test-1",
                **kept,
            )
        )
        for _ in range(2):
            queue(unit, OPEN_CASE, finding="f1", vehicle="car-1", organisation=world.owner.organisation)
    work(world)
    with world.database.unit() as unit:
        (case,) = list_cases(unit, world.owner).items
    assert [(it["code"], it["kind"]) for it in case["codes"]] == [("P0562", "stored")]
    assert world.events("car-1") == ["case_opened", "code_joined"]
