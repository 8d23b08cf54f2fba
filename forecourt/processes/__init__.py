"""The bodies of our own child processes: api, ingest and tasks; `serve` runs them under supervision.

Each is read only where it runs: a worker that comes back must not wait for what it never uses.
"""

import gc
from enum import StrEnum
from importlib import import_module

from forecourt.installation import Installation
from forecourt.supervision.turns import Turn, take_turn

FULL_SEARCH = 100  # searches of the young to one of everything; Python would make it ten


class Process(StrEnum):
    API = "api"
    INGEST = "ingest"
    TASKS = "tasks"


_TURNS = {Process.INGEST: Turn.FIRST, Process.TASKS: Turn.LAST}


def worker_name(worker: int) -> str:
    """Give the name of an ingest worker: of its process, its heartbeat and its segments."""
    return f"{Process.INGEST}-{worker}" if worker else Process.INGEST.value


def run(process: Process, installation: Installation, number: int) -> None:
    """Be that process until SIGTERM or SIGINT.

    `number` is the HTTP port of the api, which the tasks are told as well; of an ingest, which one it is.
    """
    if process in _TURNS:
        take_turn(_TURNS[process])
    import_module(f"forecourt.processes.{process}").run(installation, number)


def steady() -> None:
    """Leave what was made at the start out of every later search for garbage, and search everything else rarely.

    Either would take a tenth of a second, in which nobody is served.
    """
    gc.collect()
    gc.freeze()
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, FULL_SEARCH)
