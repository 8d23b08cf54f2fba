"""Real trips of two cars: healthy ones stay within the spreads of their own trips, injected faults rise over them."""

from pathlib import Path

import numpy as np
import pytest

from diagnostics.baseline import compare
from diagnostics.features import SIGNALS
from diagnostics.held import Held
from diagnostics.modes import MODES
from ingest.readings import TripColumns, to_block
from ingest.trips import read_trip
from simulators.injection import inject

FAULTS = ("thermostat_stuck_closed", "coolant_leak", "water_pump", "coolant_sensor")
SICK = 6


@pytest.fixture(scope="module", params=["carobd", "kit"])
def trips(shared: Path, request: pytest.FixtureRequest) -> list[TripColumns]:
    """Thirty trips of one car, in an order of no season."""
    found = sorted((shared / "data/trips" / request.param).glob("*.parquet"))
    chosen = np.random.default_rng(3).permutation(len(found))[:30]
    read = [read_trip(found[index]).columns for index in chosen]
    return [trip for trip in read if np.nanmean(trip.signals["vehicle_speed"]) > 5][:22]


def residuals(trips: list[TripColumns]) -> dict[str, np.ndarray]:
    """Give per fault the largest residual of each trip, in spreads."""
    held, found = Held(to_block(trips, SIGNALS)), {}
    for fault in (*FAULTS, "cooling_fan"):
        mode = MODES[fault]
        seen = compare(
            mode, mode.measure(held), np.zeros(len(trips), dtype=np.int64), np.arange(len(trips)) * 2e5
        ).features
        scaled = [column for column, feature in enumerate(mode.features) if feature.name.endswith("_scaled")]
        found[fault] = np.nan_to_num(seen[:, scaled]).max(axis=1)
    return found


def test_healthy_trips_stay_within_their_spreads(trips: list[TripColumns]) -> None:
    for fault, largest in residuals(trips).items():
        assert np.median(largest) < 1.5, fault
        assert np.sort(largest)[-3] < 5, fault  # never three of five
        lasting = np.sort(np.lib.stride_tricks.sliding_window_view(largest, 5), axis=1)[:, 2]
        assert lasting.max() < 3.5, fault


@pytest.mark.parametrize("fault", FAULTS)
def test_injected_faults_rise(trips: list[TripColumns], fault: str) -> None:
    sick = [inject(trip, fault, 1.2, np.random.default_rng([2, n])) for n, trip in enumerate(trips[-SICK:])]
    before, after = residuals(trips)[fault][-SICK:], residuals([*trips[:-SICK], *sick])[fault][-SICK:]
    assert np.median(after) > max(4.0, 2 * np.median(before))
    for untouched, changed in zip(trips[-SICK:], sick, strict=True):
        given, new = (it.signals["coolant_temperature"] for it in (untouched, changed))
        assert (np.isnan(given) == np.isnan(new)).all()
