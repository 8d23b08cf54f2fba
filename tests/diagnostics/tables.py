"""Made-up tables of trips: measures that wander about their car's level, and faults that move them."""

from dataclasses import replace

import numpy as np

from diagnostics.modes import MODES, FaultMode, Measured
from diagnostics.training.dataset import EpisodeTable, TripTable

DAY_S = 86_400.0
_SAGS = {
    "charging_voltage": -1, "charging_voltage_idle": -1, "charging_voltage_top": -1, "charging_voltage_ceiling": -1,
    "idle_drop": 1, "ripple": 1,
}  # fmt: skip
SOME = {fault: MODES[fault] for fault in ("alternator", "starter", "transmission_slip")}


def measured(mode: FaultMode, severity: np.ndarray, car: np.ndarray, rng: np.random.Generator) -> Measured:
    """Give measures of trips that are healthy at severity 0, and six spreads off at 1."""
    low, high = np.array([np.clip(measure.healthy, -1e3, 1e3) for measure in mode.measures]).T
    wander = np.array([measure.wander for measure in mode.measures])
    level = rng.uniform(low, high, (car.max() + 1, len(mode.measures)))[car]
    direction = np.array([measure.direction or _SAGS.get(measure.name, 0) for measure in mode.measures])
    values = level + wander * (rng.normal(0, 0.8, level.shape) + 6 * severity[:, None] * direction)
    return Measured(values.astype(np.float32), np.full(len(car), 900, dtype=np.float32))


def table(seed: int, cars: int = 60, trips: int = 90, modes: dict[str, FaultMode] = SOME) -> TripTable:
    """Give a table: of four cars one is healthy, the others have each fault in turn from their 40th trip on."""
    rng = np.random.default_rng(seed)
    faults = ["", *modes]
    car = np.repeat(np.arange(cars), trips)
    place = np.tile(np.arange(trips), cars)
    start_s = place * 0.5 * DAY_S + car * 1e9
    of = np.array([faults[number % len(faults)] for number in range(cars)])
    grown = np.clip((place - 40) / 40, 0, 1.2).astype(np.float32)
    severity = {fault: np.where(of[car] == fault, grown, 0).astype(np.float32) for fault in modes}
    sick = np.flatnonzero(of != "")
    begin = sick * 1e9
    onset, code = begin + 43 * 0.5 * DAY_S, begin + 80 * 0.5 * DAY_S
    episodes = EpisodeTable(sick, of[sick], onset, code, code, np.full(len(sick), np.nan))
    length = np.full(len(car), 1800, dtype=np.float32)
    return TripTable(
        car, start_s, length, length,
        {fault: measured(mode, severity[fault], car, rng) for fault, mode in modes.items()},
        severity, {fault: np.zeros(len(car), dtype=np.bool_) for fault in modes}, episodes,
    )  # fmt: skip


def healthy(of: TripTable) -> TripTable:
    """Give the table as if no car had anything."""
    nothing = {fault: np.zeros_like(one) for fault, one in of.severity.items()}
    return replace(of, severity=nothing)
