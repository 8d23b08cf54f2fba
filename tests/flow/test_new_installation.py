"""A new installation compiles what judges trips while it works: readings do not wait for that, and trips get judged."""

import time
from pathlib import Path

import numpy as np
import pytest

from simulators.fleet import history
from tests.flow.house import House, eventually
from tests.flow.test_way import readings_in
from tests.flow.trips import write_all

HEARD_S = 30.0  # the start of `forecourt replay` included


@pytest.mark.soak
def test_the_first_trips_of_all_hold_nobody_up(tmp_path: Path) -> None:
    house = House(tmp_path / "var")
    house.environment["NUMBA_CACHE_DIR"] = str(tmp_path / "compiled")
    house.start()
    try:
        waits = []
        for number in range(4):
            house.provision()
            trips = history(seed=8 + number, trips=3, severity=np.zeros(3))
            files, wanted = write_all(trips, tmp_path), readings_in(trips)
            began = time.monotonic()
            house.replay(files)
            eventually(lambda wanted=wanted: house.get("/v1/ingest/counts")["stored"] >= wanted, 300, "it is heard")
            waits.append(time.monotonic() - began)
        compiled = sum(1 for _ in (tmp_path / "compiled").rglob("*.nbc"))
        eventually(lambda: house.get("/v1/ingest/counts")["trips_waiting"] == 0, 300, "the trips are judged")
        more = sum(1 for _ in (tmp_path / "compiled").rglob("*.nbc")) - compiled
        print(f"sent, stored and answered within {[round(it, 1) for it in waits]} s; {more} compiled after that")
        assert max(waits[1:]) < HEARD_S  # the first waits for what looks at a car in danger
        assert more > 0, "all was compiled already: this tells nothing"
    finally:
        house.stop()
