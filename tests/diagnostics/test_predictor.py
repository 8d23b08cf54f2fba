"""The shipped predictor: loads, is versioned by its bytes, refuses foreign features, and can be made again."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from diagnostics.baseline import columns
from diagnostics.modes import MODES
from diagnostics.monitor import PREVALENCE
from diagnostics.predictor import SHIPPED, Predictor, PredictorMismatch
from diagnostics.training.calibration import expected_error, isotonic
from diagnostics.training.dataset import Sample, collect
from diagnostics.training.train import train
from simulators.sample import sample_trips


def samples(seed: int) -> Iterator[Sample]:
    for sample in sample_trips(seed, cars=24, trips_per_car=6, longest_s=400):
        yield sample.block, sample.labels, sample.groups


def test_every_mode_is_covered_by_the_shipped_files() -> None:
    assert set(Predictor.shipped().faults) == set(MODES)


def test_the_version_changes_with_the_bytes(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED, tmp_path / "copy")
    assert Predictor.load(tmp_path / "copy").version == Predictor.shipped().version
    with (tmp_path / "copy" / "alternator.severity.txt").open("a") as file:
        file.write("\n")
    assert Predictor.load(tmp_path / "copy").version != Predictor.shipped().version


def test_a_predictor_of_other_features_is_refused(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED, tmp_path / "copy")
    metadata = json.loads((tmp_path / "copy" / "predictor.json").read_text())
    metadata["faults"]["alternator"]["features"][0] = "odometer"
    (tmp_path / "copy" / "predictor.json").write_text(json.dumps(metadata))
    with pytest.raises(PredictorMismatch):
        Predictor.load(tmp_path / "copy")


def test_more_of_a_residual_is_never_less_of_a_fault() -> None:
    predictor = Predictor.shipped().faults["alternator"]
    rng = np.random.default_rng(3)
    seen = rng.normal(0, 0.5, (200, len(columns(MODES["alternator"])))).astype(np.float32)
    before, _ = predictor.predict(seen)
    for column, (_, direction) in enumerate(columns(MODES["alternator"])):
        if direction == 0:
            continue
        more = seen.copy()
        more[:, column] += 1.0 * direction
        after, _ = predictor.predict(more)
        assert (after >= before - 1e-6).all()


def test_the_same_seed_makes_the_same_files_byte_for_byte(tmp_path: Path) -> None:
    first = train(samples(5), 5, tmp_path / "a")
    second = train(samples(5), 5, tmp_path / "b")
    assert first == second
    for file in sorted((tmp_path / "a").iterdir()):
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()
    assert Predictor.load(tmp_path / "a").version == first["predictor"]


def test_copies_with_another_shape_stay_with_their_car() -> None:
    data = collect(samples(6), MODES, 6)["alternator"]
    assert set(data.group[data.varied].tolist()) <= set(data.group[~data.varied].tolist())
    assert not (data.clear & data.varied & ~data.faulty).any()


def test_calibration_recovers_a_known_probability_at_the_stated_prevalence() -> None:
    rng = np.random.default_rng(4)
    score = rng.random(20_000).astype(np.float32)
    faulty = rng.random(20_000) < score
    said = isotonic(score, faulty)(score)
    half = (np.abs(score - 0.5) < 0.05).nonzero()[0]
    assert said[half].mean() == pytest.approx(PREVALENCE, rel=0.5)  # even odds among samples that are half faulty
    assert expected_error(said, faulty) < 0.005
    assert (np.diff(said[np.argsort(score)]) >= 0).all()


def test_trips_of_one_score_have_one_probability() -> None:
    faulty = np.arange(1000) % 10 == 0
    score = np.zeros(1000, dtype=np.float32)
    assert isotonic(score, faulty)(score[:1])[0] == pytest.approx(PREVALENCE, rel=1e-3)
    score[faulty] = np.where(np.arange(100) < 50, 0, 1)
    low, high = isotonic(score, faulty)(np.array([0, 1], dtype=np.float32))
    assert high > 0.9
    assert low == pytest.approx(0.01, rel=0.05)
