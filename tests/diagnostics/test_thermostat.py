"""The thermostat on hand-made trips: every number in them is known."""

from dataclasses import replace

import numpy as np
import pytest

from diagnostics.baseline import compare
from diagnostics.features import SIGNALS
from diagnostics.held import Held
from diagnostics.modes import Measured
from diagnostics.modes.thermostat_stuck_open import FEATURES, MODE
from ingest.readings import TripColumns, to_block
from ingest.vehicles import VehicleConfig
from tests.diagnostics.cars import block, drive
from tests.diagnostics.injections import coolant, leak

NAMES = [measure.name for measure in MODE.measures]
LEAKING = 0.35  # severity 1


def measured(columns: TripColumns) -> dict[str, float]:
    answer = MODE.measure(Held(block(columns)))
    return dict(zip(NAMES, answer.values[0].tolist(), strict=True)) | {"observed_s": float(answer.observed_s[0])}


def compared(*trips: TripColumns) -> dict[str, np.ndarray]:
    seen = compare(
        MODE, MODE.measure(Held(block(*trips))), np.zeros(len(trips), dtype=np.int64), np.arange(len(trips)) * 1e5
    )
    return {feature.name: seen.features[:, column] for column, feature in enumerate(FEATURES)} | {
        "rule": MODE.rule(seen.seen)
    }


def changed(columns: TripColumns, **signals: np.ndarray | float) -> TripColumns:
    rows = len(columns.t_s)
    new = {name: np.broadcast_to(np.float32(value), rows) for name, value in signals.items()}
    return replace(columns, signals={**columns.signals, **new})


def rising(seconds: int, begin: float, per_minute: float, top: float) -> np.ndarray:
    return np.minimum(begin + per_minute * np.arange(seconds) / 60, top)


def test_the_level_of_a_warm_drive_is_what_was_read() -> None:
    shown = measured(drive(88.0))
    assert shown["level"] == shown["level_moving"] == shown["level_low"] == 88
    assert shown["level_spread"] == 0
    assert shown["deficit"] < 0


def test_a_coolant_that_stays_cold_while_a_closed_thermostat_would_warm_it_is_a_low_level() -> None:
    shown = measured(drive(66.0))
    assert shown["level"] == 66
    assert shown["deficit"] == pytest.approx(72 - 66)
    assert 10 < shown["warm_minutes"] < 25  # it takes the closed observer some time to get there


def test_a_drive_too_short_for_the_observer_says_nothing_of_the_level() -> None:
    shown = measured(drive(66.0, seconds=300))
    assert np.isnan(shown["level"])
    assert shown["observed_s"] == 0


def test_twice_the_pace_is_twice_the_rate() -> None:
    slow, fast = (measured(drive(rising(1800, 20, pace, 88))) for pace in (6.0, 12.0))
    assert slow["warmup_pace"] == pytest.approx(10 / 6, rel=0.03)
    assert fast["warmup_pace"] == pytest.approx(10 / 12, rel=0.03)
    assert fast["warmup_rate"] - slow["warmup_rate"] == pytest.approx(np.log(2), abs=0.05)


def test_a_warm_up_that_never_gets_there_is_measured_as_far_as_it_goes() -> None:
    stuck = measured(drive(rising(1800, 20, 8, 58)))
    whole = measured(drive(rising(1800, 20, 8, 88)))
    assert stuck["warmup_rate"] < whole["warmup_rate"] - 1


def test_in_the_cold_a_heater_may_have_slowed_the_warm_up() -> None:
    warm, cold = (measured(drive(rising(1800, 20, 6, 88), ambient_air_temperature=ambient)) for ambient in (25.0, -5.0))
    assert warm["warmup_doubt"] == pytest.approx(0, abs=0.01)
    assert cold["warmup_doubt"] > 0.6


@pytest.mark.parametrize("heater_w", [0.0, 2000.0, 3000.0])
@pytest.mark.parametrize("ambient", [-15.0, 0.0, 15.0, 35.0])
def test_a_healthy_car_is_within_what_healthy_cars_do_in_every_season(ambient: float, heater_w: float) -> None:
    heater = heater_w if ambient < 18 else 0.0
    trips = [
        drive(coolant(drive(0.0, seconds=2400), start, ambient, heater_w=heater), ambient_air_temperature=ambient)
        for start in (ambient, 50.0, 70.0)
    ]
    assert compared(*trips)["rule"].tolist() == [0, 0, 0]


@pytest.mark.parametrize("ambient", [-10.0, 10.0, 30.0])
def test_a_leaking_thermostat_is_not(ambient: float) -> None:
    plain = drive(0.0, seconds=2400)
    sound = drive(coolant(plain, 40.0, ambient), ambient_air_temperature=ambient)
    sick = drive(coolant(plain, 40.0, ambient, opening=LEAKING), ambient_air_temperature=ambient)
    rule = compared(sound, sound, sound, sick)["rule"]
    assert rule[2] == 0
    assert rule[3] > 2


def test_a_thermostat_of_105_degrees_may_be_asked_for_86() -> None:
    features = compared(*[drive(104.0)] * 4, drive(86.0))
    assert features["level_drop"][4] == 0
    assert features["rule"][4] == 0


def test_a_level_below_this_cars_own_is_a_drop() -> None:
    features = compared(*[drive(88.0)] * 4, drive(75.0))
    assert features["level_drop"][4] == pytest.approx(85 - 75 - 2, abs=0.1)


def test_a_car_that_was_faulty_from_its_first_trip_on_is_still_too_cold() -> None:
    features = compared(*[drive(66.0)] * 5)
    assert (features["level_below"] == 77 - 66).all()


def test_an_intake_that_was_warmer_than_the_coolant_after_a_night_is_a_wrong_sensor() -> None:
    read = np.maximum(rising(1800, 20, 20, 88) - 15, 0)
    night = drive(read, intake_air_temperature=20.0, ambient_air_temperature=20.0)
    features = compared(*[drive(88.0)] * 4, night)
    assert features["start_below_air"][4] == pytest.approx(15 - 6, abs=0.1)
    assert features["level_drop"][4] == pytest.approx(85 - 73 - 2 - 9, abs=0.1)


def test_a_hot_restart_that_mixes_with_cold_water_is_no_deficit() -> None:
    seconds = np.arange(1200)
    mixing = np.interp(seconds, [0, 60, 300], [86, 64, 88])
    assert measured(drive(mixing))["deficit"] < 0


def test_a_hot_engine_idling_for_minutes_would_not_show_it() -> None:
    parked = changed(drive(88.0, seconds=420), vehicle_speed=0.0, engine_speed=760.0, ambient_air_temperature=38.0)
    assert measured(parked)["observed_s"] == 0


def test_the_warm_up_of_a_parked_car_is_left_out() -> None:
    warming = changed(drive(rising(900, 20, 6, 88)), vehicle_speed=0.0, engine_speed=760.0)
    assert np.isnan(measured(warming)["warmup_rate"])


def test_a_stop_at_a_light_with_the_engine_off_does_not_start_anew() -> None:
    running = drive(66.0, seconds=2400)
    stopping = (running.t_s % 240) < 30
    stop_start = changed(
        running,
        engine_speed=np.where(stopping, 0, running.signals["engine_speed"]),
        vehicle_speed=np.where(stopping, 0, running.signals["vehicle_speed"]),
    )
    assert measured(stop_start)["level"] == 66


def test_coolant_read_twice_a_minute_is_enough() -> None:
    columns = drive(66.0)
    sparse = np.where(columns.t_s % 30 == 0, columns.signals["coolant_temperature"], np.nan)
    assert measured(changed(columns, coolant_temperature=sparse))["level"] == 66


def test_without_a_reading_of_the_outside_the_intake_tells_it() -> None:
    columns = changed(drive(66.0), ambient_air_temperature=np.nan, intake_air_temperature=25.0)
    assert measured(columns)["level"] == 66


@pytest.mark.parametrize("missing", ["coolant_temperature", "engine_speed", "vehicle_speed"])
def test_without_a_minimum_signal_nothing_is_observed(missing: str) -> None:
    assert measured(changed(drive(66.0), **{missing: np.nan}))["observed_s"] == 0


def test_without_any_air_temperature_nothing_is_observed() -> None:
    columns = changed(drive(66.0), ambient_air_temperature=np.nan, intake_air_temperature=np.nan)
    assert measured(columns)["observed_s"] == 0


def test_the_evidence_is_in_words_of_both_languages_with_numbers() -> None:
    warming = [drive(rising(1800, 20, 12, 88))] * 4
    answer = MODE.measure(Held(block(*warming, drive(rising(1800, 20, 3, 66)))))
    normal = compare(MODE, answer, np.zeros(5, dtype=np.int64), np.arange(5) * 1e5).normal
    reasons = {reason.residual: reason for reason in MODE.evidence(answer.values[4], normal.expected[4], normal.own[4])}
    assert len(reasons) == 3
    level, pace = reasons["level"], reasons["warmup_rate"]
    minutes = round(float(answer.values[4][NAMES.index("warm_minutes")]))
    shown, normal_c = f"{level.value:.0f} degC", f"{level.expected:.0f} degC"
    assert level.text_en == f"Coolant at {shown} over {minutes} min of driving warm, this car's own normal {normal_c}"
    assert level.text_zh == f"热机行驶{minutes}分钟内冷却液温度{shown}，本车平时为{normal_c}"
    assert (pace.value, pace.unit) == (pytest.approx(9.0, abs=0.1), "min")
    assert pace.expected == pytest.approx(0.9, abs=0.3)
    assert MODE.evidence(answer.values[3], normal.expected[3], normal.own[3]) == ()


def test_electric_cars_have_no_thermostat_of_an_engine() -> None:
    assert MODE.applies(None)
    assert MODE.applies(VehicleConfig.from_json({"fuel": "hybrid"}))
    assert not MODE.applies(VehicleConfig.from_json({"fuel": "electric"}))


def test_it_stops_nobody() -> None:
    assert np.isnan(MODE.stop(Held(block(drive(40.0)))).at_s).all()


def test_measuring_changes_nothing_in_the_block() -> None:
    given = block(drive(66.0), drive(rising(900, 20, 9, 88)))
    before = given.values.copy()
    MODE.measure(Held(given))
    np.testing.assert_array_equal(given.values, before)


def test_a_trip_measures_the_same_alone_and_beside_others() -> None:
    some = drive(rising(1500, 20, 5, 70), seconds=1500)
    alone, beside = (
        MODE.measure(Held(block(some))),
        MODE.measure(Held(block(drive(88.0), some, drive(50.0, seconds=100)))),
    )
    np.testing.assert_allclose(alone.values[0], beside.values[1], atol=1e-4)
    assert isinstance(alone, Measured)


def test_the_injection_of_these_tests_takes_off_what_a_leak_does() -> None:
    plain = drive(coolant(drive(0.0), 20.0, 20.0))
    assert leak(plain, 0.0, 20.0) is plain
    sick = to_block([leak(plain, 1.0, 20.0)], SIGNALS).signal("coolant_temperature")[:, 0]
    expected = coolant(drive(0.0), 20.0, 20.0, opening=LEAKING)
    np.testing.assert_allclose(sick, expected, atol=1.5)
