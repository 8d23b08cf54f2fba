"""The bodies of our own child processes: api, ingest and tasks; `serve` runs them under supervision.

Each is read only where it runs: a worker that comes back must not wait for what it never uses.
"""

import gc
import os
from enum import StrEnum
from importlib import import_module
from pathlib import Path

import structlog

from forecourt.installation import Installation

POLITE = 5  # of nice: a third of the processor time of one who wants it as well
_SESSION = Path("/proc/self/autogroup")
FULL_SEARCH = 100  # searches of the young to one of everything; Python would make it ten


class Process(StrEnum):
    API = "api"
    INGEST = "ingest"
    TASKS = "tasks"


def worker_name(worker: int) -> str:
    """Give the name of an ingest worker: of its process, its heartbeat and its segments."""
    return f"{Process.INGEST}-{worker}" if worker else Process.INGEST.value


def run(process: Process, installation: Installation, number: int) -> None:
    """Be that process until SIGTERM or SIGINT.

    `number` is the HTTP port of the api, which the tasks are told as well; of an ingest, which one it is.
    """
    import_module(f"forecourt.processes.{process}").run(installation, number)


def steady() -> None:
    """Leave what was made at the start out of every later search for garbage, and search everything else rarely.

    Either would take a tenth of a second, in which nobody is served.
    """
    gc.collect()
    gc.freeze()
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, FULL_SEARCH)


def give_way() -> None:
    """Let the other processes go first for as long as they want the processor; when they do not, nothing is lost."""
    os.nice(POLITE)
    if os.getsid(0) != os.getpid():
        return  # the session is of whoever started us, and has other processes
    try:
        # Linux may weigh sessions first, and niceness within each.
        _SESSION.write_text(str(POLITE))
    except OSError as refused:  # not there, or not to be set: then niceness has to do
        structlog.get_logger().info("session_not_weighed", kind=type(refused).__name__)
