"""A batch of accepted readings as one wide table: a row per instant, a float32 column per signal."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from ingest.envelope import EPOCH
from ingest.readings import FloatArray

IntArray = NDArray[np.int64]
_MICROSECOND = timedelta(microseconds=1)


def to_us(instant: datetime) -> int:
    """Give microseconds since 1970."""
    return (instant - EPOCH) // _MICROSECOND


def from_us(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=int(microseconds))


@dataclass(frozen=True, slots=True)
class Origin:
    """The message that a row came in, and whose it is. `retained`: from the broker's memory, so not live."""

    device: str
    boot: str
    seq: int
    vehicle: str
    organisation: str
    partition: int
    arrived_us: int
    retained: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Rows in order of arrival; every row has at least one value.

    `origin` [row] is an index into `origins`, `at_us` [row] the event time in microseconds since 1970, `position`
    [row] the row's place in its message. `signals`: name -> [row] float32, NaN = missing. `quality` [row] are the
    `Quality` flags of whole rows, `doubts`: name -> [row] those of single values, for signals that have any.
    """

    origins: tuple[Origin, ...]
    origin: IntArray
    at_us: IntArray
    position: IntArray
    signals: Mapping[str, FloatArray]
    quality: NDArray[np.uint8]
    doubts: Mapping[str, NDArray[np.uint8]]

    @property
    def rows(self) -> int:
        return len(self.at_us)

    @property
    def vehicles(self) -> dict[str, str]:
        """Give vehicle -> organisation of the batch."""
        return {it.vehicle: it.organisation for it in self.origins}

    def readings_per_origin(self) -> IntArray:
        counts = np.zeros(len(self.origins), dtype=np.int64)
        for values in self.signals.values():
            counts += np.bincount(self.origin[~np.isnan(values)], minlength=len(self.origins))
        return counts

    def ranks(self, *names: str) -> IntArray:
        """Give for each origin the rank of these fields of it; equal fields share a rank. Text ranks byte by byte."""
        keys = [tuple(getattr(it, name) for name in names) for it in self.origins]
        rank = {key: number for number, key in enumerate(sorted(set(keys)))}
        return np.array([rank[key] for key in keys], dtype=np.int64)
