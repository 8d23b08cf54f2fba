"""Firing, lambda loop and catalyst on hand-made trips, and what injected faults do to them."""

from dataclasses import replace

import numpy as np
import pytest

from diagnostics.baseline import compare
from diagnostics.features import SIGNALS
from diagnostics.held import Held
from diagnostics.measures.exhaust import exhaust
from diagnostics.modes import MODES, Normal
from ingest.readings import TripColumns, to_block
from simulators.injection import inject


def drive(seed: int = 0, seconds: int = 1800, wide: bool = False, warm: bool = True) -> TripColumns:
    """Stand for two minutes and cruise for three, in turns, with a front sensor that switches and a still rear one."""
    rng = np.random.default_rng(seed)
    t_s = np.arange(seconds, dtype=np.float64)
    stands = t_s % 300 < 120
    noise = {name: rng.standard_normal(seconds) for name in ("speed", "trim", "front", "rear")}
    signals = {
        "engine_speed": np.where(stands, 750.0, 2000.0) + 5 * noise["speed"],
        "vehicle_speed": np.where(stands, 0.0, 70.0),
        "engine_load": np.where(stands, 28.0, 45.0),
        "coolant_temperature": np.full(seconds, 90.0 if warm else 40.0),
        "control_module_voltage": np.full(seconds, 14.0),
        "short_term_fuel_trim_1": 1.2 * noise["trim"],
        "long_term_fuel_trim_1": np.full(seconds, 2.0),
        "oxygen_sensor_b1s2_voltage": 0.7 + 0.01 * noise["rear"],
        "mass_air_flow": np.where(stands, 3.0, 15.0),
        "catalyst_temperature_b1s1": np.full(seconds, 560.0),
    }
    if wide:
        signals["oxygen_sensor_b1s1_lambda"] = 1 + 0.005 * noise["front"]
    else:
        signals["oxygen_sensor_b1s1_voltage"] = 0.45 + 0.38 * np.sign(noise["front"])
    columns = {name: values.astype(np.float32) for name, values in signals.items()}
    return TripColumns("car", f"boot{seed}", None, t_s, columns)


def shown(*trips: TripColumns) -> dict[str, np.ndarray]:
    return dict(Held(to_block(trips, SIGNALS)).once(exhaust))


def with_signal(trip: TripColumns, name: str, values: np.ndarray) -> TripColumns:
    return replace(trip, signals={**trip.signals, name: values.astype(np.float32)})


def test_noise_of_the_engine_speed_is_told_in_its_own_spread() -> None:
    told = shown(drive())
    # A reading less the mean of its neighbours varies by the root of 1.5 times as much.
    assert np.exp(told["idle_roughness"][0]) == pytest.approx(5 * 1.5**0.5, rel=0.1)
    assert np.exp(told["drive_roughness"][0]) == pytest.approx(2.5 * 1.5**0.5, rel=0.1)
    assert abs(told["idle_dips"][0]) < 1.5


def test_dips_are_told_from_a_consumer_that_is_switched() -> None:
    plain = drive()
    speed, stands = plain.signals["engine_speed"].copy(), plain.signals["vehicle_speed"] == 0
    switched = np.where(stands & (plain.t_s % 60 < 30), 40.0, 0.0)
    dipped = np.where(stands & (plain.t_s % 7 == 0), -40.0, 0.0)
    told = shown(plain, *(with_signal(plain, "engine_speed", speed + change) for change in (switched, dipped)))
    assert told["idle_dips"][1] == pytest.approx(told["idle_dips"][0], abs=1.5)
    assert told["idle_dips"][2] > told["idle_dips"][0] + 10


def test_a_trim_asked_for_every_five_seconds_swings_no_less() -> None:
    plain = drive(seconds=3600)
    thin = np.where(plain.t_s % 5 == 0, plain.signals["short_term_fuel_trim_1"], np.nan)
    told = shown(plain, with_signal(plain, "short_term_fuel_trim_1", thin))
    assert told["trim_swing"][0] == pytest.approx(1.2, rel=0.1)
    assert told["trim_swing"][1] == pytest.approx(told["trim_swing"][0], rel=0.25)


def test_a_logger_that_repeats_its_replies_hides_no_noise() -> None:
    plain = drive(seconds=3600)
    held = plain.t_s.astype(int) // 2 * 2
    repeated = replace(plain, signals={name: values[held] for name, values in plain.signals.items()})
    told = shown(plain, repeated)
    for name in ("trim_swing", "idle_roughness", "rear_swing"):
        assert told[name][1] == pytest.approx(told[name][0], rel=0.2, abs=0.1), name


def test_a_cold_engine_says_nothing_of_loop_and_catalyst() -> None:
    told = shown(drive(warm=False))
    assert np.isnan([told[name][0] for name in ("trim_swing", "trim_level", "rear_swing")]).all()
    assert told["rear_s"][0] == 0
    assert told["turning_s"][0] > 0


def test_a_plug_that_fails_cold_shows_in_the_trim_before_the_engine_is_warm() -> None:
    plain = drive(seconds=1200)
    cold = plain.t_s < 400
    warming = with_signal(plain, "coolant_temperature", np.where(cold, 40.0, 90.0))
    sick = with_signal(warming, "short_term_fuel_trim_1", plain.signals["short_term_fuel_trim_1"] + 6.0 * cold)
    assert shown(plain, warming, sick)["trim_cold"] == pytest.approx([np.nan, 0, 6], abs=0.5, nan_ok=True)


def test_one_sign_alone_is_no_misfire_and_five_are() -> None:
    mode = MODES["misfire"]
    healthy = np.array([[np.mean(measure.healthy) for measure in mode.measures]] * 3, dtype=np.float32)
    wander = np.array([[measure.wander for measure in mode.measures]] * 3, dtype=np.float32)
    alone, many = healthy.copy(), wander * np.array([[0], [0], [2.5]], dtype=np.float32) + healthy
    alone[1, [measure.name for measure in mode.measures].index("trim_level")] += 20
    values = np.stack([healthy[0], alone[1], many[2]])
    quiet, one, all_ = mode.rule(mode.compare(values, Normal(healthy, wander, np.full_like(wander, 20))))
    assert quiet < 0.01
    assert one < 2
    assert all_ > 5


CASES = (
    ("misfire", "trim_level", False),
    ("misfire", "catalyst_above", True),
    ("upstream_oxygen_sensor", "trim_swing", False),
    ("catalyst", "rear_swing", False),
    ("catalyst", "rear_swing", True),
)


@pytest.mark.parametrize(("fault", "name", "wide"), CASES)
def test_the_injected_fault_moves_its_own_measure(fault: str, name: str, wide: bool) -> None:
    mode, trips = MODES[fault], [drive(seed, wide=wide) for seed in range(6)]
    sick = [inject(drive(9, wide=wide), fault, 1.0, np.random.default_rng(seed)) for seed in range(9)]
    column = [measure.name for measure in mode.measures].index(name)
    wander = mode.measures[column].wander
    values = mode.measure(Held(to_block([*trips, *sick], SIGNALS))).values[:, column]
    assert np.ptp(values[:6]) < 2 * wander
    assert np.median(values[6:]) > values[:6].max() + wander


def test_restlessness_is_told_in_rpm() -> None:
    mode, trips = MODES["misfire"], [drive(seed) for seed in range(4)]
    rough = with_signal(trips[3], "engine_speed", trips[3].signals["engine_speed"] * 3 - 2 * np.where(
        trips[3].signals["vehicle_speed"] == 0, 750, 2000))  # fmt: skip
    answer = mode.measure(Held(to_block([*trips[:3], rough], SIGNALS)))
    normal = compare(mode, answer, np.zeros(4, dtype=np.int64), np.arange(4) * 30_000.0).normal
    reasons = {it.residual: it for it in mode.evidence(answer.values[3], normal.expected[3], normal.own[3])}
    told = reasons["idle_roughness"]
    assert told.unit == "rpm"
    assert told.value == pytest.approx(18.4, rel=0.15)
    assert told.expected == pytest.approx(6.1**0.75 * 18.4**0.25, rel=0.15)  # three own trips, drawn to the healthy
    assert told.text_en.startswith("Restlessness of the idle speed 1")
