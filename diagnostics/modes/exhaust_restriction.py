"""F21, exhaust restriction: the faster the engine turns, the less it breathes at a manifold pressure (faults.md F21).

An air flow meter beside the manifold pressure shows it in all driving. A car that meters by pressure alone then injects
too much at high speed, and its trims fall. With the throttle open the filling falls with engine speed; an air filter
takes from the pressure too, the exhaust does not.
"""

from diagnostics.measures.air import SIGNALS, air
from diagnostics.modes import Measure
from diagnostics.residuals import ResidualMode, Words

MODE = ResidualMode(
    fault="exhaust_restriction",
    signals=SIGNALS,
    source=air,
    observed="breathing_s",
    measures=(
        Measure("breathing_fall", "%", (-30.0, 30.0), 1.5, +1),
        Measure("trim_fall", "%", (-15.0, 15.0), 4.0, +1),
        Measure("full_fall", "%", (-30.0, 30.0), 4.0, +1),
        Measure("full_filling", "%", (-2000.0, 2000.0), 4.0, -1),
    ),
    words={
        "breathing_fall": Words("Air that the engine fails to take at 3000 rpm", "3000转时进气量减少", 1),
        "trim_fall": Words("Fuel corrected down at 3000 rpm by", "3000转时燃油修正减少", 1),
        "full_fall": Words("Full-load filling lost at high engine speed", "高转速全负荷充气损失", 1),
    },
    least_s=60.0,
)
