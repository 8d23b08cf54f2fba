"""Coolant, oil and under-bonnet temperatures and the coolant's faults (faults.md B5, F01 to F06), second by second."""

import numpy as np

from simulators.chance import Dice, normal, uniform
from simulators.compiled import Record, clip, compiled

_SOAK_H = 4.0  # time constant of cooling down while parked
_HEATER_W = 1200.0  # at 20 degC: demisting and mixing
_LIFT_S = 40.0  # how fast the wax of a map-controlled thermostat follows its heating
_OIL_CAPACITY, _OIL_TO_COOLANT, _OIL_TO_AIR = 9000.0, 60.0, 8.0  # J/K and W/K per litre
# Of what the engine burns and rubs off. B5 has 0.27 and 0.30 of a higher friction; F01's table is met with these.
_FUEL_HEAT, _FRICTION_HEAT = 0.28, 0.68
_RAMMED_MS = 5.0  # from where the radiator gets all the air that B5 gives it
_FAST_FAN_K = 3.0  # over the fan's first speed
_CONDENSER_K, _CONDENSER_MOST_K = 4.0, 30.0  # by which the A/C warms the radiator's air where little comes
_BOILS_C, _BOILING = 128.0, 4000.0  # where the cap lets steam off; W/K per litre of it
_THICKEST_NOISE_K, _DROP_K, _DROPS = 10.0, 22.0, 0.01  # of vapour at the sensor
_BROKEN_C = -40.0  # what the unit shows without a sensor

HEAT = np.dtype(
    [
        ("coolant", np.float64),  # degC
        ("expected", np.float64),  # degC, the coolant as the unit models it behind a sound thermostat
        ("oil", np.float64),
        ("intake", np.float64),
        ("regulator", np.float64),
        ("ambient", np.float64),  # degC outside, now
        ("sun", np.float64),  # K that the outside sensor is off by: engine heat, at rest
        ("fan", np.float64),  # 0..1, that it turns
        ("asked", np.float64),  # 0..1, that it should
        ("dead", np.float64),  # 1: an intermittent fan did not start this time
        ("luck", np.float64),  # 0..1, drawn each second
        ("opening", np.float64),  # of the thermostat, 0..1
        ("seen", np.float64),  # degC, what the sensor showed last
        ("lift", np.float64),  # K on the set point of a map-controlled thermostat
        ("least", np.float64),  # 0..1, how far the thermostat stays open when cold
        ("most", np.float64),  # 0..1, and how far it opens at all
        ("lag", np.float64),  # s, its wax
        ("kept", np.float64),  # 0..1, share of the coolant that has not leaked
        ("flooded", np.float64),  # 0..1, share of the radiator that still has coolant in it
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
    stuck = fault.thermostat_stuck_closed
    heat.most = max(1 - stuck * (0.9 + (shape.thermostat_slow_least - 0.9) * shape.thermostat_slow), 0.0)
    heat.lag = car.thermostat_lag + 60 * stuck * (1 + shape.thermostat_slow)
    heat.kept = max(1 - shape.leak_capacity * fault.coolant_leak, 0.2)
    heat.flooded = max(1 - shape.leak_radiator * fault.coolant_leak, 0.1)
    heat.lift = car.map_thermostat * car.thermostat_lift
    # The cabin takes its share when it is cold outside.
    heat.heater_w = trip.heater * clip(_HEATER_W + (20 - trip.ambient) * 40, 0.0, 3000.0)
    heat.heater_w *= clip((38 - trip.ambient) / 14, 0.0, 1.0)  # who cools the cabin does not heat it
    left = np.exp(np.float32(-trip.soak_h / _SOAK_H))
    warm = (car.thermostat - trip.ambient) * left * warmth_kept(heat.least)
    heat.ambient = trip.ambient
    heat.coolant = heat.expected = heat.seen = trip.ambient + warm
    heat.opening = clip((heat.coolant - car.thermostat - heat.lift + 4) / 12, 0.0, heat.most)
    heat.oil = trip.ambient + 0.95 * warm
    heat.intake = trip.ambient + 0.35 * warm + 0.1 * car.heat_soak
    heat.regulator = trip.ambient + 0.7 * warm
    heat.sun = 0.06 * warm


@compiled
def pumped(fault: Record, shape: Record, engine_speed: float) -> float:
    """Give 0..1, the coolant's flow by what a sound pump moves (F04): one on the belt lacks most at low speed."""
    if shape.pump_electric > 0:
        return max(1 - 0.8 * fault.water_pump, 0.0)
    return clip(1 - 0.8 * fault.water_pump * 1500 / max(engine_speed, 800.0), 0.0, 1.0)


@compiled
def _air(car: Record, speed_ms: float, fan: float) -> float:
    """Give the air through the radiator, over that which its W/K are for.

    B5 has a quarter of it at rest. There, without fan, the engine's own warm air goes round: the Etios of carOBD gains
    2 K a minute idling at 27 degC with its thermostat open, and its fan comes and goes every four minutes.
    """
    still = car.still_air + (0.25 - car.still_air) * min(speed_ms / _RAMMED_MS, 1.0)
    return still + 0.045 * speed_ms + 0.6 * fan


@compiled
def _into_coolant(
    car: Record, heat: Record, coolant: float, radiated: float, front: float, heater: float, speed_ms: float,
    gained_w: float,
) -> float:  # fmt: skip
    """Give W into the coolant; `gained_w` is what engine and oil give it.

    `radiated` is opening times air, `front` K by which the air before the radiator is warmer than outside.
    """
    litres = car.displacement
    above = coolant - heat.ambient
    lost = litres * (car.radiator * radiated * (above - front) + car.block_loss * (1 + 0.03 * speed_ms) * above)
    lost += heater * clip((coolant - 25) / 45, 0.0, 1.0)
    return gained_w - lost - litres * _BOILING * max(coolant - _BOILS_C, 0.0)


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
    asked = min(clip((heat.coolant - begins) / 12, 0.0, 1.0), heat.most)
    heat.opening += (asked - heat.opening) / (1 + heat.lag)
    flow = pumped(fault, shape, engine_speed)
    engine_w = _FUEL_HEAT * fuel_w + _FRICTION_HEAT * friction_w
    to_coolant = _OIL_TO_COOLANT * litres * (heat.oil - heat.coolant) * (0.3 + 0.7 * flow)
    air, due = _air(car, speed_ms, heat.fan), _air(car, speed_ms, heat.asked)
    radiated = max(heat.least, heat.opening) * flow * heat.flooded * air
    front = compressor * clip(_CONDENSER_K * (1 / air - 1), 0.0, _CONDENSER_MOST_K)
    gained = _into_coolant(
        car, heat, heat.coolant, radiated, front, heat.heater_w * flow, speed_ms, engine_w + to_coolant
    )
    cooled = _OIL_TO_AIR * (1 + 0.1 * speed_ms) * litres * (heat.oil - heat.ambient)
    heat.oil += (0.10 * fuel_w - to_coolant - cooled) / (_OIL_CAPACITY * litres)
    # The unit knows neither the leak nor the heater's lever, and takes the usual.
    sound = clip((heat.expected - begins) / 12, 0.0, 1.0) * due
    usual = compressor * clip(_CONDENSER_K * (1 / due - 1), 0.0, _CONDENSER_MOST_K)
    capacity = car.heat_capacity * 1000 * litres
    modelled = _into_coolant(car, heat, heat.expected, sound, usual, 0.75 * heat.heater_w, speed_ms, engine_w)
    heat.expected += modelled / capacity
    heat.coolant += gained / (capacity * heat.kept)
    _blow(car, fault, shape, heat, speed_ms, compressor)
    _under_bonnet(car, heat, above, speed_ms, alternator_share)


@compiled
def _blow(car: Record, fault: Record, shape: Record, heat: Record, speed_ms: float, compressor: float) -> None:
    """Switch the fan, by what the sensor shows; a faulty one turns more slowly, or does not start each time (F05)."""
    before, on = heat.asked, car.fan_on + heat.lift
    slow = 1 - 0.5 * car.two_speed_fan
    if heat.seen > on + _FAST_FAN_K:
        heat.asked = 1.0
    elif heat.seen > on or (compressor > 0 and speed_ms < 8):
        heat.asked = max(heat.asked, slow)
    elif heat.seen < on - car.fan_band:
        heat.asked = 0.0
    weak = min(fault.cooling_fan, 1.0)
    if before == 0 and heat.asked > 0:
        heat.dead = 1.0 if heat.luck < weak else 0.0
    heat.fan = heat.asked * (1 - heat.dead if shape.fan_relay > 0 else 1 - weak)


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
    """Give what the coolant sensor shows in degC, but for its tolerance: F06, and the vapour of F03."""
    shown = heat.coolant + 0.15 * normal(dice)
    vapour, drop = normal(dice), uniform(dice)
    luck, heat.luck = uniform(dice), uniform(dice)
    over = fault.coolant_leak - shape.leak_vapour
    if over > 0 and heat.coolant > 60:
        shown += min(3 + 15 * over, _THICKEST_NOISE_K) * vapour - _DROP_K * (drop < _DROPS)
    severity = fault.coolant_sensor
    if severity > 0:
        cold = clip((90 - heat.coolant) / 90, 0.0, 1.0)
        bias = severity * (1 - 0.7 * shape.sensor_drops) * (1 - shape.sensor_bends * cold)
        shown += 15 * bias * (1 - 2 * shape.sensor_low)
        if luck < severity * (0.004 + 0.016 * shape.sensor_drops):
            shown = heat.seen if 2 * luck < severity * (0.004 + 0.016 * shape.sensor_drops) else _BROKEN_C
    heat.seen = shown
    return shown
