"""Hand-made trips of a plain car: every number in them is chosen, so every answer is known."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from diagnostics.features import SIGNALS
from ingest.readings import Block, TripColumns, to_block

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
EIGHT_HOURS = timedelta(hours=8)


@dataclass(frozen=True)
class Span:
    """A trip as the trip log knows it."""

    vehicle: str
    organisation: str
    boot: str
    start: datetime
    end: datetime


def trip(
    seconds: int = 600, voltage: float = 13.8, drop: float = 0.0, ripple: float = 0.0, **other: float
) -> TripColumns:
    """Give a trip that alternates between a minute of idle and a minute of driving, after 5 s of key-on.

    `drop` V are missing all the time the engine runs; `ripple` is the standard deviation of what is added each second.
    """
    t_s = np.arange(seconds, dtype=np.float64)
    running = t_s >= 5
    driving = (t_s // 60) % 2 == 1
    noise = np.random.default_rng(seconds).standard_normal(seconds)
    fine = 0.02 * np.round(np.sin(t_s)) + (ripple * noise)
    signals = {
        "engine_speed": np.where(running, np.where(driving, 2200.0, 800.0), 0.0),
        "control_module_voltage": np.where(running, voltage - drop + fine, 12.4),
        "engine_load": np.where(driving, 45.0 + 10 * np.sin(t_s / 7), 28.0),
        "intake_air_temperature": np.full(seconds, 45.0),
    }
    signals |= {name: np.full(seconds, value) for name, value in other.items()}
    columns = {name: values.astype(np.float32) for name, values in signals.items()}
    return TripColumns("car", "boot", None, t_s, columns)


def block(*trips: TripColumns) -> Block:
    return to_block(trips, SIGNALS)


def history(drops: list[float], vehicle: str = "car", first: datetime = NEW_YEAR) -> list[tuple[Span, TripColumns]]:
    """Give dated trips 8 h apart, each in its own boot, with these drops in V and the ripple that goes with them."""
    trips = []
    for number, drop in enumerate(drops):
        start = first + number * EIGHT_HOURS
        columns = trip(600 + number, drop=drop, ripple=drop / 10)
        dated = TripColumns(vehicle, f"boot{number}", start, columns.t_s, columns.signals)
        end = start + timedelta(seconds=dated.duration_s)
        trips.append((Span(vehicle, "org_a", dated.boot, start, end), dated))
    return trips


GROWING = [0.0, 0.0, 0.0, 0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4, 1.6, 1.6, 1.6, 1.6]


def drive(coolant: float | np.ndarray, seconds: int = 1800, **other: float) -> TripColumns:
    """Give a trip along a country road, engine warm or not as `coolant` says, at 20 degC outside.

    Half a minute at a light and four minutes at 70 km/h take turns.
    """
    if isinstance(coolant, np.ndarray):
        seconds = len(coolant)
    t_s = np.arange(seconds, dtype=np.float64)
    standing = t_s % 270 < 30
    signals = {
        "engine_speed": np.where(standing, 780.0, 2000.0),
        "vehicle_speed": np.where(standing, 0.0, 70.0),
        "coolant_temperature": np.broadcast_to(coolant, seconds),
        "intake_air_temperature": np.full(seconds, 28.0),
        "ambient_air_temperature": np.full(seconds, 20.0),
    }
    signals |= {name: np.full(seconds, value) for name, value in other.items()}
    columns = {name: np.asarray(values, dtype=np.float32) for name, values in signals.items()}
    return TripColumns("car", "boot", None, t_s, columns)
