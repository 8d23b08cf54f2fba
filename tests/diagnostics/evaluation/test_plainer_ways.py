"""The ladder, the controls and the report: what is planted is found, and what is not there is not."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from diagnostics.evaluation import report
from diagnostics.evaluation.figures import evaluate
from diagnostics.evaluation.gates import verdicts
from diagnostics.evaluation.measuring import load_shard, measure, plain_statistics, save_shard
from diagnostics.modes import MODES
from diagnostics.training import controls
from diagnostics.training.ladder import at_rate, boosted, codes_alone, rung
from forecourt.evaluation import gate_row
from ingest.readings import Block
from tests.diagnostics.evaluation.histories import FAULTS, NEVER, episodes, histories

RNG = np.random.default_rng(4)
SICK = np.arange(300) < 150


def fleet() -> tuple:
    """30 sound cars and 10 with a weak alternator that shows from day 5 on, code on day 18."""
    rng = np.random.default_rng(4)
    noise = [{"alternator": np.abs(rng.normal(size=40)) * 0.2} for _ in range(40)]
    truth = [{} for _ in range(30)] + [{"alternator": [0] * 10 + [0.5] * 30} for _ in range(10)]
    for row in noise[30:]:
        row["alternator"][10:] += 0.7
    return histories(noise, truth), episodes(*((car, 0, 5, 18, NEVER) for car in range(30, 40)))


def test_identity_tells_nothing_of_cars_held_out_and_all_of_rows() -> None:
    cars = np.arange(300)
    assert controls.identity_auc(cars, SICK, 4).value == pytest.approx(0.5, abs=0.06)
    assert controls.identity_auc_of_rows(cars[100:200], SICK[100:200]).value > 0.95


def test_dealt_labels_tell_nothing_where_true_ones_do() -> None:
    known = controls.PerCar(SICK, (RNG.normal(size=(300, 5)) + 2 * SICK[:, None]).astype(np.float32), np.arange(300))
    assert controls.told_apart_auc(known, 1).value > 0.95
    assert controls.permuted_auc(known, 6).value == pytest.approx(0.5, abs=0.06)


def test_the_first_days_are_taken_of_cars_without_fault_in_them() -> None:
    early = [{"alternator": [0] * 30}, {"alternator": [0.1] * 30}, {"alternator": [0] * 4}]
    many = histories([{"alternator": [0] * len(row["alternator"])} for row in early], early)
    made = controls.first_trips(many, np.arange(64, dtype=np.float32)[:, None], np.array([True, True, False]))
    assert made.sick.tolist() == [True]
    assert made.values[0].tolist() == pytest.approx([9.5, np.std(np.arange(20))])  # two trips a day, ten days


def test_twins_that_differ_in_nothing_are_not_told_apart() -> None:
    values, cars = RNG.normal(size=(200, 6)).astype(np.float32), np.arange(200)
    branch = controls.PerCar(np.ones(200, bool), values, cars)
    twins = controls.PerCar(np.zeros(220, bool), np.concatenate([values, values[:20]]), np.arange(220))
    both = controls.paired(branch, twins)
    assert (len(both.sick), len(np.unique(both.group))) == (400, 200)
    assert controls.told_apart_auc(both, 2).value == pytest.approx(0.5, abs=0.001)
    leaking = controls.paired(replace(branch, values=values + np.float32(0.5)), twins)
    assert controls.told_apart_auc(leaking, 2).value > 0.6


def test_a_rung_is_judged_at_the_given_false_alarms() -> None:
    of, ill = fleet()
    score = 10 * np.nan_to_num(of.probability)
    for allowed in (0, 3):
        speaking, vote_at = at_rate(of, score, allowed, ~of.ill)
        assert evaluate(speaking, ill, vote_at, resamples=0).figures["false_alarms"].value <= allowed
    made = rung("2", "", of, ill, score, 0)
    assert made.figures["recall_gradual"].value == 1
    assert made.recalls["alternator"].value == 1


def test_trees_learn_a_rung_from_other_cars() -> None:
    severity = np.zeros((2000, 3), dtype=np.float32)
    severity[:200, 1] = 0.8
    columns = (RNG.normal(size=(2000, 4)) + 4 * severity[:, 1:2]).astype(np.float32)
    said = boosted(columns, severity, columns, np.ones((2000, 3), bool), FAULTS, 1)
    assert said[:200, 1].mean() > 0.8
    assert said[200:, 1].mean() < 0.1
    assert np.isnan(said[:, [0, 2]]).all()


def test_the_cars_own_pending_code_is_the_lowest_rung() -> None:
    """Pending on the day of the code: too late to be a prediction; two days before: found, one of two."""
    of, ill = fleet()
    ill.pending_s[:5] -= 2 * 86_400
    assert codes_alone(of, ill).figures["recall_gradual"].value == pytest.approx(0.5)


def test_the_report_names_every_gate_fault_and_interval() -> None:
    of, ill = fleet()
    made = evaluate(of, ill, np.full(3, 0.5, np.float32), resamples=20)
    document = made.to_json() | {
        "predictor": "abc", "machine": "m", "command": "c", "date": "d", "seconds": 1.0, "notes": ["one <note>"],
        "scenario": {"name": "SIM-B", "hash": "f00"}, "ladder": [codes_alone(of, ill).to_json()],
        "size": {"name": "small", "healthy_cars": 30, "healthy_hours": 600.0, "episodes": 10, "least_episodes": 0,
                 "seed": 1},
        "gates": [gate_row(verdict) for verdict in verdicts(made.figures)],
    }  # fmt: skip
    page, text = report.html(document), report.markdown(document)
    for row in document["gates"]:
        assert row["words"] in text
    assert "| alternator | 10 | 10 |" in text
    assert "not measured" in text
    assert "one &lt;note&gt;" in page
    assert page.count("<svg") == page.count("</svg>") == 6
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")


def test_a_shard_is_read_as_it_was_kept(tmp_path: Path) -> None:
    signals = ("engine_speed", "control_module_voltage")
    values = np.full((2, 200, 3), np.nan, dtype=np.float32)
    values[0, :, :], values[1, ::2, :2] = 900, 14
    block = Block(signals, 1.0, values, np.array([200, 200, 150]))
    shard = measure(block, np.array([4, 4, 5]), np.array([0.0, 9e4, 0]), {"alternator": np.array([0, 1, 0.5])},
                    ("alternator", "fuel_pump"), statistics=True)  # fmt: skip
    assert shard.observable.tolist() == [[True, False], [True, False], [False, False]]
    assert shard.hours == pytest.approx([200 / 3600, 200 / 3600, 150 / 3600])
    save_shard(tmp_path / "one.npz", shard)
    again = load_shard(tmp_path / "one.npz")
    assert again.faults == shard.faults
    assert again.severity.tolist() == [[0, 0], [1, 0], [0.5, 0]]
    assert set(again.measured) == set(MODES)
    np.testing.assert_array_equal(again.measured["alternator"].values, shard.measured["alternator"].values)
    np.testing.assert_allclose(plain_statistics(block)[0], [900, 0, 900, 900, 14, 0, 14, 14])
