"""The 12 V system (faults.md B6, F22 to F24): battery, alternator, regulator and starter, stepped each second."""

from dataclasses import dataclass

import numpy as np

from ingest.readings import FloatArray
from simulators.conditions import Conditions
from simulators.faults import Faults
from simulators.population import Cars

BoolArray = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
_DISCHARGE = 2.5  # slow polarisation over the bare resistance while the battery feeds the car
_ADJUST = 0.35  # V/s, how fast a smart alternator's set point moves


def output_share(engine_speed: FloatArray) -> FloatArray:
    """Give the share of its rating that an alternator can deliver: 0.4 at a 750 rpm idle, 0.95 at 3000 rpm."""
    share = 1 - 0.6 * np.exp((750 - engine_speed) * np.float32(1 / 900))
    return np.where(engine_speed > 400, np.clip(share, 0, 1), 0).astype(np.float32)


def open_circuit(charge: FloatArray) -> FloatArray:
    """Give the rest voltage of a lead-acid battery at a state of charge of 0..1."""
    return np.float32(11.8) + charge


def internal_resistance(cars: Cars, temperature: FloatArray, ageing: FloatArray) -> FloatArray:
    """Give the battery's resistance in ohm at `temperature` degC; `ageing` is the severity of battery_12v (F23)."""
    fresh = cars["battery_resistance"] * np.float32(1e-3) * 60 / cars["battery_capacity"]
    aged: FloatArray = fresh * (1 + 2 * ageing) * np.exp(-0.015 * (temperature - 25))
    return aged.astype(np.float32)


@dataclass(frozen=True, slots=True)
class Moment:
    """What the 12 V system sees of one second, all [trip]."""

    running: BoolArray
    since_start: FloatArray  # s
    engine_speed: FloatArray  # rpm
    regulator: FloatArray  # degC
    demand: FloatArray  # A
    lights: FloatArray  # 1 or 0
    overrun: BoolArray
    pulling: BoolArray  # hard acceleration


class TwelveVolt:
    """State of one trip each; `step` finds battery `voltage`, alternator `current` and its `load_fraction`."""

    def __init__(self, cars: Cars, conditions: Conditions, faults: Faults) -> None:
        self._cars, self._faults = cars, faults
        self._refresh = conditions.refresh > 0
        self._cold = conditions.ambient < 3
        self._resistance = internal_resistance(cars, conditions.ambient, faults.battery)
        self._sluggish = np.exp(-0.015 * (conditions.ambient - 25)).astype(np.float32)
        self._ampere_seconds = 3600 * cars["battery_capacity"] * (1 - 0.6 * faults.battery)
        # A failing alternator or battery leaves the battery short of charge from the trips before.
        lost = 0.45 * np.clip(faults.undervoltage, 0, 1.2) * faults.neglect + 0.25 * faults.battery * faults.neglect
        self.charge: FloatArray = np.clip(conditions.charge - lost, 0.12, 1).astype(np.float32)
        self._surface: FloatArray = (0.35 * np.exp(-conditions.soak_h / 1.5)).astype(np.float32)
        rating = cars["alternator_rating"] * (1 - faults.output_loss * np.clip(faults.undervoltage, 0, 1.5))
        self._rating = rating.astype(np.float32)
        zero = np.zeros(len(cars), dtype=np.float32)
        self._slow_demand = zero
        self._target: FloatArray = cars["regulator_voltage"].copy()
        self.current: FloatArray = zero
        self.load_fraction: FloatArray = zero
        self.voltage: FloatArray = open_circuit(self.charge) + self._surface

    def _regulated(self, now: Moment) -> FloatArray:
        """Give the set point that the regulator or the battery sensor's schedule asks for."""
        cars = self._cars
        plain = cars["regulator_voltage"] - cars["regulator_slope"] * (now.regulator - 25)
        floating = np.where(now.lights > 0, np.maximum(cars["float_voltage"], 13.3), cars["float_voltage"])
        saving = np.where(now.overrun, cars["regeneration_voltage"], np.where(now.pulling, 12.4, floating))
        charging = (now.since_start < 90) | (self.charge < 0.76) | self._cold
        smart = np.where(self._refresh, cars["regeneration_voltage"], np.where(charging, plain, saving))
        wanted = np.where(cars["smart_alternator"] > 0, smart, plain)
        self._target = self._target + np.clip(wanted - self._target, -_ADJUST, _ADJUST)
        return np.clip(self._target, 12.4, 15.1)

    def step(self, now: Moment) -> None:
        """Find the bus voltage of this second: the regulator's, unless the alternator's current does not suffice."""
        cars, faults = self._cars, self._faults
        limit = self._rating * output_share(now.engine_speed)
        ready = now.running & (now.since_start > cars["response_delay"])
        available = np.where(ready, np.minimum(limit, self.current + cars["response_rate"]), 0)
        rest = open_circuit(self.charge) + self._surface
        # Charging meets a polarisation that grows with the charge, discharging a smaller one.
        into = self._resistance + (0.03 + 1.9 * np.clip(self.charge - 0.6, 0, 1) ** 2) * self._sluggish
        out = self._resistance * _DISCHARGE
        alone = rest - out * now.demand
        net = available - now.demand
        reachable = np.where(net > 0, rest + into * net, rest + out * net)
        fraction = np.clip(np.maximum(self.current, now.demand) / np.maximum(limit, 1), 0, 1)
        self.load_fraction = np.where(ready, fraction, 0).astype(np.float32)
        target = self._regulated(now) - cars["regulator_droop"] * fraction
        target = target - 1.6 * faults.undervoltage * fraction + 1.5 * faults.overvoltage
        voltage = np.where(ready, np.maximum(np.minimum(target, reachable), alone), alone)
        into_battery = np.where(voltage > rest, (voltage - rest) / into, (voltage - rest) / out)
        self.current = np.where(ready, np.clip(now.demand + into_battery, 0, limit), 0).astype(np.float32)
        self.charge = np.clip(self.charge + into_battery / self._ampere_seconds, 0.05, 1).astype(np.float32)
        surface = np.clip(0.25 * (voltage - rest), -0.12, 0.35)
        self._surface = (self._surface + (surface - self._surface) * np.float32(1 / 90)).astype(np.float32)
        # The field follows a switched load only after some tenths of a second; most at idle, where reserve is small.
        sudden = np.where(ready, now.demand - self._slow_demand, 0)
        self._slow_demand = (self._slow_demand + 0.5 * (now.demand - self._slow_demand)).astype(np.float32)
        swing = cars["transient_resistance"] * (1.3 - output_share(now.engine_speed)) * np.clip(sudden, -15, 30)
        self.voltage = (voltage - swing).astype(np.float32)

    def crank(self, temperature: FloatArray) -> FloatArray:
        """Give the voltage at the battery while the starter turns the engine, at its lowest (F23, F24)."""
        cars, faults = self._cars, self._faults
        current = cars["crank_current"] * (1 + 0.006 * np.clip(25 - temperature, 0, 60)) * (1 - 0.35 * faults.starter)
        dip: FloatArray = open_circuit(self.charge) + self._surface * 0.3 - current * self._resistance * 1.6
        return dip
