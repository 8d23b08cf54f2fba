"""Oxygen sensors and catalyst (faults.md B3, F13, F14): what the exhaust says of the mixture, and how hot it is."""

import numpy as np

from simulators.chance import Dice, normal, uniform
from simulators.compiled import Record, clip, compiled

_LIGHT_OFF = 300.0  # degC
_EXOTHERM = 55.0  # K, of a catalyst as good as new
_SENSOR_HOT_S = 20.0  # after the start
_COOLS_H = 0.4
_REST_V = 0.70  # of the rear sensor behind a catalyst that holds oxygen
_RICH_V = 0.12  # above it where none is left
_BURNS_K = 800.0  # hotter by the fuel of firings that failed, over their share (F12)
_REAR_CORRECTS = 1.0  # %, of what the front sensor is off by
_BEYOND = 0.12  # share of the storage that a lasting 1 % of error takes beyond the rear sensor's reach
_LEAN_PULSE = 25.0  # % on a front sensor that has the oxygen of a failed firing before it

EXHAUST = np.dtype(
    [
        ("response", np.float64),  # s, the lag of the front sensor
        ("bias", np.float64),  # %, by which the front sensor reads too lean, less what the rear one corrects
        ("storage", np.float64),  # 0..1, the oxygen that the catalyst can hold, over that of a new one
        ("phase", np.float64),  # 0..1 of the limit cycle of the lambda loop
        ("cycle", np.float64),  # -1..1, the mixture's place in it
        ("front", np.float64),  # V, narrow band
        ("lean", np.float64),  # 0..1, of it that is still as it was in the fuel cut
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
    gas.bias = front_bias(fault, shape)
    gas.storage = oxygen_storage(car, fault, shape)
    gas.phase = uniform(dice)
    gas.front = gas.rear = gas.slow = 0.45
    gas.lambda_ = 1.0
    gas.oxygen = 0.5


@compiled
def front_lag(car: Record, fault: Record, shape: Record) -> float:
    """Give the time constant of the front sensor in s (F13): one that reads off its mark is a little slow, too."""
    return car.sensor_lag + (0.2 if shape.sensor_biased > 0 else 1.0) * fault.upstream_oxygen_sensor


@compiled
def front_bias(fault: Record, shape: Record) -> float:
    """Give in % by how much too lean the front sensor reads, as far as the rear sensor does not make up for it."""
    if shape.sensor_biased == 0:
        return 0.0
    off = max(3.0 * fault.upstream_oxygen_sensor - _REAR_CORRECTS, 0.0)
    return -off if shape.sensor_rich > 0 else off


@compiled
def oxygen_storage(car: Record, fault: Record, shape: Record) -> float:
    """Give the oxygen that the catalyst can hold, over that of a new one (F14)."""
    return car.oxygen_storage * max(1 - 0.95 * fault.catalyst, 0.03)


@compiled
def works(fault: Record, shape: Record, gas: Record) -> float:
    """Give what is left of the storage as warm as it is: a poisoned one comes back a good part of the way when hot."""
    if shape.catalyst_poisoned == 0 or fault.catalyst == 0:
        return gas.storage
    back = 0.5 * clip((gas.temperature - 500) / 200, 0.0, 1.0)
    return gas.storage * (1 + back * clip(fault.catalyst, 0.0, 1.0))


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
    since_start: float, air_flow: float, ratio: float, error: float, period: float, spark: Record, dice: Dice,
) -> None:  # fmt: skip
    """Move on by one second. `ratio`: commanded lambda; `error`: of the mixture in %, lean above 0.

    `spark`: the firings that failed (`ignition.IGNITION`).
    """
    heat(car, fault, shape, gas, running, cut, air_flow, trip.ambient, spark.misfire)
    noise, more = normal(dice), normal(dice)
    if not running or since_start < _SENSOR_HOT_S:
        gas.front = 0.45 + 0.01 * noise
        gas.slow += (0.45 - gas.slow) / 8
        gas.rear, gas.lambda_ = gas.slow + 0.004 * more, 1.0
        return
    mixture = ratio * (1 + 0.01 * error)
    # The front sensor takes the oxygen of failed firings for a lean mixture; the catalyst burns it with its fuel.
    shown = error + gas.bias + 100 * spark.misfire
    quick = 1 - np.exp(np.float32(-1 / gas.response))
    lean = clip(ratio * (1 + 0.01 * shown), 0.7, 1.99)
    gas.lambda_ += ((1.99 if cut else lean) - gas.lambda_) * quick + 0.002 * noise
    if spark.seen > 0 and not cut:
        shown += _LEAN_PULSE
    gas.lean = 1.0 if cut else gas.lean * (1 - quick)
    if cut:
        gas.front = 0.08 + 0.01 * noise
    elif closed:
        wave = _switched(gas.phase, period, gas.response)
        gas.front = 0.45 + 0.40 * np.tanh(np.float32(2.2 * wave - 0.25 * shown)) + 0.01 * noise
    else:
        gas.front = clip(0.45 - 8 * (mixture - 1), 0.08, 0.88) + 0.01 * noise
    gas.front -= gas.lean * max(gas.front - 0.08, 0.0)
    storage = works(fault, shape, gas)
    _store(car, gas, storage, cut, air_flow, mixture)
    # The rear sensor sees what storage lets through: nearly nothing, while there is enough of it.
    through = clip(1 - storage / 0.9, 0.05, 1.0)
    gas.rear = clip(gas.slow + 0.85 * through * (gas.front - 0.45) + 0.006 * more, 0.0, 1.2)


@compiled
def _store(car: Record, gas: Record, storage: float, cut: bool, air_flow: float, mixture: float) -> None:
    """Fill the storage with oxygen, or empty it, by what the mixture leaves."""
    size = 30 * max(storage, 0.03)  # g of air that fill it, when all of its oxygen is left over
    if cut:
        gas.oxygen = min(gas.oxygen + air_flow / size, 1.0)
    else:
        # Within a second lean and rich make up for each other; the rear sensor leads the mixture back to the middle.
        lean = clip(2 * (mixture - 1), -0.3, 0.3) + 0.35 * (0.45 - gas.oxygen)
        lean -= _BEYOND * gas.bias  # what it cannot lead back
        gas.oxygen = clip(gas.oxygen + lean * air_flow / size, 0.0, 1.0)
    target = _REST_V + car.rear_offset - 0.62 * clip((gas.oxygen - 0.75) / 0.25, 0.0, 1.0)
    target += _RICH_V * clip((0.2 - gas.oxygen) / 0.2, 0.0, 1.0)
    gas.slow += (target - gas.slow) * 0.45


@compiled
def heat(
    car: Record, fault: Record, shape: Record, gas: Record, running: bool, cut: bool, air_flow: float, ambient: float,
    misfire: float,
) -> None:  # fmt: skip
    """Move the temperature of the catalyst by one second."""
    if not running:
        gas.temperature += (ambient - gas.temperature) / (3600 * _COOLS_H)
        return
    flows = clip(air_flow / 8, 0.15, 1.5) / 60
    reached = 250.0 if cut else min(300 + 16 * air_flow, 900.0)
    converts = _EXOTHERM * gas.storage if gas.temperature > _LIGHT_OFF and not cut else 0.0
    unburned = _BURNS_K * min(misfire, 0.25) if gas.temperature > _LIGHT_OFF and not cut else 0.0
    gas.temperature += (reached + converts + unburned - gas.temperature) * flows
