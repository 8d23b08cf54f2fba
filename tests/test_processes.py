"""Our own child processes: whose turn it is, and an ingest worker while it gets ready."""

import threading
from concurrent.futures import Future
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from forecourt import processes
from forecourt.processes import Process, ingest
from forecourt.supervision.turns import Turn

if TYPE_CHECKING:
    from forecourt.installation import Installation


@pytest.mark.parametrize(
    ("process", "turns"), [(Process.INGEST, [Turn.FIRST]), (Process.TASKS, [Turn.LAST]), (Process.API, [])]
)
def test_a_process_takes_its_turn_before_it_works(
    process: Process, turns: list[Turn], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Turn | str] = []
    monkeypatch.setattr(processes, "take_turn", told.append)
    body = SimpleNamespace(run=lambda *_: told.append("works"))
    monkeypatch.setattr(processes, "import_module", lambda _: body)
    processes.run(process, cast("Installation", None), 0)
    assert told == [*turns, "works"]


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
