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


def run(process: Process, installation: Installation, port: int) -> None:
    """Be that process until SIGTERM or SIGINT; `port` is the HTTP port of the api."""
    import_module(f"forecourt.processes.{process}").run(installation, port)


def steady() -> None:
    """Leave what was made at the start out of every later search for garbage, which would take a tenth of a second."""
    gc.collect()
    gc.freeze()
