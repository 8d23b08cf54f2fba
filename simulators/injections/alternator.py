"""An alternator fault in a recorded trip (faults.md F22)."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ingest.readings import FloatArray, TripColumns
from simulators.electrical import output_share
from simulators.faults import AlternatorShape
from simulators.loads import draw_demand
from simulators.population import draw_cars
from simulators.recorded import (
    RUNNING_RPM,
    BoolArray,
    carried,
    circumstances,
    first_rows,
    reading_numbers,
    seconds,
)
from simulators.sensors import quantise

NEEDS = (("control_module_voltage",), ("engine_speed",))
_CHARGING_A = 8.0
_SETTLED_S = 2.0  # after the start, before the regulator has taken over


def inject(
    trip: TripColumns, severity: float, rng: np.random.Generator, *,
    shape: AlternatorShape = AlternatorShape.UNDERVOLTAGE,
) -> TripColumns:  # fmt: skip
    """Undervoltage: V - 1.6*s*load fraction and ripple of 0.15*s; overvoltage: V + 1.5*s.

    The load fraction comes from the engine speed (an alternator gives 40 % of its rating at idle) and a random load
    process. Only voltages read while the engine runs change.
    """
    voltage = trip.signals["control_module_voltage"]
    turning = carried(trip.signals["engine_speed"])
    rows = _regulated(trip.t_s, turning) & ~np.isnan(voltage)
    reading = reading_numbers(trip, "control_module_voltage")
    fraction = _load_fraction(trip, turning, rng)
    if shape is AlternatorShape.OVERVOLTAGE:
        change = np.full(len(voltage), 1.5 * severity)
    else:
        ripple = 0.15 * severity * rng.standard_normal(int(reading.max(initial=-1)) + 1)
        change = -1.6 * severity * fraction + ripple[reading]
    change = change[first_rows(reading)]
    step = _resolution(voltage)
    sick = np.rint((voltage + change) / step) * step
    changed = np.where(rows, quantise("control_module_voltage", np.nan_to_num(sick).astype(np.float32)), voltage)
    return replace(trip, signals={**trip.signals, "control_module_voltage": changed.astype(np.float32)})


def _regulated(t_s: NDArray[np.float64], turning: FloatArray) -> BoolArray:
    """Mark rows in which the engine has been running for a moment."""
    running = turning > RUNNING_RPM
    stopped_at = np.maximum.accumulate(np.where(running, -np.inf, t_s))
    return running & (t_s - stopped_at >= _SETTLED_S)


def _load_fraction(trip: TripColumns, turning: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Draw a car and its consumers, and give the alternator's load fraction 0..1 in each row."""
    cars = draw_cars(rng, 1)
    conditions = circumstances(trip, cars, rng)
    demand = draw_demand(rng, cars, conditions, int(trip.duration_s) + 1).current[:, 0]
    share = np.array([output_share(at) for at in turning.tolist()])
    limit = np.maximum(cars["alternator_rating"] * share, 1)
    fraction: FloatArray = np.clip((demand[seconds(trip)] + _CHARGING_A) / limit, 0, 1).astype(np.float32)
    return fraction


def _resolution(voltage: FloatArray) -> float:
    """Give the step in volts of the control unit's own measurement, at least the wire's 1 mV."""
    levels = np.unique(voltage[~np.isnan(voltage)].astype(np.float64))
    steps = np.diff(levels)
    return max(0.001, float(np.round(np.percentile(steps, 10), 3))) if len(steps) > 10 else 0.001
