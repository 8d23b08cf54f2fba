"""A failing starter or its cable in a recorded trip (faults.md F24): every start takes longer."""

import numpy as np

from ingest.readings import TripColumns
from simulators.injections.battery_12v import stands, with_readings
from simulators.recorded import RUNNING_RPM, carried, first_rows, has, reading_numbers

NEEDS = (("control_module_voltage",), ("engine_speed",))
_VOLTAGE, _SPEED, _CLOCK = "control_module_voltage", "engine_speed", "engine_run_time"
_CABLE = 0.4  # share of the faults
_LONGER_S, _LONGER_CABLE_S = (0.7, 1.6), (0.3, 0.8)  # at severity 1
_CURRENT_A, _BATTERY_OHM, _STARTER_OHM, _CABLE_OHM = (150.0, 320.0), 0.008, 0.04, (0.005, 0.03)
_CRANKS_RPM, _LOWEST_V = (190.0, 280.0), 5.5


def inject(trip: TripColumns, severity: float, rng: np.random.Generator) -> TripColumns:
    """Turn what is read in the first moments behind each start into cranking.

    A starter takes less current, a cable drops more. Run time begins as much later.
    """
    cable = rng.random() < _CABLE
    longer = severity * rng.uniform(*(_LONGER_CABLE_S if cable else _LONGER_S))
    ohm = severity * rng.uniform(*_CABLE_OHM) if cable else 0.0
    current = rng.uniform(*_CURRENT_A)
    current = current / (1 + ohm / _STARTER_OHM) if cable else current * (1 - 0.35 * severity)
    speed, voltage = carried(trip.signals[_SPEED]), trip.signals[_VOLTAGE]
    at_s = {name: trip.t_s[first_rows(reading_numbers(trip, name))] for name in (_SPEED, _VOLTAGE)}
    cranking, sagging = speed.copy(), carried(voltage)
    later = np.zeros(len(speed))
    for first, end in stands(speed > RUNNING_RPM):
        if first == end or end == len(speed):
            continue
        start = rng.uniform(at_s[_SPEED][end - 1], at_s[_SPEED][end])  # somewhere between two readings
        held = {name: (at >= start) & (at < start + longer) for name, at in at_s.items()}
        cranking[held[_SPEED]] = rng.uniform(*_CRANKS_RPM)
        dip = max(float(np.nanmax(sagging[first:end])) - current * (_BATTERY_OHM + ohm), _LOWEST_V)
        sagging[held[_VOLTAGE]] = np.minimum(sagging[held[_VOLTAGE]], dip)
        later[end:] += longer
    trip = with_readings(trip, _SPEED, cranking)
    trip = with_readings(trip, _VOLTAGE, sagging)
    if has(trip, _CLOCK):
        clock = carried(trip.signals[_CLOCK])
        trip = with_readings(trip, _CLOCK, np.where(later > 0, np.maximum(np.rint(clock - later), 0), clock))
    return trip
