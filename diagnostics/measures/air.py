"""What a trip shows of the air path: throttle, boost, filling and what lies between filter and exhaust (faults.md B3).

Everything is corrected for what a healthy car's trips differ by: pressures are held against the barometric pressure,
flows against temperature, the idle throttle against the air that the idle takes (cold engine, compressor, alternator).
"""

import numpy as np
from numpy.typing import NDArray

from diagnostics.compiled import compiled
from diagnostics.held import RUNNING_RPM, Held, Table
from ingest.readings import FloatArray

SIGNALS = (
    "engine_speed", "vehicle_speed", "intake_manifold_pressure", "mass_air_flow", "absolute_load", "throttle_position",
    "relative_throttle_position", "accelerator_pedal_position_d", "barometric_pressure", "intake_air_temperature",
    "coolant_temperature", "short_term_fuel_trim_1", "long_term_fuel_trim_1",
)  # fmt: skip
NAMES = (
    "barometric",  # kPa
    "idle_throttle",  # %, at the idle flow of a warm engine without consumers
    "idle_undershoot",  # rpm below idle, the lowest on the way back to it
    "boost_part",  # kPa over barometric at a third of the pedal
    "boost_high",  # kPa, at half of it and more
    "boost_open",  # kPa, the throttle wide open
    "boost_top",  # kPa, the highest that was held for 3 s
    "boost_lag",  # %, of a rise, still missing 2 s after the pedal asked for it
    "boost_leak",  # %, of the metered air that does not arrive in boost, against without
    "breathing_fall",  # %, of the filling at a manifold pressure, from 1000 rpm to `_FALL_AT`
    "trim_fall",  # %, likewise, of the fuel that speed-density metering asks for
    "full_deficit",  # kPa under barometric with the throttle open, at the highest flows
    "full_filling",  # log %, air of a turn with the throttle open, at sea level and 20 degC
    "full_fall",  # log %, by which that falls from 2000 to 4000 rpm
    "idle_s", "boost_s", "full_s", "breathing_s",
)  # fmt: skip
_WARM_C, _WARM_S = 70.0, 240.0
_STEADY_KPA, _STEADY_RPM, _STEADY_S = 3.0, 100.0, 3.0  # per second, and for how long (faults.md 0.3)
_IDLE_RPM, _STILL_KMH = 1050.0, 1.0
_IDLE_FLOW = 0.2  # displacements filled at sea level, in 1000 per minute: 28 kPa at 720 rpm
# The Etios opens its throttle by 2.7 % from 0.16 to 0.31 of flow.
_OPENS = 19.0  # % of throttle per 1.0 of flow
_FILLED_G_S = 13.6  # of a 1.6 L engine: 1.0 of flow, where there is nothing but an air flow meter
_BACK_S, _ABOVE_IDLE = 6, 350.0  # a return to idle takes so long, and begins so far above
_TURBO_KPA = 15.0  # over barometric: no engine without turbocharger gets there
_BOOST_RPM = 1700.0
_PART, _HIGH, _MOST = (22.0, 36.0), (36.0, 60.0), 60.0  # % of pedal way
_KPA_PER_PEDAL = 2.0  # by which a trip's own mixture of pedal ways is evened out
_OPEN = 30.0  # % of throttle way, from where it takes little off the pressure
_NEARLY = 0.86  # of barometric: less is a throttle that is not open
_TIP_IN, _RISE_KPA = 14.0, 12.0
_RESIDUAL_KPA = 6.5  # exhaust that stays in the cylinder
_FALL_AT = 3000.0
_FEW_S, _MANY_S = 5.0, 60.0


def air(held: Held) -> Table:
    """Measure every trip of the block, by `NAMES`: float32 [trip], NaN where a trip does not show it."""
    made = np.full((held.trips, len(NAMES)), np.nan, dtype=np.float32)
    columns = [held.column(name) for name in SIGNALS]
    if held.has("engine_speed"):
        _measure(*columns, held.lengths, held.step_s, made)
    else:
        made[:, NAMES.index("idle_s") :] = 0
    return {name: np.ascontiguousarray(made[:, column]) for column, name in enumerate(NAMES)}


@compiled
def _add(sums: NDArray[np.float64], first: float, second: float, value: float) -> None:
    """Add one sample of a plane `value = a + b*first + c*second`."""
    sums[0] += 1
    sums[1] += first
    sums[2] += second
    sums[3] += value
    sums[4] += first * first
    sums[5] += first * second
    sums[6] += second * second
    sums[7] += first * value
    sums[8] += second * value


@compiled
def _slope(sums: NDArray[np.float64], least: float, apart: float) -> float:
    """Give `b` of the plane; NaN with fewer samples than `least`, or where `first` by itself varies under `apart`."""
    count = sums[0]
    if count < least:
        return np.nan
    first, second, value = sums[1] / count, sums[2] / count, sums[3] / count
    vary = sums[4] / count - first * first
    both = sums[5] / count - first * second
    other = sums[6] / count - second * second + 1e-3
    free = vary - both * both / other
    if free < apart * apart:
        return np.nan
    rise = sums[7] / count - first * value
    return (rise - (sums[8] / count - second * value) * both / other) / free


@compiled
def _barometric(
    speed: FloatArray, pressure: FloatArray, told: FloatArray, length: int, step: float
) -> float:  # fmt: skip
    """Give kPa: as told, else the manifold's while the engine has stood for 3 s; NaN: unknown."""
    total, count = 0.0, 0
    for at in range(0, length, 8):
        if 55 < told[at] < 110:
            total += told[at]
            count += 1
    if count:
        return total / count
    stood = 0.0
    for at in range(length):
        stood = stood + step if speed[at] < 50 else 0.0
        if stood >= 3 and 55 < pressure[at] < 108:
            total += pressure[at]
            count += 1
    return total / count if count else np.nan


@compiled
def _measure(  # noqa: C901, PLR0912, PLR0915 - one loop
    speeds: FloatArray, wheels: FloatArray, pressures: FloatArray, flows: FloatArray, loads: FloatArray,
    throttles: FloatArray, relatives: FloatArray, pedals: FloatArray, barometrics: FloatArray, intakes: FloatArray,
    coolants: FloatArray, shorts: FloatArray, longs: FloatArray, lengths: NDArray[np.int64], step: float,
    made: FloatArray,
) -> None:  # fmt: skip
    """Fill `made[trip, name]`. One pass for all modes of the air path, hence long: each reading is loaded once."""
    metering, trimming, full = np.empty(9), np.empty(9), np.empty(9)
    for trip in range(len(lengths)):
        length = lengths[trip]
        speed, wheel, pressure, flow = speeds[trip], wheels[trip], pressures[trip], flows[trip]
        load, pedal, intake, coolant = loads[trip], pedals[trip], intakes[trip], coolants[trip]
        short, long, told = shorts[trip], longs[trip], barometrics[trip]
        throttle = throttles[trip]
        closed, rest = np.inf, np.inf  # the lowest throttle and pedal of the trip
        has_absolute = False
        for at in range(length):
            has_absolute |= throttle[at] > 0
            closed, rest = min(closed, throttle[at]), min(rest, pedal[at])
        if not has_absolute:
            throttle, closed = relatives[trip], 0.0
        mean_barometric = _barometric(speed, pressure, told, length, step)
        has_pedal = rest < 90
        around = mean_barometric if mean_barometric > 0 else 100.0
        metering[:], trimming[:], full[:] = 0.0, 0.0, 0.0
        ran_s, calm_s, idle_s, boost_s, full_s, metered_s, standing_s = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        angles, turned, returns, lowest, left, minimum = 0.0, 0.0, 0, 0.0, 0, 0.0
        part, part_s, high, high_s, open_, open_s = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        top, held_kpa, held_s = -np.inf, 0.0, 0.0
        missing, tips, last_tip = 0.0, 0, -10
        boosted, boosted_s, plain, plain_s = 0.0, 0.0, 0.0, 0.0
        deficit, weight, filled, filled_s = 0.0, 0.0, 0.0, 0.0
        for at in range(length):
            n = speed[at]
            if not n > RUNNING_RPM:
                ran_s, calm_s, left = 0.0, 0.0, 0
                continue
            ran_s += step
            p, g = pressure[at], flow[at]
            now = told[at] if 55 < told[at] < 110 else around
            before = max(at - 1, 0)
            moved = abs(n - speed[before])
            pressed = abs(p - pressure[before]) if p > 0 else 0.0
            calm_s = calm_s + step if moved <= _STEADY_RPM * step and pressed <= _STEADY_KPA * step else 0.0
            steady = calm_s >= _STEADY_S
            warm = coolant[at] >= _WARM_C if coolant[at] > -40 else ran_s > _WARM_S
            kelvin = (intake[at] if intake[at] > -40 else 35.0) + 273.15
            turns, cool = n / 1000, 293.15 / kelvin
            if p > 0:
                breath = p / 101.3 * cool * turns
            elif g > 0:
                breath = g / _FILLED_G_S
            else:
                breath = np.nan
            gauge = p - now
            way = throttle[at] - closed
            # Idle, and the way back to it.
            standing = not wheel[at] >= _STILL_KMH
            if warm and standing and n < _IDLE_RPM and moved < 60 * step and ran_s > 20:
                if calm_s >= 2 and breath > 0 and throttle[at] > 0:
                    # The orifice is choked: what it lets through goes with the pressure before it, and its coolness.
                    passing = breath * (101.3 / now) / np.sqrt(cool)
                    angles += throttle[at] - _OPENS * (passing - _IDLE_FLOW)
                    idle_s += step
                turned += n * step
                standing_s += step
            if left > 0:
                minimum, left = min(minimum, n), left - 1
                if n > _IDLE_RPM + _ABOVE_IDLE:
                    left = 0  # off again
                elif left == 0:
                    lowest, returns = lowest + minimum, returns + 1
            elif warm and n <= _IDLE_RPM and speed[max(at - 2, 0)] > _IDLE_RPM + _ABOVE_IDLE / 2:
                minimum, left = n, int(_BACK_S / step)
            # Boost.
            if p > 0:
                if gauge > _TURBO_KPA:
                    held_kpa = min(held_kpa, gauge) if held_s > 0 else gauge
                    held_s += step
                    if held_s >= 3:
                        top, held_s = max(top, held_kpa), 0.0
                else:
                    held_s = 0.0
                if n > _BOOST_RPM:
                    asked = pedal[at] - rest if has_pedal else way
                    earlier = max(at - 2, 0)
                    asked_then = (pedal[earlier] - rest) if has_pedal else (throttle[earlier] - closed)
                    if asked >= _PART[0]:
                        boost_s += step
                        if asked_then >= _PART[0] - 4:
                            if asked < _PART[1]:
                                part += gauge - _KPA_PER_PEDAL * (asked - 29)
                                part_s += step
                            else:
                                high += gauge - _KPA_PER_PEDAL * (min(asked, _HIGH[1]) - 45)
                                high_s += step
                    if way > _OPEN and gauge > -100:
                        open_ += gauge
                        open_s += step
                    if asked - asked_then >= _TIP_IN and at - last_tip > 6 and at >= 3 and at + 5 < length:
                        last_tip = at
                        start, end = pressure[at - 3], pressure[at + 5]
                        if end - start > _RISE_KPA and speed[at + 5] > _BOOST_RPM and end > now:
                            reached = min(max((pressure[at + 2] - start) / (end - start), -0.5), 1.5)
                            missing += 1 - reached
                            tips += 1
            # The throttle open: what the filter takes off the pressure, and the exhaust off the filling.
            if way > _OPEN and calm_s >= 1 and n > 1200:
                if p > _NEARLY * now and mean_barometric > 0 and gauge < 8:
                    square = breath * breath
                    deficit += square * (now - p)
                    weight += square
                    full_s += step
                if g > 0 and not gauge > 8 and not p <= _NEARLY * now:
                    filling = 100 * np.log(g / turns * (101.3 / now) / cool)
                    filled += filling
                    filled_s += step
                    _add(full, turns * turns / 12, 0.0, filling)
                elif load[at] > 0 and not gauge > 8 and not p <= _NEARLY * now:
                    filling = 100 * np.log(load[at] * (101.3 / now) / cool)
                    filled += filling
                    filled_s += step
                    _add(full, turns * turns / 12, 0.0, filling)
            if not steady or not warm:
                continue
            # Metered air against speed-density: the two part where the engine does not breathe as it should.
            square = turns * turns / 25
            if g > 0 and p > _RESIDUAL_KPA + 8:
                apart = 100 * np.log(g / (cool * (p - _RESIDUAL_KPA) * turns))
                metered_s += step
                if gauge > 10:
                    boosted += apart
                    boosted_s += step
                elif p > 60 and n > 1300:
                    plain += apart
                    plain_s += step
                if gauge < 10:
                    _add(metering, square, p / 100, apart)
            elif p > 24 and not g > 0:
                trim = (1 + short[at] / 100) * (1 + long[at] / 100) * 100 - 100
                if trim > -100 and short[at] != 0 and gauge < 10:
                    metered_s += step
                    _add(trimming, square, p / 100, trim)
        few, many = _FEW_S / step, _MANY_S / step
        row = made[trip]
        turbo = top > _TURBO_KPA
        row[0] = mean_barometric
        row[1] = angles / (idle_s / step) if idle_s >= 20 else np.nan
        row[2] = turned / standing_s - lowest / returns if returns >= 3 and standing_s >= 20 else np.nan
        row[3] = part / (part_s / step) if turbo and part_s >= 2 * _FEW_S else np.nan
        row[4] = high / (high_s / step) if turbo and high_s >= _FEW_S else np.nan
        row[5] = open_ / (open_s / step) if turbo and open_s >= 2 * _FEW_S else np.nan
        row[6] = top if turbo else np.nan
        row[7] = 100 * missing / tips if turbo and tips >= 3 else np.nan
        leaks = turbo and boosted_s >= 2 * _FEW_S and plain_s >= 2 * _FEW_S
        row[8] = boosted / (boosted_s / step) - plain / (plain_s / step) if leaks else np.nan
        span = (_FALL_AT / 5000) ** 2 - 0.04
        row[9] = -span * _slope(metering, many, 0.035)
        row[10] = -span * _slope(trimming, many, 0.035)
        row[11] = deficit / weight if full_s >= few * step and not turbo else np.nan
        row[12] = filled / (filled_s / step) if filled_s >= _FEW_S and not turbo else np.nan
        row[13] = -_slope(full, 2 * few, 0.15) if not turbo else np.nan
        row[14], row[15] = idle_s, boost_s if turbo else 0.0
        row[16], row[17] = max(full_s, filled_s), metered_s + filled_s
