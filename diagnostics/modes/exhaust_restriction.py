"""F21, exhaust restriction: the faster the engine turns, the less it breathes at a manifold pressure (faults.md F21).

An air flow meter beside the manifold pressure shows it in all driving. A car that meters by pressure alone then injects
too much at high speed, and its trims fall. A meter without pressure sensor does not show it in everyday driving: the
throttle makes up for it, and nothing tells how far it is open for what the engine takes.
"""

from diagnostics.measures.air import SIGNALS, air
from diagnostics.modes import Measure
from diagnostics.residuals import ResidualMode, Words

MODE = ResidualMode(
    fault="exhaust_restriction",
    signals=(*SIGNALS, "absolute_load"),
    source=air,
    observed="breathing_s",
    measures=(
        Measure("breathing_fall", "%", (-30.0, 30.0), 2.0, +1),
        Measure("trim_fall", "%", (-15.0, 15.0), 3.0, +1),
    ),
    words={
        "breathing_fall": Words("Air that the engine fails to take at 3000 rpm", "3000转时进气量减少", 1),
        "trim_fall": Words("Fuel corrected down at 3000 rpm by", "3000转时燃油修正减少", 1),
    },
    least_own=2.0,
    restless=3.0,
    least_s=60.0,
)
