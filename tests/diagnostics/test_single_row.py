"""Our walk through a booster's trees, against LightGBM's own."""

import lightgbm
import numpy as np
import pytest

from diagnostics.single_row import SingleRow, Trees


def test_every_kind_of_split_goes_where_lightgbm_goes() -> None:
    """Missing values on either side, a column that knows none, one that only tells known from unknown, zeros."""
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(3000, 6)).round(1).astype(np.float32)
    rows[rng.random(rows.shape) < 0.3] = np.nan
    rows[:, 0] = np.nan_to_num(rows[:, 0])
    rows[:, 5] = np.where(np.isnan(rows[:, 5]), np.nan, 1.0)
    target = rows[:, 0] + 2 * np.isnan(rows[:, 5]) + np.where(np.isnan(rows[:, 1]), 1, -np.nan_to_num(rows[:, 1]))
    settings = {"num_leaves": 32, "verbosity": -1, "num_threads": 1, "min_data_in_leaf": 5}
    trees = Trees(lightgbm.train(settings, lightgbm.Dataset(rows, target), 60))
    for column in range(6):
        rows[column::7, column] = np.nan  # also where no missing value was seen
    said = np.asarray(trees.booster.predict(rows, raw_score=True, num_threads=1))
    np.testing.assert_allclose(trees(rows), said, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose([SingleRow(trees.booster).predict(row) for row in rows[:50]], said[:50], rtol=1e-9)


def test_a_booster_that_learnt_nothing_is_its_mean() -> None:
    rows = np.zeros((100, 2), dtype=np.float32)
    trees = Trees(lightgbm.train({"verbosity": -1}, lightgbm.Dataset(rows, np.full(100, 2.5)), 3))
    assert trees(rows[:3]).tolist() == trees(rows)[:3].tolist() == [2.5] * 3


def test_trees_with_too_many_leaves_are_refused() -> None:
    rows = np.random.default_rng(1).normal(size=(2000, 2)).astype(np.float32)
    settings = {"num_leaves": 64, "verbosity": -1, "num_threads": 1, "min_data_in_leaf": 5}
    booster = lightgbm.train(settings, lightgbm.Dataset(rows, rows[:, 0] * rows[:, 1]), 2)
    with pytest.raises(ValueError, match="32 leaves"):
        SingleRow(booster)
