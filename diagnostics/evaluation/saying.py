"""What the predictor, and the plainer ways below it, say of a shard's trips."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from diagnostics.baseline import Compared, columns
from diagnostics.evaluation.histories import Episodes, Histories
from diagnostics.evaluation.measuring import Shard, save
from diagnostics.fusion import predict_histories
from diagnostics.modes import MODES, FaultMode, Measured
from diagnostics.predictor import Predictor
from diagnostics.sources import source_hash
from ingest.readings import FloatArray

# What is said of a measured trip follows from these, and from the predictor.
_SAYING = ("baseline.py", "evaluation/saying.py", "fusion.py", "joint.py", "predictor.py", "residuals.py",
           "single_row.py", "trend.py")  # fmt: skip


def saying_hash(predictor: Predictor) -> str:
    """Give a hash over the predictor and the source of all that it says by."""
    return hashlib.sha256(f"{predictor.version} {source_hash(_SAYING)}".encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Said:
    """All `[trip, fault]` in the order of the shard's faults; NaN where a fault is not judged on a trip.

    `probability` is the predictor's, `lead_d[..., 2]` the interval it promises. `plain` is how far a measure lies
    outside what healthy cars of all kinds show, `cusum` the largest cumulated residual, `health` the largest trend.
    `residuals[trip, column]` are the modes' own columns of this trip alone, where they were asked for.
    """

    probability: FloatArray
    lead_d: FloatArray
    plain: FloatArray
    cusum: FloatArray
    health: FloatArray
    residuals: FloatArray


def say(shard: Shard, predictor: Predictor, *, residuals: bool) -> Said:
    """Predict all trips of a shard, each held against its car's earlier ones."""
    told = predict_histories(predictor, shard.measured, shard.car, shard.begin_s)
    blank = np.full((len(shard.car), len(shard.faults)), np.nan, dtype=np.float32)
    made = Said(blank, np.full((*blank.shape, 2), np.nan, dtype=np.float32), blank.copy(), blank.copy(), blank.copy(),
                _residuals(told.compared) if residuals else blank[:, :0])  # fmt: skip
    for place, fault in enumerate(told.faults):
        if fault in shard.faults:
            made.probability[:, shard.faults.index(fault)] = told.probability[:, place]
            made.lead_d[:, shard.faults.index(fault)] = told.lead_days[:, place, [0, 2]]
    for fault, compared in told.compared.items():
        if fault in shard.faults:
            place, mode = shard.faults.index(fault), MODES[fault]
            long = shard.measured[fault].observed_s >= mode.least_s
            cusums = [index for index, (name, _) in enumerate(columns(mode)) if name.endswith("_cusum")]
            made.cusum[long, place] = compared.seen[:, cusums].max(axis=1, initial=0.0)[long]
            made.plain[long, place] = outside(mode, shard.measured[fault])[long]
            made.health[long, place] = compared.health[long]
    return made


def outside(mode: FaultMode, measured: Measured) -> FloatArray:
    """Give `[trip]`, the most by which a measure is outside the healthy band, in spreads: no car has its own normal."""
    scores = [np.zeros(len(measured.values), dtype=np.float32)]
    for column, measure in enumerate(mode.measures):
        low, high = measure.healthy
        values = measured.values[:, column]
        if measure.direction > 0:
            scores.append((values - high) / measure.wander)
        elif measure.direction < 0:
            scores.append((low - values) / measure.wander)
    worst: FloatArray = np.nanmax(np.stack(scores), axis=0).astype(np.float32)
    return worst


def _residuals(compared: Mapping[str, Compared]) -> FloatArray:
    tables = [one.features for _, one in sorted(compared.items())]
    return np.concatenate(tables, axis=1).astype(np.float32)


def save_said(path: Path, said: Said) -> None:
    """Keep what was said of a shard."""
    save(path, **{name: getattr(said, name) for name in Said.__slots__})


def load_said(path: Path) -> Said:
    """Read what was kept."""
    with np.load(path) as file:
        return Said(*(file[name] for name in Said.__slots__))


def histories(shards: Sequence[Shard], said: Sequence[Said]) -> tuple[Histories, Episodes]:
    """Put shards and what was said of them together; they come in the order of their cars."""

    def together(rows: Sequence[Any], name: str) -> Any:
        return np.concatenate([getattr(row, name) for row in rows])

    made = Histories(
        shards[0].faults, together(shards, "car"), together(shards, "begin_s"), together(shards, "end_s"),
        together(shards, "hours"), together(said, "probability"), together(shards, "stopped"),
        together(shards, "severity"), together(shards, "observable"), together(said, "lead_d"),
    )  # fmt: skip
    return made, Episodes(*(together([one.episodes for one in shards], name) for name in Episodes.__slots__))
