"""F01, thermostat stuck open or leaking: slow to warm up, and not warm enough, worst at speed (faults.md F01, B5).

Two observers of B5 run beside the measured coolant. The closed one is a lower bound for a healthy car: heat input from
engine speed and road load at the low end of what engines give, the cabin heater on full whenever it is cold. The open
one is a car of generous heat whose thermostat is as open as it takes to fail the maker's monitor. Where the closed
observer is warm and the open one is not, a healthy car is regulated and a failing one shows; elsewhere a trip says
nothing. What the heater may have taken from a warm-up is no evidence either.
"""

from dataclasses import dataclass

import numpy as np

from diagnostics.findings import Evidence
from diagnostics.gating import RUNNING_RPM, BoolArray, IntArray, hold_last, inside, streak_s
from diagnostics.held import Held
from diagnostics.modes import Feature, Measure, Measured, Normal, Stop, no_stop
from diagnostics.robust import median, quantile_of, sorted_samples
from ingest.readings import Block, FloatArray
from ingest.vehicles import Fuel, VehicleConfig

PLAUSIBLE_C = (-40.0, 130.0)
COOLANT_HOLD_S = 60.0  # coolant is slow: even a poll of twice a minute shows it
SETTLED_S = 10.0
AIR_ABOVE_AMBIENT_K = 5.0  # an intake is never colder than the air outside, and seldom as cold

# The observers, per litre of displacement, so that the size of the engine is not needed (B2, B3, B5). The coolant of
# the real Etios warms up five times as fast as the closed one, that of the Leon, a diesel, 1.1 to 2.5 times.
CAPACITY_J = 23e3  # J/K
MOTORED_HEAT = 0.30  # of friction power, fuel cut
FRICTION_HEAT, TRACTION_HEAT = 0.8, 0.25  # of friction power, fired, and of traction power: at the low end
FULL_FRICTION_HEAT, FULL_TRACTION_HEAT = 0.97, 0.75  # and by B5 itself
GENEROUS = 1.3  # times B5's heat: even such an engine does not make up for a thermostat stuck open
BLOCK_LOSS_W = 9.0  # W/K standing
RADIATOR_W, STUCK_OPENING = 370.0, 0.35  # W/K at full opening; F01 at severity 1
HEATER_W, HEATER_FULL_W, HEATER_BELOW_C = 100.0, 2500.0, 25.0  # W per K below, at most, ambient from where it is used
MASS_KG, DRAG = 750.0, 0.27  # kg; N per (m/s)^2
REGULATED_C, CEILING_C = 84.0, 90.0  # from where thermostats open; where the observers are held
COLD_C = 79.0  # below it the open observer is plainly not regulated
MIXING_S, STANDING_S = 120.0, 60.0  # after a stop of a minute hot coolant at the sensor meets cold coolant elsewhere

WARM_UP_C, WARM_UP_FROM_C = (40.0, 72.0), 60.0  # the thermostat is shut in between; a later start shows too little
LEAST_PREDICTED_K, LEAST_RISE_K, FLOOR = 6.0, 10.0, 0.05
ROLLING_MS, MOVING_MS, LEAST_WARM_S = 2.0, 8.0, 120.0  # no air goes through the radiator of a parked car

# What a healthy car may do: regulate lower in the cold, where the thermostat opens less; at 105 degC with little load
# and at 85 with much (thermostats heated by the control unit), some at 78 always; warm up more slowly with less load,
# colder oil, a fan.
SEASON_K, LOWEST_DEMANDED_C, LOWEST_C = 2.0, 85.0, 77.0
PACE_LN, BELOW_K, SUN_K, STEADY_K = 0.6, 5.0, 6.0, 5.0

MEASURES = (
    Measure("warmup_rate", "ln", (-0.7, 2.2), 0.25),  # observed rise over the observer's
    Measure("warmup_doubt", "ln", (0.0, 3.0), 1.0),  # by how much a heater on full would have slowed the observer
    Measure("warmup_pace", "min", (0.1, 8.0), 2.0),  # minutes per 10 degC
    Measure("level", "degC", (79.0, 108.0), 1.5),
    Measure("level_moving", "degC", (79.0, 108.0), 1.5),
    Measure("level_low", "degC", (76.0, 106.0), 2.0),
    Measure("level_spread", "degC", (0.0, 12.0), 2.0),  # a working thermostat holds the level
    Measure("deficit", "degC", (-50.0, 0.0), 5.0),  # of the coolant below the observer
    Measure("start_above_air", "degC", (-8.0, 80.0), 5.0),
    Measure("warm_minutes", "min", (0.0, 1e4), 30.0),  # for which a failing thermostat would have shown
)
FEATURES = (
    Feature("level_drop", 1, lasting=True),
    Feature("level_moving_drop", 1, lasting=True),
    Feature("level_low_drop", 1, lasting=True),
    Feature("level_below", 1, lasting=True),
    Feature("unsteady", 1, lasting=True),
    Feature("deficit", 1, lasting=True),
    Feature("slow", 1, lasting=True),
    Feature("start_below_air", -1),
)
_COLUMN = {measure.name: column for column, measure in enumerate(MEASURES)}


@dataclass(frozen=True, slots=True)
class _Cooling:
    """A block's signals, held, and the observers: all `[time, trip]`, `air` and `start` `[trip]`.

    `observed` and `failing` are what the closed and the open observer read; `closed` and `heated` the rates in K/s with
    which the coolant as measured would rise with a closed thermostat, heater off and on. `shown` is where the coolant
    is known and the engine runs.
    """

    coolant: FloatArray
    speed: FloatArray
    observed: FloatArray
    failing: FloatArray
    closed: FloatArray
    heated: FloatArray
    shown: BoolArray
    air: FloatArray
    start: FloatArray


def _cooling(block: Block) -> _Cooling:
    step, there = block.step_s, inside(block.lengths, block.values.shape[1])
    raw = block.signal("coolant_temperature")
    plausible = (raw > PLAUSIBLE_C[0]) & (raw < PLAUSIBLE_C[1])
    coolant = hold_last(np.where(plausible, raw, np.float32(np.nan)).astype(np.float32), step, COOLANT_HOLD_S)
    engine_speed = hold_last(block.signal("engine_speed"), step)
    speed = hold_last(block.signal("vehicle_speed"), step) / np.float32(3.6)
    running = (engine_speed > RUNNING_RPM) & there
    air = _lowest(block.signal("intake_air_temperature"))
    outside = median(block.signal("ambient_air_temperature"), there, 1)
    ambient = np.where(np.isnan(outside), air - AIR_ABOVE_AMBIENT_K, outside)
    known = running & ~np.isnan(coolant) & ~np.isnan(speed) & ~np.isnan(ambient)
    heat, full_heat = heat_w(np.where(running, engine_speed, 0.0), np.nan_to_num(speed), step)
    heater = np.clip((HEATER_BELOW_C - ambient) * HEATER_W, 0, HEATER_FULL_W).astype(np.float32)
    block_loss = BLOCK_LOSS_W * (1 + 0.03 * np.nan_to_num(speed))
    open_loss = block_loss + RADIATOR_W * STUCK_OPENING * (0.25 + 0.045 * np.nan_to_num(speed))
    closed = (heat - block_loss * (coolant - ambient)) / CAPACITY_J
    heated = closed - heater * heater_open(coolant) / CAPACITY_J
    heats, losses = (heat, GENEROUS * full_heat), (block_loss, open_loss)
    observed, failing = _observe(coolant, running, heats, losses, heater, ambient, step)
    shown = known & (streak_s(running, step) > SETTLED_S)
    first = quantile_of(*sorted_samples(coolant, running & (np.cumsum(running, axis=0) * step <= SETTLED_S)), 0.0, 1)
    return _Cooling(
        coolant, speed, observed, failing, closed.astype(np.float32), heated.astype(np.float32), shown,
        np.fmin(air, outside).astype(np.float32), first,
    )  # fmt: skip


def _lowest(values: FloatArray) -> FloatArray:
    return quantile_of(*sorted_samples(values, ~np.isnan(values)), 0.05, 1)


def heat_w(engine_speed: FloatArray, speed: FloatArray, step: float) -> tuple[FloatArray, FloatArray]:
    """Give the heat into the coolant in W per litre, at the low end and by B5."""
    if not len(speed):
        return speed, speed
    friction = (1.1e5 + 15 * engine_speed) * engine_speed / 120e3
    change = np.zeros_like(speed)
    change[1:] = np.diff(speed, axis=0) / step
    traction = MASS_KG * (1.05 * change + 0.1) * speed + DRAG * speed**3
    pushed = (traction < 0) & (engine_speed > 1200)  # the fuel is cut
    low, full = (
        np.where(
            engine_speed > RUNNING_RPM,
            np.where(pushed, MOTORED_HEAT, fired) * friction + pulled * np.clip(traction, 0, None),
            0,
        ).astype(np.float32)
        for fired, pulled in ((FRICTION_HEAT, TRACTION_HEAT), (FULL_FRICTION_HEAT, FULL_TRACTION_HEAT))
    )
    return low, full


def heater_open(coolant: FloatArray) -> FloatArray:
    opening: FloatArray = np.clip((coolant - 45) / 30, 0, 1)
    return opening


def _observe(
    coolant: FloatArray, running: BoolArray, heat: tuple[FloatArray, FloatArray], loss: tuple[FloatArray, FloatArray],
    heater: FloatArray, ambient: FloatArray, step: float,
) -> tuple[FloatArray, FloatArray]:  # fmt: skip
    """Integrate the closed and the open thermostat from what was measured two minutes after the start.

    A closed thermostat is never colder than what was measured.
    """
    trips = coolant.shape[1]
    observed, failing = np.full_like(coolant, np.nan), np.full_like(coolant, np.nan)
    now, then = (np.full(trips, np.nan, dtype=np.float32) for _ in range(2))
    stood, ran = np.full(trips, STANDING_S), np.zeros(trips)
    rate = np.float32(step / CAPACITY_J)
    for at in range(len(coolant)):
        stood = np.where(running[at], 0, stood + step)
        ran = np.where(stood >= STANDING_S, 0, ran + step * running[at])
        mixing = ((ran < MIXING_S) | np.isnan(now)) & ~np.isnan(coolant[at])
        lost = loss[0][at] * (now - ambient) + heater * heater_open(now)
        now = np.fmax(now + (heat[0][at] - lost) * rate, coolant[at])
        then = then + (heat[1][at] - loss[1][at] * (then - ambient)) * rate
        now, then = (np.minimum(np.where(mixing, coolant[at], value), CEILING_C) for value in (now, then))
        observed[at], failing[at] = now, then
    return observed, failing


class ThermostatStuckOpen:
    """Warm-up slower and regulated level lower than this car's own, as far as a closed thermostat cannot explain."""

    fault = "thermostat_stuck_open"
    signals = (
        "coolant_temperature", "engine_speed", "vehicle_speed", "ambient_air_temperature", "intake_air_temperature",
    )  # fmt: skip
    measures = MEASURES
    features = FEATURES
    least_s = 120.0

    def applies(self, config: VehicleConfig | None) -> bool:
        """Leave out electric cars: they have no engine to keep warm."""
        return config is None or config.fuel is not Fuel.ELECTRIC

    def measure(self, held: Held) -> Measured:
        state, step = _cooling(held.block), held.block.step_s
        least = round(LEAST_WARM_S / step)
        warm = state.shown & (state.observed >= REGULATED_C) & (state.failing <= COLD_C)
        ordered, count = sorted_samples(state.coolant, warm)
        low, level, high = (quantile_of(ordered, count, at, least) for at in (0.1, 0.5, 0.9))
        below = np.minimum(state.observed, WARM_UP_C[1]) - state.coolant
        rate, doubt, pace, warming_s = _warm_up(state, step)
        columns = (
            rate,
            doubt,
            pace,
            level,
            median(state.coolant, warm & (state.speed > MOVING_MS), least),
            low,
            high - low,
            quantile_of(*sorted_samples(below, state.shown & (state.observed >= WARM_UP_FROM_C)), 0.9, least),
            state.start - state.air,
            count * np.float32(step / 60),
        )
        seconds = np.where(count >= least, count * step, 0) + np.where(np.isnan(rate), 0, warming_s)
        return Measured(np.stack(columns, axis=1).astype(np.float32), seconds.astype(np.float32))

    def compare(self, measures: FloatArray, normal: Normal) -> FloatArray:
        """Give in K, and the warm-up as a logarithm, what lies beyond anything a healthy car does (see above)."""
        value = {name: measures[:, column] for name, column in _COLUMN.items()}
        expected = {name: normal.expected[:, column] for name, column in _COLUMN.items()}
        drop = {
            name: np.minimum(expected[name], LOWEST_DEMANDED_C) - value[name] - SEASON_K
            for name in ("level", "level_moving", "level_low")
        }
        # Colder than the air after a night: the sensor reads low by as much (F06).
        low_by = np.nan_to_num(np.maximum(-value["start_above_air"] - SUN_K, 0))
        columns = (
            drop["level"] - low_by,
            drop["level_moving"] - low_by,
            drop["level_low"] - SEASON_K - low_by,
            LOWEST_C - value["level"] - low_by,
            value["level_spread"] - np.maximum(expected["level_spread"], SEASON_K) - STEADY_K,
            value["deficit"] - np.maximum(expected["deficit"], 0) - BELOW_K - low_by,
            expected["warmup_rate"] - value["warmup_rate"] - value["warmup_doubt"] - PACE_LN,
            low_by,
        )
        beyond: FloatArray = np.maximum(np.stack(columns, axis=1), 0).astype(np.float32)
        return beyond

    def rule(self, features: FloatArray) -> FloatArray:
        """Give the residual rule: the root of the summed squares of what exceeds healthy cars."""
        usual = np.array([_USUAL.get(feature.name, np.inf) for feature in FEATURES], dtype=np.float32)
        excess = np.nan_to_num(features[:, : len(FEATURES)] / usual, nan=0.0)
        score: FloatArray = np.sqrt((excess * excess).sum(axis=1)).astype(np.float32)
        return score

    def stop(self, held: Held) -> Stop:
        """Give nothing: a thermostat that does not close stops nobody (faults.md A2)."""
        return no_stop(held)

    def evidence(self, measures: FloatArray, expected: FloatArray, own: FloatArray) -> tuple[Evidence, ...]:
        """Give the largest deviations, each divided by what a healthy car's trips differ by."""
        reasons = []
        for name, usual, sign, en, zh in _WORDS:
            column = _COLUMN[name]
            excess = sign * (float(measures[column]) - float(expected[column]))
            if name == "warmup_rate":
                excess -= float(measures[_COLUMN["warmup_doubt"]])
            if not excess / usual >= 1:  # also leaves out what this trip did not show
                continue
            reasons.append((excess / usual, _written(name, en, zh, measures, expected, own)))
        return tuple(reason for _, reason in sorted(reasons, key=lambda pair: -pair[0])[:3])

    def stop_evidence(self, value: float) -> Evidence:
        """Say that there is nothing to say: `stop` finds nothing."""
        raise ValueError(f"a thermostat stuck open has no stop condition that could show {value}")


def _warm_up(state: _Cooling, step: float) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Give of the way from 40 to 72 degC: its rate, the heater's doubt, minutes per 10 K, and the seconds it took."""
    steps, trips = state.coolant.shape
    nothing = np.full(trips, np.nan, dtype=np.float32)
    if not steps:
        return nothing, nothing, nothing, np.zeros(trips, dtype=np.float32)
    low = np.maximum(WARM_UP_C[0], state.start + 1)
    on_the_way = state.shown & (state.coolant >= low)
    begin = on_the_way.argmax(axis=0)
    behind = np.arange(steps)[:, None] >= begin
    there = on_the_way & behind & (state.coolant >= WARM_UP_C[1])
    last = steps - 1 - (state.shown & behind)[::-1].argmax(axis=0)
    reached = there.any(axis=0)
    end = np.where(reached, there.argmax(axis=0), last)
    span = behind & (np.arange(steps)[:, None] < end) & state.shown
    closed, heated = (np.where(span, row, 0).sum(axis=0) * step for row in (state.closed, state.heated))
    rise = _at(state.coolant, end) - _at(state.coolant, begin)
    driven = np.where(span, state.speed, 0).sum(axis=0) >= ROLLING_MS * np.maximum(span.sum(axis=0), 1)
    began = on_the_way.any(axis=0) & (low < WARM_UP_FROM_C) & (closed > 0)
    tells = began & driven & ((closed >= LEAST_PREDICTED_K) | (reached & (rise >= LEAST_RISE_K)))
    safe = np.where(tells, closed, 1.0)
    rate = np.where(tells, np.log(np.maximum(rise / safe, FLOOR)), np.nan)
    doubt = np.where(tells, -np.log(np.maximum(heated / safe, FLOOR)), np.nan)
    seconds = span.sum(axis=0) * step
    pace = np.where(tells, seconds / 6 / np.maximum(rise, 1), np.nan)
    rate, doubt, pace, seconds = (column.astype(np.float32) for column in (rate, doubt, pace, seconds))
    return rate, doubt, pace, seconds


def _at(values: FloatArray, index: IntArray) -> FloatArray:
    value: FloatArray = np.take_along_axis(values, index[None, :], axis=0)[0]
    return value


def _written(
    name: str, en: str, zh: str, measures: FloatArray, expected: FloatArray, own: FloatArray
) -> Evidence:  # fmt: skip
    column = _COLUMN[name]
    value, normal, unit, digits = float(measures[column]), float(expected[column]), MEASURES[column].unit, 0
    normal_en, normal_zh = _OWN if own[column] >= 1 else _HEALTHY
    if name == "warmup_rate":
        pace = float(measures[_COLUMN["warmup_pace"]])
        value, normal, unit, digits = pace, pace * float(np.exp(value - normal)), "min", 1
    elif name == "deficit":
        normal = max(normal, 0.0)
    minutes = float(measures[_COLUMN["warm_minutes"]])
    shown_en, shown_zh = (
        words.format(value=f"{value:.{digits}f} {unit}", minutes=f"{minutes:.0f}") for words in (en, zh)
    )
    text_en = f"{shown_en}, {normal_en} {normal:.{digits}f} {unit}"
    text_zh = f"{shown_zh}，{normal_zh}{normal:.{digits}f} {unit}"
    return Evidence(name, round(value, 2), round(normal, 2), unit, text_en, text_zh)


# About what the excess of a trip shortly before the maker's monitor fails is made of.
_USUAL = {
    "level_drop": 3.0, "level_moving_drop": 4.0, "level_low_drop": 5.0, "level_below": 4.0, "deficit": 6.0, "slow": 0.4,
}  # fmt: skip
_OWN = ("this car's own normal", "本车平时为")
_HEALTHY = ("healthy cars", "正常车辆为")
# measure, what healthy trips of one car differ by, sign of the fault, words
_WORDS = (
    (
        "level",
        3.0,
        -1,
        "Coolant at {value} over {minutes} min of driving warm",
        "热机行驶{minutes}分钟内冷却液温度{value}",
    ),
    ("level_moving", 6.0, -1, "Coolant at {value} above 30 km/h", "车速30 km/h以上时冷却液温度{value}"),
    ("warmup_rate", 0.3, -1, "Warm-up took {value} per 10 degC", "冷却液每升温10 degC用时{value}"),
    (
        "deficit",
        8.0,
        1,
        "Coolant {value} colder than a closed thermostat lets it be",
        "冷却液比节温器关闭时应有温度低{value}",
    ),
)

MODE = ThermostatStuckOpen()
