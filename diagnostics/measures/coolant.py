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
from diagnostics.measures import coolant_course, coolant_reading, heat
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
    "regulated_usual",  # degC, the median at any opening
    "regulated_flowing",  # degC, while it is plainly open
    "regulated_often",  # degC, of every tenth second a higher one
    "regulated_top",  # degC, hottest, less what the heat that goes asks for
    "regulated_rise",  # K, of that over the usual
    "road_s", "standing_s", "heating_s", "reading_s",
    "stop_standing_at", "stop_moving_at", "stop_value",
)  # fmt: skip
TOLD = np.dtype([(name, np.float32) for name in NAMES])

AIR_ABOVE_AMBIENT_K = 5.0  # an intake is never colder than the air outside, and seldom as cold
_NO_ROAD_S = 120.0  # who was not as fast as a road for that long is cooled by the fan alone
_UNKNOWN_C = 20.0
_STEP_S = 3.0  # coolant is slow
_SIDES = ("above", "below")

Record = Any


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
        columns = (held.fresh(SIGNALS[0]), *(held.column(name) for name in SIGNALS[1:]))
        counts = np.zeros((6, coolant_course.BINS), dtype=np.int32)
        reading, course = np.zeros(1, dtype=READING), np.zeros(1, dtype=coolant_course.COURSE)
        _pass(columns, held.lengths, held.step_s, reading, course, counts, heat.empty_counts(), tolds)
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
    columns: tuple[FloatArray, ...], lengths: NDArray[np.int64], fine: float, readings: Record, courses: Record,
    counts: NDArray[np.int32], few: NDArray[np.int32], tolds: Record,
) -> None:  # fmt: skip
    """Go once through each trip, in steps of `_STEP_S`, within which nothing but readings of the coolant is new.

    Only the order of the steps stands here.
    """
    coolants, turnings, speeds, absolutes, loads, intakes, outsides, oils = columns
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
        coolant_course.begin(course)
        told, before, known_s = tolds[trip], 0.0, 0.0
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
            known_s += 0.0 if np.isnan(shown) else step
            moving = not np.isnan(speed[now])
            ms = speed[now] / 3.6 if moving else 0.0
            traction = heat.traction_w(ms, (ms - before) / step if now else 0.0)
            before = ms
            course.streak = course.streak + step if running else 0.0
            friction = heat.friction_w(turning[now]) if running else 0.0
            pushed = heat.is_pushed(traction, turning[now])
            pulled = max(traction, 0.0)
            rises = coolant_course.observe(course, shown, running, friction, pulled, pushed, ms, ambient, step)
            if not running or np.isnan(shown):
                continue
            if course.first_s < coolant_course.SETTLED_S:
                course.first = min(course.first, shown) if course.first_s > 0 else shown
                course.first_s += step
                if course.first_s >= coolant_course.SETTLED_S:
                    told.soak = coolant_course.soak(course.first, oil[now], intakes[trip, now], outside)
            if moving and course.streak > coolant_course.SETTLED_S and not np.isnan(ambient):
                coolant_course.warm(course, counts, shown, ms, step)
                coolant_course.warm_up(course, shown, ms, rises, step)
            coolant_course.burn(course, absolutes[trip, now], loads[trip, now], turning[now], friction, pulled, pushed)
            gained = coolant_course.gained(course, shown, ms, around, friction, step)
            coolant_course.heat_up(course, shown, gained, step)
            if not moving:
                continue
            coolant_course.regulate(course, counts, shown, ms, turning[now], oil[now], gained, around, step)
            if coolant_reading.too_hot(reading) and np.isnan(told.stop_value):
                told.stop_value = shown
                if course.unroaded_s >= _NO_ROAD_S:
                    told.stop_standing_at = (now + 1) * fine
                else:
                    told.stop_moving_at = (now + 1) * fine
        coolant_course.tell_thermostat(course, counts, air, outside, step, told)
        coolant_course.tell_road(course, counts, step, told)
        told.wrong = 1000.0 * reading.wrong / (reading.readings + 30) if reading.readings else np.nan
        told.scatter = reading.scatter / reading.scatters / 2 if reading.scatters >= coolant_course.LEAST_S else np.nan
        told.reading_s = known_s
