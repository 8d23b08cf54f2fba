"""Coolant, oil and under-bonnet temperatures (faults.md B5, F01), stepped each second."""

import numpy as np

from simulators.chance import Dice, normal
from simulators.compiled import Record, clip, compiled

_SOAK_H = 4.0  # time constant of cooling down while parked
_HEATER_W = 1200.0  # at 20 degC: demisting and mixing
_FAN_ON, _FAN_OFF = 98.0, 94.0  # degC, and above a raised set point by as much as it is raised
_LIFT_S = 40.0  # how fast the wax of a map-controlled thermostat follows its heating
_OIL_CAPACITY, _OIL_TO_COOLANT, _OIL_TO_AIR = 9000.0, 60.0, 8.0  # J/K and W/K per litre

HEAT = np.dtype(
    [
        ("coolant", np.float64),  # degC
        ("expected", np.float64),  # degC, the coolant as the unit models it behind a sound thermostat
        ("oil", np.float64),
        ("intake", np.float64),
        ("regulator", np.float64),
        ("ambient", np.float64),  # degC outside, now
        ("sun", np.float64),  # K that the outside sensor is off by: engine heat, at rest
        ("fan", np.float64),  # 0 or 1
        ("lift", np.float64),  # K on the set point of a map-controlled thermostat
        ("least", np.float64),  # 0..1, how far the thermostat stays open when cold
        ("heater_w", np.float64),
    ]
)


@compiled
def least_opening(car: Record, severity: float) -> float:
    """Give how far the thermostat stays open when cold, 0..1; `severity` is that of thermostat_stuck_open (F01)."""
    return max(car.thermostat_leak, 0.02 + 0.33 * severity) if severity > 0 else car.thermostat_leak


@compiled
def warmth_kept(opening: float) -> float:
    """Give how far above ambient an engine ends a drive, over that of a sealing thermostat (fits F01's 10 degC row)."""
    return 1 / (1 + 6.5 * opening * opening)


@compiled
def begin(car: Record, trip: Record, fault: Record, shape: Record, heat: Record) -> None:
    """Set the state of one trip before its first second."""
    heat.least = least_opening(car, fault.thermostat_stuck_open)
    heat.lift = car.map_thermostat * car.thermostat_lift
    # The cabin takes its share when it is cold outside.
    heat.heater_w = trip.heater * clip(_HEATER_W + (20 - trip.ambient) * 40, 0.0, 3000.0)
    left = np.exp(np.float32(-trip.soak_h / _SOAK_H))
    warm = (car.thermostat - trip.ambient) * left * warmth_kept(heat.least)
    heat.ambient = trip.ambient
    heat.coolant = heat.expected = trip.ambient + warm
    heat.oil = trip.ambient + 0.95 * warm
    heat.intake = trip.ambient + 0.35 * warm + 0.1 * car.heat_soak
    heat.regulator = trip.ambient + 0.7 * warm
    heat.sun = 0.06 * warm


@compiled
def _into_coolant(
    car: Record, heat: Record, coolant: float, opening: float, heater: float, speed_ms: float, gained_w: float
) -> float:
    """Give K/s of the coolant; `gained_w` is what engine and oil give it."""
    litres = car.displacement
    airy = 0.25 + 0.045 * speed_ms + 0.6 * heat.fan
    conducted = litres * (car.radiator * opening * airy + car.block_loss * (1 + 0.03 * speed_ms))
    lost = (coolant - heat.ambient) * conducted + heater * clip((coolant - 25) / 45, 0.0, 1.0)
    return (gained_w - lost) / (car.heat_capacity * 1000 * litres)


@compiled
def step(
    car: Record, fault: Record, shape: Record, heat: Record, speed_ms: float, fuel_w: float, friction_w: float,
    load: float, engine_speed: float, alternator_share: float, compressor: float,
) -> None:  # fmt: skip
    """Move all temperatures by one second.

    `load` in % is what a map-controlled thermostat looks at; `alternator_share`: the alternator's load fraction, which
    heats it; `compressor` 1: the A/C runs, and wants the fan at low speed.
    """
    litres = car.displacement
    above = heat.coolant - heat.ambient
    wanted = car.map_thermostat * car.thermostat_lift if load < 45 else 0.0
    heat.lift += (wanted - heat.lift) / _LIFT_S
    begins = car.thermostat + heat.lift - 4
    opening = max(heat.least, clip((heat.coolant - begins) / 12, 0.0, 1.0))
    engine_w = 0.27 * fuel_w + 0.30 * friction_w
    to_coolant = _OIL_TO_COOLANT * litres * (heat.oil - heat.coolant)
    warming = _into_coolant(car, heat, heat.coolant, opening, heat.heater_w, speed_ms, engine_w + to_coolant)
    cooled = _OIL_TO_AIR * (1 + 0.1 * speed_ms) * litres * (heat.oil - heat.ambient)
    heat.oil += (0.10 * fuel_w - to_coolant - cooled) / (_OIL_CAPACITY * litres)
    # The unit knows neither the leak nor the heater's lever, and takes the usual.
    sound = clip((heat.expected - begins) / 12, 0.0, 1.0)
    heat.expected += _into_coolant(car, heat, heat.expected, sound, 0.75 * heat.heater_w, speed_ms, engine_w)
    heat.coolant += warming
    if heat.coolant > _FAN_ON + heat.lift or (compressor > 0 and speed_ms < 8):
        heat.fan = 1.0
    elif heat.coolant < _FAN_OFF + heat.lift:
        heat.fan = 0.0
    _under_bonnet(car, heat, above, speed_ms, alternator_share)


@compiled
def _under_bonnet(car: Record, heat: Record, above: float, speed_ms: float, alternator_share: float) -> None:
    still = 1 / (1 + 0.25 * speed_ms)
    target = heat.ambient + 3 + above * 0.22 * still + car.heat_soak * clip(above / 60, 0.0, 1.0) * still
    heat.intake += (target - heat.intake) / 45
    bonnet = heat.ambient + above * (0.5 + 0.25 * still) + 12 * alternator_share
    heat.regulator += (bonnet - heat.regulator) / 240
    heat.sun += (0.08 * above * still - heat.sun) / (40 if speed_ms > 5 else 400)


@compiled
def seen_coolant(car: Record, fault: Record, shape: Record, heat: Record, dice: Dice) -> float:
    """Give what the coolant sensor shows in degC, but for its tolerance."""
    return heat.coolant + 0.15 * normal(dice)
