"""F07, air flow meter off: the trims make up for what it says wrongly (faults.md F07).

Beside a manifold pressure the meter's own error shows, and the trims go against it by as much. With a meter alone,
trims too high everywhere may be injectors or another fuel up to some 14 %; that the idle seems to need less air may
not. On a car that tells no trims the meter is held against the manifold pressure alone.
"""

import numpy as np

from diagnostics.held import Held
from diagnostics.joint import Joint, JointMode, Residuals, least
from diagnostics.measures.mixture import SIGNALS, mixture
from diagnostics.modes import Measure, Measured
from diagnostics.residuals import Words
from ingest.readings import FloatArray

_OTHERWISE = 9.0  # % that another fuel or injectors may add
_TRIMS = ("short_term_fuel_trim_1", "long_term_fuel_trim_1")


class _Meter(JointMode):
    """A `JointMode` whose ratio of meter and manifold pressure speaks alone where a car does not tell both trims."""

    def measure(self, held: Held) -> Measured:
        measured = super().measure(held)
        trimmed = np.all([held.shown(name) for name in _TRIMS], axis=0)
        alone = ~trimmed & ~np.isnan(measured.values[:, _RATIO])
        least_s = np.float32(self.least_s)
        return Measured(measured.values, np.where(alone, np.fmax(measured.observed_s, least_s), measured.observed_s))


def _under(residuals: Residuals) -> FloatArray:
    """Tell how far too little is metered and too much is trimmed at once, above idle; without trims, the former."""
    working = least(-residuals.scaled("air_ratio"), residuals.scaled("trim_working"))
    both = np.fmax(working, least(-residuals.scaled("ratio_high"), residuals.scaled("trim_high")))
    untrimmed = np.all([np.isnan(residuals.over(name)) for name in _TOLD_TRIMS], axis=0)
    found: FloatArray = np.where(untrimmed, -residuals.scaled("air_ratio"), both)
    return found


def _wrong_at_idle(residuals: Residuals) -> FloatArray:
    """Tell how far meter and trims are off against each other at idle, to either side."""
    ratio, trim = residuals.scaled("ratio_still"), residuals.scaled("trim_still")
    found: FloatArray = np.where(ratio * trim < 0, least(np.abs(ratio), np.abs(trim)), 0 * ratio * trim)
    return found


def _lean(residuals: Residuals) -> FloatArray:
    """Give by how many % the trims above idle are too high for anything but the meter.

    No more than the manifold pressure, if known, confirms; with a meter alone what exceeds other fuels and injectors.
    """
    trim = np.fmin(residuals.over("trim_working"), np.fmax(residuals.over("trim_high"), -10))
    ratio = residuals.over("air_ratio")
    found: FloatArray = np.where(np.isnan(ratio), trim - _OTHERWISE, np.minimum(trim, np.clip(-ratio, 0, None)))
    return np.where(np.isnan(residuals.over("trim_metered")), np.float32(np.nan), found)


def _lean_scaled(residuals: Residuals) -> FloatArray:
    """Give the same in spreads."""
    return _lean(residuals) / residuals.spread("trim_working")


def _turned(residuals: Residuals) -> FloatArray:
    """Tell how far the trims are too low at idle and too high at high flow at once."""
    return least(-residuals.scaled("trim_still"), residuals.scaled("trim_high"))


def _starved_idle(residuals: Residuals) -> FloatArray:
    """Tell how far the trims at idle are too high while it seems to need less air."""
    return least(residuals.scaled("trim_still"), -residuals.scaled("idle_air"))


_MEASURES = (
    Measure("air_ratio", "%", (-1000.0, 1000.0), 2.0),
    Measure("ratio_high", "%", (-1000.0, 1000.0), 2.0),
    Measure("ratio_still", "%", (-1000.0, 1000.0), 2.0),
    Measure("idle_air", "%", (-1000.0, 1000.0), 9.0),
    Measure("trim_still", "%", (-12.0, 12.0), 2.2),
    Measure("trim_working", "%", (-12.0, 12.0), 2.2),
    Measure("trim_high", "%", (-12.0, 12.0), 2.2),
    Measure("climb", "%", (-8.0, 5.0), 1.6),
    Measure("trim_metered", "%", (-12.0, 12.0), 2.2),
)
_RATIO = [measure.name for measure in _MEASURES].index("air_ratio")
_TOLD_TRIMS = ("trim_still", "trim_working", "trim_high")

MODE = _Meter(
    fault="air_flow_meter",
    signals=tuple(SIGNALS),
    source=mixture,
    observed="closed_s",
    measures=_MEASURES,
    words={
        "air_ratio": Words("Metered air against manifold pressure", "空气流量与进气压力之比", 0, signed=True),
        "trim_still": Words("Fuel correction at idle", "怠速时燃油修正", 0, signed=True),
        "trim_working": Words("Fuel correction above idle", "怠速以上燃油修正", 0, signed=True),
    },
    least_own=2.0,
    joint=(
        Joint("under_scaled", _under),
        Joint("wrong_at_idle_scaled", _wrong_at_idle),
        Joint("starved_idle_scaled", _starved_idle),
        Joint("lean_scaled", _lean_scaled),
        Joint("turned_scaled", _turned),
        Joint("lean_excess", _lean),
        Joint("climb_excess", lambda residuals: residuals.over("climb"), direction=0),
    ),
)
