"""An aged 12 V battery in a recorded trip (faults.md F23): it rests lower and sags more until the alternator gives."""

from dataclasses import replace

import numpy as np

from ingest.readings import FloatArray, TripColumns
from simulators.recorded import RUNNING_RPM, BoolArray, carried
from simulators.sensors import quantise

NEEDS = (("control_module_voltage",), ("engine_speed",))
_VOLTAGE = "control_module_voltage"
_RESISTS, _SHRINKS = (0.5, 1.3), (0.4, 1.3)  # how far resistance grows, and charge is lost, by car
_LOST_V, _NEGLECT = 0.25, (0.3, 1.0)  # of the rest voltage, at severity 1
_LOWEST_V, _ALONE_S = 5.5, 15.0


def inject(trip: TripColumns, severity: float, rng: np.random.Generator) -> TripColumns:
    """Three times the resistance at severity 1, and up to a quarter of the charge gone; only without charging."""
    growth = 2 * severity * rng.uniform(*_RESISTS)
    lost = _LOST_V * severity * rng.uniform(*_SHRINKS) * rng.uniform(*_NEGLECT)
    voltage = carried(trip.signals[_VOLTAGE])
    sick = voltage.copy()
    for first, end in stands(carried(trip.signals["engine_speed"]) > RUNNING_RPM):
        rest = float(np.max(voltage[first:end], initial=0.0))
        # Until the alternator has lifted the voltage over rest, the battery alone feeds the car.
        until = end
        while until < len(voltage) and voltage[until] < rest and trip.t_s[until] < trip.t_s[end] + _ALONE_S:
            until += 1
        own = voltage[first:until]
        sick[first:until] = np.minimum(own, np.maximum(own - lost - growth * (rest - own), _LOWEST_V))
    return with_readings(trip, _VOLTAGE, sick)


def stands(running: BoolArray) -> list[tuple[int, int]]:
    """Give the spans of rows without a running engine, first and end."""
    edges = np.flatnonzero(np.diff(np.concatenate([[True], running, [True]]).astype(int)))
    return [(int(first), int(end)) for first, end in zip(edges[::2], edges[1::2], strict=True)]


def with_readings(trip: TripColumns, name: str, new: FloatArray) -> TripColumns:
    """Give the trip with other readings of a signal [row], where it has any and they differ."""
    old = trip.signals[name]
    values = np.where(np.isnan(old) | (new == old), old, quantise(name, np.nan_to_num(new).astype(np.float32)))
    return replace(trip, signals={**trip.signals, name: values.astype(np.float32)})
