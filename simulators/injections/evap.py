"""The fuel vapour system in a recorded trip (faults.md F15): a purge valve that stands open, or a tank that leaks."""

import numpy as np

from ingest.readings import FloatArray, TripColumns
from simulators import metering
from simulators.compiled import Record, compiled
from simulators.recorded import by_second, has, with_change
from simulators.trimming import AIR, TRIMS, rebreathed, retrimmed, setting

NEEDS = (*TRIMS, (*AIR, "engine_load"), ("commanded_evap",))
_PRESSURE = "evap_vapor_pressure"
_PULL_PA = 1300.0  # at 1 g/s of purge
_HOLE = 8.0  # per mm2: how much less of its pressure a tank holds


def inject(trip: TripColumns, severity: float, rng: np.random.Generator) -> TripColumns:
    """Let vapour in where none is commanded, and draw the tank down; or let the tank's pressure go.

    Of a leak nothing shows where the trip does not tell the tank's pressure.
    """
    of = setting(trip, "evap", severity, rng)
    trip = rebreathed(retrimmed(trip, of), of)
    if not has(trip, _PRESSURE):
        return trip
    _, _, fault, shape = of.rows
    pressure = by_second(trip, _PRESSURE)
    if shape["purge_stuck"] > 0:
        drawn = np.empty(len(pressure), dtype=np.float32)
        _drawn(fault, shape, of.vacuum, drawn)
        uncommanded = of.told.running & (by_second(trip, "commanded_evap") < 100 * drawn)
        change = np.where(uncommanded, np.float32(-_PULL_PA) * drawn, np.float32(0))
    else:
        change = pressure * np.float32(1 / (1 + _HOLE * severity * severity) - 1)
    return with_change(trip, _PRESSURE, change)


@compiled
def _drawn(fault: Record, shape: Record, vacuum: FloatArray, drawn: FloatArray) -> None:
    for second in range(len(vacuum)):
        drawn[second] = metering.stuck_purge(fault, shape, vacuum[second])
