"""A batch of accepted readings as one wide table: a row per instant, a float32 column per signal."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from operator import attrgetter

import numpy as np
from msgspec import Struct
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


class Origin(Struct, frozen=True, gc=False):
    """The message that a row came in, and whose it is. `retained`: from the broker's memory, so not live."""

    device: str
    boot: str
    seq: int
    vehicle: str
    organisation: str
    partition: int
    arrived_us: int
    retained: bool = False


@dataclass(frozen=True, eq=False)
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

    @cached_property
    def vehicles(self) -> dict[str, str]:
        """Give vehicle -> organisation of the batch."""
        return {it.vehicle: it.organisation for it in self.origins}

    def readings_per_origin(self) -> IntArray:
        return self._readings

    def ranks(self, *names: str) -> IntArray:
        """Give for each origin the rank of these fields of it; equal fields share a rank. Text ranks byte by byte."""
        if names not in self._ranks:
            keys = list(map(attrgetter(*names), self.origins))
            rank = {key: number for number, key in enumerate(sorted(set(keys)))}
            self._ranks[names] = np.array([rank[key] for key in keys], dtype=np.int64)
        return self._ranks[names]

    def order(self, *names: str) -> IntArray:
        """Give the rows in the order of (these fields of their origins, event time, boot, seq, position).

        Messages whose times do not overlap are put in order as a whole: a few hundred instead of all rows.
        """
        if names not in self._orders:
            # Nearly always one boot of one device speaks for a vehicle, and the vehicle's order is that of all three.
            alone = len(names) > 1 and self.ranks(*names).max(initial=0) == self.ranks(names[0]).max(initial=0)
            self._orders[names] = self.order(names[0]) if alone else self._whole_messages(names)
        return self._orders[names]

    def _whole_messages(self, names: tuple[str, ...]) -> IntArray:
        if not self.rows:
            return np.zeros(0, dtype=np.int64)
        rank = self.ranks(*names)
        begins = np.flatnonzero(np.append(True, np.diff(self.origin) != 0))
        ends = np.append(begins[1:], self.rows)
        whose, first = rank[self.origin[begins]], self.at_us[begins]
        place = np.lexsort((first, whose))
        last = self.at_us[ends - 1][place]
        apart = (last[:-1] < first[place][1:]) | (np.diff(whose[place]) != 0)
        rising = np.diff(self.at_us) >= 0
        rising[begins[1:] - 1] = True
        forward = np.diff(self.position) > 0
        forward[begins[1:] - 1] = True
        if not (apart.all() and rising.all() and forward.all()):
            identity = self.ranks("boot", "seq")[self.origin]
            return np.lexsort((self.position, identity, self.at_us, rank[self.origin]))
        sizes = (ends - begins)[place]
        shift = begins[place] - np.append(0, np.cumsum(sizes)[:-1])
        return np.repeat(shift, sizes) + np.arange(self.rows)

    @cached_property
    def _ranks(self) -> dict[tuple[str, ...], IntArray]:
        return {}

    @cached_property
    def _orders(self) -> dict[tuple[str, ...], IntArray]:
        return {}

    @cached_property
    def _readings(self) -> IntArray:
        counts = np.full(self.rows, len(self.signals), dtype=np.int64)
        for values in self.signals.values():
            missing = np.isnan(values)
            if missing.any():
                counts -= missing
        return np.bincount(self.origin, weights=counts, minlength=len(self.origins)).astype(np.int64)
