"""The live windows: the last three minutes of every car at 1 Hz, in ring buffers `[signal, second, vehicle]`."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from foundation.database import UnitOfWork
from ingest.archive import Archive, Rows
from ingest.batch import Batch, IntArray, from_us
from ingest.readings import Block, FloatArray

WINDOW_S = 180
STRIDE_S = 60  # a longer batch is taken in steps, so that each step's window still shows what came before it
_NEVER = -(2**62)
# Tells of columns of readings, which it asks for by signal as `[second, column]`, whether they show anything at all.
Telling = Callable[[Callable[[str], FloatArray]], NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class WindowStep:
    """The windows of the vehicles that moved, as they are until the next step; `ends` are their last seconds."""

    vehicles: list[tuple[str, str]]
    ends: list[datetime]
    windows: "Windows"
    columns: IntArray

    def readings(self, name: str) -> FloatArray:
        """Give what one signal showed `[second, vehicle]`, in no order of time: for a look before a block is made."""
        return self.windows.ring(name)[:, self.columns]

    def block(self, which: IntArray) -> Block:
        """Give the windows of some of the vehicles, by their places in `vehicles`, one column each."""
        return self.windows.block_of(self.columns[which])


@dataclass(frozen=True, slots=True)
class _Cells:
    """Values for the rings, in order of time: `column` [row], `second` [row] and a column per signal."""

    column: IntArray
    second: IntArray
    signals: dict[str, FloatArray]

    def pick(self, rows: NDArray[np.int64]) -> "_Cells":
        return _Cells(self.column[rows], self.second[rows], {name: it[rows] for name, it in self.signals.items()})


class Windows:
    """Windows of the vehicles that one worker owns. Each ends at its vehicle's newest second of event time.

    Blocks name the signals that any of them has shown so far.
    After a restart a vehicle's window is filled from the archive when the vehicle is next heard of. A slot holds the
    last value read in its second; rows that come late fill only what is still empty.
    """

    def __init__(self, archive: Archive, signals: Collection[str] | None = None) -> None:
        """Keep these signals, or all that come."""
        self._archive = archive
        self._wanted = signals
        self._row: dict[str, int] = {}
        self._column: dict[str, int] = {}
        self._vehicles: list[str] = []  # by column
        self._values = np.full((0, WINDOW_S, 0), np.nan, dtype=np.float32)
        self._filled = np.zeros((WINDOW_S, 0), dtype=bool)  # [second, vehicle]: any signal has a value there
        self._head: IntArray = np.zeros(0, dtype=np.int64)
        self._forgotten: set[str] = set()

    def advance(self, unit: UnitOfWork, batch: Batch, telling: Telling | None = None) -> Iterator[WindowStep]:
        """Take in a batch step by step, and give after each step the windows that it moved.

        A vehicle of which `telling` says that neither its window nor its rows of this batch show anything goes through
        at once and is not given: none of its windows between here and there can show anything.
        Call it before the batch is in the manifest. It works while it is iterated over; `update` just goes through.
        Retained messages are not live and are left out.
        """
        live = np.array([not it.retained for it in batch.origins], dtype=bool)
        rows = np.flatnonzero(live[batch.origin]) if batch.rows else np.zeros(0, dtype=np.int64)
        if not len(rows):
            return
        self._admit(unit, sorted({it.vehicle for it in batch.origins}))
        columns = np.array([self._column[it.vehicle] for it in batch.origins], dtype=np.int64)
        signals = {name: values for name, values in batch.signals.items() if self._keeps(name)}
        cells = _Cells(columns[batch.origin], batch.at_us // 1_000_000, signals)
        if telling is not None:
            shown = self._shown(cells, telling)[cells.column[rows]]
            self._write(cells.pick(_in_time(batch, self._recent(cells, rows[~shown]))))
            rows = rows[shown]
        if not len(rows):
            return
        cells = cells.pick(_in_time(batch, rows))
        owners = batch.vehicles
        for step in _steps(cells):
            moved = self._write(step)
            if len(moved):
                names = self._names(moved)
                ends = [from_us(int(self._head[column]) * 1_000_000) for column in moved]
                yield WindowStep([(name, owners[name]) for name in names], ends, self, moved)

    def update(self, unit: UnitOfWork, batch: Batch) -> None:
        for _ in self.advance(unit, batch):
            pass

    def forget(self, vehicles: Iterable[str]) -> None:
        """Empty the windows of vehicles that others hear, too; they are filled from the archive at their next batch."""
        for vehicle in vehicles:
            column = self._column.get(vehicle)
            if column is not None:
                self._values[:, :, column] = np.nan
                self._filled[:, column] = False
                self._head[column] = _NEVER
                self._forgotten.add(vehicle)

    def block(self, vehicles: Sequence[str]) -> Block:
        """Give the windows of these vehicles, aligned at their first second with a value; unknown ones are empty."""
        known = np.array([self._column.get(vehicle, -1) for vehicle in vehicles], dtype=np.int64)
        if not self._column:
            empty = np.full((len(self._row), 0, len(vehicles)), np.nan, dtype=np.float32)
            return Block(tuple(self._row), 1.0, empty, np.zeros(len(vehicles), dtype=np.int64))
        block = self.block_of(np.maximum(known, 0))
        block.values[:, :, known < 0] = np.nan
        block.lengths[known < 0] = 0
        return block

    def ring(self, name: str) -> FloatArray:
        """Give a signal's ring `[second, vehicle]`; all NaN where no vehicle has shown it."""
        row = self._row.get(name)
        if row is None:
            return np.full(self._values.shape[1:], np.nan, dtype=np.float32)
        found: FloatArray = self._values[row]
        return found

    def _keeps(self, name: str) -> bool:
        return self._wanted is None or name in self._wanted

    def _admit(self, unit: UnitOfWork, vehicles: Sequence[str]) -> None:
        """Make room for vehicles not heard of since the start, and fill it with what the archive has of them."""
        new = [vehicle for vehicle in vehicles if vehicle not in self._column or vehicle in self._forgotten]
        if not new:
            return
        for vehicle in new:
            if vehicle not in self._column:
                self._column[vehicle] = len(self._vehicles)
                self._vehicles.append(vehicle)
        self._forgotten.difference_update(new)
        room = self._values.shape[2]
        if len(self._column) > room:
            more = max(2 * room, len(self._column)) - room
            self._values = np.pad(self._values, ((0, 0), (0, 0), (0, more)), constant_values=np.nan)
            self._filled = np.pad(self._filled, ((0, 0), (0, more)))
            self._head = np.pad(self._head, (0, more), constant_values=_NEVER)
        self._fill(self._archive.recent(unit, new, WINDOW_S))

    def _fill(self, rows: Rows) -> None:
        if len(rows.at_us):
            columns = np.array([self._column[vehicle] for vehicle in rows.vehicle], dtype=np.int64)
            order = np.argsort(rows.at_us, kind="stable")
            signals = {name: values for name, values in rows.signals.items() if self._keeps(name)}
            self._write(_Cells(columns, rows.at_us // 1_000_000, signals).pick(order))

    def _shown(self, cells: _Cells, telling: Telling) -> NDArray[np.bool_]:
        """Tell by column whether its window, or one of its new cells, shows anything."""
        shown = telling(self.ring)
        nothing = np.full(len(cells.column), np.nan, dtype=np.float32)
        rows = telling(lambda name: cells.signals.get(name, nothing)[None, :])
        shown[cells.column[rows]] = True
        return shown

    def _recent(self, cells: _Cells, rows: IntArray) -> IntArray:
        """Leave out the rows that lie behind the windows when all of these have been taken in."""
        head = self._head.copy()
        np.maximum.at(head, cells.column[rows], cells.second[rows])
        return rows[cells.second[rows] > head[cells.column[rows]] - WINDOW_S]

    def _write(self, cells: _Cells) -> IntArray:
        """Put cells into the rings and give the columns that have moved or got a value."""
        for name in cells.signals:
            self._row.setdefault(name, len(self._row))
        if len(self._row) > len(self._values):
            more = len(self._row) - len(self._values)
            self._values = np.pad(self._values, ((0, more), (0, 0), (0, 0)), constant_values=np.nan)
        touched = np.unique(cells.column)
        before = self._head.copy()
        np.maximum.at(self._head, cells.column, cells.second)
        self._sweep(touched, before[touched])
        inside = cells.second > self._head[cells.column] - WINDOW_S
        late = cells.second <= before[cells.column]
        slot = cells.second % WINDOW_S
        for name, values in cells.signals.items():
            ring = self._values[self._row[name]]
            there = inside & ~np.isnan(values)
            there &= ~late | np.isnan(ring[slot, cells.column])
            # With repeated slots numpy keeps the last assignment, which is the latest reading.
            ring[slot[there], cells.column[there]] = values[there]
        self._filled[slot[inside], cells.column[inside]] = True
        return np.unique(cells.column[inside])

    def _sweep(self, columns: IntArray, before: IntArray) -> None:
        """Empty the slots between the old heads and the new ones."""
        head = self._head[columns]
        stands_for = head - (head - np.arange(WINDOW_S)[:, None]) % WINDOW_S
        slots, which = np.nonzero((stands_for > before) & self._filled[:, columns])
        self._values[:, slots, columns[which]] = np.nan
        self._filled[slots, columns[which]] = False

    def block_of(self, columns: IntArray) -> Block:
        """Give the windows of these columns, aligned at their first second with a value."""
        seconds = np.arange(WINDOW_S)[:, None]
        oldest = self._head[columns] + 1
        filled = self._filled[(oldest + seconds) % WINDOW_S, columns]
        first = np.where(filled.any(axis=0), filled.argmax(axis=0), WINDOW_S)
        values = self._values[:, (oldest + first + seconds) % WINDOW_S, columns]
        lengths = WINDOW_S - first
        values[:, seconds >= lengths] = np.nan
        return Block(tuple(self._row), 1.0, values, lengths.astype(np.int64))

    def _names(self, columns: IntArray) -> list[str]:
        return [self._vehicles[column] for column in columns]


def _steps(cells: _Cells) -> Iterator[_Cells]:
    """Cut cells into steps that each move a vehicle by `STRIDE_S` at most, leaping over what is empty."""
    stride = cells.second // STRIDE_S
    span = int(stride.max()) - int(stride.min()) + 1
    pairs, of_row = np.unique(cells.column * span + (stride - stride.min()), return_inverse=True)
    column = pairs // span
    step = (np.arange(len(pairs)) - np.searchsorted(column, column))[of_row]
    for each in range(int(step.max()) + 1):
        yield cells.pick(np.flatnonzero(step == each))


def _in_time(batch: Batch, rows: IntArray) -> IntArray:
    return rows[np.argsort(batch.at_us[rows], kind="stable")]
