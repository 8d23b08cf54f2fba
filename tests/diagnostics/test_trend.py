"""Levels and CUSUMs: they know the past only, follow what lasts, and shrug off what does not."""

import numpy as np
import pytest

from diagnostics.trend import DAY_S, TREND_S, TREND_TRIPS, trend

STEP_S = 0.4 * DAY_S


def run(residual: np.ndarray, step_s: float = STEP_S) -> tuple[np.ndarray, np.ndarray]:
    level, cusum = trend(
        residual[:, None], np.array([0, len(residual)]), np.arange(len(residual), dtype=np.float64) * step_s
    )
    return level[:, 0], cusum[:, 0]


def noise(trips: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(trips).astype(np.float32)


def test_a_trip_stands_on_earlier_trips_only_and_on_no_more_than_the_last_forty() -> None:
    residual = noise(150)
    level, cusum = run(residual)
    np.testing.assert_array_equal(run(residual[:90])[0], level[:90])
    np.testing.assert_array_equal(run(residual[:90])[1], cusum[:90])
    # What lies further back need not be read again.
    np.testing.assert_array_equal(run(residual[90 - TREND_TRIPS :])[0][TREND_TRIPS - 1 :], level[89:])


def test_cars_do_not_mix() -> None:
    residual, starts = noise(60)[:, None], np.tile(np.arange(30, dtype=np.float64) * STEP_S, 2)
    together = trend(residual, np.array([0, 30, 60]), starts)[0]
    alone = trend(residual[30:], np.array([0, 30]), starts[30:])[0]
    np.testing.assert_array_equal(together[30:], alone)


def test_what_lasts_moves_the_level_and_one_odd_trip_does_not() -> None:
    odd = np.zeros(40, dtype=np.float32)
    odd[30] = 20.0
    assert run(odd)[0][30] < 1.0
    grows = noise(80) + np.linspace(0, 4, 80, dtype=np.float32)
    assert run(grows)[0][-1] == pytest.approx(4.0, abs=1.0)
    assert run(grows)[1][-1] > 15
    assert np.abs(run(noise(400))[0]).max() < 2.0


def test_a_jump_is_followed_within_a_few_trips() -> None:
    residual = noise(60)
    residual[40:] += 9.0
    level, _ = run(residual)
    assert level[39] < 1.5
    assert level[44] > 5.0
    assert level[49] > 7.0


def test_after_a_repair_everything_begins_anew() -> None:
    residual = noise(60)
    residual[:40] += 9.0
    level, cusum = run(residual)
    assert level[39] > 6
    assert level[44] < 2.5
    assert cusum[42] == 0.0


def test_a_trip_that_does_not_show_it_keeps_what_was() -> None:
    residual = np.full(20, 2.0, dtype=np.float32)
    residual[15:] = np.nan
    level, cusum = run(residual)
    np.testing.assert_array_equal(level[15:], level[14])
    np.testing.assert_array_equal(cusum[15:], cusum[14])
    assert run(np.full(5, np.nan, dtype=np.float32))[0].tolist() == [0.0] * 5


def test_what_is_two_months_old_is_forgotten() -> None:
    residual = np.array([5.0] * 10 + [np.nan], dtype=np.float32)
    starts = np.append(np.arange(10) * STEP_S, 10 * STEP_S + TREND_S)
    level, _ = trend(residual[:, None], np.array([0, 11]), starts)
    assert level[9, 0] > 2
    assert level[10, 0] == 0.0
