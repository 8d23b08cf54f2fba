"""Who goes first: our own niceness and session, a child's with all its threads, and what may not be had."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from forecourt.supervision.children import ChildProcess
from forecourt.supervision.paths import DataPaths
from forecourt.supervision.turns import Turn
from tests.supervision.awaiting import eventually

SESSION = Path("/proc/self/autogroup")
TAKES = """
import os, sys
import structlog
from forecourt.supervision.turns import Turn, take_turn
if len(sys.argv) > 2:
    os.setgid(int(sys.argv[2])), os.setuid(int(sys.argv[2]))
with structlog.testing.capture_logs() as told:
    take_turn(Turn[sys.argv[1]])
session = open("/proc/self/autogroup").read() if os.path.exists("/proc/self/autogroup") else ""
print(os.getpriority(os.PRIO_PROCESS, 0), [it["event"] for it in told], session)
"""
THREADED = "import threading, time; threading.Thread(target=time.sleep, args=(600,)).start(); time.sleep(600)"
NOBODY = "65534"


def taken(*arguments: str, leads: bool = True) -> list[str]:
    """Run a program that takes its turn, as the leader of its session or beside its leader; gives what it says."""
    program = shlex.join([sys.executable, "-c", TAKES, *arguments])
    shell = ["sh", "-c", f"{'exec ' if leads else ''}{program}; exit"]
    return subprocess.run(shell, capture_output=True, text=True, check=True, start_new_session=True).stdout.split()


@pytest.mark.skipif(not SESSION.exists(), reason="this kernel does not weigh sessions")
@pytest.mark.parametrize("leads", [True, False])
def test_who_takes_his_turn_weighs_no_session_but_his_own(leads: bool) -> None:
    told = taken("LAST", leads=leads)
    assert (told[0], told[-1]) == (str(Turn.LAST), str(Turn.LAST) if leads else "0")
    assert os.getpriority(os.PRIO_PROCESS, 0) == 0


def test_to_go_first_takes_a_privilege_and_without_it_all_is_as_before() -> None:
    told = taken("FIRST", *([NOBODY] if os.getuid() == 0 else []))
    assert told[:2] == ["0", "['turn_not_taken']"]
    assert told[-1] in {"0", told[1]}


def test_a_childs_turn_is_that_of_all_its_threads(paths: DataPaths) -> None:
    child = ChildProcess("slow", paths, [sys.executable, "-c", THREADED], turn=Turn.LAST)
    child.start()
    try:
        pid = int((paths.run / "slow.pid").read_text().splitlines()[0])
        threads = Path(f"/proc/{pid}/task")
        eventually(lambda: len(list(threads.iterdir())) == 2)
        assert {os.getpriority(os.PRIO_PROCESS, int(it.name)) for it in threads.iterdir()} == {int(Turn.LAST)}
    finally:
        child.stop()
