"""A fault put into a recorded trip changes what it must and nothing else."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from diagnostics.faults import FAULTS
from ingest.readings import TripColumns
from ingest.signals import SIGNALS
from ingest.trips import read_trip
from simulators.faults import AlternatorShape
from simulators.injection import draw_history, inject
from simulators.injections import INJECTIONS


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


@pytest.mark.parametrize("fault", INJECTIONS)
def test_a_file_of_the_folder_is_called_as_its_fault_and_needs_known_signals(fault: str) -> None:
    assert fault in FAULTS
    assert INJECTIONS[fault].NEEDS
    assert {name for group in INJECTIONS[fault].NEEDS for name in group} <= set(SIGNALS)


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
        inject(trip, "egr_stuck_open", 0.5, rng)
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


WARM_UP = ("coolant_temperature", "intake_air_temperature")
TRIMS = ("short_term_fuel_trim_1", "long_term_fuel_trim_1")


@pytest.fixture
def drive() -> TripColumns:
    """1500 s at 2 Hz, each reply repeated in four rows: a cold start at 20 degC, idle, half speed, then ever faster."""
    rng = np.random.default_rng(4)
    fresh = np.arange(3000) // 4 * 4
    t_s = np.arange(3000) / 2
    speed = np.select([t_s < 200, t_s < 1000], [0, 50], 50 + (t_s - 1000) / 7)
    turning = np.where(t_s < 200, 750, 1200 + 16 * speed) + rng.normal(0, 8, 3000)
    signals = {
        "engine_speed": turning[fresh],
        "vehicle_speed": np.rint(speed)[fresh],
        "intake_manifold_pressure": np.rint(np.where(t_s < 200, 31, 40 + 0.75 * np.clip(speed - 50, 0, None)))[fresh],
        "coolant_temperature": np.rint(np.minimum(20 + t_s * 0.13, 88))[fresh],
        "intake_air_temperature": np.rint(np.minimum(20 + t_s * 0.03, 34))[fresh],
        "ambient_air_temperature": np.full(3000, 20.0),
        "short_term_fuel_trim_1": np.rint(rng.normal(0, 2, 3000)[fresh] * 1.28) / 1.28,
        "long_term_fuel_trim_1": np.full(3000, -1.5625),
    }
    return TripColumns("v", "b", None, t_s, {name: values.astype(np.float32) for name, values in signals.items()})


def unchanged(sick: TripColumns, well: TripColumns, but: tuple[str, ...]) -> bool:
    return all(sick.signals[name] is well.signals[name] for name in well.signals if name not in but)


def test_a_leaking_thermostat_cools_coolant_and_intake_air_together(drive: TripColumns) -> None:
    ends = []
    for severity in (0.0, 0.2, 0.5, 1.0):
        sick = inject(drive, "thermostat_stuck_open", severity, np.random.default_rng(2))
        assert unchanged(sick, drive, WARM_UP)
        ends.append(float(sick.signals["coolant_temperature"][2000]))
        assert (sick.signals["coolant_temperature"] >= 20).all()
        assert (sick.signals["coolant_temperature"] % 1 == 0).all()
    assert ends == sorted(ends, reverse=True)
    assert ends[1] > 82  # a small leak costs time, not temperature (F01)
    assert 50 < ends[3] < 72  # F01: 64 degC at 23 degC
    cooled = drive.signals["intake_air_temperature"] - sick.signals["intake_air_temperature"]
    assert 0 < cooled.max() < 12


def test_a_small_leak_is_seen_in_the_time_to_get_warm(drive: TripColumns) -> None:
    def seconds_to_75(trip: TripColumns) -> float:
        return float(trip.t_s[np.argmax(trip.signals["coolant_temperature"] >= 75)])

    late = seconds_to_75(inject(drive, "thermostat_stuck_open", 0.25, np.random.default_rng(2)))
    assert 1.05 < late / seconds_to_75(drive) < 1.8


@pytest.mark.parametrize("severity", [0.4, 1.0])
def test_a_weak_pump_lifts_the_trims_where_much_fuel_flows(drive: TripColumns, severity: float) -> None:
    rises = []
    for seed in range(8):
        sick = inject(drive, "fuel_pump", severity, np.random.default_rng(seed))
        assert unchanged(sick, drive, TRIMS)
        assert all(np.abs(sick.signals[name]).max() <= 25 for name in TRIMS)
        rise = sum(sick.signals[name] - drive.signals[name] for name in TRIMS)
        bands = (drive.t_s > 60) & (drive.t_s < 190), (drive.t_s > 500) & (drive.t_s < 900), drive.t_s > 1450
        rises.append([float(rise[band].mean()) for band in bands])
    idle, middle, high = np.mean(rises, axis=0)
    assert abs(idle) < (0.3 if severity < 1 else 5)
    assert idle - 0.3 < middle < high
    assert (high > 1 and middle < 1) if severity < 1 else (high > 20 and middle > 5)


@pytest.mark.parametrize(("fault", "moved"), [("thermostat_stuck_open", WARM_UP[0]), ("fuel_pump", TRIMS[0])])
def test_readings_keep_their_rows(drive: TripColumns, fault: str, moved: str) -> None:
    holes = drive.signals[moved].copy()
    holes[1::3] = np.nan
    for trip in (drive, TripColumns("v", "b", None, drive.t_s, {**drive.signals, moved: holes})):
        sick = inject(trip, fault, 1.0, np.random.default_rng(1)).signals[moved]
        assert (np.isnan(sick) == np.isnan(trip.signals[moved])).all()
    whole = inject(drive, fault, 1.0, np.random.default_rng(1)).signals[moved]
    assert (np.diff(whole)[np.arange(2999) % 4 != 3] == 0).mean() > 0.98
    again = inject(drive, fault, 1.0, np.random.default_rng(1)).signals[moved]
    assert whole.tobytes() == again.tobytes()


def test_what_a_fault_needs_is_named(drive: TripColumns) -> None:
    def without(*names: str) -> TripColumns:
        kept = {name: values for name, values in drive.signals.items() if name not in names}
        return TripColumns("v", "b", None, drive.t_s, kept)

    rng = np.random.default_rng(1)
    with pytest.raises(ValueError, match="ambient_air_temperature or intake_air_temperature"):
        inject(without("ambient_air_temperature", "intake_air_temperature"), "thermostat_stuck_open", 0.5, rng)
    with pytest.raises(ValueError, match="mass_air_flow or intake_manifold_pressure"):
        inject(without("intake_manifold_pressure"), "fuel_pump", 0.5, rng)
    bare = inject(without("intake_manifold_pressure"), "thermostat_stuck_open", 1.0, rng)
    assert bare.signals["coolant_temperature"][-1] <= 80


@pytest.mark.parametrize("name", ["live1", "live25", "drive12"])
def test_the_real_etios_with_its_thermostat_stuck_ends_cold(shared: Path, name: str) -> None:
    real = read_trip(shared / "data" / "trips" / "carobd" / f"{name}.parquet").columns
    small, sick = (inject(real, "thermostat_stuck_open", s, np.random.default_rng(3)) for s in (0.1, 1.0))
    assert small.signals["coolant_temperature"][-1] >= real.signals["coolant_temperature"][-1] - 3
    assert 52 < sick.signals["coolant_temperature"][-200:].mean() < 72  # F01: 64 degC at 23 degC, the end of a WLTC
    steps = [np.mean(np.diff(it.signals["short_term_fuel_trim_1"]) != 0) for it in (real, sick)]
    assert steps[0] == steps[1]


def test_the_real_etios_with_a_weak_pump_runs_lean_where_much_fuel_flows(shared: Path) -> None:
    real = read_trip(shared / "data" / "trips" / "carobd" / "long1.parquet").columns
    flow = real.signals["engine_speed"] * real.signals["intake_manifold_pressure"]
    running = real.signals["engine_run_time"] > 60
    low, high = flow < np.percentile(flow[running], 40), flow > np.percentile(flow[running], 97)
    for severity, most_low, least_high in ((0.7, 1.0, 2.0), (1.0, 12.0, 18.0)):
        sick = inject(real, "fuel_pump", severity, np.random.default_rng(5))
        rise = sum(sick.signals[name] - real.signals[name] for name in TRIMS)
        assert rise[running & low].mean() < most_low
        assert rise[running & high].mean() > least_high
        assert np.mean(np.diff(sick.signals[TRIMS[0]]) != 0) < 0.45


def test_a_real_diesel_with_its_thermostat_stuck_ends_cold(shared: Path) -> None:
    name = "2017-07-05_Seat_Leon_RT_S_Stau"
    real = read_trip(shared / "data" / "trips" / "kit" / f"{name}.parquet").columns
    sick = inject(real, "thermostat_stuck_open", 1.0, np.random.default_rng(3))
    before, after = (it.signals["coolant_temperature"] for it in (real, sick))
    assert (np.isnan(before) == np.isnan(after)).all()
    assert np.nanmean(before[-5000:]) - np.nanmean(after[-5000:]) > 15
    with pytest.raises(ValueError, match="short_term_fuel_trim_1"):
        inject(real, "fuel_pump", 1.0, np.random.default_rng(3))
