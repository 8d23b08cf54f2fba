"""F10, clogged injectors: the trims are too high alike at every flow, or one cylinder shakes the idle (faults.md F10).

Another fuel does the same to the trims in one step, and goes with a later filling: what speaks is what lasts and grows.
"""

import numpy as np

from diagnostics.held import Held, Table
from diagnostics.joint import Joint, JointMode, Residuals, least
from diagnostics.measures.exhaust import SIGNALS as EXHAUST
from diagnostics.measures.exhaust import exhaust
from diagnostics.measures.mixture import SIGNALS, mixture
from diagnostics.modes import Measure
from diagnostics.residuals import Words
from ingest.readings import FloatArray

_BOUND = 0.8  # spreads


def _table(held: Held) -> Table:
    """Give the mixture's measures, and the idle's restlessness beside them."""
    return {**held.once(mixture), "idle_roughness": held.once(exhaust)["idle_roughness"]}


def _flat(residuals: Residuals) -> FloatArray:
    """Give the least of what the trims are too high by, over the flows that the trip shows."""
    return least(*(residuals.scaled(name) for name in ("trim_still", "trim_light", "trim_cruise", "trim_high")))


def _flat_excess(residuals: Residuals) -> FloatArray:
    """Give the same in %."""
    return least(*(residuals.over(name) for name in ("trim_still", "trim_light", "trim_cruise", "trim_high")))


def _rough(residuals: Residuals) -> FloatArray:
    """Tell how far the trims are too high everywhere and the idle is restless."""
    return least(_flat(residuals), residuals.scaled("idle_roughness"))


def _even(residuals: Residuals) -> FloatArray:
    """Tell the mean of what the trims are too high by, no more of it than `_BOUND`.

    Another fuel is as large and gone with a filling: bounded, only what lasts for many trips sums up in the CUSUM.
    """
    over = np.stack([residuals.scaled(name) for name in ("trim_still", "trim_light", "trim_cruise", "trim_high")])
    shown = (~np.isnan(over)).sum(axis=0)
    mean = np.nansum(over, axis=0) / np.maximum(shown, 1)
    found: FloatArray = np.where(shown > 0, np.clip(mean, -_BOUND, _BOUND), np.nan)
    return found


MODE = JointMode(
    fault="injector_clogged",
    signals=tuple(sorted({*SIGNALS, *EXHAUST})),
    source=_table,
    observed="closed_s",
    measures=(
        Measure("idle_roughness", "1", (-2.0, 5.0), 0.2, +1),
        Measure("trim_still", "%", (-12.0, 12.0), 2.5),
        Measure("trim_light", "%", (-12.0, 12.0), 2.5),
        Measure("trim_cruise", "%", (-12.0, 12.0), 2.5),
        Measure("trim_high", "%", (-12.0, 12.0), 2.5),
    ),
    words={
        "idle_roughness": Words("Restlessness of the idle (natural logarithm of rpm)", "怠速波动（转速的自然对数）", 1),
        "trim_still": Words("Fuel correction at idle", "怠速时燃油修正", 0, signed=True),
        "trim_cruise": Words("Fuel correction in gentle driving", "平稳行驶时燃油修正", 0, signed=True),
        "trim_high": Words("Fuel correction at high flow", "大流量时燃油修正", 0, signed=True),
    },
    least_own=2.0,
    joint=(
        Joint("flat_scaled", _flat),
        Joint("flat_excess", _flat_excess),
        Joint("rough_scaled", _rough),
        Joint("even_scaled", _even),
    ),
)
