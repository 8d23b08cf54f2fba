"""The bodies of our own child processes: api, ingest and tasks; `serve` runs them under supervision.

Each is read only where it runs: a worker that comes back must not wait for what it never uses.
"""

import gc
from enum import StrEnum
from importlib import import_module

from forecourt.installation import Installation


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
    """Leave what was made at the start out of every later search for garbage, which would take a tenth of a second."""
    gc.collect()
    gc.freeze()
