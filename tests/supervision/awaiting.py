"""Waiting for a condition instead of sleeping."""

import time
from collections.abc import Callable


def eventually(condition: Callable[[], object], seconds: float = 20.0) -> float:
    """Wait until the condition holds; give how long that took, or fail."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, f"not within {seconds} s"
        time.sleep(0.01)
    return time.monotonic() - began
