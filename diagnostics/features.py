"""What a trip shows of every fault, measured on a block of trips: the one code path of training, score and live."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from diagnostics.held import RUNNING_RPM, Held
from diagnostics.modes import MODES, FaultMode, Measured, Stop
from diagnostics.observable import observable
from ingest.readings import Block, FloatArray, TripColumns, to_block

SIGNALS: tuple[str, ...] = tuple(
    sorted({"engine_speed", *(signal for mode in MODES.values() for signal in mode.signals)})
)
_SLOTS_AT_ONCE = 20_000_000  # float32 per signal and block: 80 MB


@dataclass(frozen=True, slots=True)
class Features:
    """What each mode measured, by fault name, and the seconds each trip's engine ran: all `[trip, ...]`.

    A trip without the fault's minimum signals has no observed seconds of it.
    """

    measured: Mapping[str, Measured]
    running_s: FloatArray
    stops: Mapping[str, Stop]


def trip_features(block: Block, modes: Mapping[str, FaultMode] = MODES) -> Features:
    """Measure all modes on all trips of the block at once."""
    held, shown = Held(block), observable(block, modes)
    running = held.column("engine_speed") > RUNNING_RPM
    measured = {fault: mode.measure(held) for fault, mode in modes.items()}
    return Features(
        {
            fault: replace(one, observed_s=np.where(shown[fault], one.observed_s, np.float32(0)))
            for fault, one in measured.items()
        },
        (running.sum(axis=1) * block.step_s).astype(np.float32),
        {fault: mode.stop(held) for fault, mode in modes.items()},
    )


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
