"""Coolant and under-bonnet temperatures (faults.md B5, F01), one value per car, stepped each second."""

import numpy as np

from ingest.readings import FloatArray
from simulators.conditions import Conditions
from simulators.population import Cars

_SOAK_H = 4.0  # time constant of cooling down while parked
_HEATER_W = 1200.0  # at 20 degC: demisting and mixing, and what the oil takes, which has no state of its own here
_FAN_ON, _FAN_OFF = 98.0, 94.0  # degC, and above a raised set point by as much as it is raised
_LIFT_S = 40.0  # how fast the wax of a map-controlled thermostat follows its heating


def least_opening(cars: Cars, severity: FloatArray) -> FloatArray:
    """Give how far the thermostat stays open when cold, 0..1; `severity` is that of thermostat_stuck_open (F01)."""
    natural = cars["thermostat_leak"]
    stuck = np.maximum(natural, 0.02 + 0.33 * severity)
    return np.where(severity > 0, stuck, natural).astype(np.float32)


def warmth_kept(opening: FloatArray) -> FloatArray:
    """Give how far above ambient an engine ends a drive, over that of a sealing thermostat (fits F01's 10 degC row)."""
    return (1 / (1 + 6.5 * opening**2)).astype(np.float32)


class Heat:
    """State of one trip each: `coolant`, `intake`, `regulator` in degC and `fan` 0 or 1."""

    def __init__(self, cars: Cars, conditions: Conditions, severity: FloatArray) -> None:
        self._ambient = conditions.ambient
        litres = cars["displacement"]
        self._capacity = (cars["heat_capacity"] * 1000 * litres).astype(np.float32)
        self._radiator = cars["radiator"] * litres
        self._block = cars["block_loss"] * litres
        self._thermostat = cars["thermostat"]
        self._least = least_opening(cars, severity)
        self._highest_lift = cars["map_thermostat"] * cars["thermostat_lift"]
        self._lift: FloatArray = self._highest_lift.copy()
        self._soak = cars["heat_soak"]
        # The cabin takes its share when it is cold outside.
        self._heater_w = (conditions.heater * np.clip(_HEATER_W + (20 - conditions.ambient) * 40, 0, 3000)).astype(
            np.float32
        )
        left = np.exp(-conditions.soak_h / _SOAK_H) * warmth_kept(self._least)
        self.coolant: FloatArray = (conditions.ambient + (cars["thermostat"] - conditions.ambient) * left).astype(
            np.float32
        )
        warm = (self.coolant - conditions.ambient).astype(np.float32)
        self.intake: FloatArray = conditions.ambient + (0.35 * warm + 0.1 * self._soak).astype(np.float32)
        self.regulator: FloatArray = conditions.ambient + np.float32(0.7) * warm
        self.fan: FloatArray = np.zeros(len(cars), dtype=np.float32)

    def step(
        self, speed_ms: FloatArray, fuel_w: FloatArray, friction_w: FloatArray, load: FloatArray,
        alternator_share: FloatArray,
    ) -> None:  # fmt: skip
        """Move all temperatures by one second.

        `load` in % is what a map-controlled thermostat looks at; `alternator_share`: the alternator's load fraction,
        which heats it.
        """
        above = self.coolant - self._ambient
        wanted = np.where(load < 45, self._highest_lift, 0)
        self._lift = (self._lift + (wanted - self._lift) / _LIFT_S).astype(np.float32)
        regulated = np.clip((self.coolant - self._thermostat - self._lift + 4) * np.float32(1 / 12), 0, 1)
        opening = np.maximum(self._least, regulated)
        air = 0.25 + 0.045 * speed_ms + 0.6 * self.fan
        loss = above * (self._radiator * opening * air + self._block * (1 + 0.03 * speed_ms))
        heater = self._heater_w * np.clip((self.coolant - 45) * np.float32(1 / 30), 0, 1)
        self.coolant = self.coolant + (0.27 * fuel_w + 0.30 * friction_w - loss - heater) / self._capacity
        held = np.where(self.coolant < _FAN_OFF + self._lift, 0, self.fan)
        self.fan = np.where(self.coolant > _FAN_ON + self._lift, 1, held).astype(np.float32)
        still = 1 / (1 + 0.25 * speed_ms)
        target = self._ambient + 3 + above * np.float32(0.22) * still + self._soak * np.clip(above / 60, 0, 1) * still
        self.intake = (self.intake + (target - self.intake) / 45).astype(np.float32)
        bonnet = self._ambient + above * (0.5 + 0.25 * still) + 12 * alternator_share
        self.regulator = (self.regulator + (bonnet - self.regulator) / 240).astype(np.float32)
