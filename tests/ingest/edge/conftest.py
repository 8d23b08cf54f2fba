"""python-OBD without its pauses: they are for adapters that need them, and ours in the tests do not."""

import time
from types import SimpleNamespace

import obd.elm327
import pytest


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(obd.elm327, "time", SimpleNamespace(sleep=lambda seconds: time.sleep(seconds / 20)))
