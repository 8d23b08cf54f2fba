"""What the car end costs a small machine: memory and processor time over ten minutes at twenty answers a second."""

import signal
import time

import psutil
import pytest

from simulators.played_trip import PlayedTrip
from tests.flow.car_end import Driver, counting_trip, elm_of
from tests.flow.house import House, eventually
from tests.flow.test_edge_kill import stored

MINUTES = 10
SIGNALS = {
    "engine_speed": 0.25, "vehicle_speed": 1.0, "engine_load": 0.4, "intake_manifold_pressure": 1.0,
    "mass_air_flow": 0.01, "control_module_voltage": 0.001, "short_term_fuel_trim_1": 0.8,
    "long_term_fuel_trim_1": 0.8, "throttle_position": 0.4, "coolant_temperature": 1.0,
}  # fmt: skip
PLAN = '{"fast": {"period_s": 0.5}}'  # ten signals twice a second


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_ten_minutes_at_twenty_answers_a_second(house: House, tmp_path) -> None:
    (tmp_path / "plan.json").write_text(PLAN, "utf-8")
    trip = counting_trip(200, **SIGNALS)
    car = elm_of(PlayedTrip(trip, loop=True))
    with car as (_, server), Driver(house, server.address, tmp_path / "spool") as driver:
        driver.start("--plan", str(tmp_path / "plan.json"), "--rate", "25")
        eventually(lambda: stored(house) > 0, 60, "the first readings are stored")
        assert driver.process is not None
        process = psutil.Process(driver.process.pid)
        before, begun, cpu = stored(house), time.monotonic(), _cpu_s(process)
        memory = []
        while time.monotonic() - begun < MINUTES * 60:
            time.sleep(10)
            memory.append(process.memory_info().rss / 1e6)
        seconds = time.monotonic() - begun
        share = 100 * (_cpu_s(process) - cpu) / seconds
        rate = (stored(house) - before) / seconds
        driver.end(signal.SIGTERM)
    print(
        f"{seconds:.0f} s: {rate:.1f} readings a second stored, {share:.1f} % of one core, memory {memory[0]:.0f} MB at"
        f" first, {memory[-1]:.0f} MB in the end, {max(memory):.0f} MB at most"
    )
    assert rate > 18
    assert max(memory) < 120
    assert share < 10
    assert memory[-1] < memory[len(memory) // 4] + 5, "memory grows"


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system
