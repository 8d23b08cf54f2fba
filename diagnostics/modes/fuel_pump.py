"""F09, weak fuel pump or clogged filter: the mixture is too lean where much fuel flows (faults.md F09, B3)."""

from dataclasses import dataclass

import numpy as np

from diagnostics.findings import Evidence
from diagnostics.gating import RUNNING_RPM, BoolArray, hold_last, inside, streak_s
from diagnostics.held import Held
from diagnostics.modes import Feature, Measure, Measured, Normal, Stop, no_stop
from diagnostics.robust import median, quantile_of, share, sorted_samples
from ingest.readings import Block, FloatArray
from ingest.vehicles import Fuel, VehicleConfig

# Flow is told per displacement, which nobody states: 1.0 is a cylinder filled at 101.3 kPa and 20 degC, 1000 times a
# minute. From the manifold pressure it follows directly; an air flow meter alone is held against its own idle, at which
# healthy engines of all sizes are filled about alike.
IDLE_RPM, IDLE_FILLING = 1000.0, 0.28
FULL_G_S, ORDINARY_G_S = (8.0, 26.0), 13.6  # what 1.0 may be: engines of 1.0 to 3.0 L; 1.6 L for a trip without idle
TOLD_S = 60.0  # a manifold pressure or an air flow told for less counts as not told
INTAKE_C = 40.0  # where the car does not tell
WORKING, HIGH = 0.4, 0.6  # above idle; high: of a 1.6 L engine 8 g/s, third gear in town

WARM_C, WARM_S = 70.0, 300.0  # coolant, or time of running where it is not told
STEADY_KPA, STEADY_RPM, STEADY_S = 8.0, 250.0, 3.0  # ranges over the last seconds (faults.md 0.3)
SLOW_HOLD_S = 30.0  # long-term trim and temperatures change slowly, and many dongles ask for them rarely
ZERO_S, FROZEN_S = 6.0, 20.0  # a short-term trim that stays so long is not in use, the loop is open
ABOVE_IDLE = 6.0  # %
LIMIT = 20.0  # %, from where a trim may be at its end: it stays there, and is in use
OVERRUN_RPM, OVERRUN_FILLING = 1200.0, 0.18
SETTLED_S = 3.0  # the loop takes so long to find back after fuel was cut
# Purge is no gate: the Etios purges in half of all driving, and its climb then is what it is without.
ENRICHED = 0.03  # deviation of the commanded equivalence ratio from 1 that is on purpose
LEAST_APART = 0.25  # of flow, for a slope

# Wander: the real Toyota Etios shows 2.2 % between its trips at every flow, and 1.3 % in the climb.
MEASURES = (
    Measure("trim_idle", "%", (-12.0, 12.0), 2.5),
    Measure("trim_working", "%", (-12.0, 12.0), 2.5),
    Measure("trim_high", "%", (-12.0, 12.0), 2.5),
    Measure("climb_top", "%", (-9.0, 8.0), 2.2),
    Measure("climb", "%", (-8.0, 5.0), 1.6),
    Measure("climb_working", "%", (-6.0, 4.0), 1.4),
    Measure("slope", "%", (-12.0, 8.0), 3.5),  # per 1.0 of flow
    Measure("climb_short_term", "%", (-8.0, 6.0), 1.8),
    Measure("share_above_10", "%", (0.0, 20.0), 5.0),
    Measure("share_above_idle", "%", (0.0, 20.0), 6.0),  # by `ABOVE_IDLE` and more
    Measure("share_spent", "%", (0.0, 2.0), 2.0),
    Measure("air_ratio", "%", (-1000.0, 1000.0), 3.0),
    Measure("trim_metered", "%", (-12.0, 12.0), 2.5),  # at idle, of a car whose air flow meter may be wrong
)
FEATURES = (
    Feature("unexplained", 1, lasting=True),
    Feature("unexplained_scaled", 1, lasting=True),
    Feature("climb", 1),
    Feature("climb_excess", 1, lasting=True),
    Feature("climb_scaled", 1, lasting=True),
    Feature("climb_working_excess", 1, lasting=True),
    Feature("climb_working_scaled", 1, lasting=True),
    Feature("climb_top_scaled", 1, lasting=True),
    Feature("slope_scaled", 1, lasting=True),
    Feature("short_term_scaled", 1),
    Feature("both", 1, lasting=True),
    Feature("above_idle", 1, lasting=True),
    Feature("spent", 1),
    Feature("air_mismatch", -1, lasting=True),
    Feature("own_wander", -1),
)
_COLUMN = {measure.name: column for column, measure in enumerate(MEASURES)}


@dataclass(frozen=True, slots=True)
class Air:
    """What the engine breathes, all `[time, trip]`: `flow` per displacement, `filling` of each turn likewise.

    `ratio` is what the air flow meter says against the manifold pressure, in % and up to a constant of the car;
    `metered` [trip] tells whether there is such a meter.
    """

    engine_speed: FloatArray
    running: BoolArray
    warm: BoolArray
    filling: FloatArray
    flow: FloatArray
    ratio: FloatArray
    metered: BoolArray


def air(block: Block) -> Air:
    """Find the air flow of every trip from the manifold pressure, else from the air flow meter."""
    step = block.step_s
    engine_speed, pressure, metered = (
        hold_last(block.signal(name), step) for name in ("engine_speed", "intake_manifold_pressure", "mass_air_flow")
    )
    coolant, intake = (
        hold_last(block.signal(name), step, SLOW_HOLD_S) for name in ("coolant_temperature", "intake_air_temperature")
    )
    running = (engine_speed > RUNNING_RPM) & inside(block.lengths, block.values.shape[1])
    ran_s = streak_s(running, step)
    warm = running & np.where(np.isnan(coolant), ran_s > WARM_S, (coolant >= WARM_C) & (ran_s > SETTLED_S))
    # What reads 0 under a running engine is a unit that does not support the parameter.
    pressure, metered = (np.where(row > 0, row, np.float32(np.nan)) for row in (pressure, metered))
    turns = np.maximum(engine_speed, RUNNING_RPM) / 1000
    kelvin = np.clip(np.where(np.isnan(intake), INTAKE_C, intake), -30, 80) + 273.15
    filled = (pressure / 101.3) * (293.15 / kelvin)
    breathed = (metered / turns).astype(np.float32)
    full = median(breathed, warm & (engine_speed < IDLE_RPM), round(20 / step)) / IDLE_FILLING
    full = np.where(np.isnan(full), ORDINARY_G_S, np.clip(full, *FULL_G_S))
    told, meter = ((running & ~np.isnan(row)).sum(axis=0) * step >= TOLD_S for row in (pressure, metered))
    filling = np.where(told, filled, breathed / full).astype(np.float32)
    ratio = (100 * np.log(breathed / (ORDINARY_G_S * filled))).astype(np.float32)
    return Air(engine_speed, running, warm, filling, (filling * turns).astype(np.float32), ratio, meter)


@dataclass(frozen=True, slots=True)
class _Fuelling:
    """The signals of a block, held and gated: `closed` is where the trims tell what the mixture lacks."""

    short: FloatArray
    long: FloatArray
    trim: FloatArray
    air: Air
    closed: BoolArray


def _fuelling(block: Block) -> _Fuelling:
    breath, step = air(block), block.step_s
    short, equivalence = (
        hold_last(block.signal(name), step) for name in ("short_term_fuel_trim_1", "commanded_equivalence_ratio")
    )
    long = hold_last(block.signal("long_term_fuel_trim_1"), step, SLOW_HOLD_S)
    trim = (100 * ((1 + short / 100) * (1 + long / 100) - 1)).astype(np.float32)
    overrun = (breath.engine_speed > OVERRUN_RPM) & (breath.filling < OVERRUN_FILLING)
    enriched = (np.abs(equivalence - 1) > ENRICHED) & (equivalence > 0.5)  # 0 is a unit that does not support it
    closed = breath.warm & ~np.isnan(trim) & ~np.isnan(breath.filling) & ~enriched & ~_unused(short, step)
    closed &= streak_s(~overrun, step) > SETTLED_S
    closed &= _steady(101.3 * breath.filling, STEADY_KPA, step) & _steady(breath.engine_speed, STEADY_RPM, step)
    return _Fuelling(short, long, trim, breath, closed)


def _unused(short: FloatArray, step: float) -> BoolArray:
    """Tell where the loop is open: the short-term trim lies at 0, or does not move, through a long run."""
    same = short == np.concatenate([short[:1], short[:-1]])

    def run_s(state: BoolArray) -> FloatArray:
        return streak_s(state, step) + streak_s(state[::-1], step)[::-1] - step

    unused: BoolArray = (run_s(short == 0) > ZERO_S) | ((run_s(same) > FROZEN_S) & (np.abs(short) < LIMIT))
    return unused


def _above(trim: FloatArray, other: FloatArray) -> FloatArray:
    """Give in % by how much more fuel is asked for than at the other trim; a fault alike at every flow cancels out."""
    more: FloatArray = 100 * ((100 + trim) / (100 + other) - 1)
    return more


def _steady(values: FloatArray, within: float, step: float) -> BoolArray:
    """Tell where the readings of the last `STEADY_S` seconds differ by no more than `within`."""
    low, high = values.copy(), values.copy()
    for back in range(1, round(STEADY_S / step) + 1):
        low[back:] = np.fmin(low[back:], values[:-back])
        high[back:] = np.fmax(high[back:], values[:-back])
    steady: BoolArray = high - low <= within
    return steady


class FuelPump:
    """The total fuel trim climbs with air flow, against this car's own earlier trips; idle stays where it was.

    A pump that is weak all over leans the mixture at idle too, but more where more fuel flows. A leak falls with the
    flow; dirty injectors and another fuel are the same at every flow, and reach some 14 %; a wrong air flow meter
    disagrees with the manifold pressure where a car has both. With a meter alone only the climb speaks.
    """

    fault = "fuel_pump"
    signals = (
        "short_term_fuel_trim_1", "long_term_fuel_trim_1", "engine_speed", "mass_air_flow", "intake_manifold_pressure",
        "intake_air_temperature", "coolant_temperature", "commanded_equivalence_ratio",
    )  # fmt: skip
    measures = MEASURES
    features = FEATURES
    least_s = 45.0

    def applies(self, config: VehicleConfig | None) -> bool:
        """Electric cars burn no fuel."""
        return config is None or config.fuel is not Fuel.ELECTRIC

    def measure(self, held: Held) -> Measured:
        """Measure total trims in % at idle, above it and at high flow, what lies between them, and shares of time in %.

        Observed are the seconds above idle flow: at idle alone a weak pump cannot be told from other faults.
        """
        state, step = _fuelling(held.block), held.block.step_s
        few = round(15 / step)
        idle, working = state.closed & (state.air.flow < WORKING), state.closed & (state.air.flow >= WORKING)
        high = working & (state.air.flow >= HIGH)
        trim_idle, trim_working, trim_high = (median(state.trim, gate, few) for gate in (idle, working, high))
        fastest = quantile_of(*sorted_samples(state.air.flow, working), 0.9, 4 * few)
        top = quantile_of(*sorted_samples(state.trim, working & (state.air.flow >= fastest)), 0.75, few // 3)
        spent = (state.short >= LIMIT) & (state.long >= LIMIT)
        columns = (
            trim_idle,
            trim_working,
            trim_high,
            _above(top, trim_idle),
            _above(trim_high, trim_idle),
            _above(trim_working, trim_idle),
            self._slope(state, few),
            median(state.short, high, few) - median(state.short, idle, few),
            100 * share(state.trim > 10, working, 2 * few),
            np.where(
                np.isnan(trim_idle), np.nan, 100 * share(_above(state.trim, trim_idle) > ABOVE_IDLE, working, 2 * few)
            ),
            100 * share(spent, working, 2 * few),
            median(state.air.ratio, working, few),
            np.where(state.air.metered, np.where(np.isnan(trim_idle), trim_working, trim_idle), np.nan),
        )
        observed_s = working.sum(axis=0) * step
        return Measured(np.stack(columns, axis=1).astype(np.float32), observed_s.astype(np.float32))

    @staticmethod
    def _slope(state: _Fuelling, few: int) -> FloatArray:
        """Give the rise of the trim from the lower third of the flow to its upper fifth, per 1.0 of flow."""
        ordered, count = sorted_samples(state.air.flow, state.closed)
        low, high = (quantile_of(ordered, count, level, 4 * few) for level in (0.33, 0.8))
        below, above = state.closed & (state.air.flow <= low), state.closed & (state.air.flow >= high)
        apart = median(state.air.flow, above, few) - median(state.air.flow, below, few)
        rise = _above(median(state.trim, above, few), median(state.trim, below, few))
        per_flow = rise / np.maximum(apart, LEAST_APART)
        return np.where(apart >= LEAST_APART, per_flow, np.nan).astype(np.float32)

    def compare(self, measures: FloatArray, normal: Normal) -> FloatArray:
        """Give the residuals: what this car shows minus what it should, in % and in spreads of its own trips.

        `both` is the smaller of two things that a weak pump does at once: too high above idle, and climbing too much.
        `unexplained` is what a wrong air flow meter cannot be blamed for: by its disagreement with the manifold
        pressure, or, with a meter alone, by what is too high at idle already. Without a meter nothing is to be blamed.
        """
        value = {name: measures[:, column] for name, column in _COLUMN.items()}
        more = {name: value[name] - normal.expected[:, column] for name, column in _COLUMN.items()}
        scaled = {name: more[name] / normal.wander[:, column] for name, column in _COLUMN.items()}
        climb = np.where(np.isnan(more["climb"]), more["climb_working"], more["climb"])
        climb = np.where(np.isnan(climb), more["slope"] / 2, climb)
        # The ratio is any constant of a car: it is not drawn to other cars, a few trips of its own count in full.
        own = normal.own[:, _COLUMN["air_ratio"]]
        ratio = more["air_ratio"] * (1 + 1 / np.maximum(own, 1))
        high = np.fmax(more["trim_high"], more["trim_working"])
        meter = np.where(np.isnan(ratio), more["trim_metered"], 100 * np.expm1(-ratio / 100))
        explained = np.where(np.isnan(more["trim_metered"]), 0, np.clip(meter, 0, None))
        columns = (
            high - explained,
            (high - explained) / normal.wander[:, _COLUMN["trim_high"]],
            value["climb"],
            more["climb"],
            scaled["climb"],
            more["climb_working"],
            scaled["climb_working"],
            scaled["climb_top"],
            scaled["slope"],
            scaled["climb_short_term"],
            np.minimum(high, climb),
            more["share_above_idle"],
            value["share_spent"],
            np.abs(ratio),
            normal.wander[:, _COLUMN["climb"]],
        )
        return np.stack(columns, axis=1).astype(np.float32)

    def rule(self, features: FloatArray) -> FloatArray:
        """Give the residual rule: how much too high at high flow and climbing too much at once, in %, not below 0."""
        both = [feature.name for feature in FEATURES].index("both")
        score: FloatArray = np.clip(np.nan_to_num(features[:, both], nan=0.0), 0.0, None).astype(np.float32)
        return score

    def stop(self, held: Held) -> Stop:
        """Find nothing: a weak pump has no condition that must stop the car (faults.md A2)."""
        return no_stop(held)

    def evidence(self, measures: FloatArray, expected: FloatArray, own: FloatArray) -> tuple[Evidence, ...]:
        """Give the three largest deviations, each divided by what a healthy car's trips differ by."""
        reasons = []
        for name, usual, en, zh in _WORDS:
            column = _COLUMN[name]
            value, normal = float(measures[column]), float(expected[column])
            if not (value - normal) / usual >= 1:  # also leaves out what this trip did not show
                continue
            (own_en, own_zh), sign = _OWN if own[column] >= 1 else _HEALTHY, "" if name.startswith("share") else "+"
            text_en, text_zh = f"{en} {value:{sign}.0f} %", f"{zh}{value:{sign}.0f} %"
            idle, (where_en, where_zh) = float(measures[_COLUMN["trim_idle"]]), _WHERE.get(name, ("", ""))
            if where_en and not np.isnan(idle):
                text_en, text_zh = f"{text_en}, at idle {idle:+.0f} %", f"{text_zh}，怠速时{idle:+.0f} %"
            text_en += f"; {own_en}{where_en} {normal:{sign}.0f} %"
            text_zh += f"；{own_zh}{where_zh}为{normal:{sign}.0f} %"
            evidence = Evidence(name, round(value, 3), round(normal, 3), "%", text_en, text_zh)
            reasons.append(((value - normal) / usual, evidence))
        return tuple(reason for _, reason in sorted(reasons, key=lambda pair: -pair[0])[:3])

    def stop_evidence(self, value: float) -> Evidence:
        """Say that there is nothing to say: `stop` finds nothing."""
        raise ValueError(f"a weak fuel pump has no stop condition that could show {value}")


_OWN = ("this car's own normal", "本车平时")
_HEALTHY = ("healthy cars", "正常车辆")
_WHERE = {"trim_high": (" at high flow", "大流量时"), "trim_working": (" above idle", "怠速以上")}
# measure, what healthy trips of one car differ by, words
_WORDS = (
    ("trim_high", 2.5, "Fuel correction at high flow", "大流量时燃油修正"),
    ("trim_working", 3.0, "Fuel correction above idle", "怠速以上燃油修正"),
    ("climb", 1.6, "Rise of the fuel correction from idle to high flow", "从怠速到大流量燃油修正上升"),
    ("share_above_10", 15.0, "Driving time with a fuel correction above 10 %:", "行驶中燃油修正超过10 %的时间："),
    ("share_spent", 5.0, "Driving time with both fuel trims at their end:", "行驶中两项燃油修正均达极限的时间："),
)

MODE = FuelPump()
