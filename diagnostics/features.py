"""What a trip shows of every fault, measured on a block of trips: the one code path of training, score and live."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from diagnostics.compiled import compiled
from diagnostics.held import RUNNING_RPM, BoolArray, Held
from diagnostics.modes import MODES, FaultMode, Measured, Stop
from diagnostics.observable import observable
from ingest.readings import Block, FloatArray, TripColumns, to_block

SIGNALS: tuple[str, ...] = tuple(
    sorted({"engine_speed", *(signal for mode in MODES.values() for signal in mode.signals)})
)
_SLOTS_AT_ONCE = 20_000_000  # float32 per signal and block: 80 MB
_SLOTS_HELD = 1_000_000  # float32 per column while measuring, 4 MB: a long block needs no more memory than a short one


@dataclass(frozen=True, slots=True)
class Features:
    """What each mode measured, by fault name, and the seconds each trip's engine ran: all `[trip, ...]`.

    `shown` tells which trips have the fault's minimum signals; one without them has no observed seconds of it.
    """

    measured: Mapping[str, Measured]
    running_s: FloatArray
    stops: Mapping[str, Stop]
    shown: Mapping[str, BoolArray]


def trip_features(block: Block, modes: Mapping[str, FaultMode] = MODES) -> Features:
    """Measure all modes on all trips of the block.

    Some trips at a time, in the same memory: fresh memory costs as much time as laying out a column in it.
    """
    trips, steps = len(block.lengths), max(block.values.shape[1], 1)
    some = max(_SLOTS_HELD // steps, 1)
    if trips <= some:
        return _features(Held(block), modes)
    space: list[FloatArray] = []
    return _joined(
        [_features(Held(block, slice(first, first + some), space), modes) for first in range(0, trips, some)]
    )


def _features(held: Held, modes: Mapping[str, FaultMode]) -> Features:
    shown = observable(held, modes)
    measured = {fault: mode.measure(held) for fault, mode in modes.items()}
    return Features(
        {
            fault: replace(one, observed_s=np.where(shown[fault], one.observed_s, np.float32(0)))
            for fault, one in measured.items()
        },
        (_running(held.column("engine_speed")) * held.step_s).astype(np.float32),
        {fault: mode.stop(held) for fault, mode in modes.items()},
        shown,
    )


def _joined(parts: Sequence[Features]) -> Features:
    measured, stops, shown = {}, {}, {}
    for fault in parts[0].measured:
        ones, halts = [part.measured[fault] for part in parts], [part.stops[fault] for part in parts]
        measured[fault] = Measured(
            np.concatenate([one.values for one in ones]), np.concatenate([one.observed_s for one in ones])
        )
        stops[fault] = Stop(np.concatenate([it.at_s for it in halts]), np.concatenate([it.value for it in halts]))
        shown[fault] = np.concatenate([part.shown[fault] for part in parts])
    return Features(measured, np.concatenate([part.running_s for part in parts]), stops, shown)


@compiled
def _running(speed: FloatArray) -> NDArray[np.int64]:
    """Count the steps of `speed[trip, time]` in which the engine runs."""
    steps = np.zeros(len(speed), dtype=np.int64)
    for trip in range(len(speed)):
        count = 0
        for value in speed[trip]:
            count += value > RUNNING_RPM
        steps[trip] = count
    return steps


def blocks_of(trips: Sequence[TripColumns]) -> list[tuple[slice, Block]]:
    """Put trips into blocks of bounded size, in their order; each comes with its place in `trips`."""
    edges, longest = [0], 0.0
    for index, trip in enumerate(trips):
        longest = max(longest, trip.duration_s)
        if (index + 1 - edges[-1]) * longest > _SLOTS_AT_ONCE and index > edges[-1]:
            edges.append(index)
            longest = trip.duration_s
    edges.append(len(trips))
    return [(slice(low, high), to_block(trips[low:high], SIGNALS)) for low, high in pairwise(edges) if high > low]
