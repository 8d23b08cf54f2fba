"""F12, misfire: the engine speed dips where a firing fails, and its unburned oxygen reads as a lean mixture.

The dips are told by a reading against its neighbours at idle and at steady speed. The trim jumps with them, most where
the load is high and firings fail three times as often, and the catalyst runs hotter by the fuel it burns.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from diagnostics.findings import Evidence
from diagnostics.joint import Joint, JointMode, Residuals
from diagnostics.measures.exhaust import SIGNALS, exhaust
from diagnostics.modes import Measure
from diagnostics.residuals import Words, tell
from ingest.readings import FloatArray

_LOGARITHMS = {"idle_roughness": "rpm", "drive_roughness": "‰"}  # told in these units

# What failed firings move, by how much on a sound car's scale when the lamp would begin to blink.
_TOGETHER: Mapping[str, float] = {
    "idle_roughness": 1.0,
    "drive_roughness": 0.8,
    "trim_high": 1.5,
    "trim_swing": 0.8,
    "trim_swing_idle": 1.2,
    "trim_level": 1.0,
    "trim_cold": 1.5,
    "catalyst_above": 1.5,
}
_LEAST_OF_THEM, _MOST_OF_ONE = 2, 4.0


def _together(residuals: Residuals) -> FloatArray:
    """Give the weighted sum of what rises, in its own spreads; one alone, however far, does not make it large."""
    weights = np.array(list(_TOGETHER.values()), dtype=np.float32)
    scaled = np.clip(np.stack([residuals.scaled(name) for name in _TOGETHER], axis=1), -_MOST_OF_ONE, _MOST_OF_ONE)
    shown = ~np.isnan(scaled)
    total = (np.where(shown, scaled, 0) * weights).sum(axis=1)
    spread = np.sqrt((shown * weights**2).sum(axis=1))
    enough = shown.sum(axis=1) >= _LEAST_OF_THEM
    return np.where(enough, total / np.where(enough, spread, 1), np.nan).astype(np.float32)


class Misfire(JointMode):
    """Restlessness is judged by its logarithm: a car that idles twice as restless as others varies twice as much."""

    def rule(self, features: FloatArray) -> FloatArray:
        """Give what they are together: nine signs squared and added up drown five that move by two spreads each."""
        column = [feature.name for feature in self.features].index("together_scaled")
        return np.clip(np.nan_to_num(features[:, column], nan=0.0), 0.0, None).astype(np.float32)

    def evidence(self, measures: FloatArray, expected: FloatArray, own: FloatArray) -> tuple[Evidence, ...]:
        """Give the strongest reasons, the logarithms told as what they are of."""
        reasons = super().evidence(measures, expected, own)
        place = {measure.name: column for column, measure in enumerate(self.measures)}
        return tuple(
            self._plain(place[reason.residual], measures, expected, own) if reason.residual in _LOGARITHMS else reason
            for reason in reasons
        )

    def _plain(self, column: int, measures: FloatArray, expected: FloatArray, own: FloatArray) -> Evidence:
        measure = self.measures[column]
        value, normal = (float(np.exp(row[column])) for row in (measures, expected))
        told = replace(measure, unit=_LOGARITHMS[measure.name])
        return tell(told, self.words[measure.name], value, normal, known=bool(own[column] >= 1))


MODE = Misfire(
    fault="misfire",
    signals=SIGNALS,
    source=exhaust,
    joint=(Joint("together_scaled", _together),),
    observed="observed",
    measures=(
        Measure("idle_roughness", "ln rpm", (0.0, 3.3), 0.3, 1),
        Measure("idle_dips", "rpm", (-6.0, 6.0), 4.0, 1),
        Measure("drive_roughness", "ln ‰", (-0.5, 2.3), 0.25, 1),
        Measure("drive_dips", "‰", (-4.0, 2.0), 1.4, 1),
        Measure("trim_high", "%", (1.5, 9.0), 1.5, 1),
        Measure("trim_swing", "%", (0.7, 3.2), 0.2, 1),
        Measure("trim_swing_idle", "%", (0.7, 2.5), 0.2, 1),
        Measure("trim_cold", "%", (-15.0, 15.0), 2.0, 1),
        Measure("trim_level", "%", (-12.0, 12.0), 2.0, 1),
        Measure("catalyst_above", "K", (-80.0, 130.0), 10.0, 1),
    ),
    words={
        "idle_roughness": Words("Restlessness of the idle speed", "怠速转速波动", 1),
        "idle_dips": Words("Sudden dips of the idle speed", "怠速转速突降", 1),
        "drive_roughness": Words("Restlessness of the engine speed at steady speed", "匀速行驶时发动机转速波动", 1),
        "drive_dips": Words("Sudden dips of the engine speed at steady speed", "匀速行驶时发动机转速突降", 1),
        "trim_high": Words("Fuel trim goes up at times by", "燃油修正有时升高", 1),
        "trim_swing": Words("Fuel trim jumps from reading to reading by", "燃油修正逐次跳动", 1),
        "trim_cold": Words("Fuel trim before the engine is warm is higher by", "暖机前燃油修正偏高", 1),
        "trim_level": Words("Total fuel trim", "总燃油修正", 1, signed=True),
        "catalyst_above": Words(
            "Catalyst hotter than its exhaust gas by", "催化器温度高于排气应有温度", 0, signed=True
        ),
    },
)
