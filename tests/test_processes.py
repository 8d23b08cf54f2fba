"""An ingest worker while it gets ready."""

import threading
from concurrent.futures import Future

import pytest

from forecourt.processes import ingest


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
