"""Coolant and under-bonnet temperatures (faults.md B5), one value per car, stepped each second."""

import numpy as np

from ingest.readings import FloatArray
from simulators.conditions import Conditions
from simulators.population import Cars

_SOAK_H = 4.0  # time constant of cooling down while parked
_FAN_ON, _FAN_OFF = 98.0, 94.0  # degC


class Heat:
    """State of one trip each: `coolant`, `intake`, `regulator` in degC and `fan` 0 or 1."""

    def __init__(self, cars: Cars, conditions: Conditions) -> None:
        self._ambient = conditions.ambient
        litres = cars["displacement"]
        self._capacity = (cars["heat_capacity"] * 1000 * litres).astype(np.float32)
        self._radiator = cars["radiator"] * litres
        self._block = cars["block_loss"] * litres
        self._thermostat = cars["thermostat"]
        self._soak = cars["heat_soak"]
        # The cabin takes its share when it is cold outside.
        self._heater_w = np.clip((18 - conditions.ambient) * 90, 0, 3000).astype(np.float32)
        left = np.exp(-conditions.soak_h / _SOAK_H)
        self.coolant: FloatArray = (conditions.ambient + (cars["thermostat"] - conditions.ambient) * left).astype(
            np.float32
        )
        warm = (self.coolant - conditions.ambient).astype(np.float32)
        self.intake: FloatArray = conditions.ambient + (0.35 * warm + 0.1 * self._soak).astype(np.float32)
        self.regulator: FloatArray = conditions.ambient + np.float32(0.7) * warm
        self.fan: FloatArray = np.zeros(len(cars), dtype=np.float32)

    def step(
        self, speed_ms: FloatArray, fuel_w: FloatArray, friction_w: FloatArray, alternator_share: FloatArray
    ) -> None:
        """Move all temperatures by one second. `alternator_share`: the alternator's load fraction, which heats it."""
        above = self.coolant - self._ambient
        opening = np.clip((self.coolant - self._thermostat + 4) * np.float32(1 / 12), 0, 1)
        air = 0.25 + 0.045 * speed_ms + 0.6 * self.fan
        loss = above * (self._radiator * opening * air + self._block * (1 + 0.03 * speed_ms))
        heater = self._heater_w * np.clip((self.coolant - 45) * np.float32(1 / 30), 0, 1)
        self.coolant = self.coolant + (0.27 * fuel_w + 0.30 * friction_w - loss - heater) / self._capacity
        held = np.where(self.coolant < _FAN_OFF, 0, self.fan)
        self.fan = np.where(self.coolant > _FAN_ON, 1, held).astype(np.float32)
        still = 1 / (1 + 0.25 * speed_ms)
        target = self._ambient + 3 + above * np.float32(0.22) * still + self._soak * np.clip(above / 60, 0, 1) * still
        self.intake = (self.intake + (target - self.intake) / 45).astype(np.float32)
        bonnet = self._ambient + above * (0.5 + 0.25 * still) + 12 * alternator_share
        self.regulator = (self.regulator + (bonnet - self.regulator) / 240).astype(np.float32)
