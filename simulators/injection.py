"""How a fault enters: as severities over the trips of a car, or into a recorded trip by its causal equation."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diagnostics.faults import FAULTS
from ingest.readings import FloatArray, TripColumns
from simulators.faults import SIMULATED, AlternatorShape, Faults, draw_shapes
from simulators.injections import INJECTIONS, alternator
from simulators.recorded import NotInjectable, has

BoolArray = NDArray[np.bool_]
# Fault name -> share of the cars that develop it when nothing else is asked for. Far above real base rates: a
# predictor has to see the fault; its probabilities are corrected for prevalence where it is trained.
SHARES: Mapping[str, float] = {
    "alternator": 0.36, "battery_12v": 0.12, "starter": 0.05, "thermostat_stuck_open": 0.14, "fuel_pump": 0.14
}  # fmt: skip
_FIRST = frozenset({"alternator", "battery_12v", "starter"})  # the others draw from a stream of their own
_WORST = 1.5


@dataclass(frozen=True, slots=True)
class History:
    """Severities [car, trip] by fault name, and by name the shapes [car] in which they would fail."""

    severity: Mapping[str, FloatArray]
    shape: Mapping[str, FloatArray]

    def faults(self) -> Faults:
        """Give the faults of all trips, car by car."""
        first = next(iter(self.severity.values()))
        found = Faults.healthy(first.size)
        for name, severity in self.severity.items():
            found = found.with_fault(name, severity.ravel())
        return found.shaped(**{name: np.repeat(values, first.shape[1]) for name, values in self.shape.items()})


def draw_history(rng: np.random.Generator, cars: int, trips: int, shares: Mapping[str, float] = SHARES) -> History:
    """Draw who develops what and how it grows over the trips (severity clock, faults.md B8)."""
    pick, later = rng.random(cars), rng.spawn(1)[0]
    severity: dict[str, FloatArray] = {}
    begin = 0.0
    for name in (*SHARES, *(it for it in SIMULATED if it not in SHARES)):
        end = begin + shares.get(name, 0.0)
        has = (pick >= begin) & (pick < end)
        severity[name] = np.where(has[:, None], _clock(rng if name in _FIRST else later, cars, trips), 0).astype(
            np.float32
        )
        begin = end
    # A weak battery overworks the alternator, and a weak alternator wears the battery: 8 % carry both (B8).
    both = (rng.random(cars) < 0.08)[:, None]
    alternator, battery = severity["alternator"], severity["battery_12v"]
    late = np.roll(np.maximum(alternator, battery), 2, axis=1) * 0.7
    late[:, :2] = 0
    severity["alternator"] = np.where(both & (battery > 0) & (alternator == 0), late, alternator)
    severity["battery_12v"] = np.where(both & (alternator > 0) & (battery == 0), late, battery)
    return History(severity, draw_shapes(rng.spawn(1)[0], cars))


def _clock(rng: np.random.Generator, cars: int, trips: int) -> FloatArray:
    """Give severities [car, trip]: mostly growing by a power of time, else a step with a few episodes before it."""
    age = np.arange(trips) - rng.uniform(-0.15, 0.85, size=(cars, 1)) * trips
    length = trips * rng.lognormal(np.log(0.6), 0.6, size=(cars, 1))
    gradual = (np.clip(age, 0, None) / length) ** rng.uniform(1, 3, size=(cars, 1))
    level = rng.uniform(0.6, 1.4, size=(cars, 1))
    episodes = (rng.random((cars, trips)) < 0.3) & (age < 0) & (age > -5)
    sudden = np.where(age >= 0, level, np.where(episodes, level * rng.uniform(0.4, 1, size=(cars, trips)), 0))
    severity: FloatArray = np.clip(np.where(rng.random((cars, 1)) < 0.2, sudden, gradual), 0, _WORST)
    return severity.astype(np.float32)


def inject(
    trip: TripColumns, fault: str, severity: float, rng: np.random.Generator, shape: AlternatorShape | None = None
) -> TripColumns:
    """Put a fault into a recorded trip by its causal equations; severity 0 gives the trip as it is.

    All signals that the fault moves change together, in the readings that are there: none is added or lost, and rows
    that repeat a reading go on repeating it. `shape` is of an alternator alone. Raises `ValueError` for a fault that
    is not injected, a severity outside 0..1.5, or a trip without the signals that the equations need.
    """
    if fault not in INJECTIONS:
        known = "a fault that is only simulated, not injected" if fault in FAULTS else "no fault"
        raise ValueError(f"{fault}: {known}; into a recorded trip go {', '.join(INJECTIONS)}")
    if not 0 <= severity <= _WORST:
        raise ValueError(f"severity {severity} is outside 0..{_WORST}")
    if not len(trip.t_s):
        return trip
    for group in INJECTIONS[fault].NEEDS:
        if not any(has(trip, name) for name in group):
            raise NotInjectable(f"the trip has no {' or '.join(group)}")
    if severity == 0:
        return trip
    if shape is not None:
        if fault != "alternator":
            raise ValueError(f"{fault} has no shape to choose")
        return alternator.inject(trip, severity, rng, shape=shape)
    return INJECTIONS[fault].inject(trip, severity, rng)
