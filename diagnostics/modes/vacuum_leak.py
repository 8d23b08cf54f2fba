"""F08, leak behind the air flow meter: the less the engine breathes, the more of it was not metered (faults.md F08).

An engine with a meter is lean at idle and not above. One metered by manifold pressure sees the air of the leak; there
the throttle stands more closed than the air in the manifold needs, the pressure is higher and the idle faster.
"""

from diagnostics.joint import Joint, JointMode, Residuals, least
from diagnostics.measures.mixture import SIGNALS, mixture
from diagnostics.modes import Measure
from diagnostics.residuals import Words
from ingest.readings import FloatArray


def _falls(residuals: Residuals) -> FloatArray:
    """Tell how far the trim at idle is too high and falls too much from there."""
    return least(residuals.scaled("trim_still"), residuals.scaled("trim_fall"))


def _past(residuals: Residuals) -> FloatArray:
    """Tell how far the throttle is too far closed while the pressure is no lower for it: air comes in past it."""
    return least(-residuals.scaled("idle_opening"), residuals.scaled("idle_pressure") + 2)


MODE = JointMode(
    fault="vacuum_leak",
    signals=tuple(SIGNALS),
    source=mixture,
    observed="still_s",
    measures=(
        Measure("idle_opening", "%", (0.0, 100.0), 0.3, -1),
        Measure("idle_pressure", "kPa", (15.0, 60.0), 3.2, +1),
        Measure("idle_rpm", "rpm", (500.0, 1000.0), 25.0, +1),
        Measure("ratio_fall", "%", (-1000.0, 1000.0), 2.5, -1),
        Measure("trim_still", "%", (-12.0, 12.0), 2.2),
        Measure("trim_fall", "%", (-8.0, 8.0), 1.3),
    ),
    words={
        "idle_opening": Words("Throttle opening for the air that the idle takes", "怠速空气量对应的节气门开度", 1),
        "idle_pressure": Words("Manifold pressure at idle", "怠速进气压力", 0),
        "idle_rpm": Words("Idle speed", "怠速转速", 0),
        "trim_still": Words("Fuel correction at idle", "怠速时燃油修正", 0, signed=True),
        "trim_fall": Words("Fuel correction at idle over that above it", "怠速燃油修正高于行驶时", 0, signed=True),
    },
    least_own=2.0,
    joint=(Joint("falls_scaled", _falls), Joint("past_scaled", _past)),
    least_s=30.0,
)
