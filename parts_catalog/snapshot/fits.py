"""Which parts are made for which car: for every group and part type, span of years by span of years.

The years of a group are cut where a line begins or ends, so that a span is answered by one run of parts, and any year,
also one that no line names, lies in a span or before the first. Lines that state no year have a run of their own.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from parts_catalog.snapshot.files import Array, Column
from parts_catalog.snapshot.layout import NEVER_BEGUN, NEVER_ENDED, TYPES, span_key

_BLOCK = 500_000  # lines, or the lines of one group


def write_slots(folder: Path, order: Array, came: dict[str, Array]) -> None:
    """Write where the lines of each group and type begin: `slot_key` is group x `TYPES` + type."""
    key = came["group"].astype(np.int64)
    key *= TYPES
    key += came["type"]
    key = key[order]
    begins = np.flatnonzero(np.diff(key, prepend=-1))
    _write(folder, "slot_key", key[begins])
    _write(folder, "slot_begin", np.append(begins, len(key)))


def write_fits(folder: Path, order: Array, came: dict[str, Array]) -> None:
    """Write the parts of each span and type (`fit_key`: span x `TYPES` + type); after all spans, those of no year.

    Exclusions name no part. `span_key` tells the spans; group g without years is numbered as span `len(span_key)` + g.
    """
    spans, dated, undated = Column(folder, "span_key", np.int64), _Runs(folder, "fit"), _Runs(folder, "undated")
    for block in _blocks(order, came["group"]):
        rows = block[~came["excludes"][block]]
        first, last = came["year_from"][rows], came["year_to"][rows]
        open_ended = (first == NEVER_BEGUN) & (last == NEVER_ENDED)
        free, rows = rows[open_ended], rows[~open_ended]
        undated.add(came["group"][free].astype(np.int64), came["type"][free], came["no"][free])
        group, first, last = came["group"][rows], first[~open_ended], last[~open_ended]
        ends = span_key(group, last)[last != NEVER_ENDED] + 1
        here = np.unique(np.concatenate([span_key(group, first), ends]))
        begin = np.searchsorted(here, span_key(group, first))
        count = np.searchsorted(here, span_key(group, last), "right") - begin
        span = np.repeat(begin - (np.cumsum(count) - count), count) + np.arange(count.sum())
        dated.add(span + spans.length, np.repeat(came["type"][rows], count), np.repeat(came["no"][rows], count))
        spans.add(here)
    dated.append(undated, spans.length * TYPES)
    spans.finish()
    _write(folder, "fit_key", np.concatenate([*dated.keys, np.zeros(0, np.int64)]))
    _write(folder, "fit_begin", np.append(np.concatenate([*dated.begins, np.zeros(0, np.int64)]), dated.parts.length))
    dated.parts.finish()


class _Runs:
    """Runs of parts, each with its key; keys only grow."""

    def __init__(self, folder: Path, name: str) -> None:
        self.keys: list[Array] = []
        self.begins: list[Array] = []
        self.parts = Column(folder, f"{name}_part", np.int32)

    def add(self, span: Array, kind: Array, part: Array) -> None:
        """Append the parts, each once for its span and type."""
        key = span * TYPES + kind
        order = np.lexsort((part, key))
        key, part = key[order], part[order]
        new = np.diff(key, prepend=-1) != 0
        kept = new | (np.diff(part, prepend=-1) != 0)
        key, part, new = key[kept], part[kept], new[kept]
        begins = np.flatnonzero(new)
        self.keys.append(key[begins])
        self.begins.append(begins + self.parts.length)
        self.parts.add(part)

    def append(self, others: "_Runs", behind: int) -> None:
        self.keys += [key + behind for key in others.keys]
        self.begins += [begins + self.parts.length for begins in others.begins]
        view = others.parts.view()
        for at in range(0, len(view), _BLOCK):
            self.parts.add(view[at : at + _BLOCK])
        others.parts.drop()


def _blocks(order: Array, group: Array) -> Iterator[Array]:
    """Cut the lines, in their order, where a group ends."""
    groups = group[order]
    at = 0
    while at < len(order):
        last = groups[min(at + _BLOCK, len(order)) - 1]
        end = int(np.searchsorted(groups, last, "right"))
        yield order[at:end]
        at = end


def _write(folder: Path, name: str, values: Array) -> None:
    column = Column(folder, name, np.int64)
    column.add(values)
    column.finish()
