"""Gates on hand-made columns."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.gating import count_within, hold_last, lasts, streak_s

NAN = np.nan


def column(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float32)[:, None]


def states(written: str) -> np.ndarray:
    return np.array([mark == "x" for mark in written])[:, None]


def test_a_reading_is_held_for_five_seconds_and_not_for_six() -> None:
    held = hold_last(column(NAN, 7, NAN, NAN, NAN, NAN, NAN, NAN, 8), 1.0)[:, 0]
    np.testing.assert_array_equal(held, [NAN, 7, 7, 7, 7, 7, 7, NAN, 8])


def test_a_hole_is_judged_in_seconds_whatever_the_step() -> None:
    held = hold_last(column(7, NAN, NAN, NAN, NAN), 2.0)[:, 0]
    np.testing.assert_array_equal(held, [7, 7, 7, NAN, NAN])


def test_a_streak_counts_this_second_and_ends_with_a_break() -> None:
    np.testing.assert_array_equal(streak_s(states("xx.xxx"), 1.0)[:, 0], [1, 2, 0, 1, 2, 3])


def test_lasting_looks_ahead_to_the_end_and_no_further() -> None:
    np.testing.assert_array_equal(lasts(states("xxxx.xx"), 1.0, 2)[:, 0], states("xx.....")[:, 0])


@given(st.lists(st.booleans(), min_size=1, max_size=80), st.integers(1, 30))
def test_counting_within_a_window_is_what_a_loop_would_count(marks: list[bool], window: int) -> None:
    counted = count_within(np.array(marks)[:, None], 1.0, window)[:, 0]
    assert counted.tolist() == [sum(marks[max(0, now + 1 - window) : now + 1]) for now in range(len(marks))]
