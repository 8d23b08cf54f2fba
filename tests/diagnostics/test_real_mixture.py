"""The real Etios, which meters by manifold pressure: healthy it stays low, with a fault put in the mode rises."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from diagnostics.baseline import compare
from diagnostics.features import SIGNALS
from diagnostics.held import Held
from diagnostics.modes import MODES
from ingest.readings import FloatArray, TripColumns, to_block
from ingest.trips import read_trip
from simulators.injection import inject


@pytest.fixture(scope="module")
def drives(shared: Path) -> list[TripColumns]:
    """Twenty trips on which the car moves, in the order in which they were driven."""
    trips = [read_trip(path).columns for path in sorted((shared / "data/trips/carobd").glob("*.parquet"))]
    moving = [trip for trip in trips if float(np.mean(trip.signals["vehicle_speed"] > 20)) > 0.2]
    return sorted(moving, key=lambda trip: float(trip.signals["time_since_dtc_clear"][0]))[:20]


def scores(fault: str, trips: Sequence[TripColumns]) -> FloatArray:
    mode = MODES[fault]
    answer = mode.measure(Held(to_block(trips, SIGNALS)))
    seen = compare(mode, answer, np.zeros(len(trips), dtype=np.int64), np.arange(len(trips)) * 8e4)
    return np.where(answer.observed_s >= mode.least_s, mode.rule(seen.features), np.float32(np.nan))[8:]


@pytest.mark.parametrize(
    ("fault", "severity"),
    [("vacuum_leak", 1.0), ("fuel_pump", 1.0), ("injector_clogged", 1.4), ("injector_leaking", 1.0), ("evap", 1.0)],
)
def test_a_fault_put_into_the_later_trips_stands_out(drives: list[TripColumns], fault: str, severity: float) -> None:
    healthy, risen = scores(fault, drives), []
    assert np.isfinite(healthy).mean() > 0.3
    for seed in range(5):  # one car and one shape of its fault each
        sick = [inject(trip, fault, severity, np.random.default_rng(seed)) for trip in drives[8:]]
        risen.append(np.nanmedian(scores(fault, [*drives[:8], *sick])))
    assert np.median(risen) > np.nanmedian(healthy) + 1.5
    assert np.nanmedian(healthy) < 3
