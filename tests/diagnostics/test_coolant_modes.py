"""The coolant's modes on hand-made trips, and on trips of the simulated car with and without each fault."""

from dataclasses import replace

import numpy as np
import pytest

from diagnostics.features import SIGNALS
from diagnostics.held import Held
from diagnostics.measures.coolant import coolant
from diagnostics.modes import MODES
from ingest.readings import Block, TripColumns, to_block
from simulators.conditions import calendar, draw_conditions
from simulators.cycles import splice
from simulators.faults import Faults
from simulators.population import draw_cars
from simulators.vehicle import simulate
from tests.diagnostics.cars import block, drive

SIX = (
    "thermostat_stuck_open", "thermostat_stuck_closed", "coolant_leak", "water_pump", "cooling_fan", "coolant_sensor",
)  # fmt: skip
CARS = 40


def told(*trips: TripColumns) -> dict[str, np.ndarray]:
    return dict(coolant(Held(block(*trips))))


def with_coolant(trip: TripColumns, read: np.ndarray, **signals: float) -> TripColumns:
    more = {name: np.full(len(trip.t_s), value, dtype=np.float32) for name, value in signals.items()}
    return replace(trip, signals={**trip.signals, "coolant_temperature": read.astype(np.float32), **more})


def hot(seconds: int = 900, top: float = 118.0, per_s: float = 0.1) -> np.ndarray:
    return np.minimum(90 + per_s * np.arange(seconds), top)


def simulated(fault: str = "", severity: float = 0.0, ambient: float = 30.0, **shape: float) -> Block:
    """Give half-hour trips from cold of cars without heated thermostats; all that is drawn is the same each time."""
    rng = np.random.default_rng(4)
    cars = draw_cars(rng, CARS)
    cars.values["map_thermostat"][:] = 0
    start = calendar(rng, CARS, 1, np.datetime64("2025-01-01T00:00:00", "s"), 2.0).ravel()
    whole = np.full(CARS, 1800, dtype=np.int64)
    conditions = replace(
        draw_conditions(rng, cars, start), ambient=np.full(CARS, ambient, np.float32), duration_s=whole,
        soak_h=np.full(CARS, 12, np.float32),
    )  # fmt: skip
    speed = splice(rng, whole, conditions.key_on_s + 3, conditions.key_off_s)
    faults = Faults.healthy(CARS)
    faults = faults.with_fault(fault, severity).shaped(**shape) if fault else faults
    return simulate(cars, speed, conditions, faults, np.random.default_rng(5))


def shift(name: str, fault: str, severity: float = 1.0, **shape: float) -> float:
    """Give the median by which a fault moves a measure of the trips that show it both ways."""
    sound, sick = (coolant(Held(simulated(*it, **shape)))[name] for it in ((), (fault, severity)))
    return float(np.nanmedian(sick - sound))


@pytest.mark.parametrize(
    ("fault", "shape", "measure", "least"),
    [
        ("thermostat_stuck_open", {}, "heating", -0.3),
        ("thermostat_stuck_closed", {}, "hottest", 4.0),
        ("thermostat_stuck_closed", {}, "regulated_top", 8.0),
        ("coolant_leak", {}, "heating", 0.3),
        ("coolant_leak", {}, "scatter", 1.0),
        ("water_pump", {}, "slow_engine_rise", 1.0),
        ("water_pump", {}, "regulated_often", 4.0),
        ("water_pump", {}, "oil_below", -0.5),
        ("water_pump", {"pump_electric": 1.0}, "regulated", 1.0),
        ("coolant_sensor", {}, "regulated", 10.0),
        ("coolant_sensor", {"sensor_low": 1.0}, "level", -10.0),
        ("coolant_sensor", {"sensor_low": 1.0}, "regulated_flowing", -10.0),
        ("coolant_sensor", {"sensor_drops": 1.0}, "wrong", 3.0),
    ],
)
def test_each_fault_of_the_simulated_car_moves_its_measure(
    fault: str, shape: dict[str, float], measure: str, least: float
) -> None:
    assert shift(measure, fault, **shape) / least > 1


def test_a_sensor_polled_twice_a_minute_is_observed_all_the_time() -> None:
    read = np.where(np.arange(600) % 30 == 0, 88.0, np.nan)
    assert told(with_coolant(drive(88.0, 600), read))["reading_s"][0] > 550


def test_what_the_physics_separates_stays() -> None:
    assert abs(shift("heating", "coolant_sensor")) < 0.22  # an offset hardly changes the pace
    assert abs(shift("scatter", "thermostat_stuck_closed")) < 0.1
    assert shift("wrong", "coolant_leak") < 3
    assert abs(shift("regulated", "cooling_fan")) < 0.3  # the road has its own wind


def test_a_dead_fan_is_hot_at_a_standstill_alone() -> None:
    t_s = np.arange(1500)
    parked = np.where(t_s > 900, 0.0, 60.0)
    climbing = np.where(t_s > 900, np.minimum(88 + (t_s - 900) / 30, 108), 88.0)
    shown = told(*[
        with_coolant(replace(drive(88.0, 1500), signals={**drive(88.0, 1500).signals, "vehicle_speed": parked}), read)
        for read in (climbing, np.full(1500, 88.0))
    ])  # fmt: skip
    assert shown["standing_rise"][0] > 14
    assert abs(shown["standing_rise"][1]) < 2
    assert shown["regulated"][0] == pytest.approx(shown["regulated"][1], abs=0.1)


def test_one_mode_alone_claims_an_overheated_engine() -> None:
    driven = with_coolant(drive(88.0, 900), hot(), vehicle_speed=70.0)
    standing = with_coolant(drive(88.0, 900), hot(), vehicle_speed=0.0)
    held = Held(block(driven, standing, drive(88.0)))
    stops = {fault: np.isfinite(MODES[fault].stop(held).at_s).tolist() for fault in SIX}
    assert stops.pop("thermostat_stuck_closed") == [True, False, False]
    assert stops.pop("cooling_fan") == [False, True, False]
    assert not np.any(list(stops.values()))
    at, value = (MODES["thermostat_stuck_closed"].stop(held).at_s[0], MODES["cooling_fan"].stop(held).value[1])
    assert at == pytest.approx(250 + 10, abs=3)  # 115 degC after 250 s, ten seconds of it
    assert "degC" in MODES["cooling_fan"].stop_evidence(float(value)).text_en


def test_a_leap_of_the_sensor_stops_nobody_and_moves_no_level() -> None:
    read = np.full(900, 88.0)
    read[300:] = 125
    lost = np.where(np.arange(900) % 50 == 7, -40.0, 88.0)
    leapt, dropping = (with_coolant(drive(88.0, 900), it) for it in (read, lost))
    shown = told(leapt, dropping, drive(88.0, 900))
    assert np.isnan(shown["stop_value"]).all()
    assert shown["regulated"][1] == pytest.approx(shown["regulated"][2], abs=0.1)
    assert shown["wrong"][1] > 15
    assert shown["wrong"][2] == 0


def test_without_coolant_nothing_is_observed_and_without_speed_only_the_sensor_is() -> None:
    none = with_coolant(drive(88.0), np.full(1800, np.nan))
    unmoved = with_coolant(drive(88.0), np.full(1800, 88.0), vehicle_speed=np.nan)
    for fault in SIX:
        seen = MODES[fault].measure(Held(block(none, unmoved))).observed_s
        assert seen[0] == 0
        assert (seen[1] > 0) == (fault == "coolant_sensor")


def test_a_trip_measures_the_same_alone_and_beside_others() -> None:
    truth = simulated()
    for fault in SIX:
        all_of_them = MODES[fault].measure(Held(truth)).values[7]
        alone = MODES[fault].measure(Held(replace(truth, values=truth.values[:, :, 7:8], lengths=truth.lengths[7:8])))
        np.testing.assert_array_equal(alone.values[0], all_of_them)


def test_words_are_there_in_both_languages_for_every_measure_with_a_direction() -> None:
    values = to_block([drive(88.0)], SIGNALS)
    for fault in SIX[1:]:
        mode = MODES[fault]
        shown = mode.measure(Held(values)).values[0]
        expected = np.array([it.healthy[0] for it in mode.measures], dtype=np.float32)
        far = expected + np.array([9 * it.wander * it.direction for it in mode.measures], dtype=np.float32)
        reasons = mode.evidence(far, expected, np.ones_like(shown))
        assert len(reasons) == min(3, sum(it.direction != 0 for it in mode.measures))
        assert all("本车平时" in reason.text_zh and "normal" in reason.text_en for reason in reasons)
