"""From power to fuel, air, manifold pressure, throttle and timing of a petrol engine (faults.md B3)."""

from dataclasses import dataclass

import numpy as np

from ingest.readings import FloatArray
from simulators.fuelling import STOICHIOMETRIC
from simulators.population import Cars

_HEATING_VALUE = 43e6  # J/kg
_BOOST_KPA = 85.0  # over barometric, at full load


def barometric_pressure(altitude_km: FloatArray) -> FloatArray:
    """Give kPa at an altitude."""
    pressure: FloatArray = 101.3 * np.exp(-altitude_km / 8.4)
    return pressure.astype(np.float32)


def friction_power(cars: Cars, engine_speed: FloatArray, coolant: FloatArray) -> FloatArray:
    """Give the friction of the engine in W; a quarter more at 0 degC."""
    stiff = 1 + 0.25 * np.clip((80 - coolant) * np.float32(1 / 80), 0, 1.4)
    friction: FloatArray = (
        (1.1e5 + 15 * engine_speed) * stiff * cars["displacement"] * engine_speed * np.float32(1 / 120e3)
    )
    return friction


@dataclass(frozen=True, slots=True)
class Air:
    """What the engine breathes, all [trip]: kPa, g/s, % and W of fuel power."""

    pressure: FloatArray
    flow: FloatArray
    load: FloatArray
    throttle: FloatArray
    fuel_power: FloatArray


def breathe(
    cars: Cars, barometric: FloatArray, engine_speed: FloatArray, shaft_power: FloatArray, friction: FloatArray,
    cut: np.ndarray[tuple[int], np.dtype[np.bool_]], intake: FloatArray, coolant: FloatArray,
) -> Air:  # fmt: skip
    """Find the air that the wanted power takes. Engine speed must be above 0; `cut` marks fuel cut on the overrun."""
    kelvin = intake + np.float32(273.15)
    # Near idle the spark is held late for a steady reserve, which costs efficiency.
    share = np.clip(shaft_power / (6000 * cars["displacement"]), 0, 1)
    efficiency = cars["willans_efficiency"] * (cars["idle_efficiency"] + (1 - cars["idle_efficiency"]) * share)
    rich = 1 + 0.25 * np.clip((70 - coolant) * np.float32(1 / 90), 0, 1)
    fuel_power = np.clip(shaft_power + friction, 0, None) / efficiency
    flow = STOICHIOMETRIC * fuel_power * np.float32(1000 / _HEATING_VALUE)
    per_kpa = 34.44 * kelvin / (cars["volumetric_efficiency"] * cars["displacement"] * engine_speed)
    residual = cars["residual_pressure"]
    highest = barometric * 0.98 + _BOOST_KPA * cars["turbocharged"]
    pumping = 16 + 0.002 * engine_speed
    pressure = np.where(cut, pumping, np.clip(residual + (1 - residual / 100) * per_kpa * flow, 18, highest))
    filled = np.clip((pressure - residual) / (1 - residual / 100), 3, None)
    flow = filled / per_kpa
    ratio = np.clip(pressure / barometric, 0.1, 0.97)
    # St. Venant's orifice, fitted: choked below 0.53, falling to nothing at equal pressures.
    orifice = np.where(ratio < 0.53, 1, np.sqrt(np.clip(1 - ((ratio - 0.53) / 0.47) ** 2, 0.02, 1)))
    area = flow / (orifice * cars["displacement"] * 38)
    throttle = cars["throttle_closed"] + 74 * np.clip(area, 0, 1.2) ** 0.8
    return Air(
        pressure=pressure.astype(np.float32),
        flow=flow.astype(np.float32),
        load=np.clip(100 * filled / (highest - residual), 0, 100).astype(np.float32),
        throttle=np.clip(throttle, 0, 100).astype(np.float32),
        fuel_power=np.where(cut, 0, fuel_power * rich).astype(np.float32),
    )


def timing(
    cars: Cars, engine_speed: FloatArray, load: FloatArray, idling: FloatArray, chance: FloatArray
) -> FloatArray:
    """Give spark advance in degrees before top dead centre; `idling` 0..1."""
    driving = np.clip(14 + 0.006 * (engine_speed - 800) - 0.22 * (load - 35), 6, 36)
    advance: FloatArray = idling * cars["idle_timing"] + (1 - idling) * driving + 1.6 * chance
    return advance
