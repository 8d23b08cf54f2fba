"""The document that `forecourt score --json` prints."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from diagnostics.faults import FAULTS
from diagnostics.scoring import APART_S, score
from ingest.vehicles import VehicleConfig
from tests.diagnostics.cars import GROWING, history, trip


def undated(drops: list[float]) -> list:
    return [replace(columns, start=None) for _, columns in history(drops)]


def test_the_document_has_the_names_of_the_contract() -> None:
    answer = score(undated(GROWING))
    assert set(answer) == {"vehicle", "trips", "observed_hours", "findings", "watch", "not_observable", "predictor"}
    (finding,) = answer["findings"]
    names = {"fault", "probability", "severity", "urgency", "first_seen", "confirmed", "evidence"}
    assert set(finding) - {"lead_days"} == names
    assert set(finding["evidence"][0]) == {"residual", "value", "expected", "unit", "text_en", "text_zh"}
    assert json.loads(json.dumps(answer)) == answer
    assert answer["vehicle"] == "car"
    assert answer["trips"] == len(GROWING)


def test_undated_trips_lie_eight_hours_apart() -> None:
    trips = undated(GROWING)
    (finding,) = score(trips)["findings"]
    begins = [sum(trip.duration_s + APART_S for trip in trips[:place]) for place in range(len(trips))]
    assert finding["first_seen"] in begins
    assert finding["confirmed"] in [begin + trip.duration_s for begin, trip in zip(begins, trips, strict=True)]


def test_dated_trips_are_told_in_instants_and_in_whatever_order_they_are_given() -> None:
    trips = [columns for _, columns in history(GROWING)]
    (finding,) = score(trips)["findings"]
    assert datetime.fromisoformat(finding["confirmed"]).tzinfo == UTC
    assert score(trips[::-1])["findings"] == [finding]


def test_every_fault_is_judged_or_named_as_not_observable() -> None:
    answer = score(undated([0.0] * 3))
    assert set(answer["not_observable"]) == set(FAULTS) - {"alternator", "battery_12v", "starter"}
    assert score([])["not_observable"] == list(FAULTS)


@pytest.mark.parametrize("missing", ["control_module_voltage", "engine_speed"])
def test_without_its_minimum_signals_a_fault_is_not_observable(missing: str) -> None:
    trips = [
        replace(columns, signals={name: values for name, values in columns.signals.items() if name != missing})
        for columns in undated([0.0, 1.5, 1.5, 1.5, 1.5])
    ]
    answer = score(trips)
    assert "alternator" in answer["not_observable"]
    assert answer["findings"] == []


def test_an_electric_car_has_no_alternator_to_fail() -> None:
    answer = score(undated(GROWING), config=VehicleConfig.from_json({"fuel": "electric"}))
    assert "alternator" in answer["not_observable"]
    assert answer["findings"] == []


@pytest.mark.parametrize("drop", [0.7, 1.0])
def test_a_baseline_tells_what_is_normal_and_is_not_judged_itself(drop: float) -> None:
    sick = undated([drop] * 4)
    assert score(sick)["findings"] == []  # 12.8 or 13.1 V from the first trip on: some healthy cars run so
    (finding,) = score(sick, baseline=undated([0.0] * 6))["findings"]
    assert finding["first_seen"] >= 0.0
    assert score(undated([0.0] * 3), baseline=undated([1.4] * 6))["trips"] == 3


def test_one_trip_alone_is_no_finding_unless_the_car_must_stop() -> None:
    assert score(undated([1.2]))["findings"] == []
    (finding,) = score([replace(trip(300, voltage=11.6), start=None)])["findings"]
    assert finding["urgency"] == "S0"
    assert finding["confirmed"] == pytest.approx(65, abs=2)


def test_what_is_below_alarm_is_on_the_watch_list() -> None:
    answer = score(undated([0.0] * 7 + [1.2] * 2))
    assert answer["findings"] == []
    assert [entry["fault"] for entry in answer["watch"]] == ["alternator"]
