"""What is judged: the trips of many cars with what was said and what was true, and the episodes of fault in them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diagnostics.isolation import VOTES
from ingest.readings import FloatArray, TimeArray

BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]

SUDDEN = frozenset({"thermostat_stuck_closed", "cooling_fan", "coolant_sensor", "misfire", "evap"})
ONSET = 0.05  # severity; what is alarmed below it is a false alarm
DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Histories:
    """Trips of many cars, car after car and in order of time: `[trip]`, or `[trip, fault]` in the order of `faults`.

    `probability` is NaN where the trip has no vote; `stopped` marks trips with the fault's stop condition;
    `severity` is the truth; `observable` tells whether the trip holds the fault's minimum signals. `begin_s` and
    `end_s` are seconds of one calendar, `hours` those in which the engine ran. `lead_d[trip, fault, 2]` is the
    interval that was promised for the days until the trouble code, NaN where none was; None of a predictor without.
    `votes[fault]` of five trips raise an alarm; None: three.
    """

    faults: tuple[str, ...]
    car: IntArray
    begin_s: TimeArray
    end_s: TimeArray
    hours: FloatArray
    probability: FloatArray
    stopped: BoolArray
    severity: FloatArray
    observable: BoolArray
    lead_d: FloatArray | None = None
    votes: IntArray | None = None

    def __post_init__(self) -> None:
        if (np.diff(self.car) < 0).any() or ((np.diff(self.car) == 0) & (np.diff(self.begin_s) < 0)).any():
            raise ValueError("histories are car after car, and in order of time")

    @property
    def needed(self) -> IntArray:
        """Give `[fault]`, the votes of five trips that raise an alarm."""
        return np.full(len(self.faults), VOTES, dtype=np.int64) if self.votes is None else self.votes

    @property
    def edges(self) -> IntArray:
        """Give where each car begins, and the end: `[cars + 1]`."""
        first = np.flatnonzero(np.diff(self.car, prepend=np.int64(-1)))
        return np.append(first, len(self.car)).astype(np.int64)

    @property
    def cars(self) -> IntArray:
        return self.car[self.edges[:-1]]

    @property
    def ill(self) -> BoolArray:
        """Tell `[car]` whether it ever has a fault."""
        marked: BoolArray = np.logical_or.reduceat((self.severity >= ONSET).any(axis=1), self.edges[:-1])
        return marked

    def where(self, chosen: BoolArray) -> "Histories":
        """Give some trips; of a car all or none."""
        return Histories(
            self.faults, self.car[chosen], self.begin_s[chosen], self.end_s[chosen], self.hours[chosen],
            self.probability[chosen], self.stopped[chosen], self.severity[chosen], self.observable[chosen],
            None if self.lead_d is None else self.lead_d[chosen], self.votes,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Episodes:
    """Faults that came over cars, `[episode]`: `fault` is its place in `Histories.faults`, the times are its calendar.

    `onset_s` is the begin of the first trip of severity 0.05 or more, `lasting_s` that of the first trip since which it
    never was less: a loose contact comes and goes before. `dtc_s` is when the simulated monitor confirms, `pending_s`
    when it first suspects, `failure_s` when the car fails; NaN where that does not happen in the car's trips.
    """

    car: IntArray
    fault: IntArray
    onset_s: TimeArray
    lasting_s: TimeArray
    pending_s: TimeArray
    dtc_s: TimeArray
    failure_s: TimeArray

    def where(self, chosen: BoolArray) -> "Episodes":
        return Episodes(*(getattr(self, name)[chosen] for name in self.__slots__))
