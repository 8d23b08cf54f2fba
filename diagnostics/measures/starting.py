"""What the first start of a trip shows of battery, starter and cables (faults.md F23, F24, B6)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from diagnostics.compiled import compiled
from diagnostics.held import RUNNING_RPM, Held, Table
from ingest.readings import FloatArray

PLAUSIBLE_V = (4.5, 16.0)
RESTED_V = 11.0  # below it nothing is at rest: a reading from within the crank, or a battery that starts nothing
DIPPED_V = 0.6  # under the rest voltage: the starter's current, not a pump's
TURNING_RPM = 50.0
LONGEST_CRANK_S, LONGEST_GAP_S = 15.0, 3.0
REFERENCE_C, USUAL_C, WARMEST_C = 25.0, 20.0, 35.0
# A cold battery resists more and a cold engine asks more of it (F23).
RESISTS_PER_K, ASKS_PER_K = 0.015, 0.006
# What the last charge leaves on the plates goes as fast as the coolant cools, for a few hours after the stop (B5, B6).
SURFACE_V, SURFACE_POWER, SOAKED_K = 0.35, 2.5, 65.0
RESTS_PER_K = 0.004  # V: a cold battery takes less of the charge that it is given

NAMES: Sequence[str] = (
    "rest_voltage",  # V before the start, without what the last charge left, as at 20 degC
    "crank_lowest",  # V, the lowest reading of the crank, where one fell into it
    "crank_drop",  # V below that rest then, as at 25 degC
    "first_drop",  # V below rest just after, before the alternator gives, as at 25 degC
    "crank_time",  # s
    "crank_seen",  # s of it that new readings lay in, at least 1
    "key_off_voltage",  # V after the engine has stopped
    "start_temperature",  # degC
    "observed",
)


def starting(held: Held) -> Table:
    """Measure the first start of every trip; `observed` are the seconds the engine ran, 0 where no start was seen."""
    rows = np.full((len(NAMES), held.trips), np.nan, dtype=np.float32)
    rows[-1] = 0
    if held.has("engine_speed"):
        voltage = "control_module_voltage"
        read = held.fresh(voltage) if held.has(voltage) else held.column(voltage)
        coolant, ambient = held.column("coolant_temperature"), held.column("ambient_air_temperature")
        intake = held.column("intake_air_temperature")
        _pass(held.column("engine_speed"), read, coolant, ambient, intake, held.lengths, held.step_s, rows)
    return dict(zip(NAMES, rows, strict=True))


@compiled
def _pass(
    speeds: FloatArray, voltages: FloatArray, coolants: FloatArray, ambients: FloatArray, intakes: FloatArray,
    lengths: NDArray[np.int64], step_s: float, rows: FloatArray,
) -> None:  # fmt: skip
    for trip in range(len(lengths)):
        length, row, speed, voltage = lengths[trip], rows[:, trip], speeds[trip], voltages[trip]
        began = _first_running(speed, length)
        rested = began - 1
        while rested >= 0 and not speed[rested] < TURNING_RPM:
            rested -= 1
        if rested < 0 or began >= length:  # it ran before the first reading, or never
            continue
        stopped = _last_running(speed, length)
        warmth = min(ambients[trip, began], WARMEST_C)
        if np.isnan(warmth):  # under the hood it may be warmer than in the battery, never colder
            warmth = min(intakes[trip, began], coolants[trip, began], REFERENCE_C)
        row[7] = warmth
        if np.isnan(warmth):
            warmth = USUAL_C
        excess = coolants[trip, began] - warmth
        surface = SURFACE_V * min(max(excess / SOAKED_K, 0.0), 1.0) ** SURFACE_POWER if excess > 0 else 0.0
        _start(voltage, speed, rested, began, length, warmth, surface, step_s, row)
        if speed[min(stopped + 1, length - 1)] < TURNING_RPM:
            row[6] = _mean(voltage, stopped + round(2 / step_s), min(stopped + round(12 / step_s), length))
        row[8] = (stopped + 1 - began) * step_s


@compiled
def _first_running(speed: FloatArray, length: int) -> int:
    for step in range(length):
        if speed[step] > RUNNING_RPM:
            return step
    return length


@compiled
def _last_running(speed: FloatArray, length: int) -> int:
    for back in range(length):
        if speed[length - 1 - back] > RUNNING_RPM:
            return length - 1 - back
    return -1


@compiled
def _mean(voltage: FloatArray, first: int, end: int) -> float:
    """Give the mean of plausible readings; NaN of none."""
    total, count = 0.0, 0
    for step in range(max(first, 0), end):
        if PLAUSIBLE_V[0] <= voltage[step] <= PLAUSIBLE_V[1]:
            total += voltage[step]
            count += 1
    return total / count if count else np.nan


@compiled
def _start(
    voltage: FloatArray, speed: FloatArray, rested: int, began: int, length: int, warmth: float, surface: float,
    step_s: float, row: FloatArray,
) -> None:  # fmt: skip
    """Measure one start between the last reading at rest and the running engine."""
    rest = np.nan
    for step in range(max(0, rested - round(LONGEST_CRANK_S / step_s)), rested + 1):
        if RESTED_V <= voltage[step] <= PLAUSIBLE_V[1] and not rest > voltage[step]:
            rest = voltage[step]
    # The speed may be older than the voltage: the dip is looked for a little around the crank.
    lowest, last_dip = np.nan, -1
    until = min(began + round(3 / step_s), length)
    for step in range(max(0, rested - round(2 / step_s)), until):
        # With the engine running it is the starter's only if it is deep, or the last reading told again.
        deep = rest - DIPPED_V if step < began else (rest - 2 * DIPPED_V if np.isnan(lowest) else lowest + 0.05)
        if PLAUSIBLE_V[0] <= voltage[step] < deep:
            if not lowest <= voltage[step]:
                lowest = voltage[step]
            last_dip = step
    row[4], row[5] = _crank_time(voltage, speed, rested, began, rest, step_s)

    row[0] = rest - surface + RESTS_PER_K * (USUAL_C - warmth)
    cold = np.exp(-RESISTS_PER_K * (warmth - REFERENCE_C))
    asks = 1 + ASKS_PER_K * min(max(REFERENCE_C - warmth, 0.0), 60.0)
    row[1] = lowest
    row[2] = (rest - surface - lowest) / (cold * asks)  # the starter takes what the charge left at once
    for step in range(max(began, last_dip + 1), min(began + round(5 / step_s), length)):
        if PLAUSIBLE_V[0] <= voltage[step] < rest and speed[step] > RUNNING_RPM:
            row[3] = (rest - voltage[step]) / cold
            break


@compiled
def _crank_time(
    voltage: FloatArray, speed: FloatArray, rested: int, began: int, rest: float, step_s: float
) -> tuple[float, float]:  # fmt: skip
    """Give the middle between the longest and the shortest crank in s that is possible, and what new readings show.

    The latter, without readings told again, is at least 1 s: whether one falls into a short crank is chance, while two
    of them hardly ever lie in that of a sound starter.
    """
    first, last, news = -1, -1, -1
    for step in range(rested + 1, began + 1):
        dips = voltage[step] < rest - DIPPED_V
        if TURNING_RPM <= speed[step] <= RUNNING_RPM or (dips and step < began):
            first = step if first < 0 else first
            last = step
            fresh = speed[step] != speed[step - 1] or (dips and voltage[step] != voltage[step - 1])
            news = step if news < 0 or fresh else news
        elif first < 0 and abs(voltage[step] - rest) < 0.5 * DIPPED_V and step < began:
            rested = step
    shown = (last - first + 1) * step_s if first >= 0 else 0.0
    possible = (began - rested) * step_s
    # A gap of the link leaves too much open.
    if possible - shown > LONGEST_GAP_S:
        return np.nan, np.nan
    return min(0.5 * (shown + possible), LONGEST_CRANK_S), min(max((news - first + 1) * step_s, 1.0), LONGEST_CRANK_S)
