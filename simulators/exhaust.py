"""Oxygen sensors and catalyst (faults.md B3, F13, F14): what the exhaust says of the mixture, and how hot it is."""

import numpy as np

from simulators.chance import Dice, normal, uniform
from simulators.compiled import Record, clip, compiled

_LIGHT_OFF = 300.0  # degC
_EXOTHERM = 55.0  # K, of a catalyst as good as new
_SENSOR_HOT_S = 20.0  # after the start
_COOLS_H = 0.4
_REST_V = 0.70  # of the rear sensor behind a catalyst that holds oxygen

EXHAUST = np.dtype(
    [
        ("response", np.float64),  # s, the lag of the front sensor
        ("storage", np.float64),  # 0..1, the oxygen that the catalyst can hold, over that of a new one
        ("phase", np.float64),  # 0..1 of the limit cycle of the lambda loop
        ("cycle", np.float64),  # -1..1, the mixture's place in it
        ("front", np.float64),  # V, narrow band
        ("lambda_", np.float64),  # wide band
        ("rear", np.float64),  # V
        ("slow", np.float64),  # V, the rear sensor without its ripple
        ("oxygen", np.float64),  # 0..1, how far the storage is filled
        ("temperature", np.float64),  # degC, of the catalyst
    ]
)


@compiled
def begin(car: Record, trip: Record, fault: Record, shape: Record, gas: Record, dice: Dice) -> None:
    """Set the state of one trip before its first second."""
    gas.temperature = trip.ambient + 480 * np.exp(np.float32(-trip.soak_h / _COOLS_H))
    gas.response = front_lag(car, fault, shape)
    gas.storage = oxygen_storage(car, fault, shape)
    gas.phase = uniform(dice)
    gas.front = gas.rear = gas.slow = 0.45
    gas.lambda_ = 1.0
    gas.oxygen = 0.5


@compiled
def front_lag(car: Record, fault: Record, shape: Record) -> float:
    """Give the time constant of the front sensor in s."""
    return car.sensor_lag


@compiled
def oxygen_storage(car: Record, fault: Record, shape: Record) -> float:
    """Give the oxygen that the catalyst can hold, over that of a new one."""
    return car.oxygen_storage


@compiled
def turn(car: Record, gas: Record, dice: Dice) -> float:
    """Move the limit cycle of the lambda loop on by one second, and give its period in s; a slow sensor stretches it.

    A reply falls at a random instant of it: at 1 Hz nobody can follow it.
    """
    period = 1 / car.switching_rate + 4 * max(gas.response - 0.1, 0.0)
    phase = gas.phase + 1 / period + 0.1 * normal(dice)
    gas.phase = phase - np.floor(phase)
    gas.cycle = 4 * abs(gas.phase - 0.5) - 1
    return period


@compiled
def _switched(phase: float, period: float, lag: float) -> float:
    """Give the place -1..1 of a square wave behind a first-order lag, at a phase 0..1; both times in s."""
    half = 0.5 * period
    since = (phase if phase < 0.5 else phase - 0.5) * period
    from_edge = 1 - 2 * np.exp(np.float32(-since / lag)) / (1 + np.exp(np.float32(-half / lag)))
    return from_edge if phase < 0.5 else -from_edge


@compiled
def step(
    car: Record, trip: Record, fault: Record, shape: Record, gas: Record, running: bool, cut: bool, closed: bool,
    since_start: float, air_flow: float, ratio: float, error: float, period: float, dice: Dice,
) -> None:  # fmt: skip
    """Move on by one second. `ratio`: commanded lambda; `error`: of the mixture in %, lean above 0."""
    heat(car, fault, shape, gas, running, cut, air_flow, trip.ambient)
    noise, more = normal(dice), normal(dice)
    if not running or since_start < _SENSOR_HOT_S:
        gas.front = 0.45 + 0.01 * noise
        gas.slow += (0.45 - gas.slow) / 8
        gas.rear, gas.lambda_ = gas.slow + 0.004 * more, 1.0
        return
    mixture = ratio * (1 + 0.01 * error)
    quick = 1 - np.exp(np.float32(-1 / gas.response))
    gas.lambda_ += ((1.99 if cut else clip(mixture, 0.7, 1.99)) - gas.lambda_) * quick + 0.002 * noise
    if cut:
        gas.front = 0.08 + 0.01 * noise
    elif closed:
        wave = _switched(gas.phase, period, gas.response)
        gas.front = 0.45 + 0.40 * np.tanh(np.float32(2.2 * wave - 0.25 * error)) + 0.01 * noise
    else:
        gas.front = clip(0.45 - 8 * (mixture - 1), 0.08, 0.88) + 0.01 * noise
    _store(car, gas, cut, air_flow, mixture)
    # The rear sensor sees what storage lets through: nearly nothing, while there is enough of it.
    through = clip(1 - gas.storage / 0.9, 0.05, 1.0)
    gas.rear = clip(gas.slow + 0.85 * through * (gas.front - 0.45) + 0.006 * more, 0.0, 1.2)


@compiled
def _store(car: Record, gas: Record, cut: bool, air_flow: float, mixture: float) -> None:
    """Fill the storage with oxygen, or empty it, by what the mixture leaves."""
    size = 30 * max(gas.storage, 0.03)  # g of air that fill it, when all of its oxygen is left over
    if cut:
        gas.oxygen = min(gas.oxygen + air_flow / size, 1.0)
    else:
        lean = clip(6 * (mixture - 1), -0.5, 0.5) + 0.08 * (0.45 - gas.oxygen)
        gas.oxygen = clip(gas.oxygen + lean * air_flow / size, 0.0, 1.0)
    target = _REST_V + car.rear_offset - 0.62 * clip((gas.oxygen - 0.75) / 0.25, 0.0, 1.0)
    gas.slow += (target - gas.slow) * 0.45


@compiled
def heat(
    car: Record, fault: Record, shape: Record, gas: Record, running: bool, cut: bool, air_flow: float, ambient: float
) -> None:
    """Move the temperature of the catalyst by one second."""
    if not running:
        gas.temperature += (ambient - gas.temperature) / (3600 * _COOLS_H)
        return
    flows = clip(air_flow / 8, 0.15, 1.5) / 60
    reached = 250.0 if cut else min(300 + 16 * air_flow, 900.0)
    converts = _EXOTHERM * gas.storage if gas.temperature > _LIGHT_OFF and not cut else 0.0
    gas.temperature += (reached + converts - gas.temperature) * flows
