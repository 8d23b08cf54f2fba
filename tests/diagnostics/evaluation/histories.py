"""Small histories of which every figure can be counted by hand: two trips a day, half an hour each."""

from collections.abc import Mapping, Sequence

import numpy as np

from diagnostics.evaluation.histories import DAY_S, Episodes, Histories

FAULTS = ("alternator", "fuel_pump", "misfire")
NEVER = np.nan


def histories(
    probability: Sequence[Mapping[str, Sequence[float]]],
    severity: Sequence[Mapping[str, Sequence[float]]] | None = None,
    faults: Sequence[str] = FAULTS,
) -> Histories:
    """Give one car per row, with what was said and true of each fault, trip after trip; 0 of what is not named."""
    trips = [len(next(iter(said.values()))) for said in probability]
    truth = severity or [{} for _ in trips]

    def table(rows: Sequence[Mapping[str, Sequence[float]]]) -> np.ndarray:
        filled = [
            [np.asarray(row.get(fault, np.zeros(n)), dtype=np.float32) for fault in faults]
            for row, n in zip(rows, trips, strict=True)
        ]
        return np.concatenate([np.stack(columns, axis=1) for columns in filled])

    begin = np.concatenate([np.arange(n) * DAY_S / 2 for n in trips])
    shape = (sum(trips), len(faults))
    return Histories(
        tuple(faults), np.repeat(np.arange(len(trips)), trips), begin, begin + 1800,
        np.full(sum(trips), 0.5, np.float32), table(probability),
        np.zeros(shape, bool), table(truth), np.ones(shape, bool),
    )  # fmt: skip


def episodes(*rows: tuple[int, int, float, float, float]) -> Episodes:
    """Give episodes from (car, fault, onset, code, failure), in days."""
    car, fault, onset, code, failure = (np.array(column) for column in zip(*rows, strict=True))
    return Episodes(
        car.astype(np.int64),
        fault.astype(np.int64),
        onset * DAY_S,
        onset * DAY_S,
        code * DAY_S,
        code * DAY_S,
        failure * DAY_S,
    )
