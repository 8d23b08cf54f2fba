"""Processes that work on long calculations, and go when who asked for them has gone."""

import os
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context, parent_process


def pool(processes: int) -> ProcessPoolExecutor:
    """Give worker processes. Spawned: a forked child would inherit the threads of this one."""
    return ProcessPoolExecutor(processes, get_context("spawn"), initializer=_go_with_parent)


def _go_with_parent() -> None:
    """Let this worker end when its parent is killed; else it would work on for nobody."""
    parent = parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
