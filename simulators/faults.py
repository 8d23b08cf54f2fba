"""How severely each fault is present in each trip, and in which shape, in the quantities that the physics takes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ingest.readings import FloatArray


class AlternatorShape(StrEnum):
    """The two ways in which a charging system fails (F22)."""

    UNDERVOLTAGE = "undervoltage"  # diode or brush: voltage sags with load, ripple
    OVERVOLTAGE = "overvoltage"  # regulator


# The faults that are simulated, by the names of the fault table (faults.md F01 to F26, petrol and 12 V).
SIMULATED: Sequence[str] = (
    "thermostat_stuck_open",
    "thermostat_stuck_closed",
    "coolant_leak",
    "water_pump",
    "cooling_fan",
    "coolant_sensor",
    "air_flow_meter",
    "vacuum_leak",
    "fuel_pump",
    "injector_clogged",
    "injector_leaking",
    "misfire",
    "upstream_oxygen_sensor",
    "catalyst",
    "evap",
    "underboost",
    "throttle_body",
    "exhaust_restriction",
    "alternator",
    "battery_12v",
    "starter",
    "transmission_slip",
    "air_filter",
)


@dataclass(frozen=True, slots=True)
class Shape:
    """A way in which one fault differs between cars: between `low` and `high`; with a `share`, a flag of that share.

    Every car draws all of them, sick or not. A fault needs two shapes or more, so that nothing learns a single one.
    """

    name: str
    fault: str
    low: float = 0.0
    high: float = 1.0
    share: float | None = None

    @property
    def usual(self) -> float:
        """What stands where nothing was drawn."""
        return (self.low + self.high) / 2 if self.share is None else 0.0


SHAPES: Sequence[Shape] = (
    Shape("alternator_over", "alternator", share=0.25),  # the regulator fails upwards
    Shape("output_loss", "alternator", 0.0, 0.6),  # share of its rating that is lost at an undervoltage of 1
    Shape("neglect", "alternator", 0.1, 1.0),  # how far the battery was run down by it
    Shape("boost_leaks", "underboost", share=0.3),  # a hose, behind the meter
    Shape("boost_late", "underboost", share=0.35),  # stiff vanes or wastegate
    Shape("throttle_spent", "throttle_body", 1.0, 1.3),  # severity at which the unit has nothing more to add
    Shape("throttle_reach", "throttle_body", 3.0, 9.0),  # %, of the throttle's way over which soot matters
    Shape("exhaust_power", "exhaust_restriction", 1.7, 2.4),  # of engine speed
    Shape("slip_follows", "transmission_slip", 0.0, 0.8),  # how far slip goes with torque
    Shape("filter_most", "air_filter", 0.5, 6.0),  # kPa at 100 g/s and severity 1
    Shape("misfire_coil", "misfire", share=0.35),  # one cylinder, in bursts; else any, at random
    Shape("misfire_cold", "misfire", share=0.25),  # until the engine is warm
    Shape("sensor_biased", "upstream_oxygen_sensor", share=0.3),  # off its mark; else slow
    Shape("sensor_rich", "upstream_oxygen_sensor", share=0.5),  # which way
    Shape("catalyst_poisoned", "catalyst", share=0.35),  # better when hot; else worn alike at all temperatures
    Shape("alternator_brush", "alternator", share=0.35),  # worn brushes lose contact for a while; else a diode, ripple
    Shape("alternator_hot", "alternator", share=0.25),  # only when warm
    Shape("battery_resists", "battery_12v", 0.5, 1.3),  # how far its resistance grows
    Shape("battery_shrinks", "battery_12v", 0.4, 1.3),  # how far it loses capacity and charge
    Shape("starter_cable", "starter", share=0.4),  # a cable or its ends; else the motor
    Shape("cable_resistance", "starter", 5.0, 30.0),  # mOhm at severity 1
    Shape("meter_low", "air_flow_meter", share=0.3),  # right at full flow; else wrong there most
    Shape("meter_over", "air_flow_meter", 0.0, 1.0),  # how far it says too much at low flow
    Shape("leak_power", "vacuum_leak", 0.3, 0.8),  # of the vacuum
    Shape("leak_caught", "vacuum_leak", 0.1, 0.75),  # share of it for which the throttle closes
    Shape("injector_one", "injector_clogged", share=0.4),  # of the cylinders; else all
    Shape("injector_loss", "injector_clogged", 0.06, 0.10),  # of the fuel of all, at severity 1
    Shape("regulator_high", "injector_leaking", share=0.3),  # the pressure regulator; else an injector drips
    Shape("injector_drip", "injector_leaking", 0.15, 0.4),  # of the idle's fuel, at severity 1
    Shape("purge_stuck", "evap", share=0.65),  # open; else the tank leaks
    Shape("purge_most", "evap", 0.5, 1.5),  # g/s at severity 1
    Shape("purge_rich", "evap", -0.6, 0.5),  # fuel of the vapour over what its air takes, less 1
    Shape("thermostat_slow", "thermostat_stuck_closed", share=0.35),  # opens late, and not far; else hardly at all
    Shape("thermostat_slow_least", "thermostat_stuck_closed", 0.4, 0.75),  # of its opening a slow one lacks, at 1
    Shape("leak_capacity", "coolant_leak", 0.35, 0.6),  # of the coolant that is gone at severity 1
    Shape("leak_radiator", "coolant_leak", 0.3, 0.7),  # of the radiator that is dry then
    Shape("leak_vapour", "coolant_leak", 0.5, 0.8),  # severity from which vapour comes to the sensor
    Shape("pump_electric", "water_pump", share=0.3),  # lacks the same at all engine speeds; else most at low ones
    Shape("fan_relay", "cooling_fan", share=0.35),  # does not start each time; else turns more slowly
    Shape("sensor_drops", "coolant_sensor", share=0.35),  # drops out; else is off its mark
    Shape("sensor_low", "coolant_sensor", share=0.5),  # which way
    Shape("sensor_bends", "coolant_sensor", 0.0, 0.5),  # by how much less it is off when cold
)
FAULT = np.dtype([(name, np.float64) for name in SIMULATED])
SHAPE = np.dtype([(shape.name, np.float64) for shape in SHAPES])


@dataclass(frozen=True, slots=True)
class Faults:
    """`severity` [fault, trip] by the rows of `SIMULATED`, 0 healthy .. 1.5; `shape` name -> [trip], see `SHAPES`."""

    severity: FloatArray
    shape: Mapping[str, FloatArray]

    def __getitem__(self, name: str) -> FloatArray:
        """Give the severities [trip] of one fault."""
        row: FloatArray = self.severity[SIMULATED.index(name)]
        return row

    def __len__(self) -> int:
        return int(self.severity.shape[1])

    @classmethod
    def healthy(cls, trips: int) -> "Faults":
        usual = {shape.name: np.full(trips, shape.usual, dtype=np.float32) for shape in SHAPES}
        return cls(np.zeros((len(SIMULATED), trips), dtype=np.float32), usual)

    @classmethod
    def of(cls, names: Sequence[str], severity: FloatArray, over: NDArray[np.bool_]) -> "Faults":
        """Give faults of which trip i has the one called `names[i]`, of `severity[i]`; an alternator also `over[i]`."""
        if unknown := sorted(set(names) - set(SIMULATED)):
            raise ValueError(f"not simulated: {', '.join(unknown)}")
        found = cls.healthy(len(severity))
        for name in set(names):
            found = found.with_fault(name, np.where(np.array(names) == name, severity, 0).astype(np.float32))
        return found.shaped(alternator_over=over.astype(np.float32))

    def with_fault(self, name: str, severity: FloatArray | float) -> "Faults":
        """Give these faults with one more, of `severity` [trip]."""
        if name not in SIMULATED:
            raise ValueError(f"not simulated: {name}")
        changed = self.severity.copy()
        changed[SIMULATED.index(name)] = severity
        return replace(self, severity=changed)

    def with_alternator(self, severity: FloatArray, over: NDArray[np.bool_]) -> "Faults":
        """Give these faults with an alternator of `severity`, failing upwards where `over`."""
        return self.with_fault("alternator", severity).shaped(alternator_over=over.astype(np.float32))

    def shaped(self, **shape: FloatArray | float) -> "Faults":
        """Give these faults with other shapes, [trip] each or one for all."""
        if unknown := sorted(set(shape) - set(self.shape)):
            raise ValueError(f"no shape is called {', '.join(unknown)}")
        drawn = {name: np.broadcast_to(np.float32(values), len(self)) for name, values in shape.items()}
        return replace(self, shape={**self.shape, **drawn})

    def rows(self) -> tuple[NDArray[np.void], NDArray[np.void]]:
        """Give structured rows [trip] of severities and of shapes, for compiled code."""
        faults, shapes = np.empty(len(self), dtype=FAULT), np.empty(len(self), dtype=SHAPE)
        for row, name in enumerate(SIMULATED):
            faults[name] = self.severity[row]
        for name in SHAPE.names or ():
            shapes[name] = self.shape[name]
        return faults, shapes


def draw_shapes(rng: np.random.Generator, cars: int, shapes: Sequence[Shape] = SHAPES) -> Mapping[str, FloatArray]:
    """Draw how each of `cars` would fail: name -> [car]. Each row has a stream of its own."""
    found = {}
    for shape, own in zip(shapes, rng.spawn(len(shapes)), strict=True):
        chance = own.random(cars)
        drawn = shape.low + (shape.high - shape.low) * chance if shape.share is None else chance < shape.share
        found[shape.name] = drawn.astype(np.float32)
    return found
