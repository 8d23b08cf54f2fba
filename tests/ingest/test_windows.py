"""Windows hold the last three minutes of every car, also after a restart."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from foundation.database import Database, UnitOfWork
from ingest import registry
from ingest.archive import Archive
from ingest.arrived import Arrived
from ingest.batch import Batch
from ingest.intake import Intake
from ingest.readings import Block
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
