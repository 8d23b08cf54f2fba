"""F15, fuel vapour system: a tank that does not hold its pressure, or a purge valve that stands open (faults.md F15).

A valve that stands open feeds the idle with vapour, richer or leaner than it should be and less rich by the minute,
even where none is commanded, and draws the tank down. A leak is seen on cars that tell the tank's pressure, or not at
all.
"""

import numpy as np

from diagnostics.joint import Joint, JointMode, Residuals, least
from diagnostics.measures.mixture import SIGNALS, mixture
from diagnostics.modes import Measure
from diagnostics.residuals import Words
from ingest.readings import FloatArray


def _apart(residuals: Residuals) -> FloatArray:
    """Tell how far the trim at idle is off, to either side, and differs from that above idle."""
    still, fall = residuals.scaled("trim_still"), residuals.scaled("trim_fall")
    # An engine that is off whenever the car stands has no idle but rolling.
    stands = ~np.isnan(still * fall)
    still = np.where(stands, still, residuals.scaled("trim_idle"))
    fall = np.where(stands, fall, -residuals.scaled("climb_working"))
    found: FloatArray = np.where(still * fall > 0, least(np.abs(still), np.abs(fall)), 0 * still * fall)
    return found


def _past(residuals: Residuals) -> FloatArray:
    """Tell how far the trim at idle is off while air comes in past the throttle."""
    return least(np.abs(residuals.scaled("trim_still")), -residuals.scaled("idle_opening"))


MODE = JointMode(
    fault="evap",
    signals=tuple(SIGNALS),
    source=mixture,
    observed="closed_s",
    measures=(
        Measure("tank_recovery", "%", (0.0, 120.0), 15.0, +1),
        Measure("tank_rest", "Pa", (-300.0, 1500.0), 120.0, -1),
        Measure("tank_pull", "%", (-1000.0, 1000.0), 15.0, -1),
        Measure("trim_idle", "%", (-12.0, 12.0), 2.2),
        Measure("climb_working", "%", (-8.0, 8.0), 1.3),
        Measure("trim_drift", "%", (-5.0, 5.0), 2.0, +1),
        Measure("purge_effect", "%", (-10.0, 10.0), 2.5),
        Measure("idle_opening", "%", (0.0, 100.0), 0.3),
        Measure("trim_still", "%", (-12.0, 12.0), 2.2),
        Measure("trim_fall", "%", (-8.0, 8.0), 1.3),
    ),
    words={
        "tank_recovery": Words("Vacuum in the tank lost within 25 s", "油箱真空25秒内损失", 0),
        "tank_pull": Words("Vacuum that purge draws in the tank (logarithm, %)", "脱附产生的油箱真空（对数，%）", 0),
        "tank_rest": Words("Pressure in the tank without purge", "未脱附时油箱压力", 0, signed=True),
        "trim_drift": Words(
            "Drift of the fuel correction at idle in 10 minutes", "怠速燃油修正10分钟漂移", 1, signed=True
        ),
        "trim_still": Words("Fuel correction at idle without purge", "未脱附时怠速燃油修正", 0, signed=True),
    },
    joint=(Joint("apart_scaled", _apart), Joint("past_scaled", _past)),
    least_s=25.0,  # five trips must do
)
