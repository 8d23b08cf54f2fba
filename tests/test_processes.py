"""Our own child processes: what they do to the machine that they share."""

import os
import shlex
import subprocess
import sys
import threading
from concurrent.futures import Future
from pathlib import Path

import pytest

from forecourt.processes import ingest

SESSION = Path("/proc/self/autogroup")
GIVES_WAY = f"""
import os
from forecourt.processes import give_way
give_way()
print(os.nice(0), open("{SESSION}").read())
"""


@pytest.mark.skipif(not SESSION.exists(), reason="this kernel does not weigh sessions")
@pytest.mark.parametrize(("leads", "session"), [("exec ", "5"), ("", "0")])
def test_who_gives_way_weighs_down_no_session_but_its_own(leads: str, session: str) -> None:
    program = shlex.join([sys.executable, "-c", GIVES_WAY])
    shell = ["sh", "-c", f"{leads}{program}; exit"]
    told = subprocess.run(shell, capture_output=True, text=True, check=True, start_new_session=True).stdout.split()
    assert (told[0], told[-1]) == ("5", session)
    assert os.getpriority(os.PRIO_PROCESS, 0) == 0


def test_a_worker_shows_life_while_it_gets_ready_and_raises_what_went_wrong() -> None:
    ready: Future[None] = Future()
    told, shown = threading.Event(), 0

    def live() -> None:
        nonlocal shown
        shown += 1
        if shown == 2:
            ready.set_exception(ValueError("no such kernel"))

    with pytest.raises(ValueError, match="no such kernel"):
        ingest.be_ready(ready, told, live)
    assert shown == 2


def test_a_worker_that_is_told_to_stop_waits_no_longer() -> None:
    told = threading.Event()
    ingest.be_ready(Future(), told, told.set)
    assert told.is_set()
