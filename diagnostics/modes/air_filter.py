"""F26, clogged air filter: with the throttle open the manifold stays below the barometric pressure (faults.md F26).

The loss goes with the square of the flow: a small engine that is never driven fast shows less than the 1 kPa that the
pressure is told in. Only trips with an open throttle are observed, and the highest flows among them count most.
"""

from diagnostics.measures.air import SIGNALS, air
from diagnostics.modes import Measure
from diagnostics.residuals import ResidualMode, Words

MODE = ResidualMode(
    fault="air_filter",
    signals=(*SIGNALS, "absolute_load"),
    source=air,
    observed="full_s",
    measures=(Measure("full_deficit", "kPa", (-3.0, 6.0), 0.9, +1),),
    words={
        "full_deficit": Words("Pressure lost on the way to the open throttle", "节气门全开时进气压力损失", 1),
    },
    least_own=2.0,
    restless=3.0,
    least_s=4.0,
)
