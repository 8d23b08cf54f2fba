"""The crash matrix: SIGKILL at random moments while many devices send; nothing is lost, doubled or told twice.

Run one alone with `-k`; `FORECOURT_SOAK_SEED` repeats a run's moments.
"""

import multiprocessing
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy.exc

from forecourt.installation import Installation
from forecourt.settings import Settings
from foundation.database import Database
from ingest.archive import Archive
from ingest.archive.compaction import Pace
from tests.fleet.crowd import Crowd, payload
from tests.fleet.fleet import Car, Fleet, machine
from tests.fleet.reporters import ROWS, Reporters
from tests.flow.house import eventually

KILLS, DEVICES, EACH = 20, 50, 400
BACK_S = 180.0  # on a machine that others use, too
# Our code is read once, and not by each compactor: on a slow machine the messages would be all sent before the last.
FORK = multiprocessing.get_context("forkserver")
FORK.set_forkserver_preload([__name__])
COMPACTED = "SELECT (SELECT count(*) FROM segments WHERE day IS NOT NULL), (SELECT count(*) FROM segment_removals)"
EAGER = Pace(many=4, patience=timedelta(seconds=1), rest=timedelta(seconds=1))


@pytest.fixture
def chance() -> random.Random:
    seed = int(os.environ.get("FORECOURT_SOAK_SEED", random.SystemRandom().randrange(10**6)))
    print(f"\nseed {seed}, {machine()}")
    return random.Random(seed)


@contextmanager
def running(folder: Path, **settings: object) -> Iterator[Fleet]:
    fleet = Fleet(folder / "data", **settings)
    fleet.start()
    try:
        fleet.provision()
        yield fleet
    finally:
        fleet.stop()


def is_back(fleet: Fleet, name: str, before: int | None) -> bool:
    return fleet.pid(name) not in {None, before} and fleet.works(name)


def kill_at_random(fleet: Fleet, names: list[str], kills: int, chance: random.Random) -> str:
    """Kill so many times, each time one of `names`, and wait until it is back; gives what that took."""
    took = []
    for _ in range(kills):
        time.sleep(chance.uniform(0.1, 3))
        name = chance.choice(names)
        before = fleet.pid(name)
        fleet.kill(name)
        began = time.monotonic()
        eventually(partial(is_back, fleet, name, before), BACK_S, f"{name} is back")
        took.append(time.monotonic() - began)
    return f"{kills} kills of {'/'.join(names)}, back after {sorted(took)[kills // 2]:.1f} s, at most {max(took):.1f} s"


class Split(threading.Thread):
    """Looks again and again which workers wrote a car's fresh segments, before compaction hides it."""

    def __init__(self, fleet: Fleet) -> None:
        super().__init__(name="split", daemon=True)
        self._fleet, self._ended = fleet, threading.Event()
        self.workers: dict[str, set[str]] = {}
        self.start()

    def run(self) -> None:
        while not self._ended.wait(1.0):
            self.look()

    def look(self) -> None:
        statement = (
            "SELECT DISTINCT c.vehicle, s.worker FROM segment_contents c JOIN segments s ON s.name = c.segment"
            " WHERE s.day IS NULL"
        )
        try:
            for vehicle, worker in self._fleet.ask(statement):
                self.workers.setdefault(str(vehicle), set()).add(str(worker))
        except sqlalchemy.exc.OperationalError:
            pass  # it is being killed; the next look sees

    def end(self) -> dict[str, set[str]]:
        self._ended.set()
        self.join()
        self.look()
        return self.workers


def check_told_once(fleet: Fleet, cars: list[Car]) -> None:
    """The one faulty car has one finding and one case; no other has any."""
    eventually(lambda: fleet.get("/v1/ingest/counts")["trips_waiting"] == 0, 120, "every trip is judged")
    faulty = cars[0].vehicle
    eventually(lambda: fleet.get("/v1/cases", vehicle=faulty)["items"], 60, "a case")
    assert [it["fault"] for it in fleet.get(f"/v1/vehicles/{faulty}/findings")["items"]] == ["alternator"]
    assert len(fleet.get("/v1/cases", vehicle=faulty)["items"]) == 1
    assert fleet.ask("SELECT vehicle, fault FROM findings") == [(faulty, "alternator")]


def go_through(fleet: Fleet, folder: Path, count: int, harm: Callable[[], str], seconds: float) -> list[Car]:
    cars = fleet.enrol(count)
    reporters = Reporters(cars, folder, EACH)
    with reporters.reporting(seconds):
        eventually(lambda: fleet.keys() > 0, 60, "the first messages are committed")
        harmed = harm()
    reporters.wait(300)
    again = fleet.number("SELECT sum(redelivered) FROM boots")
    print(f"{harmed}; {reporters.check(fleet)}; redelivered {again}")
    check_told_once(fleet, cars)
    return cars


@pytest.mark.soak
@pytest.mark.timeout(0)
@pytest.mark.parametrize("victim", ["ingest", "broker", "database"])
def test_one_worker(victim: str, tmp_path: Path, chance: random.Random) -> None:
    with running(tmp_path) as fleet:
        harm = lambda: kill_at_random(fleet, [victim], KILLS, chance)  # noqa: E731
        go_through(fleet, tmp_path / "spools", DEVICES, harm, 4.0 * KILLS)


@pytest.mark.soak
@pytest.mark.timeout(0)
@pytest.mark.parametrize("victim", ["ingest", "broker", "database"])
def test_four_workers(victim: str, tmp_path: Path, chance: random.Random) -> None:
    names = ["ingest", "ingest-1", "ingest-2", "ingest-3"] if victim == "ingest" else [victim]
    with running(tmp_path, ingest_workers=4) as fleet:
        split = Split(fleet)
        harm = lambda: kill_at_random(fleet, names, KILLS, chance)  # noqa: E731
        cars = go_through(fleet, tmp_path / "spools", DEVICES + 1, harm, 4.0 * KILLS)
        workers = split.end()
        assert set(workers) == {car.vehicle for car in cars}
        assert {len(its) for its in workers.values()} == {1}, "a vehicle is split between workers"
        assert set.union(*workers.values()) == {"ingest", "ingest-1", "ingest-2", "ingest-3"}


def has_changed(fleet: Fleet, before: list[tuple[object, ...]]) -> bool:
    return fleet.ask(COMPACTED) != before


def compact_for_ever(data: Path) -> None:
    database = Database(Installation(Settings(data=data)).database_url)
    archive = Archive(data / "archive")
    while True:
        if not archive.compact(database, EAGER):
            time.sleep(0.05)
        with database.unit() as unit:
            archive.remove_files(unit)


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_kills_during_a_compaction(tmp_path: Path, chance: random.Random) -> None:
    with running(tmp_path, tick_s=0.1) as fleet:

        def harm() -> str:
            reserved = steps = 0
            for _ in range(KILLS):
                process = FORK.Process(target=compact_for_ever, args=(fleet.data,))
                before = fleet.ask(COMPACTED)
                process.start()
                eventually(partial(has_changed, fleet, before), 60, "it compacts")
                time.sleep(chance.uniform(0, 0.4))
                process.kill()
                process.join()
                process.close()
                reserved += fleet.number("SELECT count(*) FROM segment_removals") > 0
                steps += 1
            return f"{steps} kills of a compactor, after {reserved} of them files waited to be deleted"

        go_through(fleet, tmp_path / "spools", DEVICES, harm, 4.0 * KILLS)
        eventually(lambda: fleet.files().unlisted == [], 30, "nothing is left of killed compactions")


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_from_four_workers_to_two_while_messages_are_queued(tmp_path: Path, chance: random.Random) -> None:
    """No device sends again here: what the broker has acknowledged must come from its queue."""
    begun = datetime.now(UTC) - timedelta(seconds=ROWS * EACH + 60)

    def load(_number: int, seq: int) -> bytes:
        row = [float((seq - 1) * ROWS + it) for it in range(ROWS)]
        return payload("boot-1", seq, begun + timedelta(seconds=row[0]), 1.0, {"engine_run_time": row})

    with running(tmp_path, ingest_workers=4) as fleet:
        cars = fleet.enrol(DEVICES + 1)
        crowd = Crowd(cars, load, lambda _: 0.02, each=EACH)
        eventually(lambda: fleet.keys() > 0, 60, "the first messages are committed")
        for name in ("ingest", "ingest-1", "ingest-2", "ingest-3"):
            os.kill(fleet.pid(name) or 0, signal.SIGSTOP)
        everything = len(cars) * EACH
        eventually(lambda: crowd.acknowledged == everything, 120, "the broker has everything")
        crowd.stop()
        before = fleet.keys()
        fleet.pause()
        fleet.set(ingest_workers=2)
        fleet.start()
        eventually(lambda: fleet.keys() == everything, 120, "what was queued is committed")
        fleet.compact()
        files = fleet.files()
        print(
            f"{everything} messages, {everything - before} of them queued when 4 workers became 2: lost "
            f"{everything * ROWS - files.identities}, stored twice {files.twice}"
        )
        assert everything - before > everything / 4
        assert (files.identities, files.twice, files.disordered) == (everything * ROWS, 0, [])
