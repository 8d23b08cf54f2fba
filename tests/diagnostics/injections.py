"""Faults put into real trips in ways of our own, independent of the simulator's injection and the training's shapes."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ingest.readings import TripColumns

Shape = Callable[[TripColumns, np.random.Generator], np.ndarray]


def constant(trip: TripColumns, rng: np.random.Generator) -> np.ndarray:
    """All consumers on, always: a load fraction between 0.6 and 1."""
    return np.full(len(trip.t_s), rng.uniform(0.6, 1.0))


def by_engine_load(trip: TripColumns, rng: np.random.Generator) -> np.ndarray:
    """The load fraction is the engine's own (PID 04)."""
    return np.nan_to_num(trip.signals["engine_load"] / 100, nan=0.3)


def only_idle(trip: TripColumns, rng: np.random.Generator) -> np.ndarray:
    return np.where(trip.signals["engine_speed"] < 1000, rng.uniform(0.6, 1.0), 0.0)


def hot(trip: TripColumns, rng: np.random.Generator) -> np.ndarray:
    """It fails as it warms up: nothing in the first minute, most after five."""
    return np.clip((trip.t_s - trip.t_s[0] - 60) / 240, 0, 1) * rng.uniform(0.6, 1.0)


def inject(
    trip: TripColumns, severity: float, shape: Shape, rng: np.random.Generator, *, ripple: bool = True
) -> TripColumns:
    """Give the trip with V - 1.6*s*(load fraction) and, of a rectifier, ripple of 0.15*s V on each reading."""
    voltage, running = trip.signals["control_module_voltage"], trip.signals["engine_speed"] > 400
    fresh = np.cumsum(np.concatenate([[True], np.arange(1, len(voltage)) % 4 == 0]))
    noise = 0.15 * severity * rng.standard_normal(fresh[-1] + 1)[fresh] * ripple
    sick = np.where(running, voltage - 1.6 * severity * shape(trip, rng) + noise, voltage)
    return replace(trip, signals={**trip.signals, "control_module_voltage": np.round(sick, 3).astype(np.float32)})


def fuel_flow(trip: TripColumns) -> np.ndarray:
    """Give the fuel of an Etios in g/s by speed-density, for a mixture of 1."""
    signals = trip.signals
    kelvin = signals["intake_air_temperature"] + 273.15
    air = 0.85 * 1.496 * signals["intake_manifold_pressure"] * signals["engine_speed"] / (120 * 0.287 * kelvin)
    return np.nan_to_num(air / 14.7)


def weak_pump(trip: TripColumns, severity: float, reserve: float, draw: float) -> np.ndarray:
    """Give the correction in % that a pump asks for: p = min(p_cmd, p_max*(1 - 0.5*s) - k*m_f), in units of p_cmd."""
    pressure = np.clip(reserve * (1 - 0.5 * severity) - draw * fuel_flow(trip), 0.2, 1)
    return 100 / np.sqrt(pressure) - 100


def correct(trip: TripColumns, needed: np.ndarray, learnt: float = 0.0) -> TripColumns:
    """Give the trip with trims that make up for what is `needed` in %, as far as +-25 % reach, behind a loop of 3 s.

    The long-term trim has `learnt` that share of the trip's middle. Where the short-term trim rests at 0 the loop is
    open and stays so.
    """
    short, long = trip.signals["short_term_fuel_trim_1"], trip.signals["long_term_fuel_trim_1"]
    open_loop = np.convolve(short == 0, np.ones(11), mode="same") > 10.5
    open_loop |= trip.signals["engine_speed"] < 400
    made, at, pace = np.zeros(len(needed)), 0.0, np.diff(trip.t_s, prepend=trip.t_s[:1]) / 3
    for row in range(len(needed)):
        at += 0 if open_loop[row] else min(1.0, pace[row]) * (needed[row] - at)
        made[row] = at
    middle = float(np.mean(made[~open_loop])) if (~open_loop).any() else 0.0
    new_long = np.clip(long + learnt * middle, -25, 25)
    total = (1 + short / 100) * (1 + long / 100) * (1 + made / 100)
    new_short = np.where(open_loop, short, np.clip(100 * (total / (1 + new_long / 100) - 1), -25, 25))
    shown = {
        "short_term_fuel_trim_1": new_short[np.arange(len(short)) // 4 * 4],
        "long_term_fuel_trim_1": new_long,
    }
    step = 100 / 128
    return replace(
        trip, signals={**trip.signals, **{k: (np.rint(v / step) * step).astype(np.float32) for k, v in shown.items()}}
    )


def coolant(
    trip: TripColumns, start: float, ambient: float, opening: float = 0.0, heater_w: float = 0.0, litres: float = 1.5
) -> np.ndarray:
    """Give what B5 makes of the coolant in each row, degC; `opening` is how far the thermostat stays open."""
    n, v = trip.signals["engine_speed"].astype(float), trip.signals["vehicle_speed"] / 3.6
    step = np.diff(trip.t_s, append=trip.t_s[-1:])
    change = np.gradient(v, np.maximum(np.arange(len(v)) * np.median(step[:-1]), 0)) if len(v) > 1 else 0 * v
    friction = np.where(n > 400, (1.1e5 + 15 * n) * litres * n / 120e3, 0)
    pull = (1100 * (1.06 * change + 9.81 * 0.01) + 0.39 * v**2) * v
    fuel = np.where(
        (n > 400) & ~((pull < -1500) & (n > 1200)), (np.clip(pull, 0, None) / 0.9 + 800 + friction) / 0.4, 0
    )
    heat = 0.27 * fuel + 0.30 * friction
    now, fan, read = start, 0.0, np.empty(len(n))
    for row in range(len(n)):
        read[row] = now
        fan = 1.0 if now > 98 else 0.0 if now < 94 else fan
        theta = max(opening, min(max((now - 88 + 4) / 12, 0), 1))
        loss = (now - ambient) * litres * (370 * theta * (0.25 + 0.045 * v[row] + 0.6 * fan) + 9 * (1 + 0.03 * v[row]))
        loss += heater_w * min(max((now - 45) / 30, 0), 1)
        now += step[row] * (heat[row] - loss) / (23e3 * litres)
    return read


def leak(trip: TripColumns, severity: float, ambient: float) -> TripColumns:
    """Give the trip with a thermostat that never closes further than 0.02 + 0.33*s: B5 with the leak minus without."""
    if severity == 0:
        return trip
    plain = {name: np.nan_to_num(_carried(trip.signals[name])) for name in ("engine_speed", "vehicle_speed")}
    read = _carried(trip.signals["coolant_temperature"])
    bare = replace(trip, signals=plain)
    start = float(read[~np.isnan(read)][0])
    lost = coolant(bare, start, ambient) - coolant(bare, start, ambient, opening=0.02 + 0.33 * severity)
    sick = np.rint(trip.signals["coolant_temperature"] - lost).astype(np.float32)
    return replace(trip, signals={**trip.signals, "coolant_temperature": sick})


def _carried(values: np.ndarray) -> np.ndarray:
    at = np.maximum.accumulate(np.where(np.isnan(values), -1, np.arange(len(values))))
    return np.where(at >= 0, values[at], np.nan)
