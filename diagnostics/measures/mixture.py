"""What a trip shows of the mixture: the total fuel trim by air flow, metered air against manifold pressure, the idle.

Trims count in closed loop alone, warm, steady for 3 s and not behind a fuel cut (faults.md 0.2, 0.3). Where a car
purges its canister the readings without purge are preferred. Air flow is told per displacement, which nobody states:
1.0 is a cylinder filled at 101.3 kPa and 20 degC, 1000 times a minute. It follows from the manifold pressure, else from
the air flow meter, held against its own idle at which healthy engines of all sizes are filled about alike, else from
the load.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from diagnostics.compiled import compiled
from diagnostics.held import RUNNING_RPM, Held, Table
from diagnostics.measures.trims import (
    ABOVE,
    BELOW,
    BINS,
    CRUISING,
    LOWEST,
    PER,
    PUSHED,
    ROLLING,
    ROWS,
    STANDING,
    TOP,
    more,
    preferred,
    purge_effect,
    quantile,
    share_above,
    trim_at,
)  # fmt: skip
from diagnostics.measures.vapour import VAPOUR, add_vapour, follow_vapour
from ingest.readings import FloatArray

SIGNALS: Sequence[str] = (
    "engine_speed", "short_term_fuel_trim_1", "long_term_fuel_trim_1", "intake_manifold_pressure", "mass_air_flow",
    "engine_load", "intake_air_temperature", "coolant_temperature", "commanded_equivalence_ratio", "vehicle_speed",
    "commanded_evap", "throttle_position", "relative_throttle_position", "fuel_pressure", "evap_vapor_pressure",
    "barometric_pressure",
)  # fmt: skip
NAMES: Sequence[str] = (
    "trim_idle",  # %, of total trim below `WORKING`
    "trim_working",  # %, above it
    "trim_high",  # %, above `HIGH`
    "climb_top",  # %, from idle to the upper quarter of the trims at the highest flows
    "climb",  # %, from idle to high flow
    "climb_working",  # %
    "slope",  # % per 1.0 of flow
    "share_above_10",  # % of the time above idle flow
    "share_above_idle",  # %, by `_ABOVE_IDLE` and more
    "share_spent",  # %, with both trims at their end
    "air_ratio",  # log %, of the meter against the manifold pressure above idle, up to a constant of the car
    "trim_metered",  # %, at idle, of a car with an air flow meter
    "trim_still",  # %, standing at idle
    "trim_light",  # %, rolling below `WORKING`
    "trim_cruise",  # %, between `WORKING` and `HIGH`
    "trim_fall",  # %, from the standing idle to all that is above it
    "trim_restart",  # %, standing in the first minute of closed loop behind a hot start, over all that is standing
    "trim_drift",  # % per 10 minutes, standing without purge
    "purge_effect",  # %, by which the trim is higher without purge than with it
    "ratio_still",  # log %, like `air_ratio`: standing at idle
    "ratio_high",  # log %, above `HIGH`
    "ratio_fall",  # log %, from high flow to idle
    "idle_air",  # log g/s
    "idle_pressure",  # kPa, as it were at 20 degC
    "idle_opening",  # % of throttle over what the air in the manifold takes
    "idle_rpm",  # rpm
    "rail_idle",  # kPa
    "rail_rise",  # %, of rail pressure from idle to high flow
    "rail_standing",  # %, of rail pressure before the start against idle
    "tank_recovery",  # %, of the tank's vacuum that is lost in 25 s behind a purge
    "tank_rest",  # Pa, of the tank over barometric without purge
    "tank_pull",  # log %, of the vacuum in the tank over what is drawn from it
    "climb_brisk",  # %, from gentle driving to flows of `_PUSHES`, as the loop has followed them, steady or not
    "climb_hard",  # %
    "climb_full",  # %
    "climb_utmost",  # %
    "working_s", "closed_s", "still_s", "vapour_s",
)  # fmt: skip
_COUNTS = 4  # names at the end that are seconds

WORKING, HIGH = 0.4, 0.6  # flow above idle; high: of a 1.6 L engine 8 g/s, third gear in town
IDLE_RPM, IDLE_FILLING = 1000.0, 0.28
FULL_G_S, ORDINARY_G_S = (8.0, 26.0), 13.6  # what 1.0 of flow may be: 1.0 to 3.0 L; 1.6 L for a trip without idle
INTAKE_C = 40.0  # where the car does not tell
_TOLD_S = 60.0  # a manifold pressure or an air flow told for less counts as not told
_WARM_C, _WARM_S = 70.0, 300.0  # coolant, or time of running where it is not told
_STEADY_KPA, _STEADY_RPM = 8.0, 250.0  # ranges over the last 3 s
_SETTLED_S = 3.0  # the loop takes so long to find back after fuel was cut
_ZERO_S, _FROZEN_S = 6.0, 20.0  # a short-term trim that stays so long is not in use, the loop is open
_ABOVE_IDLE = 6.0  # %
_LIMIT = 20.0  # %, from where a trim may be at its end: it stays there, and is in use
_OVERRUN_RPM, _OVERRUN_FILLING = 1200.0, 0.18
_ENRICHED = 0.03  # deviation of the commanded equivalence ratio from 1 that is on purpose
_LEAST_APART = 0.25  # of flow, for a slope
_CLEAN = 5.0  # % of purge: less is none to speak of
_FEW_S, _FEWER_S = 15.0, 10.0
_RESIDUAL_KPA = 6.5  # exhaust that stays in the cylinder
_STILL_RPM, _STILL_KMH, _STARTED_S = 1100.0, 1.0, 20.0
_HOT_C, _RESTART_S = 55.0, 90.0
_OPENS, _IDLE_FLOW = 19.0, 0.2  # the Etios opens its throttle by 2.7 % from 0.16 to 0.31 of flow

_PUSHES = (0.9, 1.3, 1.8, 2.6)  # flow: accelerations, of which few last long enough to be steady
_LOOP_S = 3.0  # in which the loop follows the flow
_PUSHED_S, _GENTLE_S = 6.0, 40.0

_FLOWS, _PER_FLOW = 200, 50.0  # histogram of flows, from 0 by a fiftieth


def mixture(held: Held) -> Table:
    """Measure every trip of the block, by `NAMES`: float32 [trip], NaN where a trip does not show it."""
    made = np.full((len(NAMES), held.trips), np.nan, dtype=np.float32)
    made[-_COUNTS:] = 0
    if held.has("engine_speed"):
        nothing = np.empty((held.trips, 0), dtype=np.float32)
        columns = tuple(held.column(name) if held.has(name) else nothing for name in SIGNALS)
        _measure(columns, held.lengths, held.step_s, made)
    return dict(zip(NAMES, made, strict=True))


@compiled
def _told(values: FloatArray, speed: FloatArray, length: int, least: float) -> bool:
    """Tell whether a signal says something above 0 for long enough under a running engine; 0 is one not supported."""
    count = 0
    if len(values) > 0:
        for at in range(length):
            count += values[at] > 0 and speed[at] > RUNNING_RPM
            if count >= least:
                return True
    return False


@compiled
def _full(
    speed: FloatArray, flow: FloatArray, coolant: FloatArray, length: int, step: float, bins: NDArray[np.int32]
) -> float:  # fmt: skip
    """Give the g/s that 1.0 of flow is on a car with a meter alone, by its warm idle."""
    bins[:] = 0
    ran_s = 0.0
    for at in range(length):
        n = speed[at]
        ran_s = ran_s + step if n > RUNNING_RPM else 0.0
        if RUNNING_RPM < n < IDLE_RPM and flow[at] > 0:
            warm = coolant[at] >= _WARM_C if len(coolant) > 0 and coolant[at] > -40 else ran_s > _WARM_S
            if warm:
                bins[min(int(flow[at] / n * 20000), len(bins) - 1)] += 1
    middle = quantile(bins, 0.5, 20 / step)
    if np.isnan(middle):
        return ORDINARY_G_S
    return min(max(middle / 20 / IDLE_FILLING, FULL_G_S[0]), FULL_G_S[1])


@compiled
def _measure(  # noqa: C901, PLR0912, PLR0915 - one loop
    columns: tuple[FloatArray, ...], lengths: NDArray[np.int64], step: float, made: FloatArray
) -> None:
    """Fill `made[name, trip]`. One pass for all modes of the mixture, hence long: each reading is loaded once."""
    (speeds, shorts, longs, pressures, meters, loads, intakes, coolants, ratios, wheels, purges, throttles, relatives,
     rails, tanks, barometrics) = columns  # fmt: skip
    table, bins = np.empty((ROWS, BINS), dtype=np.int32), np.empty(_FLOWS, dtype=np.int32)
    working, chosen = np.empty(BINS, dtype=np.int32), np.empty(BINS, dtype=np.int32)
    flows_at = np.empty(speeds.shape[1], dtype=np.float32)
    places = np.empty(speeds.shape[1], dtype=np.int32)
    vapour, pushes = np.empty(VAPOUR), np.empty((5, 2))
    few, fewer, follow = _FEW_S / step, _FEWER_S / step, min(step / _LOOP_S, 1.0)
    for trip in range(len(lengths)):
        length, speed, row = lengths[trip], speeds[trip], made[:, trip]
        short, long, pressure, meter = shorts[trip], longs[trip], pressures[trip], meters[trip]
        load, intake, coolant, ratio_asked = loads[trip], intakes[trip], coolants[trip], ratios[trip]
        wheel, purge, rail, tank, told = wheels[trip], purges[trip], rails[trip], tanks[trip], barometrics[trip]
        throttle = throttles[trip] if throttles.shape[1] > 0 else relatives[trip]
        has_trims = len(short) > 0 and len(long) > 0
        has_pressure = _told(pressure, speed, length, _TOLD_S / step)
        has_meter = _told(meter, speed, length, _TOLD_S / step)
        has_load, has_purge, has_wheel = len(load) > 0, len(purge) > 0, len(wheel) > 0
        has_intake, has_coolant, has_ratio = len(intake) > 0, len(coolant) > 0, len(ratio_asked) > 0
        has_throttle, has_rail, has_told, has_tank = len(throttle) > 0, len(rail) > 0, len(told) > 0, len(tank) > 0
        full = ORDINARY_G_S
        if has_meter and not has_pressure:
            full = _full(speed, meter, coolant, length, step, bins)
        table[:, :], bins[:] = 0, 0
        ran_s, settled_s, around, hot, met_s = 0.0, 0.0, 0.0, False, 0.0
        same_until, same, kept = -1, np.nan, 0
        n1, n2, n3, f1, f2, f3 = 0.0, 0.0, 0.0, np.nan, np.nan, np.nan
        spent, ratio, ratio_s, ratio_high, high_s, ratio_still, rest_s = 0, 0.0, 0, 0.0, 0, 0.0, 0
        restart, restarts, cool, was_celsius = 0.0, 0, 1.0, -99.0
        times, squares, trims, both, drifts = 0.0, 0.0, 0.0, 0.0, 0
        airs, idle_kpa, idle_kpa_s, angles, angle_s, turned, still_s = 0.0, 0.0, 0, 0.0, 0, 0.0, 0
        rail_idle, rail_idle_s, rail_high, rail_high_s, rail_stood = 0.0, 0, 0.0, 0, np.nan
        air_s = 0
        vapour[:], pushes[:, :], followed = 0.0, 0.0, 0.0
        for at in range(length):
            n = float(speed[at])
            if not n > RUNNING_RPM:
                stands = n < 50 and speed[max(at - 1, 0)] < 50 and speed[min(at + 2, length - 1)] < 50
                if has_pressure and stands and 55 < pressure[at] < 108:
                    around = max(around, float(pressure[at]))
                if has_rail and ran_s == 0 and n < 50 and met_s == 0 and rail[at] >= 0:
                    rail_stood = rail[at]
                ran_s, settled_s = 0.0, 0.0
                n1, n2, n3, f1, f2, f3 = n, n1, n2, np.nan, f1, f2
                continue
            if ran_s == 0:
                hot = has_coolant and coolant[at] > _HOT_C
            ran_s += step
            met_s += step
            # What the engine breathes.
            turns = n / 1000
            celsius = float(intake[at]) if has_intake and intake[at] > -40 else INTAKE_C
            if celsius != was_celsius:
                cool = 293.15 / (min(max(celsius, -30.0), 80.0) + 273.15)
                was_celsius = celsius
            p = float(pressure[at]) if has_pressure else np.nan
            g = float(meter[at]) if has_meter else np.nan
            if has_pressure:
                filling = p / 101.3 * cool if p > 0 else np.nan
            elif has_meter:
                filling = g / turns / full if g > 0 else np.nan
            else:
                filling = float(load[at]) / 105 if has_load and load[at] > 0 else np.nan
            flow = filling * turns
            followed = followed + follow * (flow - followed) if flow > 0 else 0.0
            purged = float(purge[at]) if has_purge else 0.0
            if has_tank:
                follow_vapour(vapour, float(tank[at]), purged, 1 - filling, step)
            # Steady, warm, the loop closed.
            low, high = min(n, n1, n2, n3), max(n, n1, n2, n3)
            least, most = filling, filling
            for earlier in (f1, f2, f3):
                if earlier < least:
                    least = earlier
                elif earlier > most:
                    most = earlier
            steady = high - low <= _STEADY_RPM and 101.3 * (most - least) <= _STEADY_KPA
            n1, n2, n3, f1, f2, f3 = n, n1, n2, filling, f1, f2
            overrun = n > _OVERRUN_RPM and filling < _OVERRUN_FILLING
            settled_s = 0.0 if overrun else settled_s + step
            warm = (
                (coolant[at] >= _WARM_C and ran_s > _SETTLED_S)
                if has_coolant and coolant[at] > -40
                else (ran_s > _WARM_S)
            )
            if not warm or np.isnan(filling):
                continue
            standing = n < _STILL_RPM and flow < WORKING and not (has_wheel and wheel[at] >= _STILL_KMH)
            # The idle, whatever the trims say.
            if standing and steady and ran_s > _STARTED_S:
                turned += n
                still_s += 1
                if g > 0:
                    airs += g
                    air_s += 1
                if p > 0:
                    idle_kpa += p * cool
                    idle_kpa_s += 1
                    now = float(told[at]) if has_told and 55 < told[at] < 110 else around
                    if has_throttle and throttle[at] > 0 and now > 0:
                        angles += throttle[at] - _OPENS * (flow * (101.3 / now) / np.sqrt(cool) - _IDLE_FLOW)
                        angle_s += 1
            if g > 0 and p > _RESIDUAL_KPA + 8 and steady and settled_s > _SETTLED_S:
                apart = g / (cool * (p - _RESIDUAL_KPA) * turns)
                if flow >= WORKING:
                    ratio += apart
                    ratio_s += 1
                    if flow >= HIGH:
                        ratio_high += apart
                        high_s += 1
                elif standing:
                    ratio_still += apart
                    rest_s += 1
            if not has_trims:
                continue
            trimmed, learnt = short[at], long[at]
            if np.isnan(trimmed) or np.isnan(learnt):
                continue
            if at >= same_until or trimmed != same:
                same, same_until = trimmed, at + 1
                while same_until < length and short[same_until] == same:
                    same_until += 1
                run_s = (same_until - at) * step
                unused = (same == 0 and run_s > _ZERO_S) or (abs(same) < _LIMIT and run_s > _FROZEN_S)
            if unused or settled_s <= _SETTLED_S:
                continue
            if has_ratio and abs(ratio_asked[at] - 1) > _ENRICHED and ratio_asked[at] > 0.5:
                continue
            trim = (100 + trimmed) * (100 + learnt) / 100 - 100
            if hot and standing and ran_s < _RESTART_S:
                restart += trim
                restarts += 1
            if followed >= WORKING:
                push = 0
                while push < 4 and followed >= _PUSHES[push]:
                    push += 1
                pushes[push, 0] += 1
                pushes[push, 1] += trim
            if not steady:
                continue
            # Into the cells.
            place = min(max(int((trim - LOWEST) * PER), 0), BINS - 1)
            clean = purged < _CLEAN
            cell = PUSHED if flow >= HIGH else CRUISING if flow >= WORKING else STANDING if standing else ROLLING
            table[cell + (0 if clean else 1), place] += 1
            bins[min(int(flow * _PER_FLOW), _FLOWS - 1)] += 1
            flows_at[kept], places[kept] = flow, place
            kept += 1
            if flow >= WORKING and trimmed >= _LIMIT and learnt >= _LIMIT:
                spent += 1
            if standing and clean:
                times += met_s
                squares += met_s * met_s
                trims += trim
                both += met_s * trim
                drifts += 1
            if has_rail and rail[at] > 0:
                if flow < WORKING:
                    rail_idle += rail[at]
                    rail_idle_s += 1
                elif flow >= HIGH:
                    rail_high += rail[at]
                    rail_high_s += 1
        # The trims by flow.
        for place in range(BINS):
            working[place] = table[4, place] + table[5, place] + table[6, place] + table[7, place]
            chosen[place] = table[0, place] + table[1, place] + table[2, place] + table[3, place]
        idle, driving = trim_at(chosen, 0.5, few), trim_at(working, 0.5, few)
        row[0], row[1] = idle, driving
        row[7] = share_above(working, 10.0, 2 * few)
        row[8] = share_above(working, (100 + idle) * (1 + _ABOVE_IDLE / 100) - 100, 2 * few)
        driven = 0
        for place in range(BINS):
            driven += working[place]
            chosen[place] = table[6, place] + table[7, place]
        row[2] = trim_at(chosen, 0.5, few)
        row[4], row[5] = more(row[2], idle), more(driving, idle)
        row[9] = 100 * spent / driven if driven >= 2 * few else np.nan
        # The lower third, the upper fifth, and the upper tenth of what is above idle.
        if kept >= 4 * few:
            below, above = quantile(bins, 0.33, 1) / _PER_FLOW, quantile(bins, 0.8, 1) / _PER_FLOW
            apart = (quantile(bins, 0.9, 1) - quantile(bins, 0.165, 1)) / _PER_FLOW
            bins[: int(WORKING * _PER_FLOW)] = 0
            top = quantile(bins, 0.9, 4 * few) / _PER_FLOW
            for one in range(kept):
                flow, place = flows_at[one], places[one]
                table[BELOW, place] += flow <= below
                table[ABOVE, place] += flow >= above
                table[TOP, place] += flow >= top
            row[3] = more(trim_at(table[TOP], 0.75, few / 3), idle)
            if apart >= _LEAST_APART:
                row[6] = more(trim_at(table[ABOVE], 0.5, few), trim_at(table[BELOW], 0.5, few)) / apart
        row[10] = 100 * np.log(ratio / ratio_s) if ratio_s >= few else np.nan
        if has_meter:
            row[11] = driving if np.isnan(idle) else idle
        # The cells, without purge where that is enough.
        preferred(table, STANDING, fewer, chosen)
        still = trim_at(chosen, 0.5, fewer)
        row[12] = still
        preferred(table, ROLLING, fewer, chosen)
        row[13] = trim_at(chosen, 0.5, fewer)
        preferred(table, CRUISING, fewer, chosen)
        row[14] = trim_at(chosen, 0.5, fewer)
        row[15] = more(still, driving)
        if restarts >= fewer:
            row[16] = restart / restarts - still
        if drifts >= 4 * few:
            varies = squares / drifts - (times / drifts) ** 2
            if varies > 100.0**2:
                row[17] = 600 * (both / drifts - times / drifts * trims / drifts) / varies
        row[18] = purge_effect(table, few)
        # Air and idle.
        row[19] = 100 * np.log(ratio_still / rest_s) if rest_s >= fewer else np.nan
        row[20] = 100 * np.log(ratio_high / high_s) if high_s >= fewer else np.nan
        row[21] = row[19] - row[20]
        row[22] = 100 * np.log(airs / air_s) if air_s >= few else np.nan
        row[23] = idle_kpa / idle_kpa_s if idle_kpa_s >= few else np.nan
        row[24] = angles / angle_s if angle_s >= few else np.nan
        row[25] = turned / still_s if still_s >= few else np.nan
        # Rail and tank.
        if rail_idle_s >= fewer:
            row[26] = rail_idle / rail_idle_s
            row[27] = 100 * (rail_high / rail_high_s / row[26] - 1) if rail_high_s >= fewer else np.nan
            row[28] = 100 * (rail_stood / row[26] - 1)
        if has_tank:
            row[29], row[30], row[31] = add_vapour(vapour, step)
        if pushes[0, 0] * step >= _GENTLE_S:
            gentle = pushes[0, 1] / pushes[0, 0]
            for push in range(1, 5):
                if pushes[push, 0] * step >= _PUSHED_S:
                    row[31 + push] = more(pushes[push, 1] / pushes[push, 0], gentle)
        row[36], row[37], row[38], row[39] = driven * step, kept * step, still_s * step, vapour[7] * step
