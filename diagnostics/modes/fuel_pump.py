"""F09, weak fuel pump or clogged filter: the mixture is too lean where much fuel flows (faults.md F09, B3)."""

import numpy as np

from diagnostics.findings import Evidence
from diagnostics.held import Held
from diagnostics.measures.mixture import SIGNALS, mixture
from diagnostics.modes import Feature, Measure, Measured, Normal, Stop, no_stop
from ingest.readings import FloatArray
from ingest.vehicles import Fuel, VehicleConfig

# Wander: the real Toyota Etios shows 2.2 % between its trips at every flow, and 1.3 % in the climb.
MEASURES = (
    Measure("trim_idle", "%", (-12.0, 12.0), 2.5),
    Measure("trim_working", "%", (-12.0, 12.0), 2.5),
    Measure("trim_high", "%", (-12.0, 12.0), 2.5),
    Measure("climb_top", "%", (-9.0, 8.0), 2.2),
    Measure("climb", "%", (-8.0, 5.0), 1.6),
    Measure("climb_working", "%", (-6.0, 4.0), 1.4),
    Measure("slope", "%", (-12.0, 8.0), 3.5),  # per 1.0 of flow
    Measure("share_above_10", "%", (0.0, 20.0), 5.0),
    Measure("share_above_idle", "%", (0.0, 20.0), 6.0),  # by 6 % and more
    Measure("share_spent", "%", (0.0, 2.0), 2.0),
    Measure("air_ratio", "%", (-1000.0, 1000.0), 3.0),
    Measure("trim_metered", "%", (-12.0, 12.0), 2.5),  # at idle, of a car whose air flow meter may be wrong
    Measure("rail_rise", "%", (-2.0, 2.0), 1.0, -1),
    Measure("climb_brisk", "%", (-6.0, 4.0), 1.5),
    Measure("climb_hard", "%", (-8.0, 5.0), 2.0),
    Measure("climb_full", "%", (-9.0, 6.0), 2.0),
    Measure("climb_utmost", "%", (-10.0, 7.0), 2.0),
)
_PUSHED = ("climb_brisk", "climb_hard", "climb_full", "climb_utmost")  # the harder, the rarer and the plainer
FEATURES = (
    Feature("unexplained", 1, lasting=True),
    Feature("climb_excess", 1, lasting=True),
    Feature("climb_top_scaled", 1, lasting=True),
    Feature("both", 1, lasting=True),
    Feature("above_idle", 1, lasting=True),
    Feature("spent", 1),
    Feature("air_mismatch", -1, lasting=True),
    Feature("rail_fall_scaled", 1, lasting=True),
    *(Feature(f"{name}_scaled", 1, lasting=True) for name in _PUSHED),
    Feature("pushed_scaled", 1, lasting=True),
)
_COLUMN = {measure.name: column for column, measure in enumerate(MEASURES)}


class FuelPump:
    """The total fuel trim climbs with air flow, against this car's own earlier trips; idle stays where it was.

    A pump that is weak all over leans the mixture at idle too, but more where more fuel flows. A leak falls with the
    flow; dirty injectors and another fuel are the same at every flow, and reach some 14 %; a wrong air flow meter
    disagrees with the manifold pressure where a car has both. With a meter alone only the climb speaks.
    """

    fault = "fuel_pump"
    signals = tuple(SIGNALS)
    measures = MEASURES
    features = FEATURES
    least_s = 45.0

    def applies(self, config: VehicleConfig | None) -> bool:
        """Electric cars burn no fuel."""
        return config is None or config.fuel is not Fuel.ELECTRIC

    def measure(self, held: Held) -> Measured:
        """Take total trims in % at idle, above it and at high flow, what lies between them, and shares of time in %.

        Observed are the seconds above idle flow: at idle alone a weak pump cannot be told from other faults.
        """
        table = held.once(mixture)
        values = np.stack([table[measure.name] for measure in self.measures], axis=1)
        return Measured(values.astype(np.float32), table["working_s"])

    def compare(self, measures: FloatArray, normal: Normal) -> FloatArray:
        """Give the residuals: what this car shows minus what it should, in % and in spreads of its own trips.

        `pushed` is the most of the climbs to flows that only accelerations reach. `both` is the smaller of two things
        that a weak pump does at once: too high above idle, and climbing too much.
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
        pushed = [np.clip(scaled[name], -25, 25) for name in _PUSHED]
        columns = (
            high - explained,
            more["climb"],
            scaled["climb_top"],
            np.minimum(high - np.where(np.isnan(ratio), 0, np.clip(explained, 0, None)), climb),
            more["share_above_idle"],
            value["share_spent"],
            np.abs(ratio),
            np.clip(-scaled["rail_rise"], -25, 25),
            *pushed,
            np.fmax.reduce(pushed),
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
    ("climb_full", 2.0, "Rise of the fuel correction under acceleration", "加速时燃油修正上升"),
    ("share_above_10", 15.0, "Driving time with a fuel correction above 10 %:", "行驶中燃油修正超过10 %的时间："),
    ("share_spent", 5.0, "Driving time with both fuel trims at their end:", "行驶中两项燃油修正均达极限的时间："),
)

MODE = FuelPump()
