"""The course of the coolant through a trip, step by step: the observers, the usual engine, and what they told.

The observers bound a healthy car for F01; the usual engine's heat tells how far a thermostat must stand open. What both
are for stands in `diagnostics/measures/coolant.py`.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from diagnostics.compiled import compiled
from diagnostics.measures import heat

# The observers. The coolant of the real Etios warms up five times as fast as the closed one, that of the Leon, a
# diesel, 1.1 to 2.5 times.
SETTLED_S = 10.0
GENEROUS = 1.3  # times B5's heat: even such an engine does not make up for a thermostat stuck open
STUCK_OPENING = 0.35  # F01 at severity 1
HEATER_W, HEATER_FULL_W, HEATER_BELOW_C = 100.0, 2500.0, 25.0  # W per K below, at most, ambient from where it is used
REGULATED_C, CEILING_C = 84.0, 90.0  # from where thermostats open; where the observers are held
COLD_C = 79.0  # below it the open observer is plainly not regulated
MIXING_S, STANDING_S = 120.0, 60.0  # after a stop of a minute hot coolant at the sensor meets cold coolant elsewhere
WARM_UP_C, WARM_UP_FROM_C = (40.0, 72.0), 60.0  # the thermostat is shut in between; a later start shows too little
LEAST_PREDICTED_K, LEAST_RISE_K, FLOOR = 6.0, 10.0, 0.05
ROLLING_MS, MOVING_MS, LEAST_WARM_S = 2.0, 8.0, 120.0  # no air goes through the radiator of a parked car

# The usual engine.
_HEATING_C, _HEATING_RISE_K, _HEATING_FROM_S = (30.0, 68.0), 12.0, 20.0
_USUAL_HEATER_W, _USUAL_HEATER_W_PER_K = 500.0, 17.0  # per litre, at 20 degC and per K below
_OPENS_K = 12.0  # from shut to open (B5)
_STILL_AIR, _AIR_PER_MS = 0.25, 0.045
_SMOOTH_S = 30.0
_HOT_C, _COOLED_C, _HOT_S = 78.0, 70.0, 30.0  # regulated: that long above, until below
_OPEN, _EASY, _HARD = 0.05, 0.14, 0.22  # openings
_LOW_RPM, _HIGH_RPM = 1600.0, 2000.0
_CREEPING_MS, _PACE_S, _STOOD_S, _ROLLING_MS = 4.5, 60.0, 20.0, 4.0  # a mean of a minute; for how long
_ROAD_MS = 5.6
_FIRST_S = 300.0  # of the opening
LEAST_S, _FEW_S = 45.0, 30.0
_RESTED_C, _RESTED_K, _RESTED_AIR_K = 50.0, 30.0, 4.0  # coolant after a long rest; its air; intake against outside
_UNTOLD_K = 14.0  # above the intake, where nobody tells the air outside
_BIN_K, BINS = 0.5, 344
_LOWEST_C, _LOWEST_K = -40.0, -60.0
_WARM, _WARM_MOVING, _BELOW, _ROAD, _STOOD, _LEVEL = range(6)


Record = Any
COURSE = np.dtype(
    [
        (name, np.float64)
        for name in (
            "streak", "stood", "ran", "closed", "open", "first", "first_s", "warm_s",  # observers
            "low", "begun", "ended", "reached", "begin_c", "end_c", "span_s", "driven", "closed_k", "heated_k",
            "fuel", "oil", "need", "air", "turning", "pace",  # usual engine
            "heating", "heating_c", "heating_last", "heating_k", "heating_s",
            "hot_s", "crept_s", "unroaded_s", "was_cold", "opened_s", "first_top",
            "easy", "easy_s", "hard", "hard_s", "slow", "slow_s", "fast", "fast_s", "every", "squares", "road_s",
            "later", "later_s", "oil_above", "oil_s", "mild", "flowing", "flowing_s",
        )
    ]
)  # fmt: skip


@compiled
def begin(course: Record) -> None:
    course.streak = course.ran = course.first_s = course.warm_s = course.begun = course.ended = course.reached = 0.0
    course.stood = STANDING_S
    course.closed = course.open = course.first = course.low = course.begin_c = course.end_c = np.nan
    course.span_s = course.driven = course.closed_k = course.heated_k = 0.0
    course.fuel = course.oil = np.nan
    course.need = course.air = course.turning = course.pace = 0.0
    course.heating = course.heating_k = course.heating_s = 0.0
    course.heating_c = course.heating_last = np.nan
    course.hot_s = course.crept_s = course.unroaded_s = course.was_cold = course.opened_s = 0.0
    course.first_top = np.nan
    course.easy = course.easy_s = course.hard = course.hard_s = course.slow = course.slow_s = 0.0
    course.fast = course.fast_s = course.every = course.squares = course.road_s = 0.0
    course.later = course.later_s = course.oil_above = course.oil_s = 0.0
    course.mild = np.nan
    course.flowing = course.flowing_s = 0.0


@compiled
def observe(
    course: Record, shown: float, running: bool, friction: float, pulled: float, pushed: bool, ms: float,
    ambient: float, step: float,
) -> tuple[float, float]:  # fmt: skip
    """Step the closed and the open thermostat, from what was measured two minutes after the start.

    A closed thermostat is never colder than what was measured. Gives the K/s by which the coolant as measured would
    rise behind a closed one, heater off and on.
    """
    low = full = 0.0
    if running:
        low = (heat.MOTORED_HEAT if pushed else heat.FRICTION_HEAT) * friction + heat.TRACTION_HEAT * pulled
        full = (heat.MOTORED_HEAT if pushed else heat.FULL_FRICTION_HEAT) * friction + heat.FULL_TRACTION_HEAT * pulled
    heater = min(max((HEATER_BELOW_C - ambient) * HEATER_W, 0.0), HEATER_FULL_W)
    block = heat.BLOCK_LOSS_W * (1 + 0.03 * ms)
    opened = block + heat.RADIATOR_W * STUCK_OPENING * (_STILL_AIR + _AIR_PER_MS * ms)
    course.stood = 0.0 if running else course.stood + step
    course.ran = 0.0 if course.stood >= STANDING_S else course.ran + (step if running else 0.0)
    rate = step / heat.CAPACITY_J
    known = not np.isnan(shown)
    if known and (course.ran < MIXING_S or np.isnan(course.closed)):
        course.closed = course.open = min(shown, CEILING_C)
    else:
        lost = block * (course.closed - ambient) + heater * heat.heater_open(course.closed)
        course.closed += (low - lost) * rate
        course.open += (GENEROUS * full - opened * (course.open - ambient)) * rate
        if known and not course.closed >= shown:
            course.closed = shown
        course.closed, course.open = min(course.closed, CEILING_C), min(course.open, CEILING_C)
    rising = (low - block * (shown - ambient)) / heat.CAPACITY_J
    return rising, rising - heater * heat.heater_open(shown) / heat.CAPACITY_J


@compiled
def warm(course: Record, counts: NDArray[np.int32], shown: float, ms: float, step: float) -> None:
    """Count the coolant where a thermostat stuck open would show."""
    if course.closed >= WARM_UP_FROM_C:
        counts[_BELOW, _bin(min(course.closed, WARM_UP_C[1]) - shown, _LOWEST_K)] += 1
    if course.closed >= REGULATED_C and course.open <= COLD_C:
        course.warm_s += step
        counts[_WARM, _bin(shown, _LOWEST_C)] += 1
        if ms > MOVING_MS:
            counts[_WARM_MOVING, _bin(shown, _LOWEST_C)] += 1


@compiled
def _bin(value: float, lowest: float) -> int:
    return min(max(int(np.rint((value - lowest) / _BIN_K)), 0), BINS - 1)


@compiled
def warm_up(course: Record, shown: float, ms: float, rises: tuple[float, float], step: float) -> None:
    """Add up the way from 40 to 72 degC, or as far as it goes."""
    if course.ended:
        return
    if not course.begun:
        course.low = max(WARM_UP_C[0], course.first + 1)
        if shown < course.low:
            return
        course.begun, course.begin_c = 1.0, shown
    course.end_c = shown
    if shown >= WARM_UP_C[1]:
        course.ended = course.reached = 1.0
        return
    course.span_s += step
    course.driven += ms * step
    course.closed_k += rises[0] * step
    course.heated_k += rises[1] * step


@compiled
def burn(
    course: Record, absolute: float, load: float, turning: float, friction: float, pulled: float, pushed: bool
) -> None:
    """Tell the fuel's power in W by the load; by the road for a car that tells no load."""
    if pushed:
        course.fuel = 0.0
    elif not np.isnan(absolute):
        course.fuel = heat.FUEL_W * turning * absolute
    elif not np.isnan(load):
        course.fuel = heat.FUEL_W * heat.LOAD_OF_FULL * turning * load
    else:
        full = heat.FULL_FRICTION_HEAT * friction + heat.FULL_TRACTION_HEAT * pulled
        course.fuel = (full - heat.MOTORED_HEAT * friction) / heat.FUEL_HEAT


@compiled
def gained(course: Record, shown: float, ms: float, around: float, friction: float, step: float) -> float:
    """Give the heat in W that a shut thermostat leaves in the coolant of a usual engine, and warm its oil."""
    if np.isnan(course.oil):
        course.oil = shown
    from_oil = heat.OIL_TO_COOLANT_W * (course.oil - shown)
    cooled = heat.OIL_TO_AIR_W * (1 + 0.1 * ms) * (course.oil - around)
    course.oil += (heat.OIL_HEAT * course.fuel - from_oil - cooled) / heat.OIL_CAPACITY_J * step
    heater = max(_USUAL_HEATER_W + _USUAL_HEATER_W_PER_K * (20 - around), 0.0)
    lost = heat.BLOCK_LOSS_W * (1 + 0.03 * ms) * (shown - around) + heater * min(max((shown - 25) / 45, 0.0), 1.0)
    gained: float = heat.FUEL_HEAT * course.fuel + heat.MOTORED_HEAT * friction + from_oil - lost
    return gained


@compiled
def heat_up(course: Record, shown: float, gained: float, step: float) -> None:
    """Add up the rise of the cold engine beside that of the usual one."""
    if course.heating == 2 or course.streak < _HEATING_FROM_S:
        return
    if course.heating == 0:
        if shown > _HEATING_C[1] - _HEATING_RISE_K:
            course.heating = 2.0
            return
        if shown < max(course.first + 2, _HEATING_C[0]):
            return
        course.heating, course.heating_c = 1.0, shown
    course.heating_last = shown
    if shown >= _HEATING_C[1]:
        course.heating = 2.0
        return
    course.heating_k += gained * step / heat.CAPACITY_J
    course.heating_s += step


@compiled
def regulate(  # noqa: C901, PLR0912 - counts of one instant
    course: Record, counts: NDArray[np.int32], shown: float, ms: float, turning: float, oil: float, gained: float,
    around: float, step: float,
) -> None:  # fmt: skip
    """Take the levels of a regulated engine, on the road and standing."""
    part = step / _SMOOTH_S
    course.need += (gained - course.need) * part
    course.mild = shown if np.isnan(course.mild) else course.mild + (shown - course.mild) * part
    course.air += (_STILL_AIR + _AIR_PER_MS * ms - course.air) * part
    course.turning += (turning - course.turning) * part
    course.pace += (ms - course.pace) * step / _PACE_S
    course.crept_s = course.crept_s + step if course.pace < _CREEPING_MS and ms < _ROAD_MS else 0.0
    course.unroaded_s = course.unroaded_s + step if ms < _ROAD_MS else 0.0
    # Whose closed thermostat must be warm by now is taken for warm: a sensor may read low.
    due = course.closed >= REGULATED_C
    if shown < _COOLED_C and not due:
        course.hot_s, course.was_cold = 0.0, 1.0
    elif shown >= _HOT_C or course.hot_s > 0 or due:
        course.hot_s += step
    if course.was_cold and 0 < course.hot_s <= _FIRST_S and course.crept_s < _STOOD_S:
        course.first_top = shown if np.isnan(course.first_top) else max(course.first_top, shown)
    if course.hot_s < _HOT_S:
        return
    if course.crept_s >= _STOOD_S:
        counts[_STOOD, _bin(shown, _LOWEST_C)] += 1
    if ms < _ROLLING_MS or course.streak < _HOT_S:
        return
    counts[_ROAD, _bin(shown, _LOWEST_C)] += 1
    # What warms the coolant does not go through the thermostat.
    going = course.need - heat.CAPACITY_J / _SMOOTH_S * (shown - course.mild)
    opening = going / (max(course.mild - around, 10.0) * heat.RADIATOR_W * course.air)
    opening = min(max(opening, 0.0), 1.0)
    level = course.mild - _OPENS_K * opening
    counts[_LEVEL, _bin(level, _LOWEST_C)] += 1
    course.road_s += step
    course.every += level * step
    course.squares += level * level * step
    if opening > _OPEN:
        course.flowing += level * step
        course.flowing_s += step
    if opening < _EASY:
        course.easy += level * step
        course.easy_s += step
    elif opening > _HARD:
        course.hard += level * step
        course.hard_s += step
    if course.turning < _LOW_RPM:
        course.slow += level * step
        course.slow_s += step
    elif course.turning > _HIGH_RPM:
        course.fast += level * step
        course.fast_s += step
    if course.hot_s > _FIRST_S:
        course.later += shown * step
        course.later_s += step
    if not np.isnan(oil):
        course.oil_above += (oil - course.oil) * step
        course.oil_s += step


@compiled
def soak(first: float, oil: float, intake: float, outside: float) -> float:
    """Give by how much the coolant was warmer than what had rested beside it; NaN where nothing had."""
    if not first < _RESTED_C:
        return np.nan
    if not np.isnan(oil):
        return first - oil
    if np.isnan(outside):
        return first - intake if -_RESTED_K < first - intake < _UNTOLD_K else np.nan
    if not abs(first - intake) < _RESTED_K or abs(intake - outside) > _RESTED_AIR_K:
        return np.nan
    return first - intake


@compiled
def tell_thermostat(
    course: Record, counts: NDArray[np.int32], air: float, outside: float, step: float, told: Record
) -> None:
    """Set what shows a thermostat stuck open."""
    least = np.rint(LEAST_WARM_S / step)
    tells = course.begun > 0 and course.low < WARM_UP_FROM_C and course.closed_k > 0
    tells = tells and course.driven >= ROLLING_MS * max(course.span_s, step)
    rise = course.end_c - course.begin_c
    tells = tells and (course.closed_k >= LEAST_PREDICTED_K or (course.reached > 0 and rise >= LEAST_RISE_K))
    if tells:
        told.warmup_rate = np.log(max(rise / course.closed_k, FLOOR))
        told.warmup_doubt = -np.log(max(course.heated_k / course.closed_k, FLOOR))
        told.warmup_pace = course.span_s / 6 / max(rise, 1.0)
    told.level = heat.quantile(counts[_WARM], 0.5, least, _LOWEST_C, _BIN_K)
    told.level_moving = heat.quantile(counts[_WARM_MOVING], 0.5, least, _LOWEST_C, _BIN_K)
    told.level_low = heat.quantile(counts[_WARM], 0.1, least, _LOWEST_C, _BIN_K)
    told.level_spread = heat.quantile(counts[_WARM], 0.9, least, _LOWEST_C, _BIN_K) - told.level_low
    told.deficit = heat.quantile(counts[_BELOW], 0.9, least, _LOWEST_K, _BIN_K)
    if np.isnan(outside) or air < outside:
        outside = air
    told.start_above_air = course.first - outside
    told.warm_minutes = course.warm_s / 60
    told.thermostat_s = (course.warm_s if course.warm_s >= LEAST_WARM_S else 0.0) + (course.span_s if tells else 0.0)


@compiled
def tell_road(course: Record, counts: NDArray[np.int32], step: float, told: Record) -> None:
    """Set what shows of the usual engine's warm-up, of the regulated engine on the road, and of it standing."""
    rise = course.heating_last - course.heating_c
    if rise >= _HEATING_RISE_K and course.heating_k >= LEAST_PREDICTED_K:
        told.heating = np.log(rise / course.heating_k)
        told.heating_s = course.heating_s
    easy = course.easy / course.easy_s if course.easy_s >= LEAST_S else np.nan
    told.regulated = easy
    if course.flowing_s >= LEAST_S:
        told.regulated_flowing = course.flowing / course.flowing_s
    if course.hard_s >= _FEW_S:
        told.regulated_high = course.hard / course.hard_s - easy
    if course.road_s >= LEAST_S:
        mean = course.every / course.road_s
        told.unrest = np.sqrt(max(course.squares / course.road_s - mean * mean, 0.0))
    told.regulated_usual = heat.quantile(counts[_LEVEL], 0.5, LEAST_S / step, _LOWEST_C, _BIN_K)
    told.regulated_often = heat.quantile(counts[_LEVEL], 0.9, LEAST_S / step, _LOWEST_C, _BIN_K)
    told.regulated_top = heat.quantile(counts[_LEVEL], 0.98, LEAST_S / step, _LOWEST_C, _BIN_K)
    told.regulated_rise = told.regulated_top - told.regulated_usual
    if course.later_s >= LEAST_S:
        told.overshoot = course.first_top - course.later / course.later_s
    told.hottest = heat.quantile(counts[_ROAD], 0.98, LEAST_S / step, _LOWEST_C, _BIN_K)
    if course.slow_s >= _FEW_S and course.fast_s >= _FEW_S:
        told.slow_engine_rise = course.slow / course.slow_s - course.fast / course.fast_s
    if course.oil_s >= LEAST_S:
        told.oil_above = course.oil_above / course.oil_s
    told.standing_top = heat.quantile(counts[_STOOD], 0.9, _FEW_S / step, _LOWEST_C, _BIN_K)
    if course.road_s >= _FEW_S:
        told.standing_rise = told.standing_top - course.every / course.road_s
    told.road_s = course.road_s
    standing = 0
    for count in counts[_STOOD]:
        standing += count
    told.standing_s = standing * step
