"""The fault modes that can be diagnosed: one file each, found by looking into this folder.

To add a fault, add a file here that defines `MODE`, an object of the Protocol below; nothing else has to be edited.
Training, `forecourt score` and the live path walk `MODES`, and one conformance test runs over each of them.
"""

import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import Protocol

import numpy as np

from diagnostics.findings import Evidence
from diagnostics.held import Held
from ingest.readings import FloatArray
from ingest.vehicles import VehicleConfig


@dataclass(frozen=True, slots=True)
class Measure:
    """A quantity measured on one trip alone.

    `healthy` is the band in which cars of all kinds show it while healthy: a car without history is expected to be
    where it is when that is inside the band, else at the nearest edge. `wander` is the standard deviation between
    healthy trips of one ordinary car. `direction` is where the fault moves it: +1 up, -1 down, 0 nowhere by itself.
    """

    name: str
    unit: str
    healthy: tuple[float, float]
    wander: float
    direction: int = 0


@dataclass(frozen=True, slots=True)
class Feature:
    """A column the predictor sees. `direction` +1: more of it is never less of a fault; -1: never more; 0: free.

    Of a `lasting` one the predictor also sees the median over this and the two trips before: a fault stays, a charging
    strategy or a hot afternoon does not.
    """

    name: str
    direction: int
    lasting: bool = False


@dataclass(frozen=True, slots=True)
class Measured:
    """`values[trip, measure]`, NaN where a trip does not show it; `observed_s[trip]`, the seconds that could speak."""

    values: FloatArray
    observed_s: FloatArray


@dataclass(frozen=True, slots=True)
class Normal:
    """What a car should show on a trip, by its earlier trips: all `[trip, measure]`.

    `expected` is the level, `wander` the standard deviation between its trips, `own` the number of trips behind both.
    """

    expected: FloatArray
    wander: FloatArray
    own: FloatArray


@dataclass(frozen=True, slots=True)
class Stop:
    """The S0 condition per trip.

    `at_s[trip]` are seconds from the block's begin to the first instant it holds, NaN where it never does;
    `value[trip]` is what was measured then.
    """

    at_s: FloatArray
    value: FloatArray


def no_stop(held: Held) -> Stop:
    """Give the answer of a mode that has no condition which must stop the car."""
    nothing = np.full(held.trips, np.nan, dtype=np.float32)
    return Stop(nothing, nothing)


class FaultMode(Protocol):
    """The physics of one fault: what to measure, against what to hold it, and how to say it.

    All methods are pure, take every trip at once and loop over none. Nothing may depend on who the car is, on dates,
    on the odometer, or on which signals are missing beyond the measures that need them being NaN.

    `fault`     the name in `diagnostics/faults.py`
    `signals`   the signals `measure` and `stop` read; a missing one is a column of NaN
    `measures`  the columns of `measure`, one trip alone
    `features`  the columns of `compare`, what the predictor sees
    `least_s`   a trip with fewer observed seconds has no vote and is no part of a baseline
    """

    @property
    def fault(self) -> str: ...

    @property
    def signals(self) -> tuple[str, ...]: ...

    @property
    def measures(self) -> tuple[Measure, ...]: ...

    @property
    def features(self) -> tuple[Feature, ...]: ...

    @property
    def least_s(self) -> float: ...

    def applies(self, config: VehicleConfig | None) -> bool:
        """Tell whether such a car has the thing that may fail; an unknown car may."""
        ...

    def measure(self, held: Held) -> Measured:
        """Measure every trip of the block: `[trip, measure]`, float32."""
        ...

    def compare(self, measures: FloatArray, normal: Normal) -> FloatArray:
        """Give `[trip, feature]` from `[trip, measure]` and what this car should show."""
        ...

    def rule(self, features: FloatArray) -> FloatArray:
        """Give `[trip]` from `[trip, feature]`, a score that grows with the fault: the rung below the predictor."""
        ...

    def stop(self, held: Held) -> Stop:
        """Find the S0 condition (faults.md A2) in every trip; all NaN for a fault that has none."""
        ...

    def evidence(self, measures: FloatArray, expected: FloatArray, own: FloatArray) -> tuple[Evidence, ...]:
        """Give the strongest reasons of one trip, at most three, best first.

        `own[measure]` is how many earlier trips of this car stand behind `expected`.
        """
        ...

    def stop_evidence(self, value: float) -> Evidence:
        """Put the S0 condition into words."""
        ...


def _discover() -> Mapping[str, FaultMode]:
    found: dict[str, FaultMode] = {}
    for file in sorted(pkgutil.iter_modules(__path__), key=lambda entry: entry.name):
        mode: FaultMode = import_module(f"{__name__}.{file.name}").MODE
        found[mode.fault] = mode
    return MappingProxyType(found)


MODES: Mapping[str, FaultMode] = _discover()
