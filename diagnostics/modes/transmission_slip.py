"""F25, slip of the lock-up or of a clutch: the engine turns faster than its gear and the road say (faults.md F25)."""

import numpy as np

from diagnostics.measures.driveline import SIGNALS, driveline
from diagnostics.modes import Measure, Normal
from diagnostics.residuals import ResidualMode, Words
from ingest.readings import FloatArray
from ingest.vehicles import VehicleConfig

_SLIPS = (-0.06, 0.13)  # log; what differs by more is another gear
_STEPLESS = "cvt"
_GEARS = ("gear_fast", "gear_road", "gear_town")


class TransmissionSlip(ResidualMode):
    """The engine speed that belongs to a road speed, against this car's own; a trip in another gear says nothing.

    Nor does a stepless gearbox, whose trips differ too much: `restless`.
    """

    def applies(self, config: VehicleConfig | None) -> bool:
        """Leave out stepless gearboxes; where nobody says, the ratios will tell."""
        return super().applies(config) and (config is None or config.transmission != _STEPLESS)

    def compare(self, measures: FloatArray, normal: Normal) -> FloatArray:
        """Take off what was driven in another gear, then compare as usual."""
        measures = measures.copy()
        for column, measure in enumerate(self.measures):
            if measure.name in _GEARS:
                # What is expected was drawn a little towards this trip itself, the more the fewer its own trips are.
                level, own = normal.expected[:, column], np.maximum(normal.own[:, column], 1)
                ahead = np.log(measures[:, column] / (level + (level - measures[:, column]) / own))
                measures[~((ahead > _SLIPS[0]) & (ahead < _SLIPS[1])), column] = np.nan
        return super().compare(measures, normal)


# The real Seat Leon holds 1690 rpm at 100 km/h within 1 rpm over 30 trips; other tyres shift all gears by up to 2.5 %.
MODE = TransmissionSlip(
    fault="transmission_slip",
    signals=SIGNALS,
    source=driveline,
    observed="geared_s",
    measures=(
        Measure("gear_fast", "rpm", (500.0, 15000.0), 20.0, +1),
        Measure("gear_road", "rpm", (500.0, 15000.0), 24.0, +1),
        Measure("gear_town", "rpm", (500.0, 15000.0), 30.0, +1),
        Measure("slip_pulling", "%", (-3.0, 6.0), 0.8, +1),
        Measure("slip_overrun", "%", (-3.0, 3.0), 0.35, +1),
    ),
    words={
        "gear_fast": Words("Engine speed in top gear, as at 100 km/h", "最高挡发动机转速（折合100 km/h）"),
        "gear_road": Words("Engine speed on country roads, as at 100 km/h", "公路行驶发动机转速（折合100 km/h）"),
        "gear_town": Words("Engine speed in town, as at 100 km/h", "市区行驶发动机转速（折合100 km/h）"),
        "slip_pulling": Words("Engine runs ahead of its gear under load by", "加载时发动机转速超前挡位", 1),
        "slip_overrun": Words("Engine turns faster pulling than pushed by", "驱动时比滑行时转速高", 1),
    },
    least_own=3.0,
    restless=3.0,
    least_s=30.0,
)
