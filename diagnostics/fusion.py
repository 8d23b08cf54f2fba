"""What every fault's predictor sees, and what it says: the one code path of training, score and live.

Beside its own mode's columns a fault sees how strongly every other mode's residuals stand out (`health`), so that
it can tell a lean mixture by a leak from one by a pump. Where a car does not show another mode, that mode counts as
quiet (0) and not as unknown: which signals a car has must say nothing about its faults.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diagnostics.baseline import Compared, Walk, columns, compare
from diagnostics.modes import MODES, FaultMode, Measured
from diagnostics.predictor import OTHER, Predictor
from ingest.readings import FloatArray, TimeArray


@dataclass(frozen=True, slots=True)
class Predicted:
    """What was said of every trip: `[trip, fault]` in the order of `faults`.

    `probability` is NaN where the trip was too short to vote; `lead_days[trip, fault, 3]` are low, middle and high of
    the days to the trouble code, NaN where nothing is promised.
    """

    faults: tuple[str, ...]
    compared: Mapping[str, Compared]
    probability: FloatArray
    severity: FloatArray
    lead_days: FloatArray


def fused_columns(fault: str, modes: Mapping[str, FaultMode] = MODES) -> list[tuple[str, int]]:
    """Give name and direction of every column that the predictor of a fault sees."""
    health = [(f"{OTHER}{other}", 1 if other == fault else 0) for other in health_seen(modes)]
    return columns(modes[fault]) + health


def compare_all(
    measured: Mapping[str, Measured], vehicle: NDArray[np.int64], start_s: TimeArray,
    modes: Mapping[str, FaultMode] = MODES,
) -> dict[str, Compared]:  # fmt: skip
    """Hold all trips against their baselines, mode after mode."""
    walk = Walk.along(vehicle, start_s)
    return {fault: compare(mode, measured[fault], vehicle, start_s, walk) for fault, mode in modes.items()}


def health_seen(modes: Iterable[str] = MODES) -> tuple[str, ...]:
    """Give the faults whose health every predictor is trained to see: all of them, its own as well."""
    return tuple(sorted(modes))


def fused(fault: str, health: Sequence[str], compared: Mapping[str, Compared], rows: NDArray[np.int64]) -> FloatArray:
    """Give `[trip, column]` of these rows: the fault's own columns, then the health of those named."""
    # Rounded, so that the last bit of another machine's arithmetic moves no split.
    seen = np.column_stack([compared[fault].seen[rows], *(compared[other].health[rows] for other in health)])
    return np.ascontiguousarray(np.round(seen, 4), dtype=np.float32)


def predict_histories(
    predictor: Predictor, measured: Mapping[str, Measured], vehicle: NDArray[np.int64], start_s: TimeArray,
    rows: NDArray[np.int64] | None = None,
) -> Predicted:  # fmt: skip
    """Predict trips of many vehicles, held against each vehicle's earlier ones.

    `rows` are the trips that are asked for, all without it; the others serve as their past, and get NaN.
    """
    faults, trips = tuple(predictor.faults), len(start_s)
    asked = np.arange(trips) if rows is None else rows
    compared = compare_all(measured, vehicle, start_s)
    probability, severity = (np.full((trips, len(faults)), np.nan, dtype=np.float32) for _ in range(2))
    lead_days = np.full((trips, len(faults), 3), np.nan, dtype=np.float32)
    for place, fault in enumerate(faults):
        voting = asked[measured[fault].observed_s[asked] >= MODES[fault].least_s]
        learnt = predictor.faults[fault]
        said = learnt.predict(fused(fault, learnt.health, compared, voting))
        probability[voting, place], severity[voting, place] = said.probability, said.severity
        lead_days[voting, place] = said.lead_days
    return Predicted(faults, compared, probability, severity, lead_days)


def nothing_measured(trips: int, faults: Iterable[str] = MODES) -> dict[str, Measured]:
    """Give what trips show that show nothing: a place to write what some of them do."""
    return {
        fault: Measured(
            np.full((trips, len(MODES[fault].measures)), np.nan, dtype=np.float32), np.zeros(trips, dtype=np.float32)
        )
        for fault in faults
    }


def joined(measured: Sequence[Mapping[str, Measured]]) -> dict[str, Measured]:
    """Put what was measured block by block into one row per trip."""
    if not measured:
        return nothing_measured(0)
    return {
        fault: Measured(
            np.concatenate([one[fault].values for one in measured]),
            np.concatenate([one[fault].observed_s for one in measured]),
        )
        for fault in measured[0]
    }
