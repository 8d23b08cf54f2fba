"""Episodes and alarms: each case is small enough to be counted by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from diagnostics.evaluation.figures import evaluate, judged, poisson_upper
from diagnostics.evaluation.gates import GATES, verdicts
from diagnostics.evaluation.histories import Histories
from diagnostics.evaluation.raising import raised, smoothed
from diagnostics.evaluation.resampling import Figure
from diagnostics.monitor import VOTE_AT, TripVerdict, judge_vehicle
from tests.diagnostics.evaluation.histories import FAULTS, NEVER, episodes, histories

AT = np.full(len(FAULTS), 0.5, dtype=np.float32)


def test_alarms_of_fleets_are_those_of_the_monitor() -> None:
    """Random votes with holes and stops, for two faults that compete: the same trips raise as car by car."""
    rng = np.random.default_rng(5)
    names = ("alternator", "fuel_pump")
    said = [
        {
            fault: np.where(rng.random(300) < 0.2, np.nan, rng.random(300) ** 2 * ill).astype(np.float32)
            for fault, ill in zip(names, np.repeat(rng.random((2, 4)) < 0.4, 75, axis=1), strict=True)
        }
        for _ in range(40)
    ]  # five weeks with trouble, or without
    fleet = histories(said)
    fleet = replace(fleet, stopped=rng.random(fleet.stopped.shape) < [0.005, 0.005, 0])
    alarms = raised(fleet, np.full(3, VOTE_AT, np.float32))
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    told = set()
    for car, row in enumerate(said):
        verdicts_of = {
            fault: [
                TripVerdict(begin + timedelta(days=trip / 2), begin + timedelta(days=trip / 2, minutes=30),
                            None if np.isnan(value) else float(value), 0.0,
                            stop_at=begin + timedelta(days=trip / 2, minutes=30)
                            if fleet.stopped[fleet.edges[car] + trip, FAULTS.index(fault)] else None)
                for trip, value in enumerate(values)
            ]
            for fault, values in row.items()
        }  # fmt: skip
        for fault, judgement in judge_vehicle("car", "", verdicts_of).items():
            ends = [round((finding.confirmed - begin).total_seconds()) for finding in judgement.findings]
            told |= {(car, fault, end) for end in ends}
    again = len(told) - len({(car, fault) for car, fault, _ in told})
    assert (len(told) > 80, again > 20) == (True, True)
    raised_by = zip(alarms.car, alarms.fault, alarms.at_s, strict=True)
    assert told == {(int(car), FAULTS[fault], round(at)) for car, fault, at in raised_by}


def test_the_smoothed_probability_is_the_threshold_that_still_alarms() -> None:
    fleet = histories([{"alternator": [0.9, 0.2, np.nan, 0.8, 0.7, 0.1, 0.1]}])
    assert smoothed(fleet)[:, 0] == pytest.approx([0, 0, 0, 0.2, 0.7, 0.7, 0.2])
    assert raised(fleet, np.full(3, 0.7, np.float32)).trip.tolist() == [4]
    assert raised(fleet, np.full(3, 0.71, np.float32)).trip.tolist() == []


def test_an_alarm_counts_between_onset_and_the_day_before_the_code() -> None:
    """Onset on day 2, alarm at the end of trip 6 (day 3.02), code on day 10; too late on the second car."""
    found = [0, 0, 0, 0, 1, 1, 1, *[1] * 20]
    late = [0] * 18 + [1] * 9
    fleet = histories([{"alternator": found}, {"alternator": late}], [{"alternator": [0.3] * 27}] * 2)
    of = judged(fleet, episodes((0, 0, 2, 10, NEVER), (1, 0, 2, 10, NEVER)), AT)
    assert of.outcomes.found.tolist() == [True, False]
    assert of.outcomes.lead_d == pytest.approx([10 - 3 - 1800 / 86400, 0])
    assert of.outcomes.score == pytest.approx([1, 0])


def test_an_alarm_before_the_onset_is_false_and_finds_nothing() -> None:
    early = [1, 1, 1] + [1] * 20
    true = [{"alternator": [0] * 8 + [0.3] * 15}, {}]
    of = judged(
        histories([{"alternator": early}, {"alternator": [0] * 23}], true), episodes((0, 0, 4, NEVER, NEVER)), AT
    )
    assert of.false.early.tolist() == [1, 0]
    assert of.false.healthy.tolist() == [False, True]
    assert of.false.hours == pytest.approx([8 * 0.5, 23 * 0.5])
    assert not of.outcomes.found.any()


def test_false_alarms_are_counted_per_thousand_hours() -> None:
    calm, noisy = [0.0] * 100, [0.0] * 50 + [1.0] * 3 + [0.0] * 47
    fleet = histories(
        [{"alternator": calm}, {"fuel_pump": noisy}, {"alternator": [1] * 30}], [{}, {}, {"alternator": [1] * 30}]
    )
    figures = evaluate(fleet, episodes((2, 0, 0, NEVER, NEVER)), AT).figures
    assert figures["false_alarms_per_1000_h"].value == pytest.approx(1000 * 1 / 100)
    assert figures["false_alarms_per_1000_h_upper_95"].value == pytest.approx(47.4, abs=0.1)
    assert poisson_upper(0) == pytest.approx(2.996, abs=0.001)


def test_a_sudden_fault_has_five_trips() -> None:
    soon, later = [0, 0, 1, 1, 1, 0, 0, 0], [0, 0, 0, 0, 1, 1, 1, 1]
    fleet = histories([{"misfire": soon}, {"misfire": later}])
    of = judged(fleet, episodes((0, 2, 0.9, 1.1, NEVER), (1, 2, 0.4, NEVER, NEVER)), AT)
    assert of.outcomes.found.tolist() == [True, False]


def test_recall_is_the_mean_over_faults_and_unobservable_is_missed() -> None:
    """Alternator 1 of 2, fuel pump 1 of 1 that can be seen, and 1 of 2 of all."""
    hot, cold = [0, 0] + [1] * 20, [0.0] * 22
    rows = [{"alternator": hot}, {"alternator": cold}, {"fuel_pump": hot}, {"fuel_pump": cold}, {"misfire": cold}]
    fleet = histories(rows)
    fleet.observable[66:88, 1] = False
    of = evaluate(fleet, episodes(*((car, car // 2, 0.4, NEVER, NEVER) for car in range(4))), AT)
    assert of.figures["recall_gradual"].value == pytest.approx(0.75)
    assert of.figures["recall_gradual_worst"].value == pytest.approx(0.5)
    assert of.figures["recall_gradual_all"].value == pytest.approx(0.5)
    assert of.figures["recall_without_code"].value == pytest.approx(0.75)
    assert of.per_fault["fuel_pump"]["observable"].value == 1


def test_the_first_name_told_is_the_one_that_isolates() -> None:
    right = {"alternator": [0, 0] + [0.9] * 20, "fuel_pump": [0, 0] + [0.6] * 20}
    wrong = {"alternator": [0, 0] + [0.6] * 20, "fuel_pump": [0, 0] + [0.9] * 20}
    true = [{"alternator": [0.3] * 22}] * 2
    of = evaluate(histories([right, wrong, {"alternator": [0] * 22}], [*true, {}]),
                  episodes((0, 0, 0.4, NEVER, NEVER), (1, 0, 0.4, NEVER, NEVER)), AT)  # fmt: skip
    assert of.figures["isolation_top_1"].value == pytest.approx(0.5)
    assert of.figures["isolation_top_3"].value == pytest.approx(1.0)
    assert of.confusion[0].tolist() == [1, 1, 0, 0]
    # The weaker name of each car stays untold.
    assert of.figures["wrong_alarms_per_episode"].value == pytest.approx(0.5)


def test_costs_are_those_of_the_years_faults() -> None:
    """Two alternators (S1: 50): one found 29.98 days before its code, one missed; no false alarm; 30 days each.

    Predicted: 0.5 * ((1 + 0.1 * 29.98 / 30) + 50) / 2; waited for: 0.5 * 50; yearly: 1 + 25 * (1 - 30 / 365).
    """
    hot, cold = [0] * 1 + [1] * 62, [0.0] * 63
    true = [{"alternator": [0.3] * 63}, {"alternator": [0.3] * 63}, {}]
    fleet = histories([{"alternator": hot}, {"alternator": cold}, {"alternator": cold}], true)
    figures = evaluate(fleet, episodes((0, 0, 0, 30, NEVER), (1, 0, 0, 30, NEVER)), AT, resamples=0).figures
    late = 1.5 + 1800 / 86400
    assert figures["cost_predicted"].value == pytest.approx(0.25 * (1 + 0.1 * (30 - late) / 30 + 50), rel=1e-5)
    assert figures["cost_reactive"].value == pytest.approx(25)
    assert figures["cost_yearly_service"].value == pytest.approx(1 + 25 * (1 - 30 / 365), rel=1e-5)


def test_histories_out_of_order_are_refused() -> None:
    fleet = histories([{"alternator": [0, 0]}])
    fields = {name: getattr(fleet, name) for name in Histories.__slots__}
    with pytest.raises(ValueError, match="in order of time"):
        Histories(**{**fields, "begin_s": fleet.begin_s[::-1]})


def test_a_gate_is_met_missed_or_not_measured() -> None:
    told = verdicts({"recall_gradual": Figure(0.8), "ece": Figure(0.01), "identity_auc": Figure(0.54)})
    words = {verdict.gate.figure: verdict.word for verdict in told}
    assert len(words) == len(GATES)
    assert (words["recall_gradual"], words["ece"], words["identity_auc"]) == ("met", "aim met", "missed")
    assert words["pr_auc"] == "not measured"
