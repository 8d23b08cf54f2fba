"""The car's own baseline: from its earlier trips only, whatever the order in which rows come."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.baseline import EARLIEST, MEMORY_S, compare
from diagnostics.modes import Measured
from diagnostics.modes.alternator import MODE

LEVEL = 0  # charging_voltage


def expected(levels: list[float], starts: list[float], vehicles: list[int] | None = None) -> np.ndarray:
    values = np.full((len(levels), len(MODE.measures)), np.nan, dtype=np.float32)
    values[:, LEVEL] = levels
    measured = Measured(values, np.full(len(levels), 600, dtype=np.float32))
    cars = np.array(vehicles or [0] * len(levels), dtype=np.int64)
    return compare(MODE, measured, cars, np.array(starts, dtype=np.float64)).normal.expected[:, LEVEL]


def test_a_first_trip_within_the_healthy_band_is_its_own_normal() -> None:
    assert expected([13.4], [0.0])[0] == pytest.approx(13.4)


def test_a_first_trip_outside_is_held_against_the_nearest_edge() -> None:
    assert expected([12.2], [0.0])[0] == pytest.approx(MODE.measures[LEVEL].healthy[0])


def test_own_trips_outweigh_the_fleet_as_they_grow_many() -> None:
    own = expected([14.2] * 5 + [13.2], [float(day) for day in range(6)])
    assert own[5] == pytest.approx((5 * 14.2 + 13.2) / 6, abs=1e-4)


def test_a_fault_that_grows_slowly_does_not_become_the_normal() -> None:
    growing = expected([14.0] * EARLIEST + [13.5] * 20, [float(day) for day in range(EARLIEST + 20)])
    assert growing[-1] > 13.9


def test_trips_of_another_season_are_forgotten() -> None:
    late = expected([14.4, 14.4, 13.6], [0.0, 1.0, MEMORY_S + 2.0])
    assert late[2] == pytest.approx(13.6)


def test_another_car_does_not_matter() -> None:
    alone = expected([14.0, 13.5], [0.0, 1.0])
    beside = expected([14.0, 12.9, 13.5, 12.8], [0.0, 0.5, 1.0, 1.5], [0, 1, 0, 1])
    np.testing.assert_allclose(beside[[0, 2]], alone)


@given(st.lists(st.floats(12.5, 15, width=32), min_size=2, max_size=15), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter_and_the_future_does_not_either(levels: list[float], random: object) -> None:
    starts = [1000.0 * place for place in range(len(levels))]
    whole = expected(levels, starts)
    order = list(range(len(levels)))
    random.shuffle(order)  # type: ignore[attr-defined]
    shuffled = expected([levels[row] for row in order], [starts[row] for row in order])
    np.testing.assert_array_equal(shuffled[np.argsort(order)], whole)
    np.testing.assert_array_equal(expected(levels[:-1], starts[:-1]), whole[:-1])
