"""Judged cars in training: which trips a verdict labels, and that it teaches the trees and moves no threshold."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from diagnostics.predictor import Predictor
from diagnostics.training.dataset import COPY, EpisodeTable, TripTable, shortened
from diagnostics.training.judged import JUDGED, Judgement, inside, judged_car, labelled, told_of, with_copies
from diagnostics.training.train import train_table
from ingest.readings import TripColumns
from simulators.episodes import HEALTHY, fleet
from simulators.scenario import shipped
from simulators.short_histories import short_histories
from tests.diagnostics.tables import SOME, table

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
TRIPS = 8
JUDGED_CARS = 16
TWO = {fault: SOME[fault] for fault in ("alternator", "starter")}
KINDS = {car: f"kind {car % 5}" for car in range(60)} | {3_000_000 + car: f"~{car % 2}" for car in range(60)}


def drive(days: int) -> TripColumns:
    t_s = np.arange(600, dtype=np.float64)
    signals = {
        "engine_speed": np.full(600, 900, np.float32),
        "control_module_voltage": np.full(600, 14, np.float32),
    }
    return TripColumns("car", "b", START + timedelta(days=days), t_s, signals)


def said(present: bool, first: int, last: int) -> Judgement:
    return Judgement("alternator", present, START + timedelta(days=first), START + timedelta(days=last, hours=-1))


def test_a_verdict_labels_the_whole_trips_between_onset_and_visit_and_two_that_differ_label_none() -> None:
    car = judged_car(0, [drive(day) for day in range(TRIPS)], SOME)
    assert car.measured["alternator"].observed_s.min() > 0, "measured as any other trip is"
    assert np.isnan(np.stack(list(car.severity.values()))).all()
    assert inside(car, said(True, 2, 5)).nonzero()[0].tolist() == [2, 3, 4]
    cut = Judgement("alternator", True, START + timedelta(seconds=1), START + timedelta(days=1, seconds=100))
    assert not inside(car, cut).any(), "a trip that began before, or was not over, is not of it"
    found = labelled(car, [said(True, 2, 6), said(False, 5, 8)])
    np.testing.assert_array_equal(found.severity["alternator"], [np.nan, np.nan, 1, 1, 1, np.nan, 0, 0])
    assert np.isnan(found.severity["starter"]).all(), "of other faults nobody has said anything"


def judged(seed: int, present: bool) -> TripTable:
    """Give cars that show a grown alternator fault on every trip, whatever the workshop found."""
    like = table(seed, 3 * JUDGED_CARS, modes=TWO)
    sick = (like.car % 3 == 1) & (like.severity["alternator"] >= 0.5)
    rows = np.flatnonzero(sick)
    car = JUDGED + 3_000_000 + like.car[rows]
    made = replace(like.rows(rows, car, like.start_s[rows]), episodes=EpisodeTable.of([]))
    unsaid = np.full(len(rows), np.nan, dtype=np.float32)
    label = np.full(len(rows), np.float32(present))
    return replace(made, severity={fault: label if fault == "alternator" else unsaid for fault in TWO})


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, dict[str, dict[str, object]]]]:
    made: dict[str, tuple[Path, dict[str, dict[str, object]]]] = {}
    for name, more in (("none", None), ("present", judged(8, present=True)), ("absent", judged(8, present=False))):
        folder = tmp_path_factory.mktemp(name)
        drawn = table(5, modes=TWO)
        whole = drawn if more is None else TripTable.joined([drawn, more])
        before = None if more is None else Predictor.load(made["none"][0])
        made[name] = folder, train_table(whole, 5, folder, TWO, kinds=KINDS, before=before)["faults"]
    return made


def test_verdicts_teach_the_trees_and_the_report_says_what_they_make_of_cars_they_never_saw(reports) -> None:  # type: ignore[no-untyped-def]
    present, absent = (reports[name][1]["alternator"]["judged"] for name in ("present", "absent"))
    assert (present["cars_present"], present["cars_absent"]) == (JUDGED_CARS, 0)
    assert (absent["cars_present"], absent["cars_absent"]) == (0, JUDGED_CARS)
    assert absent["absent_median"] < absent["before"]["absent_median"], "false alarms of a kind are unlearnt"
    assert absent["absent_median"] < present["present_median"]
    assert present["told_apart"] is None, "there is nothing to be told apart from"


def test_what_was_not_drawn_by_chance_moves_no_count_behind_calibration_thresholds_severity_or_lead(reports) -> None:  # type: ignore[no-untyped-def]
    for name in ("present", "absent"):
        for fault in TWO:
            mine, plain = reports[name][1][fault], reports["none"][1][fault]
            for way in ("trees_2", "rule_2"):
                for count in ("episodes", "healthy_hours"):
                    assert mine[way][count] == plain[way][count], (name, fault, way)
            assert mine.get("lead_cars") == plain.get("lead_cars")
            severity = f"{fault}.severity.txt"
            assert (reports[name][0] / severity).read_bytes() == (reports["none"][0] / severity).read_bytes()
        assert "judged" not in reports["none"][1]["alternator"]
    starters = [json.loads((reports[name][0] / "predictor.json").read_text())["faults"]["starter"] for name in reports]
    assert starters[0]["calibration"] == starters[1]["calibration"] == starters[2]["calibration"]


def test_no_simulated_car_has_the_number_of_a_judged_one() -> None:
    [chunk] = fleet(shipped("sim_a"), 1, 12, 1, 2_000_000, faults=HEALTHY)
    short = short_histories(chunk, ("alternator",), 4, 1, COPY)
    assert max(int(one.car.max()) for one in short) < JUDGED


def test_no_short_copy_is_made_of_a_judged_car() -> None:
    drawn = table(5, modes=TWO)
    short, plain = with_copies(TripTable.joined([drawn, judged(8, present=True)]), 5), shortened(drawn, 5)
    assert (short.car < JUDGED).sum() == len(plain)
    np.testing.assert_array_equal(short.start_s[short.car < JUDGED], plain.start_s)


def test_a_car_counts_once_by_its_largest_probability() -> None:
    car = np.array([1, JUDGED, JUDGED, JUDGED + 1, JUDGED + 1, JUDGED + 2])
    severity = np.array([0, 1, 1, 0, 0, np.nan], dtype=np.float32)
    said = np.array([1, 0.1, 0.9, 0.2, 0.3, 1], dtype=np.float32)
    told = told_of(car, severity, said, None)
    assert told == {
        "trips": 4, "cars_present": 1, "cars_absent": 1,
        "told_apart": 1.0, "present_median": 0.9, "absent_median": 0.3,
    }  # fmt: skip
    assert told_of(car[:1], severity[:1], said[:1], None) == {}
