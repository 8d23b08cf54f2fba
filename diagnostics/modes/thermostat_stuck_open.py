"""F01, thermostat stuck open or leaking: slow to warm up, and not warm enough, worst at speed (faults.md F01, B5).

The measures stand on two observers that run beside the coolant (`diagnostics/measures/coolant.py`). Where a trip could
not show the fault, or a heater may have taken the warmth, it says nothing.
"""

import numpy as np

from diagnostics.findings import Evidence
from diagnostics.held import Held
from diagnostics.measures.coolant import SIGNALS, coolant
from diagnostics.modes import Feature, Measure, Measured, Normal, Stop, no_stop
from ingest.readings import FloatArray
from ingest.vehicles import Fuel, VehicleConfig

# What a healthy car may do: regulate lower in the cold, where the thermostat opens less; at 105 degC with little load
# and at 85 with much (thermostats heated by the control unit), some at 78 always; warm up more slowly with less load,
# colder oil, a fan.
SEASON_K, LOWEST_DEMANDED_C, LOWEST_C = 2.0, 85.0, 77.0
PACE_LN, BELOW_K, SUN_K, STEADY_K = 0.6, 5.0, 6.0, 5.0

MEASURES = (
    Measure("warmup_rate", "ln", (-0.7, 2.2), 0.25),  # observed rise over the observer's
    Measure("warmup_doubt", "ln", (0.0, 3.0), 1.0),  # by how much a heater on full would have slowed the observer
    Measure("warmup_pace", "min", (0.1, 8.0), 2.0),  # minutes per 10 degC
    Measure("level", "degC", (79.0, 108.0), 1.0),
    Measure("level_moving", "degC", (79.0, 108.0), 1.5),
    Measure("level_low", "degC", (76.0, 106.0), 2.0),
    Measure("level_spread", "degC", (0.0, 12.0), 2.0),  # a working thermostat holds the level
    Measure("deficit", "degC", (-50.0, 0.0), 5.0),  # of the coolant below the observer
    Measure("start_above_air", "degC", (-8.0, 80.0), 5.0),
    Measure("heating", "ln", (-1.0, 2.5), 0.2, -1),  # observed rise over a usual engine's of the same load
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
    Feature("level_scaled", 1, lasting=True),
    Feature("level_low_scaled", 1, lasting=True),
    Feature("heating_scaled", 1, lasting=True),
)
_COLUMN = {measure.name: column for column, measure in enumerate(MEASURES)}


class ThermostatStuckOpen:
    """Warm-up slower and regulated level lower than this car's own, as far as a closed thermostat cannot explain."""

    fault = "thermostat_stuck_open"
    signals = SIGNALS
    measures = MEASURES
    features = FEATURES
    least_s = 120.0

    def applies(self, config: VehicleConfig | None) -> bool:
        """Leave out electric cars: they have no engine to keep warm."""
        return config is None or config.fuel is not Fuel.ELECTRIC

    def measure(self, held: Held) -> Measured:
        table = held.once(coolant)
        values = np.stack([table[measure.name] for measure in MEASURES], axis=1)
        return Measured(values, table["thermostat_s"])

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
        beyond = np.maximum(np.stack(columns, axis=1), 0)
        spreads = [
            (expected[name] - value[name] - by) / normal.wander[:, _COLUMN[name]]
            for name, by in (("level", low_by), ("level_low", low_by), ("heating", 0.0))
        ]
        return np.concatenate([beyond, np.clip(np.stack(spreads, axis=1), -25, 25)], axis=1).astype(np.float32)

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
