"""Gates: which instants of a block may be compared, worked out for all trips at once on arrays `[time, trip]`."""

import numpy as np
from numpy.typing import NDArray

from ingest.readings import FloatArray

BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]

HOLD_S = 5.0  # signals are polled one after another: a reading stands for at most this long
RUNNING_RPM = 400.0  # above cranking (about 200 rpm), below every idle


def hold_last(values: FloatArray, step_s: float, limit_s: float = HOLD_S) -> FloatArray:
    """Carry each reading forward over holes of at most `limit_s` seconds; longer holes stay NaN from there on."""
    steps = np.arange(values.shape[0])[:, None]
    last = np.maximum.accumulate(np.where(np.isnan(values), -1, steps), axis=0)
    fresh = (last >= 0) & ((steps - last) * step_s <= limit_s)
    held: FloatArray = np.where(
        fresh, np.take_along_axis(values, np.maximum(last, 0), axis=0), np.float32(np.nan)
    ).astype(np.float32)
    return held


def inside(lengths: IntArray, steps: int) -> BoolArray:
    """Give `[time, trip]`: True up to each trip's end, where holding a value would invent time."""
    return np.arange(steps)[:, None] < lengths[None, :]


def streak_s(state: BoolArray, step_s: float) -> FloatArray:
    """Give for how many seconds, this step included, `state` has been true without a break; 0 where it is false."""
    steps = np.arange(state.shape[0])[:, None]
    broken = np.maximum.accumulate(np.where(state, -1, steps), axis=0)
    return ((steps - broken) * step_s).astype(np.float32)


def lasts(state: BoolArray, step_s: float, ahead_s: float) -> BoolArray:
    """Give where `state` is true now and stays true for the next `ahead_s` seconds."""
    ahead = round(ahead_s / step_s)
    remaining = streak_s(state[::-1], step_s)[::-1]
    return remaining > ahead * step_s


def count_within(state: BoolArray, step_s: float, window_s: float) -> FloatArray:
    """Give how many seconds of the last `window_s`, this step included, `state` was true."""
    total = np.cumsum(state, axis=0, dtype=np.int64)
    window = max(1, round(window_s / step_s))
    before = np.zeros_like(total)
    before[window:] = total[:-window]
    return ((total - before) * step_s).astype(np.float32)
