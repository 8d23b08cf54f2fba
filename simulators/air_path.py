"""From power to air, manifold pressure and throttle of a petrol engine, with or without turbocharger (faults.md B3)."""

import numpy as np

from simulators import metering
from simulators.compiled import Record, clip, compiled

STOICHIOMETRIC = 14.7
_HEATING_VALUE = 43e6  # J/kg
_BREATHES_BEST = 3500.0  # rpm
_SPOOLED, _ASLEEP = 1900.0, 1000.0  # rpm, between which a turbocharger comes to its full pressure

AIR = np.dtype(
    [
        ("pressure", np.float64),  # kPa, in the manifold
        ("flow", np.float64),  # g/s, into the cylinders
        ("metered", np.float64),  # g/s, through the air flow meter, as it says
        ("load", np.float64),  # %, of the most that the engine could breathe at this speed
        ("absolute_load", np.float64),  # %, of the displacement filled at 25 degC and sea level
        ("throttle", np.float64),  # %
        ("pedal", np.float64),  # 0..1 of its way
        ("fuel_power", np.float64),  # W
        ("boost", np.float64),  # kPa over barometric that the turbocharger gives
        ("boost_command", np.float64),  # kPa that the unit asks it for
        ("idle_angle", np.float64),  # %, what the unit has learned to add at idle
        ("mixture", np.float64),  # %, the total trim that air which was not metered as it is calls for
    ]
)


@compiled
def barometric_pressure(altitude_km: float) -> float:
    """Give kPa at an altitude."""
    return 101.3 * np.exp(-altitude_km / 8.4)


@compiled
def friction_power(car: Record, engine_speed: float, coolant: float) -> float:
    """Give the friction of the engine in W; a quarter more at 0 degC.

    Less than B3 has it, and flatter: with B3's, five conventional cars took 7 to 20 % more fuel than in FASTSim 3.
    """
    stiff = 1 + 0.25 * clip((80 - coolant) / 80, 0.0, 1.4)
    return (0.9e5 + 3 * engine_speed) * stiff * car.displacement * engine_speed / 120e3


@compiled
def filling(car: Record, engine_speed: float) -> float:
    """Give the volumetric efficiency: what flow and manifold pressure have to do with each other."""
    off = (engine_speed - _BREATHES_BEST) / _BREATHES_BEST
    return car.volumetric_efficiency * (1 - 0.08 * off * off)


@compiled
def breathes(fault: Record, shape: Record, engine_speed: float) -> float:
    """Give the share of that filling that a restricted exhaust leaves (F21), 35 % less at 5000 rpm and severity 1."""
    if fault.exhaust_restriction == 0:
        return 1.0
    return clip(1 - 0.35 * fault.exhaust_restriction * (engine_speed / 5000) ** shape.exhaust_power, 0.2, 1.0)


@compiled
def filter_drop(car: Record, fault: Record, shape: Record, flow: float) -> float:
    """Give kPa lost over the air filter at a flow in g/s (F26). A 1.5 L engine takes 50 g/s at 4500 rpm and no more."""
    share = flow / 100
    return (car.filter_drop + shape.filter_most * fault.air_filter) * share * share


@compiled
def begin(car: Record, fault: Record, shape: Record, air: Record) -> None:
    """Set the state of one trip before its first second."""
    # The unit opens the throttle further for the soot on it, as far as it may learn (F20).
    air.idle_angle = car.throttle_soot + 3 * min(fault.throttle_body, shape.throttle_spent)


@compiled
def spool(
    car: Record, fault: Record, shape: Record, air: Record, needed: float, behind_filter: float, engine_speed: float
) -> None:  # fmt: skip
    """Move the turbocharger by one second towards the `needed` manifold pressure in kPa.

    A weak one reaches half of the boost at severity 1, a leaking hose leaves four fifths, a stiff one takes its time
    (F19).
    """
    most = car.boost * clip((engine_speed - _ASLEEP) / (_SPOOLED - _ASLEEP), 0.0, 1.0)
    air.boost_command = clip(needed - behind_filter, 0.0, most)
    lost = 0.2 if shape.boost_leaks > 0 else (0.08 if shape.boost_late > 0 else 0.5)
    tau = car.boost_lag + (2 * fault.underboost if shape.boost_late > 0 and shape.boost_leaks == 0 else 0.0)
    reached = air.boost_command * (1 - lost * fault.underboost)
    air.boost += (reached - air.boost) * (1 - np.exp(np.float32(-1 / tau)))


@compiled
def breathe(
    car: Record, trip: Record, fault: Record, shape: Record, air: Record, barometric: float, engine_speed: float,
    shaft_power: float, friction: float, cut: bool, intake: float, coolant: float,
) -> None:  # fmt: skip
    """Find the air that the wanted power takes. Engine speed must be above 0; `cut`: fuel cut on the overrun."""
    # Near idle the spark is held late for a steady reserve, which costs efficiency.
    share = clip(shaft_power / (6000 * car.displacement), 0.0, 1.0)
    efficiency = car.willans_efficiency * (car.idle_efficiency + (1 - car.idle_efficiency) * share)
    rich = 1 + 0.25 * clip((70 - coolant) / 90, 0.0, 1.0)
    fuel_power = max(shaft_power + friction, 0.0) / efficiency
    wanted = STOICHIOMETRIC * fuel_power * (1000 / _HEATING_VALUE)
    kept = breathes(fault, shape, engine_speed)
    usual = 34.44 * (intake + 273.15) / (filling(car, engine_speed) * car.displacement * engine_speed)
    per_kpa = usual / kept
    residual = car.residual_pressure
    fresh = 1 - residual / 100
    # Near idle the throttle closes for what comes in past it, as far as it goes.
    vacuum = clip(1 - (residual + fresh * per_kpa * wanted) / barometric, 0.0, 1.0)
    wanted += metering.not_caught(fault, shape, vacuum) * clip(1 - 3 * share, 0.0, 1.0)
    needed = residual + fresh * per_kpa * wanted
    behind_filter = 0.98 * barometric - filter_drop(car, fault, shape, min(wanted, 250.0))
    if car.turbocharged > 0:
        spool(car, fault, shape, air, needed, behind_filter, engine_speed)
    before = behind_filter + air.boost
    overrun = 16 + 0.002 * engine_speed + fresh * per_kpa * metering.unmetered(fault, shape, 0.8)
    air.pressure = overrun if cut else clip(needed, 18.0, before)
    filled = max((air.pressure - residual) / fresh, 3.0)
    air.flow = filled / per_kpa
    # What the unit takes for the flow: by the manifold pressure as if the engine breathed well, or by its meter, before
    # which nothing is lost but behind which a hose may leak.
    leaks = 0.3 * fault.underboost * clip(air.boost / 30, 0.0, 1.0) * shape.boost_leaks * car.turbocharged
    by_pressure = car.speed_density > 0
    seen = filled / usual if by_pressure else air.flow * (1 + leaks)
    air.mixture = 0.0 if cut else 100 * (air.flow / seen - 1)
    vacuum = clip(1 - air.pressure / barometric, 0.0, 1.0)
    if not by_pressure:
        seen = metering.counted(car, fault, shape, seen, vacuum)
    air.metered = seen * trip.flow_gain
    highest = 0.98 * barometric + car.boost * car.turbocharged
    air.load = clip(100 * seen * usual / (highest - residual), 0.0, 100.0)
    air.absolute_load = 100 * seen * 120 / (engine_speed * car.displacement * 1.184)
    air.fuel_power = 0.0 if cut else fuel_power * rich
    air.pedal = 0.0 if cut else clip(((needed - residual) / (highest - residual) - 0.18) / 0.75, 0.0, 1.0)
    warmth = np.sqrt((intake + 273.15) / 293)
    passing = metering.throttled(fault, shape, air.flow, vacuum)
    _throttle(car, shape, air, clip(air.pressure / before, 0.1, 0.97), passing * warmth * 101.3 / before)


@compiled
def _throttle(car: Record, shape: Record, air: Record, ratio: float, flow: float) -> None:
    """Open the throttle for the flow: St. Venant's orifice, fitted; `ratio` of the pressures behind and before it.

    `flow` in g/s is reduced to 20 degC and 101.3 kPa before the throttle. Soot matters near the closed plate.
    """
    # Choked below 0.53, falling to nothing at equal pressures.
    over = (ratio - 0.53) / 0.47
    orifice = 1.0 if ratio < 0.53 else np.sqrt(clip(1 - over * over, 0.02, 1.0))
    area = clip(flow / (orifice * car.displacement * car.throttle_bore), 0.0, 1.2)
    opened = np.sqrt(area)
    way = 72 * opened * np.sqrt(opened)
    sooted = air.idle_angle * np.exp(np.float32(-max(way - 5, 0.0) / shape.throttle_reach))
    air.throttle = clip(car.throttle_closed + way + sooted, 0.0, 100.0)
