"""A fault put into a recorded trip changes what it must and nothing else."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ingest.readings import TripColumns
from ingest.trips import read_trip
from simulators.faults import AlternatorShape
from simulators.injection import draw_history, inject


@pytest.fixture
def trip() -> TripColumns:
    """600 s at 2 Hz, each reply repeated in four rows; key on for 20 s, then idle, then a drive, then the key off."""
    rng = np.random.default_rng(4)
    t_s = np.arange(1200) / 2
    fresh = np.arange(1200) // 4 * 4
    turning = np.select([t_s < 20, t_s < 300, t_s < 590], [0, 750, 2200], 0) + rng.normal(0, 8, 1200) * (t_s >= 20)
    turning = np.where((t_s < 20) | (t_s >= 590), 0, turning)[fresh]
    voltage = (np.where(turning > 0, 14.1, 12.5) + rng.normal(0, 0.03, 1200))[fresh]
    signals = {
        "engine_speed": turning.astype(np.float32),
        "control_module_voltage": np.round(voltage, 3).astype(np.float32),
        "vehicle_speed": np.where(t_s < 300, 0, 60).astype(np.float32),
    }
    return TripColumns("v", "b", None, t_s, signals)


def volts(trip: TripColumns) -> np.ndarray:
    return trip.signals["control_module_voltage"].astype(float)


def means(make: Callable[[int], TripColumns], rows: np.ndarray) -> float:
    """The mean over many cars, because each injection draws its own."""
    return float(np.mean([volts(make(seed))[rows].mean() for seed in range(12)]))


def test_severity_nought_changes_nothing(trip: TripColumns) -> None:
    assert inject(trip, "alternator", 0.0, np.random.default_rng(1)) == trip


@pytest.mark.parametrize("shape", list(AlternatorShape))
def test_only_voltages_read_with_the_engine_running_change(trip: TripColumns, shape: AlternatorShape) -> None:
    sick = inject(trip, "alternator", 1.0, np.random.default_rng(1), shape)
    off = trip.signals["engine_speed"] == 0
    assert (volts(sick)[off] == volts(trip)[off]).all()
    assert (volts(sick)[~off] != volts(trip)[~off]).mean() > 0.95
    for name in ("engine_speed", "vehicle_speed"):
        assert sick.signals[name] is trip.signals[name]
    assert np.allclose(volts(sick) * 1000, np.rint(volts(sick) * 1000), atol=0.01)


def test_the_voltage_sags_with_severity_and_most_at_idle(trip: TripColumns) -> None:
    idle = (trip.t_s > 40) & (trip.t_s < 290)
    drive = (trip.t_s > 310) & (trip.t_s < 580)
    sag = [
        means(lambda seed, s=severity: inject(trip, "alternator", s, np.random.default_rng(seed)), idle)
        for severity in (0.0, 0.3, 0.7, 1.0)
    ]
    assert sag == sorted(sag, reverse=True)
    assert 0.5 < sag[0] - sag[-1] <= 1.65
    driven = means(lambda seed: inject(trip, "alternator", 1.0, np.random.default_rng(seed)), drive)
    assert sag[-1] < driven - 0.2


def test_a_failed_regulator_lifts_the_voltage(trip: TripColumns) -> None:
    sick = inject(trip, "alternator", 0.8, np.random.default_rng(1), AlternatorShape.OVERVOLTAGE)
    running = (trip.t_s > 40) & (trip.t_s < 580)
    assert np.allclose(volts(sick)[running] - volts(trip)[running], 1.2, atol=0.002)


def test_rows_that_repeat_a_reply_still_repeat_it(trip: TripColumns) -> None:
    sick = volts(inject(trip, "alternator", 1.0, np.random.default_rng(1)))
    inside = slice(100, 1100)
    assert np.mean(np.diff(sick)[inside] != 0) == pytest.approx(0.25, abs=0.02)


def test_missing_readings_stay_missing(trip: TripColumns) -> None:
    holes = trip.signals["control_module_voltage"].copy()
    holes[::3] = np.nan
    thin = TripColumns("v", "b", None, trip.t_s, {**trip.signals, "control_module_voltage": holes})
    sick = inject(thin, "alternator", 1.0, np.random.default_rng(1))
    assert (np.isnan(volts(sick)) == np.isnan(holes)).all()


def test_what_cannot_be_injected_is_refused(trip: TripColumns) -> None:
    rng = np.random.default_rng(1)
    with pytest.raises(ValueError, match="only simulated"):
        inject(trip, "battery_12v", 0.5, rng)
    with pytest.raises(ValueError, match="no fault"):
        inject(trip, "gremlins", 0.5, rng)
    with pytest.raises(ValueError, match="outside"):
        inject(trip, "alternator", 1.6, rng)
    blind = TripColumns("v", "b", None, trip.t_s, {"engine_speed": trip.signals["engine_speed"]})
    with pytest.raises(ValueError, match="control_module_voltage"):
        inject(blind, "alternator", 0.5, rng)


def test_the_same_seed_injects_the_same_bytes(trip: TripColumns) -> None:
    once, again = (inject(trip, "alternator", 0.6, np.random.default_rng(9)) for _ in range(2))
    assert volts(once).tobytes() == volts(again).tobytes()


def test_a_real_trip_keeps_its_shape(shared: Path) -> None:
    real = read_trip(shared / "data" / "trips" / "carobd" / "live1.parquet").columns
    sick = inject(real, "alternator", 1.0, np.random.default_rng(3))
    off = real.signals["engine_speed"] == 0
    assert (volts(sick)[off] == volts(real)[off]).all()
    running = real.signals["engine_run_time"] > 30
    assert volts(sick)[running].mean() < volts(real)[running].mean() - 0.3
    assert np.mean(np.diff(volts(sick)) != 0) < 0.45  # replies are still repeated for three to four rows


def test_severities_grow_and_most_trips_are_healthy() -> None:
    history = draw_history(np.random.default_rng(5), 2000, 20)
    severity = history.severity["alternator"]
    sick = severity.max(axis=1) > 0
    assert 0.35 < sick.mean() < 0.5
    assert (severity[:, 0] == 0).mean() > 0.85
    assert severity.max() <= 1.5
    gradual = (np.diff(severity, axis=1) >= 0).all(axis=1) & sick
    assert gradual.sum() / sick.sum() > 0.75
    both = (severity.max(axis=1) > 0) & (history.severity["battery_12v"].max(axis=1) > 0)
    assert 0.02 < both.sum() / sick.sum() < 0.15
