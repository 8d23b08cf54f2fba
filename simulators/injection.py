"""How a fault enters: as severities over the trips of a car, or into a recorded trip by its causal equation."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from diagnostics.faults import FAULTS
from ingest.readings import FloatArray, TripColumns
from simulators.conditions import draw_conditions
from simulators.electrical import output_share
from simulators.faults import AlternatorShape, Faults
from simulators.loads import draw_demand
from simulators.population import draw_cars
from simulators.sensors import quantise

BoolArray = NDArray[np.bool_]
# Fault name -> share of the cars that develop it when nothing else is asked for. Far above real base rates: a
# predictor has to see the fault; its probabilities are corrected for prevalence where it is trained.
SHARES: Mapping[str, float] = {
    "alternator": 0.36, "battery_12v": 0.12, "starter": 0.05, "thermostat_stuck_open": 0.14, "fuel_pump": 0.14
}  # fmt: skip
_LATER = frozenset({"thermostat_stuck_open", "fuel_pump"})  # drawn from a stream of their own
_WORST = 1.5
_OVERVOLTAGE_SHARE = 0.25
_RUNNING_RPM = 400.0
_CHARGING_A = 8.0
_UNDATED = datetime(2026, 3, 21, 4)  # UTC: noon in spring  # noqa: DTZ001 - numpy takes naive UTC
_SETTLED_S = 2.0  # after the start, before the regulator has taken over


@dataclass(frozen=True, slots=True)
class History:
    """Severities [car, trip] by fault name, and [car] how the alternators fail."""

    severity: Mapping[str, FloatArray]
    over: BoolArray
    output_loss: FloatArray
    neglect: FloatArray

    def faults(self) -> Faults:
        """Give the faults of all trips, car by car."""
        trips = self.severity["alternator"].shape[1]
        healthy = Faults.healthy(self.severity["alternator"].size)
        sick = healthy.with_alternator(self.severity["alternator"].ravel(), np.repeat(self.over, trips))
        return replace(
            sick,
            battery=self.severity["battery_12v"].ravel(),
            starter=self.severity["starter"].ravel(),
            thermostat=self.severity["thermostat_stuck_open"].ravel(),
            fuel_pump=self.severity["fuel_pump"].ravel(),
            output_loss=np.repeat(self.output_loss, trips),
            neglect=np.repeat(self.neglect, trips),
        )


def draw_history(rng: np.random.Generator, cars: int, trips: int, shares: Mapping[str, float] = SHARES) -> History:
    """Draw who develops what and how it grows over the trips (severity clock, faults.md B8)."""
    pick, later = rng.random(cars), rng.spawn(1)[0]
    severity: dict[str, FloatArray] = {}
    begin = 0.0
    for name in SHARES:
        end = begin + shares.get(name, 0.0)
        has = (pick >= begin) & (pick < end)
        severity[name] = np.where(has[:, None], _clock(later if name in _LATER else rng, cars, trips), 0).astype(
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
    return History(
        severity,
        rng.random(cars) < _OVERVOLTAGE_SHARE,
        rng.uniform(0, 0.6, cars).astype(np.float32),
        rng.uniform(0.1, 1, cars).astype(np.float32),
    )


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
    trip: TripColumns, fault: str, severity: float, rng: np.random.Generator,
    shape: AlternatorShape = AlternatorShape.UNDERVOLTAGE,
) -> TripColumns:  # fmt: skip
    """Put an alternator fault (F22) into a recorded trip; severity 0 gives the trip as it is.

    Undervoltage: V - 1.6*s*load fraction and ripple of 0.15*s; overvoltage: V + 1.5*s. The load fraction comes from
    the engine speed (an alternator gives 40 % of its rating at idle) and a random load process. Only voltages read
    while the engine runs change. Raises `ValueError` for another fault, a severity outside 0..1.5, or a trip
    without voltage or engine speed.
    """
    if fault != "alternator":
        known = "a fault that is only simulated, not injected" if fault in FAULTS else "no fault"
        raise ValueError(f"{fault}: {known}; only alternator can be put into a recorded trip")
    if not 0 <= severity <= _WORST:
        raise ValueError(f"severity {severity} is outside 0..{_WORST}")
    for name in ("control_module_voltage", "engine_speed"):
        if name not in trip.signals:
            raise ValueError(f"the trip has no {name}")
    if severity == 0 or not len(trip.t_s):
        return trip
    voltage = trip.signals["control_module_voltage"]
    turning = _carried(trip.signals["engine_speed"])
    rows = _regulated(trip.t_s, turning) & ~np.isnan(voltage)
    reading = _readings(trip, voltage)
    fraction = _load_fraction(trip, turning, rng)
    if shape is AlternatorShape.OVERVOLTAGE:
        change = np.full(len(voltage), 1.5 * severity)
    else:
        ripple = 0.15 * severity * rng.standard_normal(int(reading.max(initial=-1)) + 1)
        change = -1.6 * severity * fraction + ripple[reading]
    # One reading keeps one value in all rows that repeat it.
    first = np.concatenate([[0], np.flatnonzero(np.diff(reading)) + 1]) if len(reading) else reading
    change = change[first][reading]
    step = _resolution(voltage)
    sick = np.rint((voltage + change) / step) * step
    changed = np.where(rows, quantise("control_module_voltage", np.nan_to_num(sick).astype(np.float32)), voltage)
    return replace(trip, signals={**trip.signals, "control_module_voltage": changed.astype(np.float32)})


def _carried(values: FloatArray) -> FloatArray:
    """Give the last value read at or before each row; 0 before the first."""
    at = np.maximum.accumulate(np.where(np.isnan(values), -1, np.arange(len(values))))
    return np.where(at >= 0, values[at], 0).astype(np.float32)


def _regulated(t_s: NDArray[np.float64], turning: FloatArray) -> BoolArray:
    """Mark rows in which the engine has been running for a moment."""
    running = turning > _RUNNING_RPM
    stopped_at = np.maximum.accumulate(np.where(running, -np.inf, t_s))
    return running & (t_s - stopped_at >= _SETTLED_S)


def _readings(trip: TripColumns, voltage: FloatArray) -> NDArray[np.int64]:
    """Count the genuine voltage readings and give each row the number of its own.

    Rows of a logger that repeats old replies share one number. A repeated value ends with a
    change, or after the time in which this logger renews its signals, judged by the
    engine speed, which a running engine never repeats for long.
    """
    value = _carried(voltage)
    speed = trip.signals["engine_speed"]
    fresh = np.flatnonzero(~np.isnan(speed) & (np.diff(_carried(speed), prepend=np.float32(-1)) != 0))
    renewal = float(np.median(np.diff(trip.t_s[fresh]))) if len(fresh) > 10 else 0.0
    number = np.zeros(len(value), dtype=np.int64)
    began = trip.t_s[0] if len(value) else 0.0
    current = 0
    for row in range(1, len(value)):
        if value[row] != value[row - 1] or trip.t_s[row] - began >= 0.9 * renewal:
            current, began = current + 1, trip.t_s[row]
        number[row] = current
    return number


def _load_fraction(trip: TripColumns, turning: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Draw a car and its consumers, and give the alternator's load fraction 0..1 in each row."""
    cars = draw_cars(rng, 1)
    start = np.datetime64(trip.start.astimezone(UTC).replace(tzinfo=None) if trip.start else _UNDATED, "s")
    conditions = draw_conditions(rng, cars, np.array([start]))
    for name in ("ambient_air_temperature", "intake_air_temperature"):
        if name in trip.signals and not np.isnan(trip.signals[name]).all():
            warmth = np.float32(np.nanpercentile(trip.signals[name], 5))
            conditions = replace(conditions, ambient=np.clip(np.array([warmth], dtype=np.float32), -25, 40))
            break
    demand = draw_demand(rng, cars, conditions, int(trip.duration_s) + 1).current[:, 0]
    second = (trip.t_s - trip.t_s[0]).astype(np.int64)
    limit = np.maximum(cars["alternator_rating"] * output_share(turning), 1)
    fraction: FloatArray = np.clip((demand[second] + _CHARGING_A) / limit, 0, 1).astype(np.float32)
    return fraction


def _resolution(voltage: FloatArray) -> float:
    """Give the step in volts of the control unit's own measurement, at least the wire's 1 mV."""
    levels = np.unique(voltage[~np.isnan(voltage)].astype(np.float64))
    steps = np.diff(levels)
    return max(0.001, float(np.round(np.percentile(steps, 10), 3))) if len(steps) > 10 else 0.001
