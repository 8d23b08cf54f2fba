"""What a trip shows of the coolant (faults.md F01 to F06, B5), in one compiled pass.

Two observers of B5 run beside the measured coolant. The closed one is a lower bound for a healthy car: heat input from
engine speed and road load at the low end of what engines give, the cabin heater on full whenever it is cold. The open
one is a car of generous heat whose thermostat is as open as it takes to fail the maker's monitor. Where the closed
observer is warm and the open one is not, a healthy car is regulated and one stuck open shows.

A usual engine's heat, by its load, tells how far the thermostat of a regulated engine must stand open for what the road
asks at the time. The levels are taken at one opening, so that they do not move with load, season and headwind.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from diagnostics.compiled import compiled
from diagnostics.held import RUNNING_RPM, Held, Table
from diagnostics.measures import coolant_reading, heat
from diagnostics.measures.coolant_reading import HOLD_S, READING
from ingest.readings import FloatArray

SIGNALS = (
    "coolant_temperature", "engine_speed", "vehicle_speed", "absolute_load", "engine_load", "intake_air_temperature",
    "ambient_air_temperature", "oil_temperature",
)  # fmt: skip
NAMES = (
    # of a thermostat stuck open
    "warmup_rate",  # ln, observed rise over the closed observer's
    "warmup_doubt",  # ln, by how much a heater on full would have slowed it
    "warmup_pace",  # minutes per 10 K
    "level",  # degC, where a thermostat stuck open would show: median, that above 30 km/h, and the coldest tenth
    "level_moving",
    "level_low",
    "level_spread",  # K, from the coldest to the warmest tenth
    "deficit",  # K below the closed observer
    "start_above_air",  # K
    "warm_minutes",
    "thermostat_s",
    # of the others
    "heating",  # ln, rise of a cold engine over that of a usual one of the same load
    "regulated",  # degC, on the road at the opening of easy driving
    "regulated_high",  # K by which more of the opening makes it hotter than a working radiator does
    "unrest",  # K, standard deviation of the regulated level
    "overshoot",  # K, when the thermostat opens first
    "hottest",  # degC on the road
    "slow_engine_rise",  # K, regulated level at low engine speed over that at high
    "oil_above",  # K, of the oil over the coolant on the road
    "standing_top",  # degC after a minute of standing or creeping
    "standing_rise",  # K, of that over the road's level
    "soak",  # K, over oil or air after a long rest
    "wrong",  # per 1000 readings that no coolant shows
    "scatter",  # K, from reading to reading
    "road_s", "standing_s", "heating_s", "reading_s",
    "stop_standing_at", "stop_moving_at", "stop_value",
)  # fmt: skip
TOLD = np.dtype([(name, np.float32) for name in NAMES])

# The observers. The coolant of the real Etios warms up five times as fast as the closed one, that of the Leon, a
# diesel, 1.1 to 2.5 times.
SETTLED_S = 10.0
AIR_ABOVE_AMBIENT_K = 5.0  # an intake is never colder than the air outside, and seldom as cold
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
_HOT_C, _COOLED_C, _HOT_S = 78.0, 70.0, 120.0  # regulated: that long above, until below
_EASY, _HARD = 0.14, 0.22  # openings
_LOW_RPM, _HIGH_RPM = 1600.0, 2000.0
_CREEPING_MS, _PACE_S, _STOOD_S, _ROLLING_MS = 4.5, 60.0, 20.0, 4.0  # a mean of a minute; for how long
_FIRST_S = 300.0  # of the opening
_LEAST_S, _FEW_S = 60.0, 30.0
_ROAD_MS, _NO_ROAD_S = 5.6, 120.0  # who was not as fast for that long is cooled by the fan alone
_RESTED_C, _RESTED_K, _RESTED_AIR_K = 50.0, 30.0, 4.0  # coolant after a long rest; its air; intake against outside
_UNTOLD_K = 14.0  # above the intake, where nobody tells the air outside
_UNKNOWN_C = 20.0
_STEP_S = 3.0  # coolant is slow
_SIDES = ("above", "below")
_BIN_K, _BINS = 0.5, 344
_LOWEST_C, _LOWEST_K = -40.0, -60.0
_WARM, _WARM_MOVING, _BELOW, _ROAD, _STOOD = range(5)

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
            "later", "later_s", "oil_above", "oil_s",
        )
    ]
)  # fmt: skip


def coolant(held: Held) -> Table:
    """Measure every trip of the block, by `NAMES`: float32 [trip], NaN where a trip does not show it.

    `thermostat_s`, `road_s`, `standing_s`, `heating_s` and `reading_s` are the seconds behind each family of measures.
    Of `stop_standing_at` and `stop_moving_at` at most one is set: the first instant of too hot a coolant, in seconds
    from the block's begin, by what the car had done in the two minutes before.
    """
    tolds = np.zeros(held.trips, dtype=TOLD)
    for name in NAMES:
        tolds[name] = 0 if name.endswith("_s") else np.nan
    if held.has("coolant_temperature") and held.has("engine_speed"):
        _pass(
            held.fresh("coolant_temperature"), *(held.column(name) for name in SIGNALS[1:]), held.lengths, held.step_s,
            np.zeros(1, dtype=READING), np.zeros(1, dtype=COURSE), np.zeros((5, _BINS), dtype=np.int32),
            heat.empty_counts(), tolds,
        )  # fmt: skip
    table = {name: np.ascontiguousarray(tolds[name]) for name in NAMES}
    table["leak_s"] = table["road_s"] + table["heating_s"]
    # A sensor may be off either way: what tells it is looked at from both sides.
    return (
        table
        | {f"{name}_{side}": table[name] for name in ("soak", "regulated", "level") for side in _SIDES}
        | {"oil_below": table["oil_above"]}
    )


@compiled
def _pass(  # noqa: PLR0915, C901 - one loop
    coolants: FloatArray, turnings: FloatArray, speeds: FloatArray, absolutes: FloatArray, loads: FloatArray,
    intakes: FloatArray, outsides: FloatArray, oils: FloatArray, lengths: NDArray[np.int64], fine: float,
    readings: Record, courses: Record, counts: NDArray[np.int32], few: NDArray[np.int32], tolds: Record,
) -> None:  # fmt: skip
    """Go once through each trip, in steps of `_STEP_S`, within which nothing but readings of the coolant is new.

    Only the order of the steps stands here.
    """
    reading, course = readings[0], courses[0]
    stride, every = max(1, int(8 / fine)), max(1, int(np.rint(_STEP_S / fine)))
    step = every * fine
    for trip in range(len(lengths)):
        length = lengths[trip]
        air = heat.of_trip(intakes[trip], length, stride, 0.05, few)
        outside = heat.of_trip(outsides[trip], length, stride, 0.5, few)
        ambient = air - AIR_ABOVE_AMBIENT_K if np.isnan(outside) else outside
        around = _UNKNOWN_C if np.isnan(ambient) else ambient
        counts[:] = 0
        coolant_reading.begin(reading)
        _begin(course)
        told, before = tolds[trip], 0.0
        measured, turning, speed, oil = coolants[trip], turnings[trip], speeds[trip], oils[trip]
        for now in range(0, length, every):
            for at in range(max(now - every + 1, 0), now + 1):
                reading.age += fine
                reading.before_s += fine
                reading.other_s += fine
                if not np.isnan(measured[at]):
                    coolant_reading.take(reading, measured[at])
            running = turning[now] > RUNNING_RPM
            shown = reading.believed if reading.age <= HOLD_S else np.nan
            moving = not np.isnan(speed[now])
            ms = speed[now] / 3.6 if moving else 0.0
            traction = heat.traction_w(ms, (ms - before) / step if now else 0.0)
            before = ms
            course.streak = course.streak + step if running else 0.0
            friction = heat.friction_w(turning[now]) if running else 0.0
            pushed = heat.is_pushed(traction, turning[now])
            pulled = max(traction, 0.0)
            rises = _observe(course, shown, running, friction, pulled, pushed, ms, ambient, step)
            if not running or np.isnan(shown):
                continue
            if course.first_s < SETTLED_S:
                course.first = min(course.first, shown) if course.first_s > 0 else shown
                course.first_s += step
                if course.first_s >= SETTLED_S:
                    told.soak = _soak(course.first, oil[now], intakes[trip, now], outside)
            if moving and course.streak > SETTLED_S and not np.isnan(ambient):
                _warm(course, counts, shown, ms, step)
                _warm_up(course, shown, ms, rises, step)
            _burn(course, absolutes[trip, now], loads[trip, now], turning[now], friction, pulled, pushed)
            gained = _gained(course, shown, ms, around, friction, step)
            _heat_up(course, shown, gained, step)
            if not moving:
                continue
            _regulate(course, counts, shown, ms, turning[now], oil[now], gained, around, step)
            if coolant_reading.too_hot(reading) and np.isnan(told.stop_value):
                told.stop_value = shown
                if course.unroaded_s >= _NO_ROAD_S:
                    told.stop_standing_at = (now + 1) * fine
                else:
                    told.stop_moving_at = (now + 1) * fine
        _tell_thermostat(course, counts, air, outside, step, told)
        _tell_road(course, counts, step, told)
        told.wrong = 1000.0 * reading.wrong / (reading.readings + 30) if reading.readings else np.nan
        told.scatter = reading.scatter / reading.scatters / 2 if reading.scatters >= _LEAST_S else np.nan
        told.reading_s = reading.readings * fine


@compiled
def _begin(course: Record) -> None:
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


@compiled
def _observe(
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
def _warm(course: Record, counts: NDArray[np.int32], shown: float, ms: float, step: float) -> None:
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
    return min(max(int(np.rint((value - lowest) / _BIN_K)), 0), _BINS - 1)


@compiled
def _warm_up(course: Record, shown: float, ms: float, rises: tuple[float, float], step: float) -> None:
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
def _burn(
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
def _gained(course: Record, shown: float, ms: float, around: float, friction: float, step: float) -> float:
    """Give the heat in W that a shut thermostat leaves in the coolant of a usual engine, and warm its oil."""
    if np.isnan(course.oil):
        course.oil = shown
    from_oil = heat.OIL_TO_COOLANT_W * (course.oil - shown)
    cooled = heat.OIL_TO_AIR_W * (1 + 0.1 * ms) * (course.oil - around)
    course.oil += (heat.OIL_HEAT * course.fuel - from_oil - cooled) / heat.OIL_CAPACITY_J * step
    heater = max(_USUAL_HEATER_W + _USUAL_HEATER_W_PER_K * (20 - around), 0.0)
    lost = heat.BLOCK_LOSS_W * (1 + 0.03 * ms) * (shown - around) + heater * min(max((shown - 25) / 45, 0.0), 1.0)
    return heat.FUEL_HEAT * course.fuel + heat.MOTORED_HEAT * friction + from_oil - lost


@compiled
def _heat_up(course: Record, shown: float, gained: float, step: float) -> None:
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
def _regulate(  # noqa: C901 - counts of one instant
    course: Record, counts: NDArray[np.int32], shown: float, ms: float, turning: float, oil: float, gained: float,
    around: float, step: float,
) -> None:  # fmt: skip
    """Take the levels of a regulated engine, on the road and standing."""
    part = step / _SMOOTH_S
    course.need += (gained - course.need) * part
    course.air += (_STILL_AIR + _AIR_PER_MS * ms - course.air) * part
    course.turning += (turning - course.turning) * part
    course.pace += (ms - course.pace) * step / _PACE_S
    course.crept_s = course.crept_s + step if course.pace < _CREEPING_MS and ms < _ROAD_MS else 0.0
    course.unroaded_s = course.unroaded_s + step if ms < _ROAD_MS else 0.0
    if shown < _COOLED_C:
        course.hot_s, course.was_cold = 0.0, 1.0
    elif shown >= _HOT_C or course.hot_s > 0:
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
    opening = course.need / (max(shown - around, 10.0) * heat.RADIATOR_W * course.air)
    opening = min(max(opening, 0.0), 1.0)
    level = shown - _OPENS_K * opening
    course.road_s += step
    course.every += level * step
    course.squares += level * level * step
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
def _soak(first: float, oil: float, intake: float, outside: float) -> float:
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
def _tell_thermostat(
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
def _tell_road(course: Record, counts: NDArray[np.int32], step: float, told: Record) -> None:
    """Set what shows of the usual engine's warm-up, of the regulated engine on the road, and of it standing."""
    rise = course.heating_last - course.heating_c
    if rise >= _HEATING_RISE_K and course.heating_k >= LEAST_PREDICTED_K:
        told.heating = np.log(rise / course.heating_k)
        told.heating_s = course.heating_s
    easy = course.easy / course.easy_s if course.easy_s >= _LEAST_S else np.nan
    told.regulated = easy
    if course.hard_s >= _FEW_S:
        told.regulated_high = course.hard / course.hard_s - easy
    if course.road_s >= _LEAST_S:
        mean = course.every / course.road_s
        told.unrest = np.sqrt(max(course.squares / course.road_s - mean * mean, 0.0))
    if course.later_s >= _LEAST_S:
        told.overshoot = course.first_top - course.later / course.later_s
    told.hottest = heat.quantile(counts[_ROAD], 0.98, _LEAST_S / step, _LOWEST_C, _BIN_K)
    if course.slow_s >= _FEW_S and course.fast_s >= _FEW_S:
        told.slow_engine_rise = course.slow / course.slow_s - course.fast / course.fast_s
    if course.oil_s >= _LEAST_S:
        told.oil_above = course.oil_above / course.oil_s
    told.standing_top = heat.quantile(counts[_STOOD], 0.9, _FEW_S / step, _LOWEST_C, _BIN_K)
    if course.road_s >= _FEW_S:
        told.standing_rise = told.standing_top - course.every / course.road_s
    told.road_s = course.road_s
    standing = 0
    for count in counts[_STOOD]:
        standing += count
    told.standing_s = standing * step
