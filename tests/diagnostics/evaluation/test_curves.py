"""Precision, calibration and the bootstrap, against cases worked out by hand."""

import numpy as np
import pytest

from diagnostics.evaluation.reliability import car_weights, reliability
from diagnostics.evaluation.resampling import area_under_roc, average_precision, draws, quantile, ratio, spread

ONE = np.ones((1, 4), dtype=np.float32)


def test_average_precision_at_a_prevalence() -> None:
    """Scores 4, 3, 2, 1 with positives first and third, one negative in two at each step.

    At 1:2 the first step has precision 1, the second 0.5/(0.5 + 0.25).
    """
    positive, score = np.array([True, False, True, False]), np.array([4.0, 3, 2, 1])
    assert average_precision(ONE, score, positive, 0.5, np.ones(4))[0] == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    rare = 0.02 / (0.02 + 0.98 * 0.5)
    assert average_precision(ONE, score, positive, 0.02, np.ones(4))[0] == pytest.approx(0.5 + 0.5 * rare)


def test_scores_that_are_all_alike_are_worth_the_prevalence() -> None:
    positive = np.array([True, False, True, False])
    assert average_precision(ONE, np.zeros(4), positive, 0.02, np.ones(4))[0] == pytest.approx(0.02)
    assert area_under_roc(np.zeros(4), positive) == 0.5
    assert area_under_roc(np.array([4.0, 3, 2, 1]), positive) == 0.75


def test_quantiles_weigh_what_was_drawn() -> None:
    counts = np.array([[1, 1, 1, 1], [0, 0, 3, 0], [2, 0, 0, 1]], dtype=np.float32)
    assert quantile(counts, np.array([1.0, 2, 3, 10]), 0.5).tolist() == [2.5, 3, 1]


def test_cars_are_drawn_within_their_stratum_and_the_interval_is_the_binomials() -> None:
    strata = np.repeat([0, 1], [400, 7])
    counts = draws(strata, 3)
    assert (counts[:, :400].sum(axis=1) == 400).all()
    assert (counts[:, 400:].sum(axis=1) == 7).all()
    assert (counts[0] == 1).all()
    hits = (np.arange(407) < 120).astype(float)
    figure = spread(ratio(counts, hits, (np.arange(407) < 400).astype(float)), 400)
    assert figure.value == pytest.approx(0.3)
    half = 1.96 * np.sqrt(0.3 * 0.7 / 400)
    assert [figure.low, figure.high] == pytest.approx([0.3 - half, 0.3 + half], abs=0.01)


def test_calibration_error_of_known_probabilities() -> None:
    """Half the mass says 0.2 and is faulty in 0 of it, half says 0.4 and is faulty in 0.4 of it."""
    said = np.repeat([0.2, 0.4], 500)
    faulty = np.concatenate([np.zeros(500), np.arange(500) % 5 < 2]).astype(bool)
    told = reliability(said, faulty, np.ones(1000), bins=2)
    assert told.error == pytest.approx(0.1)
    assert told.skill == pytest.approx(1 - (0.5 * 0.04 + 0.5 * 0.24) / (0.2 * 0.8))
    assert told.was.tolist() == pytest.approx([0, 0.4])


def test_every_car_weighs_the_same_and_faulty_ones_have_their_share() -> None:
    weight = car_weights(np.array([1, 1, 1, 2, 3]), np.array([False, False, False, False, True]))
    assert weight.tolist() == pytest.approx([0.98 / 6, 0.98 / 6, 0.98 / 6, 0.98 / 2, 0.02])
