"""F19, turbo underboost: less pressure than the pedal asks for, late pressure, or air lost behind the meter (F19)."""

from diagnostics.measures.air import SIGNALS, air
from diagnostics.modes import Measure
from diagnostics.residuals import ResidualMode, Words
from ingest.vehicles import VehicleConfig

_UNBOOSTED = "naturally_aspirated"


class Underboost(ResidualMode):
    """Boost by pedal way, against this car's own; only trips in which the car has shown boost are observed."""

    def applies(self, config: VehicleConfig | None) -> bool:
        """Leave out engines without turbocharger; where nobody says, the manifold pressure will tell."""
        return super().applies(config) and (config is None or config.aspiration != _UNBOOSTED)


# The real Seat Leon differs between its trips by 5 kPa of 57 at a third of the pedal, by 7 of 109 beyond.
MODE = Underboost(
    fault="underboost",
    signals=SIGNALS,
    source=air,
    observed="boost_s",
    measures=(
        Measure("boost_part", "kPa", (-50.0, 200.0), 6.0, -1),
        Measure("boost_high", "kPa", (-50.0, 200.0), 5.0, -1),
        Measure("boost_most", "kPa", (-50.0, 200.0), 6.0, -1),
        Measure("boost_lag", "%", (-50.0, 80.0), 22.0, +1),
        Measure("boost_leak", "%", (-40.0, 40.0), 3.0, +1),
        Measure("boost_rich", "%", (-12.0, 12.0), 2.5, +1),
    ),
    words={
        "boost_part": Words("Boost at a third of the pedal", "三分之一踏板时增压压力"),
        "boost_high": Words("Boost at half pedal", "半踏板时增压压力"),
        "boost_most": Words("Boost at high pedal", "大踏板时增压压力"),
        "boost_lag": Words("Part of the boost still missing after 2 s", "2秒后仍缺少的增压比例"),
        "boost_leak": Words("Air metered but lost in boost", "增压时计量后损失的空气", 1),
        "boost_rich": Words("Fuel taken off in boost by", "增压时燃油修正减少", 1),
    },
    restless=3.0,
    least_s=15.0,
)
