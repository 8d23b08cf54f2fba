"""Two thousand connected devices, 6,000 subscriptions: none is disconnected by us, and memory stays what it is."""

import random
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from tests.fleet.crowd import Crowd, payload
from tests.fleet.fleet import Fleet, machine, rss_mb
from tests.flow.house import eventually

DEVICES, SECONDS, WARM_S = 2000, 600.0, 60.0
FLAT = 0.10  # of a process's memory, over the whole time after the first minute


def slope_mb_per_min(at_s: list[float], mb: list[float]) -> float:
    return float(np.polyfit(np.array(at_s) / 60, mb, 1)[0])


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_two_thousand_devices_stay_connected_and_memory_stays_flat(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(10**6)
    beats = [random.Random(f"{seed}-{number}").uniform(10, 30) for number in range(DEVICES)]
    began_at = datetime.now(UTC)

    def load(number: int, seq: int) -> bytes:
        begin = began_at + timedelta(seconds=(seq - 1) * beats[number]) - timedelta(seconds=60)
        return payload(f"b{seed}", seq, begin, 1.0, {"engine_speed": [800.0] * 5, "vehicle_speed": [0.0] * 5})

    fleet = Fleet(tmp_path / "data")
    fleet.start()
    try:
        fleet.provision()
        crowd = Crowd(fleet.enrol(DEVICES), load, beats.__getitem__)
        began, pids = time.monotonic(), {name: fleet.pid(name) for name in ("broker", "ingest")}
        at_s: list[float] = []
        memory: dict[str, list[float]] = {name: [] for name in pids}
        while (passed := time.monotonic() - began) < SECONDS:
            time.sleep(2)
            if passed > WARM_S:
                at_s.append(passed)
                for name, pid in pids.items():
                    memory[name].append(rss_mb(pid or 0))
        crowd.hush()
        eventually(lambda: fleet.keys() == crowd.sent, 60, "everything is committed")
        slopes = {name: slope_mb_per_min(at_s, its) for name, its in memory.items()}
        told = {name: f"{its[0]:.0f} -> {its[-1]:.0f} MB, {slopes[name]:+.2f} MB/min" for name, its in memory.items()}
        pings = sum(wire.pings for wire in crowd.wires)
        print(f"seed {seed}, {machine()}: {DEVICES} devices, {crowd.sent} messages, {pings} pings, ended {crowd.ended}")
        print({name: [round(it) for it in its[::15]] for name, its in memory.items()})
        print(f"memory after the first minute: {told}")
        assert (crowd.ended, crowd.acknowledged) == (0, crowd.sent)
        assert {name: fleet.pid(name) for name in pids} == pids
        for name, slope in slopes.items():
            assert slope * (SECONDS - WARM_S) / 60 <= FLAT * memory[name][0], f"{name} grows: {told[name]}"
        crowd.stop()
    finally:
        fleet.stop()
