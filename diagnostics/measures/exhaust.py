"""What firing, lambda loop, oxygen sensors and catalyst show on a trip (faults.md F12 to F14, B3).

Most measures look at three readings of a signal in a row while nothing else moves: how far the middle one is off the
mean of its neighbours. What changes slowly (a hill, the temperature, a learned trim) takes no part in that, a load that
is switched shows as much upwards as downwards, and how often a dongle asks is known and waited for.
"""

from collections.abc import Sequence
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from diagnostics.compiled import compiled
from diagnostics.held import RUNNING_RPM, Held, Table
from ingest.readings import FloatArray

# What is followed reading by reading, and what is held while it is.
_FRESH: Sequence[str] = (
    "engine_speed",
    "short_term_fuel_trim_1",
    "oxygen_sensor_b1s2_voltage",
    "oxygen_sensor_b1s1_voltage",
    "oxygen_sensor_b1s1_lambda",
)
_CONTEXT: Sequence[str] = (
    "engine_speed",
    "vehicle_speed",
    "engine_load",
    "coolant_temperature",
    "long_term_fuel_trim_1",
    "commanded_evap",
    "catalyst_temperature_b1s1",
    "mass_air_flow",
    "control_module_voltage",
)
SIGNALS: tuple[str, ...] = tuple(sorted({*_FRESH, *_CONTEXT}))


class _Row(IntEnum):
    """What the table holds, by the row that it is in."""

    IDLE_ROUGHNESS = 0  # ln rpm, of a reading against its neighbours at idle
    IDLE_DIPS = 1  # rpm, by which the deepest dips are more than the highest peaks
    DRIVE_ROUGHNESS = 2  # ln per mille of the engine speed, at steady speed and load
    DRIVE_DIPS = 3  # per mille
    TRIM_SWING = 4  # % of the short-term trim from reading to reading, driving
    TRIM_SWING_IDLE = 5  # %
    TRIM_LEVEL = 6  # % of total trim
    TRIM_HIGH = 7  # %, by which the highest of the short-term trim is over its middle
    FRONT_SWING = 8  # V of a switching sensor
    LEAVE_LEAN = 9  # s more than a reading in which a wide-band sensor leaves the lean end behind a fuel cut
    REAR_SWING = 10  # V from reading to reading
    REAR_RATIO = 11  # of the swings behind and before the catalyst
    REAR_CROSSINGS = 12  # % of the readings on the other side of 0.45 V
    REAR_LEVEL = 13  # V
    REAR_DELAY = 14  # s at 50 % load and 2000 rpm from the end of a fuel cut until the rear sensor has left lean
    CATALYST_ABOVE = 15  # K over what the measured air flow makes of it
    TRIM_COLD = 16  # %, by which the total trim is higher before the engine is warm
    TURNING_S = 17
    LOOP_S = 18
    REAR_S = 19
    OBSERVED = 20


NAMES: Sequence[str] = tuple(row.name.lower() for row in _Row)
_WARM_C, _WARMED_S, _CATALYST_S, _SETTLED_S = 60.0, 60.0, 240.0, 20.0
_HOT_C = (420.0, 900.0)  # a catalyst at work
_IDLE_RPM, _PUSHED_RPM, _DRIVING_KMH = 1100.0, 1150.0, 15.0
_PUSHED_LOAD = 20.0  # %, less of it on the road is a fuel cut, or near it
_CALM_S, _REFILLED_S = 4.0, 15.0  # behind a fuel cut: what the loop needs, and what the catalyst needs
_NEIGHBOURS_S, _FOLLOWED_S, _REAR_S = 8.0, 3.0, 60.0  # between readings that may be compared
_COLD_C, _COLD_S = 15.0, 40.0  # from where a loop is closed that is not yet warm
_PURGED = 40.0  # %, more of it moves the trims by itself
_FLOW_UNIT = 1e5  # % of load times rpm: 50 % at 2000 rpm
_BINS, _PER_RPM, _PER_MILLE, _PER_V = 257, 1.0, 4.0, 200.0  # -128 .. 128 rpm, -32 .. 32 per mille of it, 0 .. 1.28 V
# More at idle is the driver, the compressor or a consumer.
_STIRRED, _SWITCHED_V = 3.0, 0.2  # % of load
_TRIM_STEP = 100 / 128
_STRAYS = 3.5  # standard deviations, beyond which a reading is no firing's
_LEAST, _FEWER, _FEW = 24, 12, 3  # readings, those of the front sensor, fuel cuts
_SWINGS = 28  # readings of the rear sensor: of fewer a single burst is half
_MIDDLE_V, _LEAN_V, _LEAN, _FAR_LEAN = 0.45, 0.15, 1.1, 1.5


def exhaust(held: Held) -> Table:
    """Measure every trip; `observed` are the seconds in which the firing or the loop could be judged."""
    rows = np.full((len(NAMES), held.trips), np.nan, dtype=np.float32)
    rows[-4:] = 0
    if held.has("engine_speed"):
        nothing = np.empty((held.trips, 0), dtype=np.float32)
        read = tuple(held.fresh(name) if held.has(name) else nothing for name in _FRESH)
        context = tuple(held.column(name) if held.has(name) else nothing for name in _CONTEXT)
        _pass(read, context, held.lengths, held.step_s, rows)
    return dict(zip(NAMES, rows, strict=True))


@compiled
def _pass(  # noqa: C901, PLR0912, PLR0915 - one loop
    read: tuple[FloatArray, ...], context: tuple[FloatArray, ...], lengths: NDArray[np.int64], step_s: float,
    rows: FloatArray,
) -> None:  # fmt: skip
    """Go once through each trip; in one piece because every gate is worked out once for all that it opens for.

    Which gates are open is told in steps since they opened: readings are neighbours if all fell within.
    """
    asked_speed, asked_trim, asked_rear, asked_volts, asked_lambda = read
    speeds, wheels, loads, coolants, longs, purges, catalysts, flows, supplies = context
    idle_bins, drive_bins = np.empty(_BINS, dtype=np.int32), np.empty(_BINS, dtype=np.int32)
    trim_bins, rear_bins = np.empty(_BINS, dtype=np.int32), np.empty(_BINS, dtype=np.int32)
    turned, trimmed, behind, switched, measured = (
        np.empty(6, dtype=np.float64), np.empty(6, dtype=np.float64), np.empty(6, dtype=np.float64),
        np.empty(6, dtype=np.float64), np.empty(6, dtype=np.float64),
    )  # fmt: skip
    trim, still, volts = np.empty(2, dtype=np.float64), np.empty(2, dtype=np.float64), np.empty(3, dtype=np.float64)
    has_trim, has_rear, has_wheel = asked_trim.shape[1] > 0, asked_rear.shape[1] > 0, wheels.shape[1] > 0
    has_volts, has_lambda, has_load = asked_volts.shape[1] > 0, asked_lambda.shape[1] > 0, loads.shape[1] > 0
    has_long, has_purge, has_coolant = longs.shape[1] > 0, purges.shape[1] > 0, coolants.shape[1] > 0
    has_catalyst, has_flow = catalysts.shape[1] > 0, flows.shape[1] > 0
    has_supply = supplies.shape[1] > 0
    near, follow, apart = _NEIGHBOURS_S / step_s, _FOLLOWED_S / step_s, _REAR_S / step_s
    calm_least, refill_least = _CALM_S / step_s, _REFILLED_S / step_s
    for trip in range(len(lengths)):
        row, speed, length = rows[:, trip], speeds[trip], lengths[trip]
        wheel, load, coolant = wheels[trip], loads[trip], coolants[trip]
        said_speed, said_trim, said_rear = asked_speed[trip], asked_trim[trip], asked_rear[trip]
        said_volts, said_lambda = asked_volts[trip], asked_lambda[trip]
        catalyst, flow, supply = catalysts[trip], flows[trip], supplies[trip]
        renewal = 0.9 * _renewal(said_speed, length)
        idle_bins[:], drive_bins[:], trim_bins[:], rear_bins[:] = 0, 0, 0, 0
        trim[:], still[:], volts[:] = 0.0, 0.0, 0.0
        turned[:], trimmed[:], behind[:], switched[:], measured[:] = np.nan, np.nan, np.nan, np.nan, np.nan
        idle, steady, calm, pushed, refilled, ran, up = 0, 0, 0, 0, 0, 0, 0
        turning_steps, loop_steps, rear_steps, level, levels, cold, colds = 0, 0, 0, 0.0, 0, 0.0, 0
        lean_at, leaving, left, rear_sum, rear_changes, rear_crossed = -1, 0.0, 0, 0.0, 0, 0
        filled, passed, delay, delays = False, 0.0, 0.0, 0
        modelled, above, aboves = np.nan, 0.0, 0
        last_n, last_kmh, last_load, last_volt = 0.0, 0.0, 0.0, np.nan
        for now in range(length):
            n = speed[now]
            if not n > RUNNING_RPM:
                idle, steady, calm, pushed, refilled, up, filled = 0, 0, 0, 0, 0, 0, False
                last_n, lean_at = 0.0, -1
                continue
            ran, up = ran + 1, up + 1
            kmh = wheel[now] if has_wheel else np.nan
            loading = load[now] if has_load else np.nan
            faster, heavier = kmh - last_kmh, loading - last_load

            # The gates.
            warm = coolant[now] >= _WARM_C if has_coolant else False
            warm = warm or (ran * step_s > 300 and not (has_coolant and coolant[now] < _WARM_C))
            cut = kmh > 10 and n > _PUSHED_RPM and (loading < _PUSHED_LOAD if has_load else faster < -1.5 * step_s)
            moves = abs(heavier) > 6 or abs(faster) > 3 * step_s
            pushed = pushed + 1 if cut else 0
            refilled = 0 if cut else refilled + 1
            looped = warm and up * step_s > _WARMED_S and not cut
            calm = calm + 1 if looped and not moves else 0
            stands = n < _IDLE_RPM and up * step_s > _SETTLED_S and (kmh < 1 if has_wheel else True)
            if stands:
                stands = not abs(heavier) > _STIRRED and not (has_supply and abs(supply[now] - last_volt) > _SWITCHED_V)
                last_volt = supply[now] if has_supply else np.nan
            idle = idle + 1 if stands else 0
            rolls = kmh > _DRIVING_KMH and abs(faster) <= 1.5 * step_s and not abs(heavier) > 5 and n > 1000
            steady = steady + 1 if rolls and abs(n - last_n) < 0.04 * n else 0
            turning_steps += idle > 2 or steady > 2
            loop_steps += calm > calm_least
            last_n, last_kmh, last_load = n, kmh, loading

            # Firing: the crankshaft. What is more is the clutch, or the compressor.
            if (idle > 0 or steady > 0) and _hears(turned, said_speed[now], now, min(renewal, follow)):
                since = now - turned[5]
                if since <= 2 * follow and since + 2 < max(idle, steady):
                    dip = _below(turned)
                    if idle and abs(dip) < 100:
                        idle_bins[int(dip * _PER_RPM + 128.5)] += 1
                    elif steady and abs(dip) < 0.03 * n:
                        drive_bins[int(1000 * dip / n * _PER_MILLE + 128.5)] += 1

            # The lambda loop.
            driving = calm > 1 and kmh > _DRIVING_KMH
            if looped and has_trim and _hears(trimmed, said_trim[now], now, renewal):
                since = now - trimmed[5]
                if since <= 2 * near and since < calm and driving:
                    _swings(trim, trimmed)
                elif since <= 2 * near and since + calm_least < min(calm, idle):
                    _swings(still, trimmed)
                if refilled > 3 and not (has_purge and purges[trip, now] > _PURGED):
                    trim_bins[min(max(int(trimmed[0] / _TRIM_STEP + 128.5), 0), _BINS - 1)] += 1
                    long = longs[trip, now] if has_long else np.nan
                    if calm > calm_least and not np.isnan(long):
                        level += trimmed[0] + long + 0.01 * trimmed[0] * long
                        levels += 1
            elif has_trim and has_long and not warm and refilled > 3 and up * step_s > _COLD_S and not moves:
                told = coolant[now] > _COLD_C if has_coolant else False
                if told and said_trim[now] != 0 and _hears(trimmed, said_trim[now], now, renewal):
                    cold += trimmed[0] + longs[trip, now]
                    colds += 1

            # The front sensor.
            if driving and has_volts and _hears(switched, said_volts[now], now, renewal):
                volts[0] += 1
                volts[1] += switched[0]
                volts[2] += switched[0] ** 2
            if has_lambda and (cut or lean_at >= 0) and _hears(measured, said_lambda[now], now, renewal):
                if measured[0] > _FAR_LEAN:
                    lean_at = now
                elif measured[0] < _LEAN and lean_at >= 0:
                    if now - lean_at < 20 / step_s:
                        leaving += measured[3] - lean_at
                        left += 1
                    lean_at = -1

            # The catalyst: how warm it is, what it stores behind a fuel cut, and what it lets through.
            hot = ran * step_s > _CATALYST_S and warm
            if has_catalyst and not np.isnan(catalyst[now]):
                hot = warm and _HOT_C[0] <= catalyst[now] <= _HOT_C[1]
                if ran % 4 == 1 and has_flow and flow[now] > 0:  # a tenth of its time constant is often enough
                    modelled = _warmed(modelled, flow[now], cut, 4 * step_s) if modelled > -50 else catalyst[now]
                    if ran * step_s > 300:
                        above += catalyst[now] - modelled
                        aboves += 1
            if not has_rear or not warm:
                continue
            passed = 0.0 if cut else passed + loading * n / _FLOW_UNIT
            goes = kmh > _DRIVING_KMH and refilled > refill_least and loading > 0
            if (goes or cut or filled) and _hears(behind, said_rear[now], now, renewal):
                if cut:
                    filled = filled or (pushed * step_s >= 2 and behind[0] < _LEAN_V and hot)
                elif filled and behind[0] > _MIDDLE_V:
                    filled = False
                    if not np.isnan(passed):
                        delay += passed * step_s
                        delays += 1
                if goes and hot:
                    rear_steps += 1
                    rear_sum += behind[0]
                    if behind[1] - behind[3] <= apart:
                        rear_bins[min(int(abs(behind[0] - behind[2]) * _PER_V), _BINS - 1)] += 1
                        rear_crossed += (behind[0] > _MIDDLE_V) != (behind[2] > _MIDDLE_V)
                        rear_changes += 1

        if idle_bins.sum() >= _LEAST:
            row[_Row.IDLE_ROUGHNESS] = np.log(max(_scatter(idle_bins) / _PER_RPM, 0.5))
            row[_Row.IDLE_DIPS] = (_quantile(idle_bins, 0.93) + _quantile(idle_bins, 0.07)) / _PER_RPM
        if drive_bins.sum() >= _LEAST:
            row[_Row.DRIVE_ROUGHNESS] = np.log(max(_scatter(drive_bins) / _PER_MILLE, 0.25))
            row[_Row.DRIVE_DIPS] = (_quantile(drive_bins, 0.93) + _quantile(drive_bins, 0.07)) / _PER_MILLE
        if trim[0] >= _LEAST:
            row[_Row.TRIM_SWING] = np.sqrt(0.25 * trim[1] / trim[0])
        if still[0] >= _LEAST:
            row[_Row.TRIM_SWING_IDLE] = np.sqrt(0.25 * still[1] / still[0])
        if levels >= _LEAST:
            row[_Row.TRIM_LEVEL] = level / levels
            if colds >= _LEAST:
                row[_Row.TRIM_COLD] = cold / colds - level / levels
        if trim_bins.sum() >= 2 * _LEAST:
            row[_Row.TRIM_HIGH] = (_quantile(trim_bins, 0.97) - _quantile(trim_bins, 0.5)) * _TRIM_STEP
        if volts[0] >= _FEWER:
            row[_Row.FRONT_SWING] = np.sqrt(max(volts[2] - volts[1] * volts[1] / volts[0], 0.0) / volts[0])
        if left >= _FEW:
            row[_Row.LEAVE_LEAN] = leaving / left * step_s
        if rear_changes >= _SWINGS:
            row[_Row.REAR_SWING] = (_quantile(rear_bins, 0.5) + 128.5) / _PER_V
            row[_Row.REAR_RATIO] = row[_Row.REAR_SWING] / max(row[_Row.FRONT_SWING], 0.05)
            row[_Row.REAR_CROSSINGS] = 100 * rear_crossed / rear_changes
            row[_Row.REAR_LEVEL] = rear_sum / rear_steps
        if delays >= _FEW:
            row[_Row.REAR_DELAY] = delay / delays
        if aboves * step_s >= 15:
            row[_Row.CATALYST_ABOVE] = above / aboves
        row[_Row.TURNING_S], row[_Row.LOOP_S] = turning_steps * step_s, loop_steps * step_s
        row[_Row.REAR_S] = rear_steps * step_s
        row[_Row.OBSERVED] = row[_Row.TURNING_S] + row[_Row.LOOP_S]


@compiled
def _renewal(asked: FloatArray, length: int) -> float:
    """Give the steps in which a logger that repeats old replies renews them: a running engine repeats none for long."""
    last, changes, running = np.float32(np.nan), 0, 0
    for now in range(length):
        value = asked[now]
        if value > RUNNING_RPM:
            running += 1
            changes += value != last
            last = value
            if running == 400:
                break
    return running / changes if changes > 20 else 1.0


@compiled
def _hears(heard: NDArray[np.float64], value: float, now: int, renewal: float) -> bool:
    """Tell whether a reading is one, not the last repeated, and put it before the two that came before it.

    `heard` holds value and step of the last three, newest first.
    """
    if np.isnan(value) or (value == heard[0] and now - heard[1] < renewal):
        return False
    heard[4], heard[5], heard[2], heard[3] = heard[2], heard[3], heard[0], heard[1]
    heard[0], heard[1] = value, now
    return True


@compiled
def _below(heard: NDArray[np.float64]) -> float:
    """Give how far the middle one of three readings is below the line between the others."""
    share = (heard[3] - heard[5]) / (heard[1] - heard[5])
    below: float = heard[4] + share * (heard[0] - heard[4]) - heard[2]
    return below


@compiled
def _swings(trim: NDArray[np.float64], heard: NDArray[np.float64]) -> None:
    """Add three readings of the trim: the squares of its changes over one reading and over two."""
    trim[0] += 1
    trim[1] += (heard[0] - heard[2]) ** 2 + (heard[0] - heard[4]) ** 2


@compiled
def _warmed(modelled: float, air: float, cut: bool, step_s: float) -> float:
    """Give the catalyst's temperature of the next step by B3, in degC; `air` in g/s."""
    reached = 250.0 if cut else min(300 + 16 * air, 900.0)
    return modelled + (reached - modelled) * min(max(air / 8, 0.15), 1.5) / 60 * step_s


@compiled
def _quantile(counts: NDArray[np.int32], level: float) -> float:
    """Give a quantile of a histogram around 0, in bins."""
    place = level * (counts.sum() - 1)
    before = 0
    for index in range(_BINS):
        if before + counts[index] > place:
            value: float = index - 128.5 + (place - before + 0.5) / counts[index]
            return value
        before += counts[index]
    return 128.5


@compiled
def _spread(counts: NDArray[np.int32]) -> float:
    """Give the standard deviation of a histogram around 0 by its inner half, in bins."""
    return (_quantile(counts, 0.75) - _quantile(counts, 0.25)) / 1.35


@compiled
def _scatter(counts: NDArray[np.int32]) -> float:
    """Give the root mean square of a histogram around 0, in bins, without what is far off: a load that was switched."""
    reach = max(_STRAYS * _spread(counts), 2.0)
    total, squares = 0, 0.0
    for index in range(_BINS):
        off = index - 128.0
        if abs(off) <= reach:
            total += counts[index]
            squares += counts[index] * off * off
    spread: float = np.sqrt(squares / max(total, 1))
    return spread
