"""From speed to power and engine speed (faults.md B2): road load, gears, idle, stop-start."""

import numpy as np

from ingest.readings import FloatArray
from simulators.conditions import Conditions
from simulators.population import Cars

GRAVITY = 9.81
_UPSHIFT_KMH = np.array([15, 30, 48, 65, 85, 1e6], dtype=np.float32)
_RATIO = np.array([4.6, 2.7, 1.85, 1.4, 1.15, 1.0], dtype=np.float32)  # over the top gear
_GRADE_SD, _GRADE_M = 0.015, 300.0  # first-order process along the road


def air_density(ambient: FloatArray, barometric: FloatArray) -> FloatArray:
    """Give kg/m3 from degC and kPa."""
    density: FloatArray = 1.225 * (288 / (ambient + 273.15)) * (barometric / 101.3)
    return density.astype(np.float32)


class Driveline:
    """State of one trip each: `gear` 0..5 and `grade`. Speeds in km/h and m/s, power in W."""

    def __init__(self, cars: Cars, conditions: Conditions, barometric: FloatArray) -> None:
        self._cars = cars
        self._drag = 0.5 * air_density(conditions.ambient, barometric) * cars["drag_area"]
        self.gear = np.zeros(len(cars), dtype=np.int64)
        self._grade: FloatArray = np.zeros(len(cars), dtype=np.float32)

    def wheel_power(self, speed_ms: FloatArray, acceleration: FloatArray, chance: FloatArray) -> FloatArray:
        """Give the power at the wheels; negative while the car pushes. `chance`: a standard normal number per car."""
        cars = self._cars
        keep = np.exp(-speed_ms / _GRADE_M)
        self._grade = self._grade * keep + _GRADE_SD * np.sqrt(1 - keep * keep) * chance
        rotating = 1.04 + 0.0025 * (4 * _RATIO[self.gear]) ** 2
        roll = cars["mass"] * (GRAVITY * (cars["rolling_resistance"] + self._grade) + rotating * acceleration)
        power: FloatArray = (roll + self._drag * speed_ms**2) * speed_ms
        return power

    def engine_speed(self, speed_kmh: FloatArray, power: FloatArray, idle: FloatArray) -> FloatArray:
        """Shift and give the engine speed in rpm that belongs to the road speed, never below `idle`."""
        cars = self._cars
        late = np.where(power > 12 * cars["mass"], np.float32(1.15), np.float32(1))  # 12 W/kg: a firm right foot
        up = speed_kmh > _UPSHIFT_KMH[self.gear] * late
        down = (self.gear > 0) & (speed_kmh < _UPSHIFT_KMH[self.gear - 1] - 4)
        self.gear = np.clip(self.gear + up.astype(np.int64) - down.astype(np.int64), 0, 5)
        top = cars["top_gear_speed"] / 100
        geared = speed_kmh * top * _RATIO[self.gear] * (1 + cars["slip"])
        by_power = 1050 + 0.055 * np.clip(power, 0, None) / cars["displacement"] ** 0.7
        stepless = np.clip(by_power, 0.95 * top * speed_kmh, 4.2 * top * speed_kmh)
        turning: FloatArray = np.maximum(np.where(cars["stepless_gear"] > 0, stepless, geared), idle)
        limited: FloatArray = np.clip(turning, 0, 6500)
        return limited


def idle_speed(cars: Cars, coolant: FloatArray, since_start: FloatArray) -> FloatArray:
    """Give the idle target in rpm: raised while cold, with a flare just after the start."""
    flare = 450 * np.exp(-since_start / 7)
    target: FloatArray = cars["idle_speed"] + 450 * np.exp(-(coolant + 10) * np.float32(1 / 25)) + flare
    return target


class StopStart:
    """Which of the cars that have stop-start stand with the engine off. `off` is a mask [trip]."""

    _LONGEST_S = 110.0

    def __init__(self, cars: Cars, conditions: Conditions) -> None:
        mild = (conditions.ambient > 2) & (conditions.ambient < 34)
        self._able = (cars["stop_start"] > 0) & mild
        self.off = np.zeros(len(cars), dtype=bool)
        self._stood: FloatArray = np.zeros(len(cars), dtype=np.float32)

    def step(self, moving_soon: np.ndarray[tuple[int], np.dtype[np.bool_]], moved_s: FloatArray, coolant: FloatArray,
             charge: FloatArray) -> None:  # fmt: skip
        """`moving_soon`: the car rolls now or within a second; `moved_s`: seconds driven since the last stop began."""
        self._stood = np.where(moving_soon, 0, self._stood + 1).astype(np.float32)
        allowed = self._able & (coolant > 55) & (charge > 0.68) & (moved_s > 10)
        self.off = (self.off | (allowed & (self._stood == 2))) & ~moving_soon & (self._stood < self._LONGEST_S)
