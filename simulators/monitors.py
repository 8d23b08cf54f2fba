"""The car's own monitors: when a fault becomes a pending code, a confirmed one, and a lamp (faults.md 0.4).

They look at the true signals and at what only the control unit knows; a dongle sees none of it. A code is never put
at a severity: a monitor has to meet its conditions and fail, in most cases on two trips.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diagnostics.faults import FAULTS
from ingest.readings import Block, FloatArray
from simulators import monitor_tests as tests
from simulators.compiled import Record, compiled
from simulators.conditions import Conditions
from simulators.population import Cars

_LAMP_OFF = 3  # passing trips


@dataclass(frozen=True, slots=True)
class Monitor:
    """One monitor: its code, and between which thresholds the units of different makes have theirs.

    `trips`: failing trips in a row until the code is confirmed, drawn between both; `met`: share of the trips on which
    what else it asks for is met; `fitted`: share of the units that have it; `needs`: what the car must have, by the
    names of `population.SHARES`, and `lacks` must not.
    """

    code: str
    low: float
    high: float
    trips: tuple[int, int] = (2, 2)
    met: float = 1.0
    fitted: float = 1.0
    needs: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()


# Thresholds: the OEM pages of faults.md where it names them, else judgement. The order is that of `_judge`.
MONITORS: Sequence[Monitor] = (
    Monitor("P0128", 60, 66, met=0.9),
    Monitor("P0217", 118, 123, trips=(1, 1)),
    Monitor("P0480", 0.35, 0.7, fitted=0.8),
    Monitor("P0116", 10, 14),
    Monitor("P0119", 2, 6),
    Monitor("P0171", 16, 22),
    Monitor("P0172", 16, 22),
    Monitor("P0506", 40, 75),
    Monitor("P0507", 120, 200),
    Monitor("P0087", 14, 25, fitted=0.7),
    Monitor("P0300", 2.0, 3.25),
    Monitor("P0300", 8, 20, trips=(1, 1)),
    Monitor("P0133", 0.75, 1.05, trips=(2, 3)),
    Monitor("P0420", 0.12, 0.30, trips=(2, 3), met=0.6),
    Monitor("P0442", 0.5, 0.9, trips=(2, 3), met=0.5),
    Monitor("P0496", 0.25, 0.45, trips=(2, 3), met=0.6),
    Monitor("P0299", 15, 27, needs=("turbocharged",)),
    Monitor("P0562", 11.4, 12.5),
    Monitor("P0563", 15.5, 16.0),
    Monitor("P0615", 1.6, 2.2, trips=(3, 4), fitted=0.6),
    Monitor("P0741", 40, 100, needs=("converter",), lacks=("stepless_gear",)),
    Monitor("P0101", 0.18, 0.28, needs=("pressure_sensor",), lacks=("speed_density",)),
)
_LEAN, _RICH, _LOW_VOLTAGE = (
    next(row for row, it in enumerate(MONITORS) if it.code == code) for code in ("P0171", "P0172", "P0562")
)


@dataclass(frozen=True, slots=True)
class Units:
    """How the control units of a fleet watch: `limit`, `noise` and `runs` [monitor, trip], `need` [monitor, trip]."""

    limit: FloatArray
    noise: FloatArray
    runs: NDArray[np.bool_]
    need: NDArray[np.int64]

    def joined(self, others: Sequence["Units"]) -> "Units":
        """Give the trips of these units and then those of `others`."""
        every = (self, *others)
        return Units(*(np.concatenate([getattr(it, name) for it in every], axis=1) for name in self.__slots__))


def draw_units(rng: np.random.Generator, car: Cars, trips: int) -> Units:
    """Draw the thresholds of one car (one row) and what its monitors find on each of its trips."""
    count = len(MONITORS)
    limit = np.array([rng.uniform(it.low, it.high) for it in MONITORS])
    # A unit is set up for its engine: what a sound one asks of the trims is no fault.
    for row, sign in ((_LEAN, 1.0), (_RICH, -1.0)):
        limit[row] = max(limit[row], 18 + sign * float(car["trim_bias"][0]))
    if car["smart_alternator"][0] > 0:
        limit[_LOW_VOLTAGE] = min(limit[_LOW_VOLTAGE], 11.8)
    fitted = rng.random(count) < [it.fitted for it in MONITORS]
    for row, it in enumerate(MONITORS):
        fitted[row] &= all(car[name][0] > 0 for name in it.needs) and not any(car[name][0] > 0 for name in it.lacks)
    met = rng.random((count, trips)) < np.array([[it.met] for it in MONITORS])
    need = np.array([rng.integers(it.trips[0], it.trips[1] + 1) for it in MONITORS])
    return Units(
        np.repeat(limit[:, None], trips, axis=1).astype(np.float32),
        rng.standard_normal((count, trips), dtype=np.float32),
        met & fitted[:, None],
        np.repeat(need[:, None], trips, axis=1),
    )


def watch(truth: Block, internals: Block, conditions: Conditions, units: Units) -> NDArray[np.int8]:
    """Give what each monitor found on each trip, [monitor, trip]: `monitor_tests.NOT_RUN`, PASSED or FAILED.

    `truth` and `internals` are what `vehicle.simulate` gives.
    """
    # Both lie trip by trip in memory already, so that this copies whole stretches.
    values = np.concatenate([truth.values.transpose(2, 0, 1), internals.values.transpose(2, 0, 1)], axis=1)
    found = np.zeros(units.runs.shape, dtype=np.int8)
    _watch(values, truth.lengths, conditions.rows(), units.limit, units.noise, units.runs, found)
    return found


@compiled
def _watch(
    values: FloatArray, lengths: NDArray[np.int64], trips: Record, limit: FloatArray, noise: FloatArray,
    runs: NDArray[np.bool_], found: NDArray[np.int8],
) -> None:  # fmt: skip
    for trip in range(len(lengths)):
        for number in range(len(found)):
            if runs[number, trip]:
                found[number, trip] = _judge(
                    number, values[trip], lengths[trip], trips[trip], limit[number, trip], noise[number, trip]
                )


@compiled
def _judge(  # noqa: C901, PLR0912 - one branch per monitor: compiled code has no table of functions
    number: int, rows: FloatArray, length: int, trip: Record, limit: float, noise: float
) -> int:  # fmt: skip
    """Let monitor `number` judge one trip: the tests in the order of `MONITORS`."""
    if number == 0:
        found = tests.slow_warm_up(rows, length, trip, limit)
    elif number == 1:
        found = tests.overheating(rows, length, limit)
    elif number == 2:
        found = tests.fan_current(rows, length, limit)
    elif number == 3:
        found = tests.coolant_after_soak(rows, trip, limit)
    elif number == 4:
        found = tests.coolant_jumps(rows, length, limit)
    elif number == 5:
        found = tests.lean(rows, length, limit)
    elif number == 6:
        found = tests.rich(rows, length, limit)
    elif number == 7:
        found = tests.idle_low(rows, length, limit)
    elif number == 8:
        found = tests.idle_high(rows, length, limit)
    elif number == 9:
        found = tests.rail_pressure(rows, length, limit)
    elif number == 10:
        found = tests.misfires(rows, length, limit)
    elif number == 11:
        found = tests.misfires_at_once(rows, length, limit)
    elif number == 12:
        found = tests.slow_sensor(rows, length, limit, noise)
    elif number == 13:
        found = tests.catalyst_storage(rows, length, limit, noise)
    elif number == 14:
        found = tests.tank_leak(rows, length, trip, limit, noise)
    elif number == 15:
        found = tests.purge_stuck(rows, length, limit)
    elif number == 16:
        found = tests.underboost(rows, length, limit)
    elif number == 17:
        found = tests.low_voltage(rows, length, limit)
    elif number == 18:
        found = tests.high_voltage(rows, length, limit)
    elif number == 19:
        found = tests.long_crank(rows, length, limit)
    elif number == 20:
        found = tests.converter_slip(rows, length, limit)
    else:
        found = tests.air_flow(rows, length, trip, limit, noise)
    return found


@dataclass(frozen=True, slots=True)
class Code:
    """A trouble code of one car, by the numbers of its trips among those given: -1 where it never came to that.

    `pending` is the first of the failing trips that led to it, `lamp_off` the trip on which the lamp went out again.
    """

    car: int
    code: str
    pending: int
    confirmed: int
    lamp_off: int


def codes(found: NDArray[np.int8], need: NDArray[np.int64], car: NDArray[np.int64]) -> tuple[Code, ...]:
    """Give the codes of each car from what its monitors found, [monitor, trip] in order of time; `car` [trip].

    A failing trip makes a code pending; `need` such in a row, trips without the monitor apart, confirm it and light
    the lamp; three passing ones put the lamp out. One that a passing trip takes back before is left out.
    """
    said: list[Code] = []
    for number in np.unique(car).tolist():
        own = np.flatnonzero(car == number)
        first: dict[str, Code] = {}
        for row, monitor in enumerate(MONITORS):
            pending, confirmed, off = _remember(found[row, own], need[row, own])
            if pending < 0:
                continue
            at = [int(own[it]) if it >= 0 else -1 for it in (pending, confirmed, off)]
            code = Code(number, monitor.code, *at)
            before = first.get(monitor.code)
            if before is None or (code.confirmed >= 0 and not 0 <= before.confirmed <= code.confirmed):
                first[monitor.code] = code
        said += first.values()
    return tuple(said)


def _remember(found: NDArray[np.int8], need: NDArray[np.int64]) -> tuple[int, int, int]:
    """Give the trips on which a code became pending, was confirmed, and its lamp went out; -1: never."""
    pending, failed, passed, confirmed = -1, 0, 0, -1
    for trip, verdict in enumerate(found.tolist()):
        if verdict == tests.FAILED:
            pending, failed, passed = (trip if failed == 0 and confirmed < 0 else pending), failed + 1, 0
            if confirmed < 0 and failed >= need[trip]:
                confirmed = trip
        elif verdict == tests.PASSED:
            failed, passed = 0, passed + 1
            if confirmed < 0:
                pending = -1
            elif passed == _LAMP_OFF:
                return pending, confirmed, trip
    return pending, confirmed, -1


def belongs(code: str, fault: str) -> bool:
    """Tell whether a code may be of that fault, by the fault table."""
    return code in FAULTS[fault].dtcs
