"""What a recorded trip says, second by second, and how a change enters its readings without adding any."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from ingest.readings import FloatArray, TripColumns
from simulators.conditions import Conditions, draw_conditions
from simulators.population import Cars
from simulators.sensors import quantise

BoolArray = NDArray[np.bool_]
RUNNING_RPM = 400.0
_UNDATED = datetime(2026, 3, 21, 4)  # UTC: noon in spring  # noqa: DTZ001 - numpy takes naive UTC
_IDLE_FLOW = 1.4  # g/s of air per litre, as the simulated cars idle
_UNTHROTTLED_KPA = 80.0  # manifold pressure at idle: an engine without throttle burns lean


class NotInjectable(ValueError):  # noqa: N818 - said of the trip
    """The trip has nothing that the fault could show in; the message says what is missing."""


def carried(values: FloatArray) -> FloatArray:
    """Give the last value read at or before each row; 0 before the first."""
    at = np.maximum.accumulate(np.where(np.isnan(values), -1, np.arange(len(values))))
    return np.where(at >= 0, values[at], 0).astype(np.float32)


def has(trip: TripColumns, name: str) -> bool:
    """Tell whether the trip holds a reading of the signal."""
    return name in trip.signals and not bool(np.isnan(trip.signals[name]).all())


def by_second(trip: TripColumns, name: str) -> FloatArray:
    """Give [second] the last value read until then; before the first reading, that one."""
    values, second = trip.signals[name], np.arange(int(trip.duration_s) + 1)
    row = np.searchsorted(trip.t_s - trip.t_s[0], second, side="right") - 1
    first = values[~np.isnan(values)][0]
    started = np.maximum.accumulate(~np.isnan(values))[row]
    return np.where(started, carried(values)[row], first).astype(np.float32)


def reading_numbers(trip: TripColumns, name: str) -> NDArray[np.int64]:
    """Count the genuine readings of a signal and give each row the number of its own.

    Rows of a logger that repeats old replies share one number. A repeated value ends with a
    change, or after the time in which this logger renews its signals, judged by the
    engine speed, which a running engine never repeats for long.
    """
    value = carried(trip.signals[name])
    speed = trip.signals["engine_speed"]
    fresh = np.flatnonzero(~np.isnan(speed) & (np.diff(carried(speed), prepend=np.float32(-1)) != 0))
    renewal = float(np.median(np.diff(trip.t_s[fresh]))) if len(fresh) > 10 else 0.0
    number = np.zeros(len(value), dtype=np.int64)
    began = trip.t_s[0] if len(value) else 0.0
    current = 0
    for row in range(1, len(value)):
        if value[row] != value[row - 1] or trip.t_s[row] - began >= 0.9 * renewal:
            current, began = current + 1, trip.t_s[row]
        number[row] = current
    return number


def first_rows(number: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give each row the row in which its reading came."""
    return np.asarray(np.searchsorted(number, number), dtype=np.int64)


def seconds(trip: TripColumns) -> NDArray[np.int64]:
    """Give each row its second since the first."""
    since: NDArray[np.int64] = (trip.t_s - trip.t_s[0]).astype(np.int64)
    return since


def with_change(trip: TripColumns, name: str, change: FloatArray, limit: float = np.inf) -> TripColumns:
    """Give the trip with `change` [second] added to each reading of a signal, up to +-`limit`; 0 leaves it as it was.

    Rows without a reading stay without, rows that repeat one repeat the new one.
    """
    old = trip.signals[name]
    more = change[seconds(trip)[first_rows(reading_numbers(trip, name))]]
    # What is beyond the limit by itself stays there.
    new = np.clip(old + more, np.minimum(old, -limit), np.maximum(old, limit))
    new = np.where(np.isnan(old) | (more == 0), old, quantise(name, np.nan_to_num(new)))
    return replace(trip, signals={**trip.signals, name: new.astype(np.float32)})


def ambient(trip: TripColumns) -> float | None:
    """Give degC outside: as measured, else the coolest intake air, for the engine only warms it; None: unknown."""
    if has(trip, "ambient_air_temperature"):
        return float(np.nanmedian(trip.signals["ambient_air_temperature"]))
    if has(trip, "intake_air_temperature"):
        return float(np.nanpercentile(trip.signals["intake_air_temperature"], 5))
    return None


def circumstances(trip: TripColumns, cars: Cars, rng: np.random.Generator) -> Conditions:
    """Draw the circumstances in which one of `cars` (one row) could have made the trip."""
    start = np.datetime64(trip.start.astimezone(UTC).replace(tzinfo=None) if trip.start else _UNDATED, "s")
    conditions = draw_conditions(rng, cars, np.array([start]))
    warmth = ambient(trip)
    if warmth is None:
        return conditions
    return replace(conditions, ambient=np.clip(np.array([warmth], dtype=np.float32), -25, 40))


@dataclass(frozen=True, slots=True)
class Engine:
    """What the engine of a trip did, by [second]: air in g/s scaled to the displacement of the car drawn for it."""

    speed: FloatArray  # rpm
    running: BoolArray
    since_start: FloatArray  # s
    air: FloatArray | None  # None: the trip has neither air flow, nor manifold pressure, nor load
    load: FloatArray  # %
    throttled: bool


def engine(trip: TripColumns, cars: Cars) -> Engine:
    """Read the engine of a trip as that of a car drawn for it (one row): air by flow, else pressure, else load."""
    speed = by_second(trip, "engine_speed")
    running = speed > RUNNING_RPM
    second = np.arange(len(speed))
    stopped = np.maximum.accumulate(np.where(running, -1, second))
    idle = running & (speed < 1000)
    kelvin = 273.15 + (by_second(trip, "intake_air_temperature") if has(trip, "intake_air_temperature") else 30)
    per_kpa = 34.44 * kelvin / (cars["volumetric_efficiency"] * cars["displacement"] * np.maximum(speed, RUNNING_RPM))
    residual, highest = cars["residual_pressure"], np.float32(98.0)
    throttled, air, filled = True, None, None
    if has(trip, "intake_manifold_pressure"):
        pressure = by_second(trip, "intake_manifold_pressure")
        filled = np.clip((pressure - residual) / (1 - residual / 100), 0, None)
        throttled = not idle.any() or float(np.median(pressure[idle])) < _UNTHROTTLED_KPA
        highest = np.maximum(highest, np.percentile(pressure, 99.5))
    elif has(trip, "engine_load"):
        filled = by_second(trip, "engine_load") / 100 * (highest - residual)
    if filled is not None:
        air = np.where(running, filled / per_kpa, 0)
    if has(trip, "mass_air_flow"):
        flow = np.where(running, by_second(trip, "mass_air_flow"), 0)
        air = flow * _scale(flow, air, idle, cars)
    if has(trip, "engine_load"):
        load = by_second(trip, "engine_load")
    else:
        load = np.clip(100 * (0 if air is None else air) * per_kpa / (highest - residual), 0, 100)
    since = (second - stopped - 1) * running
    told = None if air is None else air.astype(np.float32)
    return Engine(speed, running, since.astype(np.float32), told, load.astype(np.float32), throttled)


def _scale(flow: FloatArray, air: FloatArray | None, idle: BoolArray, cars: Cars) -> float:
    """Give what brings a measured flow to the size of the drawn car: by its pressure or load, else by its idle."""
    if air is not None and (both := (flow > 0) & (air > 0)).any():
        return float(np.median(air[both] / flow[both]))
    if idle.any() and (level := float(np.median(flow[idle]))) > 0:
        return _IDLE_FLOW * float(cars["displacement"][0]) / level
    return 1.0
