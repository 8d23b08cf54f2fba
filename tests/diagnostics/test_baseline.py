"""The car's own baseline: from its earlier trips only, whatever the order in which rows come."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.baseline import DAY_S, FEWEST, MEMORY_S, MOST, compare
from diagnostics.modes import Measure, Measured
from diagnostics.residuals import ResidualMode

MODE = ResidualMode("alternator", (), lambda held: {}, "observed", (Measure("volts", "V", (12.9, 14.9), 0.12, -1),), {})


def expected(levels: list[float], starts: list[float], vehicles: list[int] | None = None) -> np.ndarray:
    measured = Measured(np.array(levels, np.float32)[:, None], np.full(len(levels), 600, dtype=np.float32))
    cars = np.array(vehicles or [0] * len(levels), dtype=np.int64)
    return compare(MODE, measured, cars, np.array(starts, dtype=np.float64)).normal.expected[:, 0]


def test_a_first_trip_within_the_healthy_band_is_its_own_normal() -> None:
    assert expected([13.4], [0.0])[0] == pytest.approx(13.4)


def test_a_first_trip_outside_is_held_against_the_nearest_edge() -> None:
    assert expected([12.2], [0.0])[0] == pytest.approx(12.9)


def test_own_trips_outweigh_the_fleet_as_they_grow_many() -> None:
    own = expected([14.2] * 5 + [13.2], [float(day) for day in range(6)])
    assert own[5] == pytest.approx((5 * 14.2 + 13.2) / 6, abs=1e-4)


def test_a_young_car_is_held_against_its_first_trips() -> None:
    growing = expected([14.0] * FEWEST + [13.5] * 20, [float(trip) for trip in range(FEWEST + 20)])
    assert growing[-1] > 13.9


def test_a_baseline_grows_with_trips_that_have_lain_for_a_while() -> None:
    # The first six trips were odd ones; forty know better.
    days = [0.4 * trip for trip in range(120)]
    levels = expected([14.4] * FEWEST + [14.0] * 114, [day * DAY_S for day in days])
    assert levels[20] > 14.3
    assert levels[-1] == pytest.approx(14.0, abs=0.01)


@pytest.mark.parametrize("length_d", [60, 200])
def test_a_fault_that_grows_for_months_is_not_absorbed(length_d: int) -> None:
    days = np.arange(0, 30 + length_d, 0.4)
    sag = np.clip((days - 30) / length_d, 0, 1)
    normal = expected((14.0 - sag).tolist(), (days * DAY_S).tolist())
    # Of a fault that took 200 days the last 120 are there to see.
    assert normal[-1] > 14.0 - 0.5
    assert (normal - (14.0 - sag))[sag >= 0.5].min() > 0.45


def test_trips_of_another_season_are_forgotten() -> None:
    late = expected([14.4, 14.4, 13.6], [0.0, 1.0, MEMORY_S + 2.0])
    assert late[2] == pytest.approx(13.6)


def test_another_car_does_not_matter() -> None:
    alone = expected([14.0, 13.5], [0.0, 1.0])
    beside = expected([14.0, 12.9, 13.5, 12.8], [0.0, 0.5, 1.0, 1.5], [0, 1, 0, 1])
    np.testing.assert_allclose(beside[[0, 2]], alone)


def test_a_long_history_tells_the_level_better_than_six_trips() -> None:
    rng = np.random.default_rng(1)
    days = np.arange(200) * 0.4 * DAY_S
    off = [expected((13.8 + rng.normal(0, 0.12, 200)).tolist(), days.tolist())[[20, -1]] - 13.8 for _ in range(100)]
    young, old = np.std(off, axis=0)
    assert old < 0.6 * young
    assert old < 0.12 * 1.6 / np.sqrt(MOST)


@given(st.lists(st.floats(12.5, 15, width=32), min_size=2, max_size=15), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter_and_the_future_does_not_either(levels: list[float], random: object) -> None:
    starts = [5 * DAY_S * place for place in range(len(levels))]
    whole = expected(levels, starts)
    order = list(range(len(levels)))
    random.shuffle(order)  # type: ignore[attr-defined]
    shuffled = expected([levels[row] for row in order], [starts[row] for row in order])
    np.testing.assert_array_equal(shuffled[np.argsort(order)], whole)
    np.testing.assert_array_equal(expected(levels[:-1], starts[:-1]), whole[:-1])
