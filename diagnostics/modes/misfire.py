"""F12, misfire: the engine speed dips where a firing fails, and its unburned oxygen reads as a lean mixture.

The dips are told by a reading against its neighbours at idle and at steady speed. The trim jumps with them, most where
the load is high and firings fail three times as often, and the catalyst runs hotter by the fuel it burns.
"""

from dataclasses import replace

import numpy as np

from diagnostics.findings import Evidence
from diagnostics.measures.exhaust import SIGNALS, exhaust
from diagnostics.modes import Measure
from diagnostics.residuals import ResidualMode, Words, tell
from ingest.readings import FloatArray

_LOGARITHMS = {"idle_roughness": "rpm", "drive_roughness": "‰"}  # told in these units


class Misfire(ResidualMode):
    """Restlessness is judged by its logarithm: a car that idles twice as restless as others varies twice as much."""

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
    observed="observed",
    measures=(
        Measure("idle_roughness", "ln rpm", (0.0, 3.3), 0.3, 1),
        Measure("idle_dips", "rpm", (-6.0, 6.0), 4.0, 1),
        Measure("drive_roughness", "ln ‰", (-0.5, 2.3), 0.25, 1),
        Measure("drive_dips", "‰", (-4.0, 2.0), 1.4, 1),
        Measure("trim_high", "%", (1.5, 9.0), 1.5, 1),
        Measure("trim_swing", "%", (0.7, 3.2), 0.2, 1),
        Measure("trim_swing_idle", "%", (0.7, 2.5), 0.2, 1),
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
        "trim_level": Words("Total fuel trim", "总燃油修正", 1, signed=True),
        "catalyst_above": Words(
            "Catalyst hotter than its exhaust gas by", "催化器温度高于排气应有温度", 0, signed=True
        ),
    },
)
