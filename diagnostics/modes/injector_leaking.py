"""F11, leaking injector or high fuel pressure: the mixture is too rich, most at low flow (faults.md F11).

Another fuel makes it as rich at every flow, and at once, by up to 9 %: what is alike counts from there on.
"""

import numpy as np

from diagnostics.joint import Joint, JointMode, Residuals, least
from diagnostics.measures.mixture import SIGNALS, mixture
from diagnostics.modes import Measure
from diagnostics.residuals import Words
from ingest.readings import FloatArray

_OTHER_FUEL = 9.0  # %


def _rich_idle(residuals: Residuals) -> FloatArray:
    """Tell how far the trim at idle is too low and rises too much from there."""
    return least(-residuals.scaled("trim_still"), -residuals.scaled("trim_fall"))


def _rich_excess(residuals: Residuals) -> FloatArray:
    """Give by how many % the trims are too low, at idle and above it, for anything that another fuel does."""
    low = least(-residuals.over("trim_still"), -residuals.over("trim_working"))
    excess: FloatArray = np.clip(low - _OTHER_FUEL, 0, None)  # what is less is no sign of health
    return excess


def _rich(residuals: Residuals) -> FloatArray:
    """Tell the same in spreads."""
    return _rich_excess(residuals) / residuals.spread("trim_working")


MODE = JointMode(
    fault="injector_leaking",
    signals=tuple(SIGNALS),
    source=mixture,
    observed="closed_s",
    measures=(
        Measure("trim_restart", "%", (-6.0, 6.0), 1.8, -1),
        Measure("rail_idle", "kPa", (0.0, 1000.0), 5.0, +1),
        Measure("rail_standing", "%", (-10.0, 10.0), 3.0, -1),
        Measure("trim_still", "%", (-12.0, 12.0), 2.2),
        Measure("trim_working", "%", (-12.0, 12.0), 2.2),
        Measure("trim_fall", "%", (-8.0, 8.0), 1.3),
    ),
    words={
        "trim_restart": Words(
            "Fuel correction behind a hot start, over that later", "热启动后燃油修正与之后之差", 1, signed=True
        ),
        "rail_idle": Words("Fuel pressure at idle", "怠速燃油压力", 0),
        "rail_standing": Words(
            "Fuel pressure before the start against idle", "启动前燃油压力与怠速之差", 0, signed=True
        ),
        "trim_still": Words("Fuel correction at idle", "怠速时燃油修正", 0, signed=True),
        "trim_working": Words("Fuel correction above idle", "怠速以上燃油修正", 0, signed=True),
    },
    joint=(Joint("rich_idle_scaled", _rich_idle), Joint("rich_scaled", _rich), Joint("rich_excess", _rich_excess)),
)
