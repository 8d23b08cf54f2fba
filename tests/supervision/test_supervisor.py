"""A supervisor in a process of its own, killed and interrupted in every way that an operator or a kernel does."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from forecourt.supervision.broker import Broker
from forecourt.supervision.children import ChildProcess
from forecourt.supervision.errors import StartError
from forecourt.supervision.paths import DataPaths
from forecourt.supervision.postgres import Postgres
from forecourt.supervision.processes import ProcessMark
from forecourt.supervision.supervisor import Supervisor
from tests.supervision.awaiting import eventually

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("database", "broker", "worker")


class Keeper:
    """The supervising process and what it said."""

    def __init__(self, paths: DataPaths) -> None:
        self.lines: list[str] = []
        command = [sys.executable, "-m", "tests.supervision.keeper", str(paths.root)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            self.lines.extend(line.rstrip() for line in lines)

    def said(self, sentence: str) -> Callable[[], bool]:
        return lambda: any(sentence in line for line in list(self.lines))


def mark(paths: DataPaths, name: str) -> ProcessMark | None:
    found = ProcessMark.read(paths.run / f"{name}.pid")
    return found if found is not None and found.runs() else None


def marks(paths: DataPaths) -> dict[str, ProcessMark | None]:
    return {name: mark(paths, name) for name in NAMES}


@pytest.fixture
def keep(paths: DataPaths) -> Iterator[Callable[[], Keeper]]:
    keepers: list[Keeper] = []

    def start() -> Keeper:
        keepers.append(Keeper(paths))
        return keepers[-1]

    yield start
    for keeper in keepers:
        keeper.process.kill()
        keeper.process.wait()
    subprocess.run(
        [sys.executable, "-m", "forecourt.supervision.stop", str(paths.root), "--remove"], cwd=ROOT, check=True
    )
    assert marks(paths) == dict.fromkeys(NAMES)
    assert not Postgres(paths).alive()


def test_the_dead_come_back_and_a_killed_supervisor_is_succeeded(keep: Callable[[], Keeper], paths: DataPaths):
    first = keep()
    eventually(first.said("all ready"), 20.0)
    assert [line for line in first.lines if line.endswith(": ready")] == [f"{name}: ready" for name in NAMES]

    for name in NAMES:
        dead = mark(paths, name)
        assert dead is not None
        dead.send(signal.SIGKILL)
        ready = sum(line == f"{name}: ready" for line in first.lines)
        took = eventually(lambda: first.lines.count(f"{name}: ready") > ready, 10.0)  # noqa: B023 - used at once
        assert took < 5.0
        assert mark(paths, name) != dead

    second = keep()
    assert second.process.wait(10) == 1
    eventually(second.said(f"refused: Another forecourt (process {first.process.pid}) already runs"))

    before = marks(paths)
    first.process.kill()
    first.process.wait()
    assert marks(paths) == before  # orphaned, but running
    third = keep()
    assert eventually(third.said("all ready"), 15.0) < 15.0
    after = marks(paths)
    assert (after["database"], after["broker"]) == (before["database"], before["broker"])
    assert after["worker"] not in {None, before["worker"]}
    assert Broker(paths).answers()
    assert Postgres(paths).answers()

    third.process.send_signal(signal.SIGTERM)
    assert third.process.wait(20) == 0
    assert marks(paths) == dict.fromkeys(NAMES)


class Scripted:
    """A child that does as it is told, to look at the supervisor's decisions alone."""

    def __init__(self, name: str, log: list[str], *, lives: bool = True) -> None:
        self.name, self.log, self.lives, self.running = name, log, lives, False

    def adopt(self) -> bool:
        return False

    def start(self) -> None:
        self.log.append(f"start {self.name}")
        self.running = self.lives

    def alive(self) -> bool:
        return self.running

    def ready(self) -> bool:
        return self.running

    def stop(self) -> None:
        self.log.append(f"stop {self.name}")
        self.running = False

    def last_words(self) -> str:
        return "its log says why"


def test_children_start_in_order_and_stop_in_reverse(paths: DataPaths):
    log: list[str] = []
    told = threading.Event()
    children = [Scripted(name, log) for name in ("database", "broker", "api")]
    Supervisor(paths, [[child] for child in children], log.append).run(told.set, told)
    assert [line for line in log if line.startswith(("start", "stop"))] == [
        *(f"start {child.name}" for child in children),
        *(f"stop {child.name}" for child in reversed(children)),
    ]


def test_a_child_that_cannot_start_ends_the_run_and_stops_the_others(paths: DataPaths):
    log: list[str] = []
    children = [Scripted("database", log), Scripted("broker", log, lives=False), Scripted("api", log)]
    with pytest.raises(StartError, match="The broker did not start; its log says why"):
        Supervisor(paths, [[child] for child in children], log.append).run(
            lambda: log.append("ready"), threading.Event()
        )
    assert "ready" not in log
    assert "start api" not in log
    assert log[-1] == "stop database"


def test_the_lock_of_a_finished_run_is_free_again(paths: DataPaths):
    for _ in range(2):
        told = threading.Event()
        Supervisor(paths, [], lambda _: None).run(told.set, told)
    assert not (paths.run / "supervisor.pid").exists()


def test_a_child_that_keeps_dying_is_tried_again_with_growing_delays(paths: DataPaths):
    told = threading.Event()
    said: list[str] = []
    child = ChildProcess("brief", paths, [sys.executable, "-c", "import time; time.sleep(0.05)"])

    def tell(sentence: str) -> None:
        said.append(sentence)
        if "1 s" in sentence:
            told.set()

    Supervisor(paths, [[child]], tell).run(lambda: None, told)
    delays = [sentence.rpartition("in ")[2] for sentence in said if "starts again" in sentence]
    assert delays == ["0 s", "0.25 s", "0.5 s", "1 s"]


def test_stop_leaves_a_stranger_with_a_reused_pid_alone(paths: DataPaths):
    (paths.run / "worker.pid").write_text(f"{os.getpid()}\nanother-boot:1\n")
    done = subprocess.run([sys.executable, "-m", "forecourt.supervision.stop", str(paths.root)], cwd=ROOT, check=False)
    assert done.returncode == 0
