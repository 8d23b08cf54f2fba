"""Fuel from the pump to the mixture (faults.md B3, F09): rail pressure, purge, lambda loop and learned trims."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.readings import FloatArray
from simulators.conditions import Conditions
from simulators.faults import Faults
from simulators.population import Cars

BoolArray = NDArray[np.bool_]
STOICHIOMETRIC = 14.7
LIMIT = 25.0  # %, of either trim
_FULL_FLOW, _FULL_FLOW_BOOSTED = 2.75, 4.15  # g/s of fuel per litre at full power
_LOADS = (30.0, 55.0)  # %, between the load cells behind the one for idling
# Of each load cell, idle first: load in %, and fuel in g/s per litre without and with a turbocharger, as the simulated
# cars drive. At these the cells have learned before the trip.
_CELL_LOADS = np.array([[20.0], [25.0], [45.0], [75.0]], dtype=np.float32)
_CELL_FLOWS = np.array([[[0.09], [0.14], [0.38], [0.75]], [[0.10], [0.20], [0.70], [1.30]]], dtype=np.float32)
_RICH = 0.88  # commanded lambda at full power
_OPEN_S = 25.0  # after the start, before the sensor is hot
_WANDER_S = 20.0


def full_flow(cars: Cars) -> FloatArray:
    """Give the fuel in g/s that the engine takes at full power."""
    boosted = cars["turbocharged"] > 0
    flow: FloatArray = np.where(boosted, _FULL_FLOW_BOOSTED, _FULL_FLOW) * cars["displacement"]
    return flow.astype(np.float32)


def pressure_share(cars: Cars, severity: FloatArray, fuel_flow: FloatArray, ambient: FloatArray) -> FloatArray:
    """Give rail pressure over commanded: what the pump can, falling with its flow in g/s, and at most 1 (F09).

    Hot fuel takes a little off the pump. Broadcasts over leading axes of `fuel_flow`.
    """
    head = cars["pump_head"] * (1 - 0.0008 * np.clip(ambient - 25, 0, None))
    fall = (cars["pump_head"] - 1) / (cars["pump_margin"] * full_flow(cars)) * (1 + cars["pump_clogging"] * severity)
    share: FloatArray = np.clip(head * (1 - 0.5 * severity) - fall * fuel_flow, 0.1, 1)
    return share.astype(np.float32)


def missing_fuel(share: FloatArray) -> FloatArray:
    """Give the total trim in % that makes up for a rail pressure of `share`."""
    return (100 * (1 / np.sqrt(share) - 1)).astype(np.float32)


def load_cell(load: FloatArray, idling: BoolArray) -> NDArray[np.int64]:
    """Give the number of the long-term trim in use, 0 at idle."""
    return np.where(idling, 0, 1 + np.digitize(load, _LOADS))


def learned_shortage(cars: Cars, severity: FloatArray, ambient: FloatArray) -> FloatArray:
    """Give [cell, trip] in % what the cells of a car would have learned about a pump of `severity`."""
    flow = np.where(cars["turbocharged"] > 0, _CELL_FLOWS[1], _CELL_FLOWS[0]) * cars["displacement"]
    return missing_fuel(pressure_share(cars, severity, flow.astype(np.float32), ambient))


class LambdaLoop:
    """State of one trip each: `short` in %, and one `cells` row of long-term trims per load cell, at 1 Hz (B3)."""

    def __init__(self, cells: FloatArray) -> None:
        self.cells = np.clip(cells, -LIMIT, LIMIT).astype(np.float32)
        self._column = np.arange(cells.shape[1])
        self.short: FloatArray = np.zeros(cells.shape[1], dtype=np.float32)
        self.long: FloatArray = self.cells[0].copy()

    def step(self, required: FloatArray, cell: NDArray[np.int64], closed: BoolArray, noise: FloatArray) -> None:
        """Correct by one second towards the `required` total trim where the loop is `closed`, else short is 0."""
        learned = self.cells[cell, self._column]
        short = self.short + 0.35 * (required - self.short - learned) + noise
        self.short = np.where(closed, np.clip(short, -LIMIT, LIMIT), 0).astype(np.float32)
        self.long = np.clip(learned + np.where(closed, 0.004 * self.short, 0), -LIMIT, LIMIT).astype(np.float32)
        self.cells[cell, self._column] = self.long


@dataclass(frozen=True, slots=True)
class Burning:
    """What the fuel system sees of one second, all [trip]."""

    running: BoolArray
    cut: BoolArray
    idling: BoolArray
    since_start: FloatArray  # s
    engine_speed: FloatArray  # rpm
    load: FloatArray  # %
    air_flow: FloatArray  # g/s
    vacuum: FloatArray  # 0..1, of manifold pressure under barometric
    coolant: FloatArray  # degC


class Fuelling:
    """State of one trip each: trims `short` and `long` in %, `purge` in %, `ratio` (commanded lambda), `rail` in kPa.

    The trims follow the mixture that the pump, the fuel and the purge leave.
    """

    def __init__(
        self, cars: Cars, conditions: Conditions, faults: Faults, chance: FloatArray, rng: np.random.Generator
    ) -> None:
        """`chance`: standard normal numbers, how far the learned trim was off."""
        self._cars, self._severity, self._rng = cars, faults.fuel_pump, rng
        self._full = full_flow(cars)
        self._ambient, self._tank = conditions.ambient, conditions.tank
        self._bias = cars["trim_bias"] + cars["trim_altitude"] * conditions.climb
        shape = cars["trim_slope"] * (_CELL_LOADS - 35)
        learned = cars["trim_bias"] + shape + learned_shortage(cars, faults.fuel_pump, conditions.ambient)
        tank = conditions.tank
        self._loop = LambdaLoop(tank.memory * learned + tank.known + 1.2 * chance * (tank.memory > 0))
        count = len(cars)
        zero = np.zeros(count, dtype=np.float32)
        self._wander, self._load, self._film = zero, zero, zero
        self._wanted: FloatArray = zero
        self._purges = rng.random(count) < 0.85
        self.purge: FloatArray = zero
        self.ratio: FloatArray = zero + 1
        self.rail: FloatArray = cars["rail_pressure"]  # held by a valve when the engine stands

    @property
    def short(self) -> FloatArray:
        return self._loop.short

    @property
    def long(self) -> FloatArray:
        return self._loop.long

    def step(self, now: Burning, noise: FloatArray) -> None:
        """Move on by one second. `noise`: standard normal numbers."""
        cars = self._cars
        chance = self._rng.random((2, len(cars)), dtype=np.float32)
        power = (cars["open_loop_power"] > 0) & (now.load > 88) & (now.engine_speed > 3000)
        started = now.since_start > _OPEN_S
        cold = 1 / (1 + 0.25 * np.clip((70 - now.coolant) / 90, 0, 1))
        self.ratio = np.where(power, _RICH, np.where(started, 1, cold)).astype(np.float32)
        wanted = np.minimum(now.air_flow / (STOICHIOMETRIC * self.ratio), self._full)
        burnt = np.where(now.running & ~now.cut, wanted, 0)
        share = pressure_share(cars, self._severity, burnt, self._ambient)
        closed = now.running & ~now.cut & started & ~power
        self._purge(closed & (now.coolant > 60) & (now.since_start > 60), chance)
        fresh = self._rng.standard_normal((2, len(cars)), dtype=np.float32)
        self.rail = cars["rail_pressure"] * share + 1.5 * fresh[0]
        required = self._required(now, fresh[1]) + missing_fuel(share)
        self._loop.step(required, load_cell(now.load, now.idling), closed, 1.2 * noise)

    def _purge(self, allowed: BoolArray, chance: FloatArray) -> None:
        """Open and close the canister's valve, as the Etios does: a minute or two each, by ramps."""
        off = self._wanted == 0
        opens, closes = off & (chance[0] < 1 / 45), ~off & (chance[0] < 1 / 100)
        duty = np.clip(4 + 106 * chance[1] ** 1.2, 0, 100) * self._purges
        self._wanted = np.where(opens, duty, np.where(closes, 0, self._wanted)).astype(np.float32)
        step = np.clip(self._wanted - self.purge, -12, 6)
        self.purge = np.where(allowed, self.purge + step, 0).astype(np.float32)

    def _required(self, now: Burning, fresh: FloatArray) -> FloatArray:
        """Give the total trim in % that a healthy supply needs."""
        cars, tank = self._cars, self._tank
        keep = np.float32(np.exp(-1 / _WANDER_S))
        self._wander = keep * self._wander + np.sqrt(1 - keep**2) * cars["trim_wander"] * fresh
        # Fuel that stays on the wall of the port when the load rises, and leaves it when it falls.
        rise = np.clip(now.load - self._load, -25, 25)
        self._film = (0.5 * self._film + cars["wall_film"] * rise * now.running).astype(np.float32)
        self._load = now.load
        vapour = tank.vapour * self.purge * np.float32(0.01) * np.clip(now.vacuum / 0.7, 0, 1)
        shape = cars["trim_slope"] * (now.load - 35)
        required: FloatArray = self._bias + shape + tank.shift + self._wander + self._film - vapour
        return required
