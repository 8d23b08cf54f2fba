"""From power to air, manifold pressure and throttle of a petrol engine, with or without turbocharger (faults.md B3)."""

import numpy as np

from simulators.compiled import Record, clip, compiled

STOICHIOMETRIC = 14.7
_HEATING_VALUE = 43e6  # J/kg
_BREATHES_BEST = 3500.0  # rpm
_SPOOLED, _ASLEEP = 1900.0, 1000.0  # rpm, between which a turbocharger comes to its full pressure

AIR = np.dtype(
    [
        ("pressure", np.float32),  # kPa, in the manifold
        ("flow", np.float32),  # g/s, into the cylinders
        ("metered", np.float32),  # g/s, through the air flow meter, as it says
        ("load", np.float32),  # %, of the most that the engine could breathe at this speed
        ("absolute_load", np.float32),  # %, of the displacement filled at 25 degC and sea level
        ("throttle", np.float32),  # %
        ("pedal", np.float32),  # 0..1 of its way
        ("fuel_power", np.float32),  # W
        ("boost", np.float32),  # kPa over barometric that the turbocharger gives
        ("boost_command", np.float32),  # kPa that the unit asks it for
        ("idle_angle", np.float32),  # %, what the unit has learned to add at idle
    ]
)


@compiled
def barometric_pressure(altitude_km: float) -> float:
    """Give kPa at an altitude."""
    return 101.3 * np.exp(-altitude_km / 8.4)


@compiled
def friction_power(car: Record, engine_speed: float, coolant: float) -> float:
    """Give the friction of the engine in W; a quarter more at 0 degC."""
    stiff = 1 + 0.25 * clip((80 - coolant) / 80, 0.0, 1.4)
    return (1.1e5 + 15 * engine_speed) * stiff * car.displacement * engine_speed / 120e3


@compiled
def filling(car: Record, fault: Record, shape: Record, engine_speed: float) -> float:
    """Give the volumetric efficiency: what flow and manifold pressure have to do with each other."""
    off = (engine_speed - _BREATHES_BEST) / _BREATHES_BEST
    return car.volumetric_efficiency * (1 - 0.08 * off * off)


@compiled
def filter_drop(car: Record, fault: Record, shape: Record, flow: float) -> float:
    """Give kPa lost over the air filter at a flow in g/s."""
    share = flow / 100
    return car.filter_drop * share * share


@compiled
def begin(car: Record, fault: Record, shape: Record, air: Record) -> None:
    """Set the state of one trip before its first second."""
    air.idle_angle = car.throttle_soot


@compiled
def spool(car: Record, fault: Record, shape: Record, air: Record, needed: float, barometric: float,
          engine_speed: float) -> None:  # fmt: skip
    """Move the turbocharger by one second towards the `needed` manifold pressure in kPa."""
    most = car.boost * clip((engine_speed - _ASLEEP) / (_SPOOLED - _ASLEEP), 0.0, 1.0)
    air.boost_command = clip(needed - 0.98 * barometric, 0.0, most)
    air.boost += (air.boost_command - air.boost) * (1 - np.exp(np.float32(-1 / car.boost_lag)))


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
    per_kpa = 34.44 * (intake + 273.15) / (filling(car, fault, shape, engine_speed) * car.displacement * engine_speed)
    residual = car.residual_pressure
    fresh = 1 - residual / 100
    needed = residual + fresh * per_kpa * wanted
    if car.turbocharged > 0:
        spool(car, fault, shape, air, needed, barometric, engine_speed)
    before = 0.98 * barometric - filter_drop(car, fault, shape, min(wanted, 250.0)) + air.boost
    air.pressure = 16 + 0.002 * engine_speed if cut else clip(needed, 18.0, before)
    filled = max((air.pressure - residual) / fresh, 3.0)
    air.flow = filled / per_kpa
    air.metered = air.flow * trip.flow_gain
    highest = 0.98 * barometric + car.boost * car.turbocharged
    air.load = clip(100 * filled / (highest - residual), 0.0, 100.0)
    air.absolute_load = 100 * air.flow * 120 / (engine_speed * car.displacement * 1.184)
    air.fuel_power = 0.0 if cut else fuel_power * rich
    air.pedal = 0.0 if cut else clip(((needed - residual) / (highest - residual) - 0.18) / 0.75, 0.0, 1.0)
    _throttle(car, air, clip(air.pressure / before, 0.1, 0.97))


@compiled
def _throttle(car: Record, air: Record, ratio: float) -> None:
    """Open the throttle for the flow: St. Venant's orifice, fitted; `ratio` of the pressures behind and before it."""
    # Choked below 0.53, falling to nothing at equal pressures.
    over = (ratio - 0.53) / 0.47
    orifice = 1.0 if ratio < 0.53 else np.sqrt(clip(1 - over * over, 0.02, 1.0))
    area = clip(air.flow / (orifice * car.displacement * 38), 0.0, 1.2)
    opened = np.sqrt(area)
    air.throttle = clip(car.throttle_closed + air.idle_angle + 72 * opened * np.sqrt(opened), 0.0, 100.0)
