"""What the charging system shows on a trip (faults.md F22, B6): levels, ripple, and the first moment to stop for."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from diagnostics.compiled import compiled
from diagnostics.held import RUNNING_RPM, Held, Table
from ingest.readings import FloatArray

PLAUSIBLE_V = (6.0, 20.0)  # a 12 V net; 0 V is a controller that does not support the parameter
SETTLED_S = 20.0  # after the start the battery is being refilled, and a reading may still be the crank's
LEAVING_S = 3.0  # engine speed is up to 2 s older than the voltage: at key-off it still says "running"
IDLE_RPM, DRIVING_RPM, MOVING_RPM = 1000.0, 1500.0, 1000.0
BIN_S = 5.0  # two or three renewals of a slow poll, shorter than the engine room warms
RIPPLE_S = 24.0

# Levels are compared at one reference: 45 degC intake air and a parked car. Regulators lower the voltage when hot, and
# a driven car has a hotter engine room and more consumers on. How much differs from car to car: 13 mV per degree and
# 0.2 V between standing at idle and driving all the time on the real Toyota Etios, nothing on others. Half of that
# brings the spread of the Etios's trips' levels from 0.16 V to 0.12 V and lends no other car seasons that it has not.
FALL_V_PER_K, REFERENCE_C, DRIVEN_V = 0.006, 45.0, 0.1
STOP_V, STOP_LOW_S, STOP_RUNNING_S = 12.0, 30.0, 60.0  # faults.md A2, S0
STOP_CHARGED_V = 12.9  # above what a battery has by itself: whoever shows this is being charged
STOP_RECOVERED_V = 12.6  # so, too, whoever comes back to this from below `STOP_V`
# An alternator that charges a driven car, or came back by itself, is not dead: at idle it may be too small for all
# that is switched on. That is told later; below `STOP_V` above idle for some seconds, it is dead after all.
# One that held what a regulator holds on the same trip is asked for more: a moment of too many consumers is not its
# end, while a failing one comes back to just above what the battery has.
STOP_WORKS_S, DISPROVED_S, STRONG_DISPROVED_S, STRONG_V = 600.0, 5.0, 30.0, 13.5
# A reading that stays the same while the engine turns faster and slower is an old one, said again: links repeat them
# for minutes. What stays for longer than any link was seen to repeat is believed.
FROZEN_S, TURNED_RPM = (20.0, 240.0), 300.0

NAMES: Sequence[str] = (
    "charging_voltage",
    "charging_voltage_idle",
    "charging_voltage_top",
    "charging_voltage_bottom",
    "idle_drop",
    "ripple",
    "load_sag",
    "spread",
    "share_below_13_0",
    "share_below_12_5",
    "share_below_12_0",
    "share_above_15_2",
    "reference_shift",
    "observed",
    "stop_at",
    "stop_value",
    "charging_voltage_ceiling",
)
_LEVELS, _LOWEST_V, _PER_V = 1000, 8.0, 100  # the histogram of the voltage: 8 to 18 V in 10 mV
_FRAYS, _PER_FRAY_V = 256, 500  # that of the frays: 0 to 0.5 V in 2 mV
_FRAY = 0.83  # lower quartile of a fray, for 24 normal values of standard deviation 1


def charging(held: Held) -> Table:
    """Measure every trip: levels in V at the reference, shares in %, the sag per 100 % engine load in V.

    `observed` are seconds of settled charging. `stop_at` is the first instant below 12.0 V at the end of a minute of
    running with 30 s below 12.0 V in it, in seconds from the block's begin, and `stop_value` the voltage then. Seconds
    below are summed within the last minute, not required to be unbroken: a ripple that touches 12.1 V for one reading
    does not start the count again, and lone dips of a healthy car never add up to it. Whoever was charged within the
    last 30 s does not have to stop: pulsing consumers and an idle too slow for them pull an alternator that works below
    12 V for seconds; nor has, within the last 10 minutes, whoever was charged above idle and has not been low there
    since: for 5 s, or for 30 s if it reached 13.5 V on this trip. A frozen reading does not count. Holes over 5 s in
    the engine speed end the run; a step counts as its whole length.
    """
    rows = np.full((len(NAMES), held.trips), np.nan, dtype=np.float32)
    rows[NAMES.index("observed")] = 0
    if held.has("control_module_voltage") and held.has("engine_speed"):
        voltage, speed = held.column("control_module_voltage"), held.column("engine_speed")
        load, intake = held.column("engine_load"), held.column("intake_air_temperature")
        _pass(voltage, speed, load, intake, held.lengths, held.step_s, rows)
    return dict(zip(NAMES, rows, strict=True))


@compiled
def _pass(  # noqa: C901, PLR0912, PLR0915 - one loop
    voltages: FloatArray, speeds: FloatArray, loads: FloatArray, intakes: FloatArray, lengths: NDArray[np.int64],
    step_s: float, rows: FloatArray,
) -> None:  # fmt: skip
    """Go once through each trip; in one piece because all accumulators move together in one loop.

    A moment is judged `ahead` steps after it, when it is known that the engine ran on.
    """
    settled, ahead = int(np.floor(SETTLED_S / step_s)), round(LEAVING_S / step_s)
    width, bin_width = max(8, round(RIPPLE_S / step_s)), max(1, round(BIN_S / step_s))
    least, few = max(1, round(60 / step_s)), max(1, round(30 / step_s))
    stop_steps = max(1, round(STOP_RUNNING_S / step_s))
    weak_low, strong_low = round(DISPROVED_S / step_s), round(STRONG_DISPROVED_S / step_s)
    frozen, thawed = round(FROZEN_S[0] / step_s), round(FROZEN_S[1] / step_s)
    lows = np.zeros(stop_steps, dtype=np.bool_)  # of the last minute
    levels = np.empty((3, _LEVELS), dtype=np.int32)  # idle, in between, driving
    frays = np.empty(_FRAYS, dtype=np.int32)
    window, counts = np.empty(width, dtype=np.float32), np.zeros(_FRAYS, dtype=np.int32)
    slopes = np.empty(5, dtype=np.float64)
    for trip in range(len(lengths)):
        voltage, speed, load, intake = voltages[trip], speeds[trip], loads[trip], intakes[trip]
        levels[:], frays[:], slopes[:] = 0, 0, 0.0
        count, moving, below_13, below_12_5, below_12, above = 0, 0, 0, 0, 0, 0
        warmth, warm = 0.0, 0
        streak, low, filled, first_stop, charged = 0, 0, 0, -1, -stop_steps
        window_end, bin_end = 0, 0  # dividing at every instant would take longer than all else
        works, strong, driven_low = False, False, 0
        known, known_at, slowest, fastest = np.float32(np.nan), 0, np.float32(0), np.float32(0)
        lows[:] = False
        volts, loading, bin_volts, bin_loads, place = 0.0, 0.0, 0, 0, -1
        last_volts, last_load = np.nan, np.nan
        for now in range(lengths[trip]):
            streak = streak + 1 if speed[now] > RUNNING_RPM else 0

            # The stop: counted as it is, settled or not.
            here = voltage[now]
            is_low = streak > 0 and PLAUSIBLE_V[0] <= here < STOP_V
            if is_low:
                if here != known:
                    known, known_at, slowest, fastest = here, now, speed[now], speed[now]
                slowest, fastest = min(slowest, speed[now]), max(fastest, speed[now])
                is_low = not (frozen <= now - known_at < thawed and fastest - slowest >= TURNED_RPM)
            if (STOP_RECOVERED_V if low else STOP_CHARGED_V) <= here <= PLAUSIBLE_V[1]:
                charged, driven_low = now, 0
                strong = strong or (streak > 0 and here >= STRONG_V)
                works = works or low > 0 or speed[now] > DRIVING_RPM
            elif is_low and speed[now] > DRIVING_RPM:
                driven_low += 1
                works = works and driven_low < (strong_low if strong else weak_low)
            if low or is_low:
                low += (1 if is_low else 0) - (1 if lows[now % stop_steps] else 0)
                lows[now % stop_steps] = is_low
                waited = (now - charged) * step_s >= (STOP_WORKS_S if works else STOP_LOW_S)
                if is_low and waited and low * step_s >= STOP_LOW_S and streak >= stop_steps and first_stop < 0:
                    first_stop = now

            at = now - ahead
            if at < 0 or streak - ahead <= settled:
                continue
            volt = voltage[at]
            if not (PLAUSIBLE_V[0] <= volt <= PLAUSIBLE_V[1]):
                continue
            revolving = speed[at]
            count += 1
            regime = 0 if revolving < IDLE_RPM else (2 if revolving > DRIVING_RPM else 1)
            levels[regime, min(max(int((volt - np.float32(_LOWEST_V)) * _PER_V), 0), _LEVELS - 1)] += 1
            if volt < np.float32(13.0):
                below_13 += 1
                below_12_5 += volt < np.float32(12.5)
                below_12 += volt < np.float32(12.0)
            above += volt > np.float32(15.2)
            if not np.isnan(intake[at]):
                warmth += intake[at]
                warm += 1

            # Ripple: whole windows alone.
            if at >= window_end:
                window_end, filled = (at // width + 1) * width, 0
            window[filled] = volt
            filled += 1
            if filled == width:
                frays[_fray(window, counts)] += 1

            # Changes from bin to bin, so that the slow fall of a warming engine room takes no part; above idle, because
            # at idle an air conditioner moves load and voltage together on every healthy car.
            if revolving <= MOVING_RPM:
                continue
            moving += 1
            if at >= bin_end:
                mean = volts / bin_volts if 2 * bin_volts >= bin_width else np.nan
                mean_load = loading / bin_loads if 2 * bin_loads >= bin_width else np.nan
                _change(slopes, mean - last_volts, mean_load - last_load)
                now_at = at // bin_width
                if now_at == place + 1:
                    last_volts, last_load = mean, mean_load
                else:
                    last_volts, last_load = np.nan, np.nan
                volts, loading, bin_volts, bin_loads, place = 0.0, 0.0, 0, 0, now_at
                bin_end = (place + 1) * bin_width
            volts += volt
            bin_volts += 1
            if not np.isnan(load[at]):
                loading += load[at]
                bin_loads += 1
        mean = volts / bin_volts if 2 * bin_volts >= bin_width else np.nan
        mean_load = loading / bin_loads if 2 * bin_loads >= bin_width else np.nan
        _change(slopes, mean - last_volts, mean_load - last_load)

        row = rows[:, trip]
        row[13] = count * step_s
        if first_stop >= 0:
            row[14], row[15] = (first_stop + 1) * step_s, voltage[first_stop]
        shift = FALL_V_PER_K * (warmth / warm - REFERENCE_C) if warm >= few else 0.0
        if count:
            shift += DRIVEN_V * moving / count
        idling = _quantile(levels[0], 0.5, few, _LOWEST_V, 1 / _PER_V)
        driving = _quantile(levels[2], 0.5, few, _LOWEST_V, 1 / _PER_V)
        levels[0] += levels[1]
        levels[0] += levels[2]
        middle, top, bottom = (
            _quantile(levels[0], 0.5, least, _LOWEST_V, 1 / _PER_V),
            _quantile(levels[0], 0.9, least, _LOWEST_V, 1 / _PER_V),
            _quantile(levels[0], 0.1, least, _LOWEST_V, 1 / _PER_V),
        )
        row[0], row[1], row[2], row[3] = middle + shift, idling + shift, top + shift, bottom + shift
        row[4] = driving - idling
        row[16] = _quantile(levels[0], 0.97, least, _LOWEST_V, 1 / _PER_V) + shift
        row[5] = _quantile(frays, 0.25, 3, -0.5 / _PER_FRAY_V, 1 / _PER_FRAY_V) / _FRAY
        row[6] = _sag(slopes)
        row[7] = top - bottom
        if count >= least:
            row[8], row[9], row[10] = 100 * below_13 / count, 100 * below_12_5 / count, 100 * below_12 / count
            row[11] = 100 * above / count
        row[12] = shift


@compiled
def _fray(window: FloatArray, counts: NDArray[np.int32]) -> int:
    """Give the distance from the outermost value to the outer quarter, on the quieter of both sides, in 2 mV.

    Noise frays both edges, always. A load that beats or switches (hazard lights, a compressor) moves the voltage
    between two levels whose edges stay sharp, and not all the time: of the runs the quiet ones count (their lower
    quartile). A poll that repeats values hides a part of the noise. `counts` [`_FRAYS`] is all 0, and is again.
    """
    lowest, highest = window[0], window[0]
    for value in window:
        lowest, highest = min(lowest, value), max(highest, value)
    fine = min(_PER_FRAY_V, (_FRAYS - 1) / max(highest - lowest, 1e-6))  # per V, the whole window within `counts`
    for value in window:  # counted, not sorted: a sort takes three times as long
        counts[int((value - lowest) * fine)] += 1
    quarter = len(window) // 4
    top = int((highest - lowest) * fine)
    fray, below, above = 0, counts[0], counts[top]
    while below <= quarter and above <= quarter and fray < top:
        fray += 1
        below += counts[fray]
        above += counts[top - fray]
    for value in window:
        counts[int((value - lowest) * fine)] = 0
    return min(int(fray * _PER_FRAY_V / fine), _FRAYS - 1)


@compiled
def _change(slopes: NDArray[np.float64], volts: float, load: float) -> None:
    """Add one change of voltage and load from bin to bin to the sums of a straight line."""
    if np.isnan(volts) or np.isnan(load):
        return
    y, x = min(max(volts, -0.5), 0.5), min(max(load, -40.0), 40.0)
    slopes[0] += 1
    slopes[1] += x
    slopes[2] += y
    slopes[3] += x * x
    slopes[4] += x * y


@compiled
def _sag(slopes: NDArray[np.float64]) -> float:
    """Give the fall in V per 100 % of engine load; NaN from less than 20 changes."""
    count = slopes[0]
    if count < 20:
        return np.nan
    spread = slopes[3] - slopes[1] * slopes[1] / count
    if spread <= 1e-9:
        return np.nan
    fall: float = -100 * (slopes[4] - slopes[1] * slopes[2] / count) / spread
    return fall


@compiled
def _quantile(counts: NDArray[np.int32], level: float, least: int, low: float, width: float) -> float:
    """Give a quantile from a histogram, interpolated within its bin; NaN below `least` samples."""
    total = counts.sum()
    if total < max(least, 1):
        return np.nan
    place = level * (total - 1)
    before = 0
    for index in range(len(counts)):
        if before + counts[index] > place:
            value: float = low + width * (index + (place - before + 0.5) / counts[index])
            return value
        before += counts[index]
    return low + width * len(counts)
