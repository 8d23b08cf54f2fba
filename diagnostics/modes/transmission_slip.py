"""F25, slip of the lock-up or of a clutch: the engine turns faster than its gear and the road say (faults.md F25)."""

import numpy as np

from diagnostics.measures.driveline import SIGNALS, driveline
from diagnostics.modes import Measure, Normal
from diagnostics.residuals import ResidualMode, Words
from ingest.readings import FloatArray

_SLIPS = (-0.06, 0.125)  # log; what differs by more is the next gear
_GEARS = ("top_gear_speed", "town_gear_speed")


class TransmissionSlip(ResidualMode):
    """The engine speed that belongs to a road speed, against this car's own; a trip in another gear says nothing."""

    def compare(self, measures: FloatArray, normal: Normal) -> FloatArray:
        """Take off what a trip cannot say, and the gears that went into the wander, then compare as usual."""
        measures, wander = measures.copy(), normal.wander.copy()
        for column, measure in enumerate(self.measures):
            if measure.name in _GEARS:
                ahead = np.log(measures[:, column] / normal.expected[:, column])
                measures[~((ahead > _SLIPS[0]) & (ahead < _SLIPS[1])), column] = np.nan
                wander[:, column] = np.minimum(wander[:, column], 2 * measure.wander)
        return super().compare(measures, Normal(normal.expected, wander, normal.own))


# The real Seat Leon holds 1690 rpm at 100 km/h within 1 rpm over 30 trips; winter tyres shift it by 1.5 %.
MODE = TransmissionSlip(
    fault="transmission_slip",
    signals=SIGNALS,
    source=driveline,
    observed="geared_s",
    measures=(
        Measure("top_gear_speed", "rpm", (500.0, 9000.0), 25.0, +1),
        Measure("town_gear_speed", "rpm", (500.0, 15000.0), 40.0, +1),
        Measure("slip_pulling", "%", (-3.0, 6.0), 0.6, +1),
        Measure("slip_overrun", "%", (-3.0, 6.0), 0.6, +1),
        Measure("ratio_width", "%", (0.0, 5.0), 0.35, +1),
    ),
    words={
        "top_gear_speed": Words("Engine speed at 100 km/h in top gear", "最高挡100 km/h时发动机转速"),
        "town_gear_speed": Words("Engine speed in town, as at 100 km/h", "市区行驶发动机转速（折合100 km/h）"),
        "slip_pulling": Words("Engine runs ahead of its gear under load by", "加载时发动机转速超前挡位", 1),
        "slip_overrun": Words("Engine runs ahead between pushing and pulling by", "推拉之间发动机转速差", 1),
        "ratio_width": Words("Scatter of the engine speed about its gear", "发动机转速围绕挡位的离散", 1),
    },
    least_s=30.0,
)
