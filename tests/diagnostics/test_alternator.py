"""The charging system on hand-made trips: every number in them is known."""

import numpy as np
import pytest

from diagnostics.baseline import compare
from diagnostics.features import SIGNALS
from diagnostics.held import Held
from diagnostics.modes import Measured
from diagnostics.modes.alternator import FEATURES, MODE
from ingest.readings import Block, TripColumns, to_block
from ingest.vehicles import VehicleConfig
from tests.diagnostics.cars import block, trip

HALF_DRIVEN_V = 0.05  # half of these trips is driven, which costs a healthy car 0.1 V
NAMES = [measure.name for measure in MODE.measures]


def measured(columns: TripColumns) -> dict[str, float]:
    answer = MODE.measure(Held(block(columns)))
    return dict(zip(NAMES, answer.values[0].tolist(), strict=True)) | {"observed_s": float(answer.observed_s[0])}


def changed(columns: TripColumns, signal: str, rows: slice, value: float) -> TripColumns:
    values = columns.signals[signal].copy()
    values[rows] = value
    return TripColumns(columns.vehicle, columns.boot, columns.start, columns.t_s, {**columns.signals, signal: values})


def test_levels_of_a_plain_trip() -> None:
    shown = measured(trip(600, voltage=13.8))
    assert shown["charging_voltage"] == pytest.approx(13.8 + HALF_DRIVEN_V, abs=0.03)
    assert shown["idle_drop"] == pytest.approx(0.0, abs=0.03)
    assert shown["ripple"] < 0.03
    assert shown["share_below_13_0"] == 0


def test_a_parked_car_is_the_reference() -> None:
    parked = changed(trip(600), "engine_speed", slice(5, 600), 800.0)
    assert measured(parked)["charging_voltage"] == pytest.approx(13.8, abs=0.03)


def test_the_level_is_given_at_45_degrees() -> None:
    hot = measured(trip(intake_air_temperature=65.0))
    assert hot["charging_voltage"] == pytest.approx(13.8 + HALF_DRIVEN_V + 20 * 0.006, abs=0.03)


def test_without_intake_temperature_45_degrees_are_taken() -> None:
    shown = measured(trip(intake_air_temperature=np.nan))
    assert shown["charging_voltage"] == pytest.approx(13.8 + HALF_DRIVEN_V, abs=0.03)


def test_key_on_without_engine_is_not_a_low_charging_voltage() -> None:
    parked = changed(trip(900), "engine_speed", slice(400, 900), 0.0)
    parked = changed(parked, "control_module_voltage", slice(400, 900), 12.2)
    shown = measured(parked)
    assert shown["share_below_13_0"] == 0
    assert shown["observed_s"] < 400


def test_the_dip_of_the_crank_is_not_a_low_charging_voltage() -> None:
    cranked = changed(trip(600), "control_module_voltage", slice(4, 8), 7.6)
    assert measured(cranked)["share_below_12_0"] == 0


def test_a_voltage_read_behind_key_off_does_not_count() -> None:
    # The engine speed is read before the voltage: it still says 800 rpm when the voltage is already the battery's.
    late = changed(trip(300), "control_module_voltage", slice(298, 300), 12.3)
    assert measured(late)["charging_voltage_bottom"] == pytest.approx(13.78 + HALF_DRIVEN_V, abs=0.03)
    assert measured(late)["share_below_12_5"] == 0


def test_a_column_of_zero_volts_is_an_unsupported_parameter() -> None:
    assert measured(trip(control_module_voltage=0.0))["observed_s"] == 0


def test_a_drop_at_idle_alone_is_told_from_one_at_all_speeds() -> None:
    columns = trip(600)
    idling = columns.signals["engine_speed"] < 1000
    voltage = np.where(idling & (columns.t_s >= 5), 13.2, columns.signals["control_module_voltage"]).astype(np.float32)
    idle_only = TripColumns("car", "boot", None, columns.t_s, {**columns.signals, "control_module_voltage": voltage})
    assert measured(idle_only)["idle_drop"] == pytest.approx(0.6, abs=0.03)
    assert measured(trip(600, drop=0.6))["idle_drop"] == pytest.approx(0.0, abs=0.03)


def test_a_sag_that_follows_engine_load_shows_as_volts_at_full_load() -> None:
    columns = trip(1200)
    load = columns.signals["engine_load"]
    voltage = columns.signals["control_module_voltage"] - 1.2 * load / 100
    sagging = TripColumns("car", "boot", None, columns.t_s, {**columns.signals, "control_module_voltage": voltage})
    assert measured(sagging)["load_sag"] == pytest.approx(1.2, rel=0.15)


def test_residuals_are_against_the_cars_own_earlier_trips() -> None:
    answer = MODE.measure(Held(block(*[trip(600, voltage=14.3)] * 4, trip(600, voltage=13.5))))
    seen = compare(MODE, answer, np.zeros(5, dtype=np.int64), np.arange(5) * 30_000.0).features
    sag = seen[:, [feature.name for feature in FEATURES].index("sag")]
    assert sag[0] == 0
    assert sag[4] == pytest.approx(0.8 * 4 / 5, abs=0.03)


def smart(rolling: float, usual: float) -> TripColumns:
    """Give a trip of a smart alternator: `rolling` V a tenth of the time, else `usual`."""
    columns = trip(600, voltage=usual)
    for second in range(50, 600, 50):
        columns = changed(columns, "control_module_voltage", slice(second, second + 5), rolling)
    return columns


def test_a_smart_alternator_that_begins_to_regulate_is_no_sag() -> None:
    names = [feature.name for feature in FEATURES]
    for last, sags in ((smart(14.8, 13.0), False), (trip(600, voltage=13.0), True)):
        answer = MODE.measure(Held(block(*[trip(600, voltage=14.0)] * 4, last)))
        seen = compare(MODE, answer, np.zeros(5, dtype=np.int64), np.arange(5) * 30_000.0).features[4]
        assert seen[names.index("sag_scaled")] > 3
        assert bool(seen[names.index("sag_whole_scaled")] > 3) == sags


def test_the_evidence_is_in_words_of_both_languages_with_numbers() -> None:
    answer = MODE.measure(Held(block(*[trip(600)] * 4, trip(600, drop=1.2, ripple=0.12))))
    normal = compare(MODE, answer, np.zeros(5, dtype=np.int64), np.arange(5) * 30_000.0).normal
    reasons = MODE.evidence(answer.values[4], normal.expected[4], normal.own[4])
    assert len(reasons) == 3
    idle = next(reason for reason in reasons if reason.residual == "charging_voltage_idle")
    assert idle.text_en == "Charging voltage at idle 12.6 V, this car's own normal 13.6 V"
    assert idle.text_zh == "怠速充电电压12.6 V，本车平时为13.6 V"
    assert MODE.evidence(answer.values[3], normal.expected[3], normal.own[3]) == ()


def test_hybrids_and_electric_cars_have_no_alternator() -> None:
    assert MODE.applies(None)
    assert MODE.applies(VehicleConfig.from_json({"fuel": "petrol"}))
    assert not MODE.applies(VehicleConfig.from_json({"fuel": "electric"}))
    assert not MODE.applies(VehicleConfig.from_json({"fuel": "hybrid"}))


def low_for(seconds: int, running_before: int) -> Block:
    """Give a trip that runs `running_before` s at 13.8 V, then `seconds` s at 11.9 V, then recovers for 60 s."""
    total = running_before + seconds + 60
    signals = {"engine_speed": 800.0, "control_module_voltage": 13.8}
    rows = {name: np.full(total, value, dtype=np.float32) for name, value in signals.items()}
    columns = TripColumns("car", "boot", None, np.arange(total, dtype=np.float64), rows)
    return to_block(
        [changed(columns, "control_module_voltage", slice(running_before, running_before + seconds), 11.9)], SIGNALS
    )


@pytest.mark.parametrize(("seconds", "at_s"), [(29, None), (30, 130.0), (45, 130.0)])
def test_stop_at_thirty_seconds_below_twelve_volts(seconds: int, at_s: float | None) -> None:
    stop = MODE.stop(Held(low_for(seconds, running_before=100)))
    assert (None if np.isnan(stop.at_s[0]) else stop.at_s[0]) == at_s


@pytest.mark.parametrize(("running", "at_s"), [(59, None), (60, 60.0), (61, 60.0)])
def test_stop_only_once_the_engine_has_run_for_a_minute(running: int, at_s: float | None) -> None:
    columns = trip(running, voltage=11.5)
    dead = changed(columns, "engine_speed", slice(0, running), 800.0)
    dead = changed(dead, "control_module_voltage", slice(0, running), 11.5)
    stop = MODE.stop(Held(to_block([dead], SIGNALS)))
    assert (None if np.isnan(stop.at_s[0]) else stop.at_s[0]) == at_s


def test_a_slow_alternator_that_has_come_up_by_then_stops_nobody() -> None:
    assert np.isnan(MODE.stop(Held(low_for(40, running_before=0))).at_s[0])


def test_an_engine_that_stands_is_no_reason_to_stop() -> None:
    standing = changed(trip(600, voltage=11.5), "engine_speed", slice(0, 600), 0.0)
    assert np.isnan(MODE.stop(Held(block(standing))).at_s[0])


def test_ripple_around_twelve_volts_does_not_start_the_count_again() -> None:
    touched = trip(300, voltage=11.7)
    for second in range(5, 300, 5):
        touched = changed(touched, "control_module_voltage", slice(second, second + 1), 12.1)
    assert MODE.stop(Held(block(touched))).at_s[0] < 70


def test_who_is_charged_between_the_dips_need_not_stop() -> None:
    pulsing = trip(300, voltage=11.4)
    for second in range(20, 300, 20):
        pulsing = changed(pulsing, "control_module_voltage", slice(second, second + 4), 13.3)
    assert np.isnan(MODE.stop(Held(block(pulsing))).at_s[0])


def overloaded(driven: slice, voltage: float, charged: float = 13.8) -> TripColumns:
    """Give a trip that is `charged` when driven for its first 100 s, then idles at 11.7 V; `driven` at `voltage`."""
    idling = changed(trip(1000, voltage=charged), "engine_speed", slice(100, 1000), 800.0)
    idling = changed(idling, "engine_speed", slice(50, 100), 2000.0)
    low = changed(idling, "control_module_voltage", slice(110, 1000), 11.7)
    return changed(changed(low, "engine_speed", driven, 2000.0), "control_module_voltage", driven, voltage)


def test_an_alternator_that_is_too_small_at_idle_stops_nobody() -> None:
    assert np.isnan(MODE.stop(Held(block(overloaded(slice(395, 415), 13.6)))).at_s[0])


def test_an_alternator_that_died_while_driving_is_told_once_it_turns_fast_again() -> None:
    assert MODE.stop(Held(block(overloaded(slice(200, 240), 11.8)))).at_s[0] == pytest.approx(230, abs=5)


def test_a_moment_of_too_many_consumers_stops_only_whoever_never_held_its_voltage() -> None:
    assert MODE.stop(Held(block(overloaded(slice(200, 220), 11.8)))).at_s[0] > 600
    weak = MODE.stop(Held(block(overloaded(slice(200, 220), 11.8, charged=13.1))))
    assert weak.at_s[0] == pytest.approx(205, abs=5)


def test_an_alternator_that_died_while_idling_is_told_in_ten_minutes() -> None:
    assert MODE.stop(Held(block(overloaded(slice(0, 0), 0.0)))).at_s[0] == pytest.approx(710, abs=5)


def test_a_low_reading_that_a_link_repeats_stops_nobody_and_one_that_stays_does() -> None:
    """The engine idles and drives in turn, and the reading does not move by one step."""
    frozen = changed(trip(600, voltage=13.8), "control_module_voltage", slice(100, 300), 11.7)
    moving = changed(frozen, "control_module_voltage", slice(100, 300, 2), 11.8)
    assert np.isnan(MODE.stop(Held(block(frozen))).at_s[0])
    assert MODE.stop(Held(block(moving))).at_s[0] < 300
    lasting = changed(trip(900, voltage=13.8), "control_module_voltage", slice(100, 900), 11.7)
    assert 340 <= MODE.stop(Held(block(lasting))).at_s[0] < 450


def test_too_long_a_hole_in_the_engine_speed_ends_the_run() -> None:
    holed = changed(trip(100, voltage=11.5), "engine_speed", slice(40, 60), np.nan)
    assert np.isnan(MODE.stop(Held(block(holed))).at_s[0])


def test_a_reading_every_four_seconds_is_enough_to_stop() -> None:
    columns = trip(200, voltage=11.5)
    sparse = np.where(columns.t_s % 4 == 0, columns.signals["control_module_voltage"], np.nan).astype(np.float32)
    slow = TripColumns("car", "boot", None, columns.t_s, {**columns.signals, "control_module_voltage": sparse})
    assert MODE.stop(Held(block(slow))).at_s[0] < 80


def test_measuring_changes_nothing_in_the_block() -> None:
    given = block(trip(300), trip(200))
    before = given.values.copy()
    MODE.measure(Held(given))
    MODE.stop(Held(given))
    np.testing.assert_array_equal(given.values, before)


def test_a_trip_measures_the_same_alone_and_beside_others() -> None:
    alone = MODE.measure(Held(block(trip(300, drop=0.4, ripple=0.05))))
    beside = MODE.measure(Held(block(trip(700), trip(300, drop=0.4, ripple=0.05), trip(100))))
    np.testing.assert_allclose(alone.values[0], beside.values[1], atol=1e-5)
    assert isinstance(alone, Measured)
