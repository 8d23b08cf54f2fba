"""The 12 V system (faults.md B6, F22 to F24): battery, alternator, regulator and starter, stepped each second."""

import numpy as np

from simulators.chance import Dice, normal, uniform
from simulators.compiled import Record, clip, compiled

_DISCHARGE = 2.5  # slow polarisation over the bare resistance while the battery feeds the car
_ADJUST = 0.35  # V/s, how fast a smart alternator's set point moves
_HOT_FROM_C = 35.0  # at the regulator
_CONTACT = 0.05  # chance in a second that worn brushes find contact again
_STARTER_OHM = 0.04  # of a starter that turns an engine

VOLTS = np.dtype(
    [
        ("voltage", np.float64),  # V at the battery
        ("current", np.float64),  # A of the alternator
        ("load_fraction", np.float64),  # 0..1, of what the alternator can give at this speed
        ("charge", np.float64),  # 0..1
        ("surface", np.float64),  # V that a charged battery keeps for a while
        ("target", np.float64),  # V, the regulator's
        ("slow_demand", np.float64),  # A
        ("resistance", np.float64),  # ohm
        ("sluggish", np.float64),  # how much worse a cold battery takes charge
        ("ampere_seconds", np.float64),
        ("rating", np.float64),  # A, what is left of the alternator's
        ("under", np.float64),  # severity of an alternator that sags
        ("over", np.float64),  # severity of a regulator that does not regulate
        ("cranking", np.float64),  # s of starter still to come
        ("loose", np.float64),  # 1 while a worn plug has bad contact
        ("bouncing", np.float64),  # 1 while worn brushes have none
        ("ripple", np.float64),  # V, of a bad diode
    ]
)


@compiled
def output_share(engine_speed: float) -> float:
    """Give the share of its rating that an alternator can deliver: 0.4 at a 750 rpm idle, 0.95 at 3000 rpm."""
    if engine_speed <= 400:
        return 0.0
    return clip(1 - 0.6 * np.exp(np.float32((750 - engine_speed) / 900)), 0.0, 1.0)


@compiled
def open_circuit(charge: float) -> float:
    """Give the rest voltage of a lead-acid battery at a state of charge of 0..1."""
    return 11.8 + charge


@compiled
def internal_resistance(car: Record, temperature: float, ageing: float) -> float:
    """Give the battery's resistance in ohm at `temperature` degC; `ageing` as the severity of battery_12v (F23)."""
    fresh = car.battery_resistance * 1e-3 * 60 / car.battery_capacity
    return fresh * (1 + 2 * ageing) * np.exp(-0.015 * (temperature - 25))


@compiled
def begin(car: Record, trip: Record, fault: Record, shape: Record, volts: Record) -> None:
    """Set the state of one trip before its first second."""
    volts.under = fault.alternator if shape.alternator_over == 0 else 0.0
    volts.over = fault.alternator if shape.alternator_over > 0 else 0.0
    ageing = fault.battery_12v * shape.battery_shrinks
    volts.resistance = internal_resistance(car, trip.ambient, fault.battery_12v * shape.battery_resists)
    volts.sluggish = np.exp(-0.015 * (trip.ambient - 25))
    volts.ampere_seconds = 3600 * car.battery_capacity * max(1 - 0.6 * ageing, 0.1)
    # A failing alternator or battery leaves the battery short of charge from the trips before.
    lost = (0.45 * clip(volts.under, 0.0, 1.2) + 0.25 * ageing) * shape.neglect
    volts.charge = clip(trip.charge * trip.charge_gain - lost, 0.12, 1.0)
    volts.surface = 0.35 * np.exp(-trip.soak_h / 1.5)
    volts.rating = car.alternator_rating * (1 - shape.output_loss * clip(volts.under, 0.0, 1.5))
    volts.target = car.regulator_voltage
    volts.voltage = open_circuit(volts.charge) + volts.surface


@compiled
def _regulated(
    car: Record, trip: Record, volts: Record, since_start: float, regulator: float, overrun: bool, pulling: bool
) -> float:
    """Give the set point that the regulator or the battery sensor's schedule asks for."""
    wanted = car.regulator_voltage - car.regulator_slope * (regulator - 25)
    if car.smart_alternator > 0:
        if trip.refresh > 0:
            wanted = car.regeneration_voltage
        elif since_start >= 90 and volts.charge >= 0.76 and trip.ambient >= 3:
            floating = max(car.float_voltage, 13.3) if trip.dark > 0 else car.float_voltage
            wanted = car.regeneration_voltage if overrun else (12.4 if pulling else floating)
    volts.target += clip(wanted - volts.target, -_ADJUST, _ADJUST)
    return clip(volts.target, 12.4, 15.1)


@compiled
def step(
    car: Record, trip: Record, fault: Record, shape: Record, volts: Record, running: bool, since_start: float,
    engine_speed: float, regulator: float, demand: float, overrun: bool, pulling: bool,
) -> None:  # fmt: skip
    """Find the bus voltage of this second: the regulator's, unless the alternator's current does not suffice.

    `demand` in A; `regulator` in degC; `pulling`: hard acceleration.
    """
    share = output_share(engine_speed)
    limit = volts.rating * share
    ready = running and since_start > car.response_delay
    available = min(limit, volts.current + car.response_rate) if ready else 0.0
    rest = open_circuit(volts.charge) + volts.surface
    # Charging meets a polarisation that grows with the charge, discharging a smaller one.
    full = clip(volts.charge - 0.6, 0.0, 1.0)
    into = volts.resistance + (0.03 + 1.9 * full * full) * volts.sluggish
    out = volts.resistance * _DISCHARGE
    alone = rest - out * demand
    net = available - demand
    reachable = rest + (into if net > 0 else out) * net
    fraction = clip(max(volts.current, demand) / max(limit, 1.0), 0.0, 1.0)
    volts.load_fraction = fraction if ready else 0.0
    target = _regulated(car, trip, volts, since_start, regulator, overrun, pulling) - car.regulator_droop * fraction
    sagging = volts.under
    if shape.alternator_hot > 0:
        sagging *= 1.3 * clip((regulator - _HOT_FROM_C) / 30, 0.0, 1.0)
    if shape.alternator_brush > 0:
        sagging *= 1.8 if volts.bouncing > 0 else 0.5
    volts.ripple = sagging * (0.03 if shape.alternator_brush > 0 else 0.15) if ready else 0.0
    target = target - 1.6 * sagging * fraction + 1.5 * volts.over
    voltage = max(min(target, reachable), alone) if ready else alone
    into_battery = (voltage - rest) / (into if voltage > rest else out)
    volts.current = clip(demand + into_battery, 0.0, limit) if ready else 0.0
    volts.charge = clip(volts.charge + into_battery / volts.ampere_seconds, 0.05, 1.0)
    volts.surface += (clip(0.25 * (voltage - rest), -0.12, 0.35) - volts.surface) / 90
    # The field follows a switched load only after some tenths of a second; most at idle, where reserve is small.
    sudden = demand - volts.slow_demand if ready else 0.0
    volts.slow_demand += 0.5 * (demand - volts.slow_demand)
    volts.voltage = voltage - car.transient_resistance * (1.3 - share) * clip(sudden, -15.0, 30.0)


@compiled
def turn_starter(car: Record, fault: Record, shape: Record, volts: Record, starting: bool) -> None:
    """Move the starter by one second; `starting`: the key is turned in this one."""
    worn = 0.9 if shape.starter_cable > 0 else 1.8
    slow = 1 + worn * fault.starter + 0.5 * fault.battery_12v * shape.battery_resists
    volts.cranking = car.crank_time * slow if starting else max(volts.cranking - 1, 0.0)


@compiled
def crank(car: Record, trip: Record, fault: Record, shape: Record, volts: Record) -> float:
    """Give the voltage at the battery while the starter turns the engine, at its lowest (F23, F24)."""
    cold = 1 + 0.006 * clip(25 - trip.ambient, 0.0, 60.0)
    current, cable = car.crank_current * cold, 0.0
    if shape.starter_cable > 0:  # it takes from the current, and drops what is left of it
        cable = 1e-3 * shape.cable_resistance * fault.starter
        current /= 1 + cable / _STARTER_OHM
    else:
        current *= 1 - 0.35 * fault.starter
    return open_circuit(volts.charge) + volts.surface * 0.3 - current * (volts.resistance * 1.6 + cable)


@compiled
def unit_voltage(
    car: Record, trip: Record, fault: Record, shape: Record, volts: Record, instant: float, dice: Dice
) -> float:
    """Give the voltage at the engine control unit: wiring, ripple, and the starter's dip if an instant 0..1 hits it."""
    battery = volts.voltage
    if instant < volts.cranking:
        # The inrush of the first tenth of a second is deepest; then the voltage climbs with the speed of the starter.
        dip = crank(car, trip, fault, shape, volts) - 0.8 * np.exp(-instant / 0.05)
        battery = max(dip + 0.7 * clip(instant - 0.1, 0.0, 1.0), 5.5)
    ripple = car.voltage_noise + volts.ripple
    if uniform(dice) < (_CONTACT if volts.bouncing > 0 else _CONTACT * 0.6 * min(volts.under, 1.5)):
        volts.bouncing = 1 - volts.bouncing
    if uniform(dice) < 0.02:
        volts.loose = 1 - volts.loose
    loose = car.loose_contact * volts.loose * 0.35
    return battery - 1e-3 * car.wiring_resistance * car.base_current - loose + ripple * normal(dice)
