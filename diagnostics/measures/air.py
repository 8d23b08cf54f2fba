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
    "engine_speed", "vehicle_speed", "intake_manifold_pressure", "mass_air_flow", "throttle_position",
    "relative_throttle_position", "accelerator_pedal_position_d", "barometric_pressure", "intake_air_temperature",
    "coolant_temperature", "short_term_fuel_trim_1", "long_term_fuel_trim_1",
)  # fmt: skip
NAMES = (
    "barometric",  # kPa
    "idle_throttle",  # %, at the idle flow of a warm engine without consumers
    "idle_undershoot",  # rpm below idle, the lowest on the way back to it
    "boost_part",  # kPa over barometric at a third of the pedal
    "boost_high",  # kPa, at half of it
    "boost_most",  # kPa, beyond
    "boost_open",  # kPa, the throttle wide open
    "boost_top",  # kPa, the highest that was held for 3 s
    "boost_lag",  # %, of a rise, still missing 2 s after the pedal asked for it
    "boost_leak",  # %, of the metered air that does not arrive in boost, against without
    "boost_rich",  # %, by which the trims take fuel off in boost, against without
    "breathing_fall",  # %, of the filling at a manifold pressure, from 1000 rpm to `_FALL_AT`
    "trim_fall",  # %, likewise, of the fuel that speed-density metering asks for
    "full_deficit",  # kPa under barometric with the throttle open, at the highest flows
    "idle_s", "boost_s", "full_s", "breathing_s",
)  # fmt: skip
_WARM_C, _WARM_S = 70.0, 240.0
_STEADY_KPA, _STEADY_RPM, _STEADY_S = 5.0, 150.0, 3.0  # per second, and for how long (faults.md 0.3)
_IDLE_RPM, _STILL_KMH = 1050.0, 1.0
_ANGLES, _PER_ANGLE = 1000, 10  # the histogram of the idle throttle: 0 to 100 % in 0.1 %
_IDLE_FLOW = 0.2  # displacements filled at sea level, in 1000 per minute: 28 kPa at 720 rpm
# The Etios opens its throttle by 2.7 % from 0.16 to 0.31 of flow.
_OPENS = 19.0  # % of throttle per 1.0 of flow
_FILLED_G_S = 13.6  # of a 1.6 L engine: 1.0 of flow, where there is nothing but an air flow meter
_BACK_S, _BACK_RPM = 6, 1000.0  # a return to idle begins there, and may dip for so long
_TURBO_KPA = 8.0  # over barometric: no engine without turbocharger gets there; a sick one still does
_BOOST_RPM = 1900.0
_PART, _HIGH, _MOST = 24.0, 38.0, 50.0  # % of pedal way, from where
_NO_BOOST = -25.0  # kPa: more than the lack of boost takes
_KPA_PER_PEDAL = 2.0  # by which a trip's own mixture of pedal ways is evened out
_OPEN = 40.0  # % of throttle way, from where it takes little off the pressure
_NEARLY = 0.9  # of barometric: less is a throttle that is not open
_TIP_IN, _RISE_KPA = 14.0, 12.0
_FROZEN_S = 15.0  # pressure and flow of a running engine never say the same for so long
_RESIDUAL_KPA = 6.5  # exhaust that stays in the cylinder
_PULLING_KPA = 30.0  # less is the overrun, or next to it
_STRAY = (20.0, 6.0)  # log %, from the middle of the trip and then from its plane: replies of different instants
_LEAST_S = 25.0
_LEAST_KNOWN = 0.12  # seconds, times the variance of engine speed over 5000 rpm, squared: what a slope stands on
_OFFSET_DOUBT = 0.05  # a sensor is hardly off by more than 1 kPa
_FALL_AT = 3000.0
_FEW_S = 5.0


def air(held: Held) -> Table:
    """Measure every trip of the block, by `NAMES`: float32 [trip], NaN where a trip does not show it."""
    made = np.full((held.trips, len(NAMES)), np.nan, dtype=np.float32)
    columns = tuple(held.column(name) for name in SIGNALS)
    if held.has("engine_speed"):
        _measure(columns, held.lengths, held.step_s, made)
    else:
        made[:, NAMES.index("idle_s") :] = 0
    return {name: np.ascontiguousarray(made[:, column]) for column, name in enumerate(NAMES)}


@compiled
def _middle(counts: NDArray[np.int64]) -> float:
    """Give the place, in bins, of the mean of a histogram's middle half: what stood still for a minute is not in it."""
    total = counts.sum()
    below, inside, weighted = 0.0, 0.0, 0.0
    for place in range(len(counts)):
        here = min(below + counts[place], 0.75 * total) - max(below, 0.25 * total)
        if here > 0:
            inside += here
            weighted += here * (place + 0.5)
        below += counts[place]
    return weighted / inside


@compiled
def _slope(
    values: NDArray[np.float64], firsts: NDArray[np.float64], seconds: NDArray[np.float64], least: float
) -> float:  # fmt: skip
    """Give by how much `values` rise per 1.0 of `firsts` beside a plane's other slope, strays left out; NaN: unknown.

    The other slope, over the inverse of pressure, takes up what the pressure sensor is off by.
    """
    if len(values) < least:
        return np.nan
    level, rise, other = float(np.median(values)), 0.0, 0.0
    first_at, second_at = 0.0, 0.0
    for turn in range(3):
        stray = _STRAY[0] if turn == 0 else _STRAY[1]
        count, x, y, z, xx, xy, yy, xz, yz = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        for at in range(len(values)):
            first, second, value = firsts[at], seconds[at], values[at]
            if abs(value - level - rise * (first - first_at) - other * (second - second_at)) < stray:
                count, x, y, z = count + 1, x + first, y + second, z + value
                xx, xy, yy = xx + first * first, xy + first * second, yy + second * second
                xz, yz = xz + first * value, yz + second * value
        if count < least:
            return np.nan
        x, y, z = x / count, y / count, z / count
        xx, xy, yy, xz, yz = (
            xx / count - x * x,
            xy / count - x * y,
            yy / count - y * y + _OFFSET_DOUBT,
            xz / count,
            yz / count,
        )
        free = xx - xy * xy / yy
        if free * count < _LEAST_KNOWN:
            return np.nan
        rise = (xz - x * z - (yz - y * z) * xy / yy) / free
        other = (yz - y * z - rise * xy) / yy
        level, first_at, second_at = z, x, y
    return rise


@compiled
def _barometric(
    speed: FloatArray, pressure: FloatArray, told: FloatArray, length: int, step: float
) -> float:  # fmt: skip
    """Give kPa: as told, else the manifold's while the engine stands; NaN: unknown."""
    total, count = 0.0, 0
    for at in range(0, length, 8):
        if 55 < told[at] < 110:
            total += told[at]
            count += 1
    if count:
        return total / count
    stood, highest = 0.0, 0.0
    for at in range(length):
        stood = stood + step if speed[at] < 50 else 0.0
        if stood >= 4 and 70 < pressure[at] < 106:  # by then the manifold has filled and been asked again
            highest = max(highest, pressure[at])
    return highest if highest > 0 else np.nan


@compiled
def _measure(  # noqa: C901, PLR0912, PLR0915 - one loop
    columns: tuple[FloatArray, ...], lengths: NDArray[np.int64], step: float, made: FloatArray
) -> None:  # fmt: skip
    """Fill `made[trip, name]`. One pass for all modes of the air path, hence long: each reading is loaded once."""
    (
        speeds, wheels, pressures, flows, throttles, relatives, pedals, barometrics, intakes, coolants, shorts, longs,
    ) = columns  # fmt: skip
    longest = 1
    for trip in range(len(lengths)):
        longest = max(longest, lengths[trip])
    fallen, squares, offsets = np.empty(longest), np.empty(longest), np.empty(longest)
    angles = np.zeros(_ANGLES, dtype=np.int64)
    for trip in range(len(lengths)):
        length = lengths[trip]
        speed, wheel, pressure, flow = speeds[trip], wheels[trip], pressures[trip], flows[trip]
        pedal, intake, coolant = pedals[trip], intakes[trip], coolants[trip]
        short, long, told = shorts[trip], longs[trip], barometrics[trip]
        throttle = throttles[trip]
        closed, rest, widest = (
            np.inf,
            np.inf,
            0.0,
        )  # the lowest throttle and pedal of the trip, and the highest throttle
        has_absolute = False
        for at in range(length):
            has_absolute |= throttle[at] > 0
            closed, rest = min(closed, throttle[at]), min(rest, pedal[at])
        if not has_absolute:
            throttle, closed = relatives[trip], 0.0
        for at in range(length):
            widest = max(widest, throttle[at] - closed)
        mean_barometric = _barometric(speed, pressure, told, length, step)
        has_pedal = rest < 90
        around = mean_barometric if mean_barometric > 0 else 100.0
        found, metered = 0, False
        ran_s, calm_s, idle_s, boost_s, full_s, metered_s, standing_s = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        turned, returns, lowest, left, minimum = 0.0, 0, 0.0, 0, 0.0
        angles[:] = 0
        part, part_s, high, high_s, most, most_s, open_, open_s = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        top, held_kpa, held_s = -np.inf, 0.0, 0.0
        missing, tips, last_tip = 0.0, 0, -10
        boosted, boosted_s, plain, plain_s = 0.0, 0.0, 0.0, 0.0
        rich, rich_s, lean, lean_s = 0.0, 0.0, 0.0, 0.0
        deficit, weight, same_s = 0.0, 0.0, 0.0
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
            source, last = (p, pressure[before]) if p > 0 else (g, flow[before])
            same_s = same_s + step if source == last or n == speed[before] else 0.0
            frozen = same_s > _FROZEN_S
            calm_s = (
                calm_s + step if not frozen and moved <= _STEADY_RPM * step and pressed <= _STEADY_KPA * step else 0.0
            )
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
                if calm_s >= 2 and 0.08 < breath < 0.5 and 0 <= way < 18:
                    # The orifice is choked: what it lets through goes with the pressure before it, and its coolness.
                    passing = breath * (101.3 / now) / np.sqrt(cool)
                    angle = throttle[at] - _OPENS * (passing - _IDLE_FLOW)
                    angles[min(max(int(angle * _PER_ANGLE), 0), len(angles) - 1)] += 1
                    idle_s += step
                turned += n * step
                standing_s += step
            if left > 0:
                minimum, left = min(minimum, n), left - 1
                if n > _IDLE_RPM + 200:
                    left = 0  # off again
                elif left == 0:
                    lowest, returns = lowest + minimum, returns + 1
            elif warm and n <= _BACK_RPM < speed[before] and wheel[at] < 25:
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
                    if asked >= _PART:
                        boost_s += step
                        if abs(asked - asked_then) < 8:
                            if gauge < _NO_BOOST:
                                pass  # a pedal that is stuck on the bus
                            elif asked < _HIGH:
                                part += gauge - _KPA_PER_PEDAL * (asked - 30)
                                part_s += step
                            elif asked < _MOST:
                                high += gauge - _KPA_PER_PEDAL * (asked - 44)
                                high_s += step
                            else:
                                most += gauge - _KPA_PER_PEDAL * (min(asked, _MOST + 12) - 56)
                                most_s += step
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
            # The throttle open: what the filter takes off the pressure.
            opened = way > max(_OPEN, 0.85 * widest) and calm_s >= 1 and n > 1200 and not frozen
            if opened and p > _NEARLY * now and mean_barometric > 0 and gauge < 8:
                deficit += breath * breath * (now - p)
                weight += breath * breath
                full_s += step
            if not steady or not warm:
                continue
            # Metered air against speed-density, and the trims of a car without meter: both fall with engine speed where
            # the engine does not breathe as it should.
            trim = (1 + short[at] / 100) * (1 + long[at] / 100) * 100 - 100 if short[at] != 0 else np.nan
            if gauge > 10 and trim > -100:
                rich, rich_s = rich + trim, rich_s + step
            elif p > 50 and trim > -100:
                lean, lean_s = lean + trim, lean_s + step
            apart = 100 * np.log(g / (cool * (p - _RESIDUAL_KPA) * turns)) if g > 0 and p > _RESIDUAL_KPA else np.nan
            if gauge > 10 and apart > -1000:
                boosted, boosted_s = boosted + apart, boosted_s + step
            elif p > 50 and n > 1300 and apart > -1000:
                plain, plain_s = plain + apart, plain_s + step
            metered = metered or g > 0
            value = apart if metered else trim
            if gauge < 10 and p > _PULLING_KPA and n > _IDLE_RPM and value > -1000:
                metered_s += step
                fallen[found], squares[found], offsets[found] = value, turns * turns / 25, 30 / (p - _RESIDUAL_KPA)
                found += 1
        few = _FEW_S / step
        slope = _slope(fallen[:found], squares[:found], offsets[:found], _LEAST_S / step)
        fall = -slope * ((_FALL_AT / 5000) ** 2 - 0.04)
        row = made[trip]
        turbo = top > _TURBO_KPA
        row[0] = mean_barometric
        row[1] = _middle(angles) / _PER_ANGLE if idle_s >= 12 else np.nan
        row[2] = turned / standing_s - lowest / returns if returns >= 4 and standing_s >= 10 else np.nan
        row[3] = part / (part_s / step) if turbo and part_s >= 2 * _FEW_S else np.nan
        row[4] = high / (high_s / step) if turbo and high_s >= _FEW_S else np.nan
        row[5] = most / (most_s / step) if turbo and most_s >= _FEW_S else np.nan
        row[6] = open_ / (open_s / step) if turbo and open_s >= 2 * _FEW_S else np.nan
        row[7] = top if turbo else np.nan
        row[8] = 100 * missing / tips if turbo and tips >= 2 else np.nan
        leaks = turbo and boosted_s >= _FEW_S and plain_s >= 2 * _FEW_S
        row[9] = boosted / (boosted_s / step) - plain / (plain_s / step) if leaks else np.nan
        richer = turbo and rich_s >= _FEW_S and lean_s >= 4 * _FEW_S
        row[10] = lean / (lean_s / step) - rich / (rich_s / step) if richer else np.nan
        row[11] = fall if metered else np.nan
        row[12] = np.nan if metered else fall
        row[13] = deficit / weight if full_s >= few * step and not turbo else np.nan
        row[14], row[15] = idle_s, boost_s if turbo else 0.0
        row[16], row[17] = full_s if not turbo else 0.0, metered_s
