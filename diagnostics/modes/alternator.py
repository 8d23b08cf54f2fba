"""F22, alternator or regulator: the charging voltage sags, ripples or runs over (faults.md F22, B6)."""

from dataclasses import dataclass

import numpy as np

from diagnostics.findings import Evidence
from diagnostics.gating import (
    RUNNING_RPM,
    BoolArray,
    count_within,
    hold_last,
    inside,
    lasts,
    streak_s,
)
from diagnostics.held import Held
from diagnostics.modes import Feature, Measure, Measured, Normal, Stop
from diagnostics.robust import bin_means, quantile_of, ripple, share, slope, sorted_samples
from ingest.readings import Block, FloatArray
from ingest.vehicles import Fuel, VehicleConfig

PLAUSIBLE_V = (6.0, 20.0)  # a 12 V net; 0 V is a controller that does not support the parameter
SETTLED_S = 20.0  # after the start the battery is being refilled, and a reading may still be the crank's
LEAVING_S = 3.0  # engine speed is up to 2 s older than the voltage: at key-off it still says "running"
IDLE_RPM, DRIVING_RPM, MOVING_RPM = 1000.0, 1500.0, 1000.0
BIN_S = 5.0  # two or three renewals of a slow poll, shorter than the engine room warms

# Levels are compared at one reference: 45 degC intake air and a parked car. Regulators lower the voltage when hot, and
# a driven car has a hotter engine room and more consumers on. Measured on 77 trips of the real Toyota Etios: 13 mV per
# degree, and 0.2 V between standing at idle and driving all the time; together they bring the spread of its trips'
# levels from 0.16 V to 0.10 V.
FALL_V_PER_K, REFERENCE_C, DRIVEN_V = 0.012, 45.0, 0.2

STOP_V, STOP_LOW_S, STOP_RUNNING_S = 12.0, 30.0, 60.0  # faults.md A2, S0

MEASURES = (
    Measure("charging_voltage", "V", (12.9, 14.9), 0.12),
    Measure("charging_voltage_idle", "V", (12.8, 14.9), 0.13),
    Measure("charging_voltage_top", "V", (13.3, 15.1), 0.14),
    Measure("charging_voltage_bottom", "V", (12.4, 14.8), 0.15),
    Measure("idle_drop", "V", (-0.5, 0.25), 0.07),
    Measure("ripple", "V", (0.0, 0.05), 0.012),
    Measure("load_sag", "V", (-0.3, 0.4), 0.1),
    Measure("spread", "V", (0.1, 2.0), 0.15),
    Measure("share_below_13_0", "%", (0.0, 30.0), 3.0),
    Measure("share_below_12_5", "%", (0.0, 5.0), 1.0),
    Measure("share_below_12_0", "%", (0.0, 0.0), 0.5),
    Measure("share_above_15_2", "%", (0.0, 0.0), 0.5),
    Measure("reference_shift", "V", (-1.0, 1.0), 0.2),  # what was added to the levels above
)
FEATURES = (
    Feature("sag", 1),
    Feature("sag_scaled", 1, lasting=True),
    Feature("sag_idle", 1),
    Feature("sag_idle_scaled", 1, lasting=True),
    Feature("sag_top", 1),
    Feature("sag_top_scaled", 1, lasting=True),
    Feature("idle_drop", 1),
    Feature("idle_drop_excess", 1),
    Feature("idle_drop_scaled", 1, lasting=True),
    Feature("ripple", 1, lasting=True),
    Feature("ripple_excess", 1),
    Feature("ripple_scaled", 1, lasting=True),
    Feature("load_sag", 1),
    Feature("load_sag_excess", 1),
    Feature("load_sag_scaled", 1, lasting=True),
    Feature("below_13_0", 1, lasting=True),
    Feature("below_12_5", 1),
    Feature("below_12_0", 1),
    Feature("rise", 1),
    Feature("rise_scaled", 1, lasting=True),
    Feature("rise_bottom", 1),
    Feature("above_15_2", 1),
    Feature("own_wander", -1),
    Feature("own_spread", -1),
)
_COLUMN = {measure.name: column for column, measure in enumerate(MEASURES)}


@dataclass(frozen=True, slots=True)
class _Charging:
    """The signals of a block, held and gated: `settled` is where the charging voltage means something."""

    voltage: FloatArray
    engine_speed: FloatArray
    load: FloatArray
    intake: FloatArray
    running: BoolArray
    settled: BoolArray


def _charging(block: Block) -> _Charging:
    step, there = block.step_s, inside(block.lengths, block.values.shape[1])
    raw = block.signal("control_module_voltage")
    plausible = (raw >= PLAUSIBLE_V[0]) & (raw <= PLAUSIBLE_V[1])
    voltage = hold_last(np.where(plausible, raw, np.float32(np.nan)).astype(np.float32), step)
    engine_speed = hold_last(block.signal("engine_speed"), step)
    running = (engine_speed > RUNNING_RPM) & there
    settled = (streak_s(running, step) > SETTLED_S) & lasts(running, step, LEAVING_S) & ~np.isnan(voltage)
    load, intake = (hold_last(block.signal(name), step) for name in ("engine_load", "intake_air_temperature"))
    return _Charging(voltage, engine_speed, load, intake, running, settled)


class Alternator:
    """Sag, ripple and over-voltage against this car's own earlier trips; a smart alternator is its own normal."""

    fault = "alternator"
    signals = ("control_module_voltage", "engine_speed", "engine_load", "intake_air_temperature")
    measures = MEASURES
    features = FEATURES
    least_s = 120.0

    def applies(self, config: VehicleConfig | None) -> bool:
        """Hybrids and electric cars feed the 12 V net from a DC/DC converter (F30), not from an alternator."""
        return config is None or config.fuel not in {Fuel.ELECTRIC, Fuel.HYBRID}

    def measure(self, held: Held) -> Measured:
        """Measure levels in V at the reference, shares in %, the sag per 100 % engine load in V."""
        state, step = _charging(held.block), held.block.step_s
        gate = state.settled
        least, few = round(60 / step), round(30 / step)
        idle = gate & (state.engine_speed < IDLE_RPM)
        ordered, count = sorted_samples(state.voltage, gate)
        idle_ordered, idle_count = sorted_samples(state.voltage, idle)
        drive_ordered, drive_count = sorted_samples(state.voltage, gate & (state.engine_speed > DRIVING_RPM))
        air_ordered, air_count = sorted_samples(state.intake, gate)
        intake = quantile_of(air_ordered, air_count, 0.5, few)
        shift = FALL_V_PER_K * (np.where(np.isnan(intake), REFERENCE_C, intake) - REFERENCE_C)
        shift += DRIVEN_V * np.nan_to_num(share(state.engine_speed > MOVING_RPM, gate, 1))
        level, top, bottom = (quantile_of(ordered, count, at, least) for at in (0.5, 0.9, 0.1))
        idle_level = quantile_of(idle_ordered, idle_count, 0.5, few)
        drive_level = quantile_of(drive_ordered, drive_count, 0.5, few)
        columns = (
            level + shift,
            idle_level + shift,
            top + shift,
            bottom + shift,
            drive_level - idle_level,
            ripple(state.voltage, gate, max(8, round(24 / step)), 3),
            self._load_sag(state, step),
            top - bottom,
            *(100 * share(state.voltage < limit, gate, least) for limit in (13.0, 12.5, 12.0)),
            100 * share(state.voltage > 15.2, gate, least),
            shift,
        )
        return Measured(np.stack(columns, axis=1).astype(np.float32), (gate.sum(axis=0) * step).astype(np.float32))

    @staticmethod
    def _load_sag(state: _Charging, step: float) -> FloatArray:
        # Changes from bin to bin, so that the slow fall of a warming engine room takes no part; above idle, because
        # at idle an air conditioner moves load and voltage together on every healthy car.
        width = max(1, round(BIN_S / step))
        gate = state.settled & (state.engine_speed > MOVING_RPM)
        voltage, load = (np.diff(bin_means(row, gate, width), axis=0) for row in (state.voltage, state.load))
        fall: FloatArray = -100 * slope(np.clip(voltage, -0.5, 0.5), np.clip(load, -40, 40), 20)
        return fall

    def compare(self, measures: FloatArray, normal: Normal) -> FloatArray:
        """Give the residuals: what this car should show minus what it shows, in V and per its own room; shares in %.

        The room is what this car's trips differ by: between trips, and within them between its low and high voltage.
        Both are little with a plain regulator and much with a smart alternator, so each is judged by its own measure.
        """
        value = {name: measures[:, column] for name, column in _COLUMN.items()}
        less = {name: normal.expected[:, column] - value[name] for name, column in _COLUMN.items()}
        wander = {name: normal.wander[:, column] for name, column in _COLUMN.items()}
        own_spread = normal.expected[:, _COLUMN["spread"]] + wander["spread"]
        room = {name: np.sqrt(wander[name] ** 2 + (own_spread / 4) ** 2) for name in _COLUMN}
        columns = (
            less["charging_voltage"],
            less["charging_voltage"] / room["charging_voltage"],
            less["charging_voltage_idle"],
            less["charging_voltage_idle"] / room["charging_voltage_idle"],
            less["charging_voltage_top"],
            less["charging_voltage_top"] / room["charging_voltage_top"],
            value["idle_drop"],
            -less["idle_drop"],
            -less["idle_drop"] / room["idle_drop"],
            value["ripple"],
            -less["ripple"],
            -less["ripple"] / wander["ripple"],
            value["load_sag"],
            -less["load_sag"],
            -less["load_sag"] / room["load_sag"],
            value["share_below_13_0"],
            value["share_below_12_5"],
            value["share_below_12_0"],
            -less["charging_voltage"],
            -less["charging_voltage"] / room["charging_voltage"],
            -less["charging_voltage_bottom"],
            value["share_above_15_2"],
            wander["charging_voltage"],
            own_spread,
        )
        return np.stack(columns, axis=1).astype(np.float32)

    def rule(self, features: FloatArray) -> FloatArray:
        """Give the residual rule: the root of the summed squares of what exceeds healthy trips, in their spreads."""
        usual = np.array([_USUAL.get(feature.name, np.inf) for feature in FEATURES], dtype=np.float32)
        excess = np.clip(np.nan_to_num(features[:, : len(FEATURES)] / usual, nan=0.0), 0.0, 20.0)
        score: FloatArray = np.sqrt((excess * excess).sum(axis=1)).astype(np.float32)
        return score

    def stop(self, held: Held) -> Stop:
        """Find the first instant below 12.0 V at the end of a minute of running with 30 s below 12.0 V in it.

        That is: the engine has run for 60 s without a break, and in the last 60 s the voltage was below for 30 s.

        Seconds below are summed within the last minute, not required to be unbroken: a ripple that touches 12.1 V for
        one reading does not start the count again, and lone dips of a healthy car never add up to it. Holes over 5 s
        in the engine speed end the run; a step counts as its whole length.
        """
        state, step = _charging(held.block), held.block.step_s
        low = state.running & (state.voltage < STOP_V)
        seconds = count_within(low, step, STOP_RUNNING_S)
        met = low & (streak_s(state.running, step) >= STOP_RUNNING_S) & (seconds >= STOP_LOW_S)
        if not met.shape[0]:
            nothing = np.full(met.shape[1], np.nan, dtype=np.float32)
            return Stop(nothing, nothing)
        first, ever = met.argmax(axis=0), met.any(axis=0)
        lowest = np.where(low, state.voltage, np.float32(np.nan))
        value = np.take_along_axis(lowest, first[None, :], axis=0)[0]
        at_s = (first + 1) * step
        return Stop(np.where(ever, at_s, np.nan).astype(np.float32), np.where(ever, value, np.nan).astype(np.float32))

    def evidence(self, measures: FloatArray, expected: FloatArray, own: FloatArray) -> tuple[Evidence, ...]:
        """Give the three largest deviations, each divided by what a healthy car's trips differ by."""
        shift = float(measures[_COLUMN["reference_shift"]])
        reasons = []
        for name, usual, sign, en, zh in _WORDS:
            column = _COLUMN[name]
            excess = sign * (float(measures[column]) - float(expected[column]))
            if not excess / usual >= 1:  # also leaves out what this trip did not show
                continue
            added = shift if name.startswith("charging") else 0.0
            value, normal = float(measures[column]) - added, float(expected[column]) - added
            normal_en, normal_zh = _OWN if own[column] >= 1 else _HEALTHY
            unit = MEASURES[column].unit
            digits = 0 if unit == "%" else 2 if name == "ripple" else 1
            text_en = f"{en} {value:.{digits}f} {unit}, {normal_en} {normal:.{digits}f} {unit}"
            text_zh = f"{zh}{value:.{digits}f} {unit}，{normal_zh}{normal:.{digits}f} {unit}"
            reasons.append((excess / usual, Evidence(name, round(value, 3), round(normal, 3), unit, text_en, text_zh)))
        return tuple(reason for _, reason in sorted(reasons, key=lambda pair: -pair[0])[:3])

    def stop_evidence(self, value: float) -> Evidence:
        return Evidence(
            "stop_voltage", round(value, 3), STOP_V, "V",
            f"Supply voltage {value:.1f} V with the engine running, for 30 s below {STOP_V:.1f} V: the battery is not "
            "being charged and the engine may stop",
            f"发动机运转时电源电压{value:.1f} V，低于{STOP_V:.1f} V已达30秒：蓄电池未在充电，发动机可能熄火",
        )  # fmt: skip


# About one standard deviation of the residual over healthy trips of one car, plain regulator or smart alternator.
_USUAL = {
    "sag_scaled": 0.8, "sag_top_scaled": 1.0, "idle_drop_scaled": 0.6, "ripple_scaled": 1.5, "load_sag_scaled": 0.7,
    "below_12_5": 12.0, "below_12_0": 2.0, "rise_scaled": 1.2, "above_15_2": 3.0,
}  # fmt: skip
_OWN = ("this car's own normal", "本车平时为")
_HEALTHY = ("healthy cars", "正常车辆为")
# measure, what healthy trips of one car differ by, sign of the fault, words
_WORDS = (
    ("charging_voltage_idle", 0.13, -1, "Charging voltage at idle", "怠速充电电压"),
    ("charging_voltage", 0.12, -1, "Charging voltage", "充电电压"),
    ("charging_voltage", 0.2, 1, "Charging voltage too high:", "充电电压过高："),
    ("idle_drop", 0.1, 1, "Drop of the charging voltage at idle", "怠速时充电电压下降"),
    ("ripple", 0.03, 1, "Ripple of the charging voltage", "充电电压波动"),
    ("load_sag", 0.3, 1, "Sag of the charging voltage from no load to full engine load", "满负荷时充电电压下降"),
    ("share_below_13_0", 15.0, 1, "Engine-on time below 13.0 V", "发动机运转中低于13.0 V的时间"),
    ("share_below_12_0", 2.0, 1, "Engine-on time below 12.0 V", "发动机运转中低于12.0 V的时间"),
    ("share_above_15_2", 5.0, 1, "Engine-on time above 15.2 V", "发动机运转中高于15.2 V的时间"),
)

MODE = Alternator()
