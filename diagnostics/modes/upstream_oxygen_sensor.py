"""F13, upstream oxygen sensor: slow, the lambda loop swings wide and slowly behind it; biased, the trim is off.

It also takes its time to leave the lean end behind a fuel cut, which shows whatever the dongle's pace. A bias moves the
total trim as fuel does, and the rear sensor tells that the mixture really is off: it rests high while the trim is high.
"""

from dataclasses import dataclass

import numpy as np

from diagnostics.measures.exhaust import SIGNALS, exhaust
from diagnostics.modes import Feature, Measure, Normal
from diagnostics.residuals import ResidualMode, Words
from ingest.readings import FloatArray

_BOTH_WAYS = ("trim_level", "rear_level")


@dataclass(frozen=True)
class UpstreamOxygenSensor(ResidualMode):
    """The slow sensor's measures in one direction, the biased one's in both, and those two with one sign together."""

    def __post_init__(self) -> None:
        super().__post_init__()
        names = (*(f"{name}_off" for name in _BOTH_WAYS), "level_agrees")
        object.__setattr__(self, "features", (*self.features, *(Feature(name, 1, lasting=True) for name in names)))

    def compare(self, measures: FloatArray, normal: Normal) -> FloatArray:
        """Give the residuals, how far the levels are off, and how far trim and rear sensor say the same of it."""
        at = [[measure.name for measure in self.measures].index(name) for name in _BOTH_WAYS]
        off = np.clip((measures - normal.expected)[:, at] / normal.wander[:, at], -25.0, 25.0)
        agrees = np.sign(off[:, 0]) * np.sign(off[:, 1]) * np.minimum(np.abs(off[:, 0]), np.abs(off[:, 1]))
        own = super().compare(measures, normal)
        return np.concatenate([own, np.abs(off), agrees[:, None]], axis=1).astype(np.float32)


MODE = UpstreamOxygenSensor(
    fault="upstream_oxygen_sensor",
    signals=SIGNALS,
    source=exhaust,
    observed="loop_s",
    measures=(
        Measure("trim_swing", "%", (0.7, 3.2), 0.2, 1),
        Measure("trim_swing_idle", "%", (0.7, 2.5), 0.2, 1),
        Measure("leave_lean", "s", (0.0, 1.0), 0.2, 1),
        Measure("front_swing", "V", (0.2, 0.42), 0.02, -1),
        Measure("trim_level", "%", (-12.0, 12.0), 2.0),
        Measure("rear_level", "V", (0.4, 0.85), 0.02),
    ),
    words={
        "trim_swing": Words("Fuel trim swings from reading to reading by", "燃油修正逐次摆动", 1),
        "trim_swing_idle": Words("Fuel trim swings at idle by", "怠速时燃油修正摆动", 1),
        "leave_lean": Words("Front sensor leaves lean behind a fuel cut in", "断油后前氧传感器离开稀端用时", 1),
        "front_swing": Words("Swing of the front sensor", "前氧传感器摆幅", 2),
    },
)
