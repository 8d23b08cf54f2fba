"""Robust summaries against numpy's own, one trip at a time, and ripple against loads that only look like it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from diagnostics.robust import bin_means, quantile_of, ripple, slope, sorted_samples

numbers = st.floats(-100, 100, width=32) | st.just(float("nan"))


@settings(max_examples=60)
@given(arrays(np.float32, (17, 3), elements=numbers), st.floats(0, 1))
def test_quantiles_are_numpys(values: np.ndarray, level: float) -> None:
    gate = ~np.isnan(values)
    ours = quantile_of(*sorted_samples(values, gate), level, 1)
    for trip in range(3):
        present = values[gate[:, trip], trip]
        expected = np.quantile(present.astype(np.float64), level) if len(present) else np.nan
        assert ours[trip] == pytest.approx(expected, abs=1e-3, nan_ok=True)


def test_a_quantile_of_too_few_samples_is_not_given() -> None:
    values = np.arange(5, dtype=np.float32)[:, None]
    assert np.isnan(quantile_of(*sorted_samples(values, values >= 0), 0.5, 6)).all()


def test_the_slope_is_that_of_the_line() -> None:
    along = np.linspace(0, 5, 20, dtype=np.float32)[:, None]
    assert slope(3 - 2 * along, along, 10)[0] == pytest.approx(-2, abs=1e-4)


def test_bins_with_under_half_their_steps_are_missing() -> None:
    values = np.array([[1], [3], [5], [7]], dtype=np.float32)
    gate = np.array([[True], [True], [False], [False]])
    np.testing.assert_array_equal(bin_means(values, gate, 2)[:, 0], [2, np.nan])


@pytest.mark.parametrize("sigma", [0.03, 0.1, 0.2])
@pytest.mark.parametrize(("renewed_every", "part"), [(1, 1.0), (2, 0.65), (5, 0.14)])
def test_ripple_finds_the_noise_and_a_part_of_it_with_a_slow_poll(
    sigma: float, renewed_every: int, part: float
) -> None:
    noise = np.random.default_rng(1).normal(13.8, sigma, (3600, 1)).astype(np.float32)
    polled = noise[np.arange(3600) // renewed_every * renewed_every]
    assert ripple(polled, np.ones_like(polled, dtype=bool), 24, 3)[0] == pytest.approx(part * sigma, rel=0.25)


@pytest.mark.parametrize("duty", [0.3, 0.5, 0.7])
def test_hazard_lights_are_no_ripple(duty: float) -> None:
    rng = np.random.default_rng(2)
    voltage = np.where(rng.random((900, 1)) < duty, 13.55, 14.1) + rng.normal(0, 0.01, (900, 1))
    assert ripple(voltage.astype(np.float32), np.ones((900, 1), dtype=bool), 24, 3)[0] < 0.03
