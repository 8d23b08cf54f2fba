"""F22, alternator or regulator: the charging voltage sags, ripples or runs over (faults.md F22, B6)."""

import numpy as np

from diagnostics.findings import Evidence
from diagnostics.held import Held
from diagnostics.measures.charging import STOP_V, charging
from diagnostics.modes import Feature, Measure, Measured, Normal, Stop
from ingest.readings import FloatArray
from ingest.vehicles import Fuel, VehicleConfig

MEASURES = (
    Measure("charging_voltage", "V", (12.9, 14.9), 0.12),
    Measure("charging_voltage_idle", "V", (12.8, 14.9), 0.13),
    Measure("charging_voltage_top", "V", (13.3, 15.1), 0.14),
    Measure("charging_voltage_bottom", "V", (12.4, 14.8), 0.15),
    Measure("charging_voltage_ceiling", "V", (13.4, 15.3), 0.14),
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
    Feature("sag_whole_scaled", 1, lasting=True),
    Feature("rise_whole_scaled", 1, lasting=True),
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
        table = held.once(charging)
        values = np.stack([table[measure.name] for measure in MEASURES], axis=1)
        return Measured(values, table["observed"])

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
        # What a smart alternator does by season and charge moves its usual voltage one way and its highest, when the
        # car rolls, the other; a fault moves both.
        moved = [less[name] / wander[name] for name in ("charging_voltage", "charging_voltage_ceiling")]
        columns = (
            less["charging_voltage"],
            less["charging_voltage"] / room["charging_voltage"],
            less["charging_voltage_idle"],
            less["charging_voltage_idle"] / room["charging_voltage_idle"],
            less["charging_voltage_top"],
            less["charging_voltage_top"] / room["charging_voltage_top"],
            np.minimum(*moved),
            -np.maximum(*moved),
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
        """Find the first instant of a minute of running with 30 s below 12.0 V in it."""
        table = held.once(charging)
        return Stop(table["stop_at"], table["stop_value"])

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
