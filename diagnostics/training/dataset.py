"""The training set: labelled blocks measured chunk by chunk, then compared with each car's own baseline."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diagnostics.baseline import compare
from diagnostics.features import trip_features
from diagnostics.modes import FaultMode, Measured
from diagnostics.training.variants import VARIANTS
from ingest.readings import Block, FloatArray

BoolArray = NDArray[np.bool_]
GAP_S = 6 * 86_400.0  # between two trips of a sample; only their order tells
FAULTY_FROM, HEALTHY_TO = 0.25, 0.05  # severities between are neither: nobody could tell, and nobody need

Sample = tuple[Block, Mapping[str, FloatArray], NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class Dataset:
    """All `[trip, ...]`, trips that were long enough only.

    `group` is the car, `history` the car under one shape of fault (a varied copy is another history of the same car),
    `order` the place in it. `varied` tells trips whose fault was put in by `variants.py`.
    """

    features: FloatArray
    rule: FloatArray
    severity: FloatArray
    group: NDArray[np.int64]
    history: NDArray[np.int64]
    order: NDArray[np.int64]
    observed_s: FloatArray
    stopped: BoolArray
    varied: BoolArray

    @property
    def faulty(self) -> BoolArray:
        return self.severity >= FAULTY_FROM

    @property
    def clear(self) -> BoolArray:
        """Mark trips that are plainly healthy or plainly faulty."""
        return self.faulty | (self.severity <= HEALTHY_TO)

    def where(self, chosen: BoolArray) -> "Dataset":
        return Dataset(*(getattr(self, name)[chosen] for name in self.__slots__))


def collect(samples: Iterable[Sample], mode: FaultMode, seed: int) -> Dataset:
    """Measure every sample and, of its cars without this fault, a copy with another shape of it put in."""
    rng = np.random.default_rng(seed)
    columns: list[tuple[Any, ...]] = []
    for block, labels, groups in samples:
        severity = labels[mode.fault]
        columns.append(_measure(mode, block, severity, groups, varied=False))
        healthy = ~np.isin(groups, np.unique(groups[severity > 0]))
        if mode.fault in VARIANTS and healthy.any():
            well = Block(block.signals, block.step_s, block.values[:, :, healthy], block.lengths[healthy])
            sick = VARIANTS[mode.fault](well, groups[healthy], rng)
            columns.append(_measure(mode, sick.block, sick.severity, groups[healthy], varied=True))
    joined = (np.concatenate(column) for column in zip(*columns, strict=True))
    values, observed_s, severity, group, stopped, varied = joined
    history = 2 * group + varied
    order = _places(history)
    compared = compare(mode, Measured(values, observed_s), history, order.astype(np.float64) * GAP_S)
    # Rounded, so that the last bit of another machine's arithmetic moves no split.
    seen = np.round(compared.seen, 4)
    everything = Dataset(
        seen, mode.rule(seen), severity, group, history, order, observed_s, stopped, varied.astype(bool)
    )
    return everything.where(observed_s >= mode.least_s)


def _measure(
    mode: FaultMode, block: Block, severity: FloatArray, groups: NDArray[np.int64], *, varied: bool
) -> tuple[Any, ...]:
    measured = trip_features(block).measured[mode.fault]
    stopped = ~np.isnan(mode.stop(block).at_s)
    return measured.values, measured.observed_s, severity, groups, stopped, np.full(len(groups), varied)


def _places(history: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give each trip its place in its history, from 0, in the order in which they came."""
    order = np.argsort(history, kind="stable")
    _, first, row = np.unique(history[order], return_index=True, return_inverse=True)
    places = np.empty(len(history), dtype=np.int64)
    places[order] = np.arange(len(history)) - first[row]
    return places
