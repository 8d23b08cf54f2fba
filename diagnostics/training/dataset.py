"""The training set: labelled blocks measured once for all modes, then compared with each car's own baseline."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diagnostics.baseline import compare
from diagnostics.held import Held
from diagnostics.modes import FaultMode, Measured
from diagnostics.training.variants import VARIANTS
from ingest.readings import Block, FloatArray

BoolArray = NDArray[np.bool_]
GAP_S = 6 * 86_400.0  # between two trips of a sample; only their order tells
FAULTY_FROM, HEALTHY_TO = 0.25, 0.05  # severities between are neither: nobody could tell, and nobody need

COPIES = 2  # of each car without the fault, with a shape of it put in

_Columns = tuple[Any, ...]
Sample = tuple[Block, Mapping[str, FloatArray], NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class Dataset:
    """All `[trip, ...]`, trips that were long enough only.

    `group` is the car, `history` the car under one shape of fault (a varied copy is another history of the same car),
    `order` the place in it. `varied` tells trips of a car whose fault was put in by `variants/`. A
    copy that never gets the fault has something else, and is told like any car without the fault.
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
        """Mark trips that are plainly healthy or plainly faulty; a copy's healthy trips are its car's, told already."""
        return self.faulty | ((self.severity <= HEALTHY_TO) & ~self.varied)

    @property
    def lookalike(self) -> BoolArray:
        """Mark trips of copies that were given something else instead of the fault."""
        marked: BoolArray = ~self.varied & (self.history != (COPIES + 1) * self.group)
        return marked

    def where(self, chosen: BoolArray) -> "Dataset":
        return Dataset(*(getattr(self, name)[chosen] for name in self.__slots__))


def collect(samples: Iterable[Sample], modes: Mapping[str, FaultMode], seed: int) -> dict[str, Dataset]:
    """Measure every sample by all modes, and for each mode copies with other shapes of its fault put in.

    The copies are of the cars without that fault. A sample is dropped once it is measured.
    """
    # One stream per fault, so that the draws of one do not depend on which others are known.
    streams = {fault: np.random.default_rng([seed, *fault.encode()]) for fault in modes}
    columns: dict[str, list[_Columns]] = {fault: [] for fault in modes}

    def keep(measured: Mapping[str, list[_Columns]]) -> None:
        for fault, rows in measured.items():
            columns[fault] += rows

    # One chunk is measured while the next is simulated; one worker, so that the draws keep their order.
    with ThreadPoolExecutor(1) as pool:
        before: Future[dict[str, list[_Columns]]] | None = None
        for sample in samples:
            if before is not None:
                keep(before.result())
            before = pool.submit(_measure_all, modes, sample, streams)
        if before is not None:
            keep(before.result())
    return {fault: _dataset(mode, columns[fault]) for fault, mode in modes.items()}


def _dataset(mode: FaultMode, columns: Sequence[_Columns]) -> Dataset:
    joined = (np.concatenate(column) for column in zip(*columns, strict=True))
    values, observed_s, severity, group, stopped, copy, varied = joined
    history = (COPIES + 1) * group + copy
    order = _places(history)
    compared = compare(mode, Measured(values, observed_s), history, order.astype(np.float64) * GAP_S)
    # Rounded, so that the last bit of another machine's arithmetic moves no split.
    seen = np.round(compared.seen, 4)
    everything = Dataset(seen, mode.rule(seen), severity, group, history, order, observed_s, stopped, varied)
    return everything.where(observed_s >= mode.least_s)


def _measure_all(
    modes: Mapping[str, FaultMode], sample: Sample, streams: Mapping[str, np.random.Generator]
) -> dict[str, list[_Columns]]:
    return {fault: _measure_copies(mode, sample, streams[fault]) for fault, mode in modes.items()}


def _measure_copies(mode: FaultMode, sample: Sample, rng: np.random.Generator) -> list[_Columns]:
    block, labels, groups = sample
    # A fault that the simulator does not know is learnt from its variants.
    severity = labels.get(mode.fault, np.zeros(len(groups), dtype=np.float32))
    columns = [_measure(mode, block, severity, groups, copy=0)]
    healthy = ~np.isin(groups, np.unique(groups[severity > 0]))
    if mode.fault in VARIANTS and healthy.any():
        well = Block(block.signals, block.step_s, block.values[:, :, healthy], block.lengths[healthy])
        for copy in range(1, COPIES + 1):
            sick = VARIANTS[mode.fault](well, groups[healthy], rng)
            columns.append(_measure(mode, sick.block, sick.severity, groups[healthy], copy=copy))
    return columns


def _measure(mode: FaultMode, block: Block, severity: FloatArray, groups: NDArray[np.int64], *, copy: int) -> _Columns:
    held = Held(block)
    measured = mode.measure(held)
    stopped = ~np.isnan(mode.stop(held).at_s)
    varied = np.isin(groups, groups[severity > 0]) & (copy > 0)
    return measured.values, measured.observed_s, severity, groups, stopped, np.full(len(groups), copy), varied


def _places(history: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give each trip its place in its history, from 0, in the order in which they came."""
    order = np.argsort(history, kind="stable")
    _, first, row = np.unique(history[order], return_index=True, return_inverse=True)
    places = np.empty(len(history), dtype=np.int64)
    places[order] = np.arange(len(history)) - first[row]
    return places
