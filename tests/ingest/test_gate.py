"""The gate rejects the impossible with its siblings kept, and flags the doubtful."""

from datetime import timedelta

import numpy as np
import pytest

from ingest.arrived import Arrived
from ingest.batch import to_us
from ingest.dialects import decode
from ingest.envelope import UNSET_CLOCK
from ingest.gate import Judged, Known, judge
from ingest.readings import Quality
from ingest.registry import Owner
from ingest.topics import Kind
from tests.ingest.wire import NOON, columns, document

NAN, INF = float("nan"), float("inf")
KNOWN = Known({"dev-1": Owner("dev-1", "car-1", "org", 3)})


def judged(*arrived: Arrived, known: Known = KNOWN) -> Judged:
    return judge(decode(arrived), known)


def reasons(found: Judged) -> list[tuple[str, str | None, int]]:
    return sorted((it.reason.value, it.signal, it.readings) for it in found.rejections)


def test_each_bad_value_is_rejected_alone_and_every_reading_is_accounted_for() -> None:
    sent = columns(
        1,
        engine_speed=[800, 20_000, INF, NAN],
        coolant_temperature=[35, 216, -40, 215],
        vehicle_speed=[-1, 255, 256, 0],
        tyre_pressure=[2.3, NAN, 2.3, 2.3],
    )
    found = judged(sent)
    assert reasons(found) == [
        ("impossible", "coolant_temperature", 1),
        ("impossible", "engine_speed", 1),
        ("impossible", "vehicle_speed", 2),
        ("not_finite", "engine_speed", 1),
        ("unknown_signal", "tyre_pressure", 3),
    ]
    np.testing.assert_array_equal(found.batch.signals["engine_speed"], np.array([800, NAN, NAN, NAN], np.float32))
    np.testing.assert_array_equal(found.batch.signals["coolant_temperature"], np.array([35, NAN, -40, 215], np.float32))
    assert found.batch.readings_per_origin().sum() + sum(it.readings for it in found.rejections) == 14


def test_the_largest_value_of_the_wire_passes_in_float32() -> None:
    found = judged(columns(1, control_module_voltage=[65.535], mass_air_flow=[655.35], engine_load=[100]))
    assert found.rejections == []


def test_a_wrong_unit_rejects_its_column_only() -> None:
    units = {"coolant_temperature": "degF", "engine_speed": "rpm", "absent": "x"}
    found = judged(columns(1, units=units, coolant_temperature=[95, NAN], engine_speed=[800, 801]))
    assert reasons(found) == [("wrong_unit", "coolant_temperature", 1)]
    assert list(found.batch.signals) == ["engine_speed"]
    assert found.rejections[0].detail == "the unit is degF, not degC"


def test_the_future_is_rejected_row_by_row_beyond_five_minutes() -> None:
    found = judged(columns(1, NOON, [0, 300, 300.001], engine_speed=[1, 2, 3]))
    assert reasons(found) == [("future_time", "engine_speed", 1)]
    assert found.batch.signals["engine_speed"].tolist() == [1, 2]


def test_a_row_with_nothing_left_is_no_row() -> None:
    found = judged(columns(1, engine_speed=[NAN, 800, 99_999]))
    assert (found.batch.rows, found.batch.position.tolist()) == (1, [1])


@pytest.mark.parametrize("years", [56, 26, 22])
def test_an_unset_clock_gives_arrival_minus_age_and_a_flag(years: int) -> None:
    t0 = NOON.replace(year=2026 - years)
    found = judged(columns(1, t0, age_ms=61_000, engine_speed=[800, 801]))
    assert found.batch.at_us[0] == to_us(NOON - timedelta(seconds=61))
    assert (found.batch.quality & Quality.CLOCK_UNSET).all()


def test_a_device_that_calls_its_clock_unset_is_believed() -> None:
    known = Known(KNOWN.owners, {"dev-1": UNSET_CLOCK})
    found = judged(columns(1, NOON - timedelta(days=9), age_ms=5000, engine_speed=[800]), known=known)
    assert found.batch.at_us[0] == to_us(NOON - timedelta(seconds=5))
    told_none = judged(
        document(Kind.READINGS_JSON, {"boot": "b", "seq": 1, "dt_ms": [0], "signals": {"odometer": [7]}})
    )
    assert told_none.batch.quality.tolist() == [Quality.CLOCK_UNSET]


def test_an_unknown_device_and_a_malformed_message_are_rejected_whole() -> None:
    found = judged(columns(1, device="other", engine_speed=[1, 2]), document(Kind.READINGS_JSON, {"boot": "b"}))
    assert reasons(found) == [("malformed", None, 0), ("unknown_device", None, 2)]
    assert found.batch.rows == 0


def test_doubtful_values_are_stored_with_a_flag() -> None:
    found = judged(
        columns(1, coolant_temperature=[80, 84, 95, 95], control_module_voltage=[5.5, 13.8, 13.8, 13.8]),
        columns(2, coolant_temperature=[20]),
    )
    assert found.rejections == []
    assert found.batch.doubts["coolant_temperature"].tolist() == [0, 0, Quality.IMPLAUSIBLE, 0, 0]
    assert found.batch.doubts["control_module_voltage"].tolist() == [Quality.IMPLAUSIBLE, 0, 0, 0, 0]


def test_a_rate_is_judged_over_a_second_at_least() -> None:
    found = judged(columns(1, dt_s=[0, 0.1, 0.2], coolant_temperature=[80, 84, 88]))
    assert "coolant_temperature" not in found.batch.doubts


def test_a_running_engine_that_stands_still_for_half_a_minute_is_frozen() -> None:
    found = judged(columns(1, engine_speed=[800.0] * 30 + [801.0] * 31), columns(2, engine_speed=[0.0] * 60))
    flags = found.batch.doubts["engine_speed"]
    assert flags[:30].tolist() == [0] * 30
    assert flags[30:61].tolist() == [Quality.FROZEN] * 31
    assert not flags[61:].any()


def test_rows_a_minute_behind_what_the_vehicle_sent_before_are_late() -> None:
    before = Known(KNOWN.owners, {}, {"car-1": to_us(NOON - timedelta(minutes=30))})
    found = judged(
        columns(1, NOON - timedelta(minutes=20), engine_speed=[1, 2]),
        columns(2, NOON - timedelta(minutes=40), engine_speed=[1, 2]),
        columns(3, NOON - timedelta(minutes=21), [0, 2], engine_speed=[1, 2]),
        known=before,
    )
    assert (found.batch.quality & Quality.LATE).astype(bool).tolist() == [False, False, True, True, True, False]


def test_groups_of_signals_that_come_one_after_the_other_are_not_late() -> None:
    found = judged(columns(1, NOON, engine_speed=[1, 2]), columns(2, NOON - timedelta(seconds=20), fuel_level=[50]))
    assert not found.batch.quality.any()


def test_an_empty_batch_is_no_trouble() -> None:
    assert judged().batch.rows == 0
    assert judged(columns(1, engine_speed=[])).batch.rows == 0
    assert judged(columns(1)).batch.rows == 0
