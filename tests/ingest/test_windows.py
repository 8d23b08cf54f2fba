"""Windows hold the last three minutes of every car, also after a restart."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from foundation.database import Database, UnitOfWork
from ingest import registry
from ingest.archive import Archive
from ingest.arrived import Arrived
from ingest.batch import Batch
from ingest.intake import Intake
from ingest.readings import Block, FloatArray
from ingest.windows import Windows, WindowStep
from tests.ingest.wire import NOON, columns

SECOND = timedelta(seconds=1)


class Bench:
    """One intake with its windows, as the pipeline wires them."""

    def __init__(self, database: Database, archive: Archive) -> None:
        self.windows = Windows(archive)
        self.intake = Intake(database, archive, "w1")
        self.steps: list[tuple[WindowStep, Block]] = []

    def process(self, *arrived: Arrived) -> list[tuple[WindowStep, Block]]:
        """Give the steps, each with its windows as they were then."""
        self.steps = []
        self.intake.process(arrived, self._watch)
        return self.steps

    def _watch(self, unit: UnitOfWork, batch: Batch) -> None:
        for step in self.windows.advance(unit, batch):
            self.steps.append((step, step.block(np.arange(len(step.vehicles)))))

    def voltage(self, vehicle: str) -> list[float]:
        block = self.windows.block([vehicle])
        return block.signal("control_module_voltage")[: block.lengths[0], 0].tolist()


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive")


@pytest.fixture
def bench(database: Database, archive: Archive) -> Bench:
    with database.unit() as unit:
        for number in (1, 2, 3):
            registry.add_vehicle(unit, "org", f"car-{number}")
            registry.add_device(unit, f"car-{number}", f"dev-{number}")
    return Bench(database, archive)


def volts(seq: int, ago_s: int, values: list[float], device: str = "dev-1", **more: bool) -> Arrived:
    t0 = NOON - ago_s * SECOND
    return columns(seq, t0, device=device, boot=f"b{device}", control_module_voltage=values, **more)


def test_a_window_ends_at_the_newest_second_and_begins_with_its_first_value(bench: Bench) -> None:
    ((step, block),) = bench.process(volts(1, 100, [13, 14]), volts(1, 50, [12], device="dev-2"))
    assert step.vehicles == [("car-1", "org"), ("car-2", "org")]
    assert block.lengths.tolist() == [2, 1]
    assert step.ends == [NOON - 99 * SECOND, NOON - 50 * SECOND]
    assert bench.voltage("car-1") == [13, 14]
    bench.process(volts(2, 95, [15]))
    np.testing.assert_array_equal(bench.voltage("car-1"), [13, 14, np.nan, np.nan, np.nan, 15])


def test_what_is_older_than_three_minutes_falls_out(bench: Bench) -> None:
    bench.process(volts(1, 1000, [11.0] * 10))
    bench.process(volts(2, 900, list(range(10, 15))), volts(3, 725, [9]))
    found = bench.voltage("car-1")
    assert len(found) == 176
    assert found[:4] == [10, 11, 12, 13]
    bench.process(volts(4, 300, [8]))
    assert bench.voltage("car-1") == [8]


def test_a_batch_of_hours_is_stepped_through_without_missing_a_minute(bench: Bench) -> None:
    values = [13.0] * 200 + [11.5] * 40 + [13.0] * 360
    steps = bench.process(volts(1, 3600, values))
    assert len(steps) <= 12
    seen = max(int((block.signal("control_module_voltage") < 12).sum()) for _, block in steps)
    assert seen == 40
    assert all((np.diff([max(step.ends).timestamp() for step, _ in steps])) > 0)


@pytest.mark.parametrize("seed", range(6))
def test_quiet_cars_go_through_at_once_and_no_window_that_shows_something_is_left_out(
    database: Database, archive: Archive, bench: Bench, seed: int
) -> None:
    """Step by step or at once: the same windows show a low voltage, and all windows end the same."""
    rng = np.random.default_rng(seed)
    at_once = Windows(archive)
    given: list[tuple[list[object], list[object]]] = []

    def low(readings: Callable[[str], FloatArray]) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = (readings("control_module_voltage") < 12).any(axis=0)
        return found

    def seen(steps: Iterator[WindowStep]) -> list[object]:
        found: list[object] = []
        for step in steps:
            for which in np.flatnonzero(low(step.readings)).tolist():
                values = step.block(np.array([which])).signal("control_module_voltage")[:, 0]
                found.append((step.vehicles[which], step.ends[which], values[~np.isnan(values)].tolist()))
        return found

    def watch(unit: UnitOfWork, batch: Batch) -> None:
        given.append((seen(bench.windows.advance(unit, batch)), seen(at_once.advance(unit, batch, low))))

    for number in range(6):
        messages = []
        for device in ("dev-1", "dev-2", "dev-3"):
            values = np.full(int(rng.integers(1, 400)), 13.0)
            values[rng.random(len(values)) < (0.01 if rng.random() < 0.3 else 0)] = 11.0
            messages.append(volts(number + 1, 3600 - 500 * number - int(rng.integers(100)), values.tolist(), device))
        bench.intake.process(messages, watch)
    assert any(one for one, _ in given)
    for one, other in given:
        assert sorted(one, key=str) == sorted(other, key=str)
    cars = ["car-1", "car-2", "car-3"]
    np.testing.assert_array_equal(bench.windows.block(cars).values, at_once.block(cars).values)


def test_late_rows_fill_gaps_and_never_replace(bench: Bench) -> None:
    bench.process(volts(2, 50, [13, float("nan"), 13]))
    bench.process(volts(1, 50, [1, 2, 3]))
    assert bench.voltage("car-1") == [13, 2, 13]


def test_retained_messages_stay_out(bench: Bench) -> None:
    assert bench.process(volts(1, 50, [13], retained=True)) == []
    assert bench.windows.block(["car-1"]).lengths.tolist() == [0]


def test_a_restart_finds_the_window_in_the_archive(bench: Bench, database: Database, archive: Archive) -> None:
    bench.process(volts(1, 500, [9.0] * 10), volts(2, 100, [13, 14]), volts(1, 90, [12], device="dev-2"))
    again = Bench(database, archive)
    again.process(volts(3, 97, [15]), volts(1, 40, [10], device="dev-3"))
    np.testing.assert_array_equal(again.voltage("car-1"), [13, 14, np.nan, 15])
    assert again.voltage("car-3") == [10]
    assert again.windows.block(["car-9", "car-3"]).lengths.tolist() == [0, 1]


def test_a_restart_keeps_what_two_messages_say_of_one_second_of_several_cars(
    bench: Bench, database: Database, archive: Archive
) -> None:
    for device in ("dev-1", "dev-2"):
        bench.process(volts(1, 10, [13], device=device))
    for device in ("dev-1", "dev-2"):
        later = NOON - 10 * SECOND + timedelta(milliseconds=500)
        bench.process(columns(2, later, device=device, boot=f"b{device}", engine_speed=[800]))
    again = Bench(database, archive)
    again.process(volts(3, 9, [14]), volts(3, 9, [14], device="dev-2"))
    assert again.voltage("car-1") == again.voltage("car-2") == [13, 14]


def test_of_a_shared_vehicle_each_worker_sees_what_the_other_stored(
    bench: Bench, database: Database, archive: Archive
) -> None:
    other = Bench(database, archive)
    bench.process(volts(1, 100, [13, 14]), volts(1, 100, [11], device="dev-2"))
    other.process(volts(2, 97, [15]))
    bench.windows.forget(["car-1", "car-9"])
    bench.process(volts(3, 96, [16]))
    np.testing.assert_array_equal(bench.voltage("car-1"), [13, 14, np.nan, 15, 16])
    assert bench.voltage("car-2") == [11]
    other.process(volts(4, 95, [17]))
    assert 16 not in other.voltage("car-1")  # what nobody forgets is not looked up
