"""What a trip shows between engine and wheels: the ratios of engine to road speed, and slip over them (faults.md F25).

Gears are the peaks of a histogram of the ratio in steady driving. Road speed is told in whole km/h and up to a second
beside the engine speed, so nothing is read off single readings: only means over what held still for seconds.
"""

import numpy as np
from numpy.typing import NDArray

from diagnostics.compiled import compiled
from diagnostics.held import RUNNING_RPM, Held, Table
from ingest.readings import FloatArray

SIGNALS = ("engine_speed", "vehicle_speed", "engine_load")
NAMES = (
    "gear_fast",  # rpm at 100 km/h in the gear in which the car is driven at 88 km/h and more: the highest
    "gear_road",  # likewise at 67 to 82 km/h
    "gear_town",  # likewise at 50 to 63 km/h
    "slip_pulling",  # %, by which the engine runs ahead of its gear when it pulls hard, against when it does not
    "slip_overrun",  # %, likewise when it pulls, against when the car pushes it: other tyres move both
    "ratio_width",  # %, standard deviation about the gears
    "between_gears",  # %, of the steady time that is in no gear: most of it with a stepless gearbox
    "geared_s",
)  # fmt: skip
_SLOWEST_KMH, _FASTEST_KMH = 42.0, 140.0
_SPANS_KMH = ((88.0, 140.0), (67.0, 82.0), (50.0, 63.0))  # as drivers and gearboxes choose their gears
_STEADY_S = 3
_STEADY_KMH, _STEADY_PART = 2.0, 0.03  # ranges over those seconds, of the road and of the engine speed
_LOWEST, _BINS, _FINE = np.float32(np.log(8.0)), 300, 100.0  # rpm per km/h; bins of a hundredth of e
_NEAR, _APART = 4, 6  # bins, within and beyond which a ratio belongs to a gear, or to none
_LEAST_S = 10.0  # in a gear
_FROZEN_S = 15.0  # a load that says the same for so long is stuck
_SLIPS = 13  # bins over its gear that an engine which slips may be, where no other gear is nearer
_EASY, _HARD, _PULLS, _PUSHED = 45.0, 60.0, 22.0, 20.0  # %, of load
_PULLING, _PUSHING = (-0.8, 2.3), (-2.3, -1.2)  # km/h per second: more opens a lock-up
_SHIFTS = 0.03  # log of the ratio, in two seconds: another gear
_GAINS = 25.0  # squares of the gain that a trip must show before it is believed how late a reading is
_BELOW = 10  # bins under its gear that an engine may be that is pushed
_PUSHED_LEAST_S = 12.0
_STEPLESS = 2.2  # %, of a wider spread about the gears they are none


def driveline(held: Held) -> Table:
    """Measure every trip of the block, by `NAMES`: float32 [trip], NaN where a trip does not show it."""
    made = np.full((held.trips, len(NAMES)), np.nan, dtype=np.float32)
    made[:, NAMES.index("geared_s") :] = 0
    if held.has("engine_speed") and held.has("vehicle_speed"):
        _measure(tuple(held.column(name) for name in SIGNALS), held.lengths, held.step_s, made)
    return {name: np.ascontiguousarray(made[:, column]) for column, name in enumerate(NAMES)}


@compiled
def _gears(counts: NDArray[np.int64], least: float, gear_of: NDArray[np.int64]) -> None:
    """Give each bin the bin of its gear, or -1: `counts` of the bins are smoothed over three of them."""
    size = len(counts)
    gear_of[:] = -1
    for middle in range(_APART, size - _APART):
        height = counts[middle - 1] + counts[middle] + counts[middle + 1]
        if height < least:
            continue
        highest = True
        for other in range(middle - _APART, middle + _APART + 1):
            if other != middle and 0 < other < size - 1:
                rival = counts[other - 1] + counts[other] + counts[other + 1]
                highest = highest and (rival < height or (rival == height and other > middle))
        if highest:
            gear_of[middle] = middle
    for middle in range(size):  # a gear reaches from a little under it to as far over it as an engine may slip
        if gear_of[middle] == middle:
            for other in range(max(middle - _NEAR, 0), min(middle + _SLIPS + 1, size)):
                if gear_of[other] < 0 or (gear_of[other] != other and other - gear_of[other] > _APART):
                    gear_of[other] = middle


@compiled
def _measure(  # noqa: C901 - one loop
    columns: tuple[FloatArray, ...], lengths: NDArray[np.int64], step: float, made: FloatArray
) -> None:  # fmt: skip
    """Fill `made[trip, name]`: once over the readings for what is steady, then over that alone; hence long."""
    speeds, wheels, loads = columns
    longest = 1
    for trip in range(len(lengths)):
        longest = max(longest, lengths[trip])
    ratios, pulls = np.empty(longest, dtype=np.float32), np.empty(longest, dtype=np.float32)
    ways, gains = np.empty(longest, dtype=np.float32), np.empty(longest, dtype=np.float32)
    sides = np.empty(longest, dtype=np.int64)
    span = np.empty(longest, dtype=np.int64)
    counts, by_span = np.zeros(_BINS, dtype=np.int64), np.zeros((_BINS, 3), dtype=np.int64)
    gear_of = np.empty(_BINS, dtype=np.int64)
    back = max(2, int(_STEADY_S / step))
    for trip in range(len(lengths)):
        speed, wheel, load = speeds[trip], wheels[trip], loads[trip]
        counts[:], by_span[:] = 0, 0
        found, driven, same_s = 0, 0, 0.0
        for at in range(back, lengths[trip]):
            v, n = wheel[at], speed[at]
            same_s = same_s + step if load[at] == load[at - 1] else 0.0
            if not (_SLOWEST_KMH <= v <= _FASTEST_KMH) or not n > RUNNING_RPM:
                continue
            ratio = np.log(n / v)
            place = int((ratio - _LOWEST) * _FINE)
            if place < 0 or place >= _BINS:
                continue
            faster = (wheel[min(at + 1, lengths[trip] - 1)] - wheel[at - 2]) / (3 * step)
            pushes = _PUSHING[0] < faster < _PUSHING[1] and load[at] < _PUSHED
            if pushes or (_PULLING[0] < faster < _PULLING[1] and load[at] >= _PULLS):
                same = n * wheel[at - back]
                if abs(speed[at - back] * v - same) < _SHIFTS * same and same_s <= _FROZEN_S:
                    ways[driven], gains[driven], sides[driven] = ratio, 100 * faster / v, 0 if pushes else 1
                    driven += 1
            slow, quick, low, high = v, v, n, n
            for before in range(at - back, at):
                slow, quick = min(slow, wheel[before]), max(quick, wheel[before])
                low, high = min(low, speed[before]), max(high, speed[before])
            if not quick - slow <= _STEADY_KMH or not high - low <= _STEADY_PART * n:
                continue
            counts[place] += 1
            here = -1
            for number in range(3):
                if _SPANS_KMH[number][0] <= v <= _SPANS_KMH[number][1]:
                    here = number
                    by_span[place, number] += 1
            ratios[found], span[found] = ratio, here
            pulls[found] = load[at] if same_s <= _FROZEN_S else np.nan
            found += 1
        _read(ratios[:found], pulls[:found], span[:found], counts, by_span, gear_of, step, made[trip])
        if made[trip, 5] < _STEPLESS:
            made[trip, 4] = _overrun(ways[:driven], gains[:driven], sides[:driven], gear_of, _PUSHED_LEAST_S / step)


@compiled
def _overrun(
    ways: FloatArray, gains: FloatArray, sides: NDArray[np.int64], gear_of: NDArray[np.int64], least: float
) -> float:  # fmt: skip
    """Give in % by how much the engine is ahead when it pulls, against pushed, gear by gear; NaN: no gear shows both.

    `ways` are log ratios, `gains` % of speed won per second, `sides` 0 for pushed. Road and engine speed are read at
    different instants, which makes the ratio rise with the gain; by how much, the samples of a kind tell.
    """
    sums = np.zeros((_BINS, 2, 5))  # count, off, gain, gain squared, gain times off
    for at in range(len(ways)):
        place, side = int((ways[at] - _LOWEST) * _FINE), sides[at]
        gear = gear_of[place]
        for over in range(place + 1, min(place + _BELOW, _BINS) if side == 0 and gear < 0 else 0):
            if gear_of[over] == over:
                gear = over
                break
        if gear >= 0:
            off, gain, cell = 100 * (ways[at] - _LOWEST) - gear, gains[at], sums[gear, side]
            cell[0], cell[1], cell[2] = cell[0] + 1, cell[1] + off, cell[2] + gain
            cell[3], cell[4] = cell[3] + gain * gain, cell[4] + gain * off
    spread, joint = _GAINS, 0.0
    for gear in range(_BINS):
        for side in range(2):
            cell = sums[gear, side]
            if cell[0] > 1:
                spread += cell[3] - cell[2] * cell[2] / cell[0]
                joint += cell[4] - cell[1] * cell[2] / cell[0]
    late, total, weights = joint / spread, 0.0, 0.0
    for gear in range(_BINS):
        pushed, pulled = sums[gear, 0], sums[gear, 1]
        if pushed[0] >= least and pulled[0] >= least:
            weight = pulled[0] * pushed[0] / (pulled[0] + pushed[0])
            ahead = pulled[1] / pulled[0] - pushed[1] / pushed[0]
            total += weight * (ahead - late * (pulled[2] / pulled[0] - pushed[2] / pushed[0]))
            weights += weight
    return total / weights if weights > 0 else np.nan


@compiled
def _read(  # noqa: C901, PLR0912 - one loop, and a second over what it found
    ratios: FloatArray, pulls: FloatArray, span: NDArray[np.int64], counts: NDArray[np.int64],
    by_span: NDArray[np.int64], gear_of: NDArray[np.int64], step: float, row: FloatArray,
) -> None:  # fmt: skip
    """Fill the row of one trip from its steady samples: log of the ratio, load in %, and the number of its span."""
    few = _LEAST_S / step
    _gears(counts, few, gear_of)
    usual, sums, numbers = np.full(3, -1), np.zeros(3), np.zeros(3)
    for number in range(3):
        most = few
        for middle in range(1, _BINS - 1):
            here = by_span[middle - 1, number] + by_span[middle, number] + by_span[middle + 1, number]
            if gear_of[middle] == middle and here >= most:
                usual[number], most = middle, here
    lost, geared, square = 0, 0, 0.0
    level, levels = np.zeros(_BINS), np.zeros(_BINS)
    for at in range(len(ratios)):
        gear = gear_of[int((ratios[at] - _LOWEST) * _FINE)]
        if gear < 0:
            lost += 1
            continue
        off = 100 * (ratios[at] - _LOWEST) - gear
        geared += 1
        if span[at] >= 0 and gear == usual[span[at]] and -_NEAR <= off <= _NEAR:
            sums[span[at]] += ratios[at]
            numbers[span[at]] += 1
        if pulls[at] < _EASY:
            level[gear] += off
            levels[gear] += 1
    pulled, pulled_count = 0.0, 0
    for at in range(len(ratios)):
        gear = gear_of[int((ratios[at] - _LOWEST) * _FINE)]
        if gear < 0:
            continue
        off = 100 * (ratios[at] - _LOWEST) - gear
        square += off * off
        if levels[gear] >= 5 / step:
            off -= level[gear] / levels[gear]
            if pulls[at] >= _HARD:
                pulled, pulled_count = pulled + off, pulled_count + 1
    for number in range(3):
        if numbers[number] >= few:
            row[number] = 100 * np.exp(sums[number] / numbers[number])
    if pulled_count >= 10 / step:
        row[3] = pulled / pulled_count
    if geared >= 2 * few:
        row[5] = np.sqrt(square / geared)
        row[6] = 100 * lost / (lost + geared)
    row[7] = (geared + lost) * step
