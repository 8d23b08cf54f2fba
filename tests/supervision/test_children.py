import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from forecourt.supervision.children import ChildProcess, bring_up
from forecourt.supervision.errors import StartError, SupervisionError
from forecourt.supervision.logs import open_log
from forecourt.supervision.paths import DataPaths
from forecourt.supervision.processes import ProcessMark
from tests.supervision.awaiting import eventually

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)",
]


def pid_of(paths: DataPaths, name: str) -> int:
    return int((paths.run / f"{name}.pid").read_text().splitlines()[0])


def test_a_reused_pid_is_neither_adopted_nor_stopped(paths: DataPaths):
    stranger = subprocess.Popen(SLEEPER)
    try:
        (paths.run / "api.pid").write_text(f"{stranger.pid}\nanother-boot:12345\n")
        child = ChildProcess("api", paths, SLEEPER)
        assert not child.alive()
        child.stop()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_what_a_predecessor_left_is_stopped_not_adopted(paths: DataPaths):
    left = ChildProcess("api", paths, SLEEPER)
    left.start()
    mark = ProcessMark.of(pid_of(paths, "api"))
    assert mark is not None
    successor = ChildProcess("api", paths, SLEEPER)
    assert successor.alive()
    assert successor.adopt() is False
    assert not mark.runs()
    left.stop()


def test_a_zombie_does_not_count_as_running():
    process = subprocess.Popen(SLEEPER)
    mark = ProcessMark.of(process.pid)
    assert mark is not None
    process.kill()
    eventually(lambda: not mark.runs())
    assert ProcessMark.of(process.pid) is None
    process.wait()


def test_a_child_that_ignores_the_request_is_killed_after_its_grace(paths: DataPaths):
    child = ChildProcess("deaf", paths, STUBBORN, grace=0.2)
    child.start()
    eventually(lambda: "deaf" in (paths.log / "deaf.log").read_text())
    child.stop()
    assert not child.alive()
    assert not (paths.run / "deaf.pid").exists()


def test_a_child_gets_its_environment_and_writes_its_own_log(paths: DataPaths):
    program = "import os; print(os.environ['GREETING'], os.getcwd())"
    child = ChildProcess("talker", paths, [sys.executable, "-c", program], environment={"GREETING": "hello"})
    child.start()
    eventually(lambda: not child.alive())
    assert (paths.log / "talker.log").read_text() == f"hello {paths.root}\n"


def test_a_program_that_does_not_exist_is_one_sentence(paths: DataPaths):
    with pytest.raises(SupervisionError, match="nothing cannot be started"):
        ChildProcess("nothing", paths, ["/no/such/program"]).start()


def test_a_child_that_never_becomes_ready_is_given_up_with_its_last_words(paths: DataPaths):
    child = ChildProcess("broken", paths, [sys.executable, "-c", "print('no disk')"], ready=lambda: False)
    with pytest.raises(StartError, match=r"The broken did not start; .*no disk"):
        bring_up(child, seconds=10)


def test_a_large_log_is_moved_aside_at_a_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("forecourt.supervision.logs._ROTATE_BYTES", 10)
    log = tmp_path / "api.log"
    for number in range(6):
        with open_log(log) as file:
            file.write(b"start number %d\n" % number)
    assert [path.read_text() for path in (log, *sorted(tmp_path.glob("api.log.*")))] == [
        f"start number {number}\n" for number in (5, 4, 3, 2)
    ]


def test_a_child_stays_when_the_terminal_interrupts_its_parent(paths: DataPaths):
    child = ChildProcess("api", paths, SLEEPER)
    child.start()
    assert os.getsid(pid_of(paths, "api")) != os.getsid(0)
    os.kill(pid_of(paths, "api"), signal.SIGKILL)
    eventually(lambda: not child.alive())
