"""Firing, lambda loop, battery and starter on the real trips: a healthy car stays calm, a fault put into it shows."""

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

OWN = 12  # trips before the fault


@pytest.fixture(scope="module")
def etios(shared: Path) -> list[TripColumns]:
    """All trips of the Toyota, in the order in which they were driven."""
    trips = [read_trip(path).columns for path in sorted((shared / "data/trips/carobd").glob("*.parquet"))]
    return sorted(trips, key=lambda trip: float(trip.signals["time_since_dtc_clear"][0]))


def rules(trips: list[TripColumns], fault: str) -> FloatArray:
    """Give the residual rule of the trips behind the first `OWN` that the mode may judge."""
    mode, numbers = MODES[fault], np.arange(len(trips))
    answer = mode.measure(Held(to_block(trips, SIGNALS)))
    seen = compare(mode, answer, np.zeros_like(numbers), numbers * 30_000.0).seen
    return mode.rule(seen)[(answer.observed_s >= mode.least_s) & (numbers >= OWN)]


# Median and nine tenths of a healthy car; how often a trip with the fault stands above one without. The trips of this
# car are told every two seconds: its starter hardly shows, and its front sensor is not told at all.
CASES = (
    ("misfire", 1.2, 2.5, 0.78),
    ("battery_12v", 1.4, 3.2, 0.72),
    ("starter", 0.5, 2.5, 0.60),
    ("upstream_oxygen_sensor", 0.5, 1.5, 0.5),
)


@pytest.mark.parametrize(("fault", "middle", "high", "above"), CASES)
def test_a_healthy_car_stays_calm_and_a_fault_in_it_shows(
    etios: list[TripColumns], fault: str, middle: float, high: float, above: float
) -> None:
    healthy = rules(etios, fault)
    assert np.median(healthy) < middle
    assert np.percentile(healthy, 90) < high
    pairs = enumerate(etios)
    sick = rules([trip if i < OWN else inject(trip, fault, 1.0, np.random.default_rng(i)) for i, trip in pairs], fault)
    assert np.mean(sick[:, None] > healthy[None]) > above


def test_a_diesel_that_tells_neither_trim_nor_voltage_is_calm(shared: Path) -> None:
    trips = [read_trip(path).columns for path in sorted((shared / "data/trips/kit").glob("*.parquet"))]
    answer = MODES["misfire"].measure(Held(to_block(trips, SIGNALS)))
    names = [measure.name for measure in MODES["misfire"].measures]
    roughness = answer.values[:, names.index("idle_roughness")]
    assert np.nanstd(roughness) < 0.35
    assert np.isnan(answer.values[:, names.index("trim_swing")]).all()
