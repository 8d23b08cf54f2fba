"""The live windows: the last three minutes of every car at 1 Hz, in ring buffers `[signal, second, vehicle]`."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
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
_REACH = WINDOW_S // STRIDE_S  # a window that ends in one stride begins at most so many before it
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
    """Values for the rings, in order of (column, time): `column` [row], `second` [row] and a column per signal."""

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

        With `telling`, only windows that may show something are given; what lies between them goes in at once.
        Call it before the batch is in the manifest. It works while it is iterated over; `update` just goes through.
        Retained messages are not live and are left out.
        """
        rows = batch.order("vehicle")
        retained = np.array([it.retained for it in batch.origins], dtype=bool)
        if retained.any():
            rows = rows[~retained[batch.origin[rows]]]
        if not len(rows):
            return
        self._admit(unit, sorted({it.vehicle for it in batch.origins}))
        columns = np.array([self._column[it.vehicle] for it in batch.origins], dtype=np.int64)
        signals = {name: values for name, values in batch.signals.items() if self._keeps(name)}
        strides = _Strides.of(columns[batch.origin[rows]], batch.at_us[rows] // 1_000_000)
        wanted = np.ones(len(strides.begins), dtype=bool)
        if telling is not None:
            wanted = self._wanted_strides(strides, rows, signals, telling)
        owners = batch.vehicles
        for picked, watched in strides.steps(wanted):
            there = rows[picked]
            moved = self._write(
                _Cells(strides.column[picked], strides.second[picked], {it: signals[it][there] for it in signals})
            )
            moved = moved[np.isin(moved, watched)]
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
            order = np.lexsort((rows.at_us, columns))
            signals = {name: values for name, values in rows.signals.items() if self._keeps(name)}
            self._write(_Cells(columns, rows.at_us // 1_000_000, signals).pick(order))

    def _wanted_strides(
        self, strides: "_Strides", rows: IntArray, signals: Mapping[str, FloatArray], telling: Telling
    ) -> NDArray[np.bool_]:
        """Tell by stride whether a window that ends in it may show something: it, or what was up to a window before."""
        nothing = np.full(len(rows), np.nan, dtype=np.float32)
        signs = telling(lambda name: (signals[name][rows] if name in signals else nothing)[None, :])
        shown = np.logical_or.reduceat(signs, strides.begins)
        wanted = shown.copy()
        for back in range(1, len(shown)):
            near = strides.same_window(back)
            if not near.any():
                break
            wanted[back:] |= near & shown[:-back]
        column = strides.column[strides.begins]
        head = self._head[column]
        # A window from before shows it as long as it lasts; what comes late moves no window.
        wanted |= telling(self.ring)[column] & (strides.number - head // STRIDE_S <= _REACH)
        behind = np.zeros(len(self._head), dtype=bool)
        behind[column[strides.second[strides.begins] <= head]] = True
        touched = np.zeros(len(self._head), dtype=bool)
        touched[column[wanted]] = True
        wanted |= (behind & touched)[column]
        return wanted

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
        # Rows of a column stand together, in order of time: a second that occurs twice has its rows side by side.
        once = (np.diff(cells.column) != 0) | (np.diff(cells.second) != 0)
        if once.all() and not late.any():
            self._write_new(cells if inside.all() else cells.pick(np.flatnonzero(inside)))
        else:
            self._write_over(cells, slot, inside, late)
        self._filled[slot[inside], cells.column[inside]] = True
        return np.unique(cells.column[inside])

    def _write_new(self, cells: _Cells) -> None:
        """Put one row a second into slots that are empty."""
        slot = cells.second % WINDOW_S
        for name, values in cells.signals.items():
            self._values[self._row[name]][slot, cells.column] = values

    def _write_over(self, cells: _Cells, slot: IntArray, inside: NDArray[np.bool_], late: NDArray[np.bool_]) -> None:
        """Put rows into slots that may have a value: one that comes late gives way to it."""
        for name, values in cells.signals.items():
            ring = self._values[self._row[name]]
            there = inside & ~np.isnan(values)
            there &= ~late | np.isnan(ring[slot, cells.column])
            # With repeated slots numpy keeps the last assignment, which is the latest reading.
            ring[slot[there], cells.column[there]] = values[there]

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


@dataclass(frozen=True, slots=True)
class _Strides:
    """Rows in the order of (column, second), cut wherever a column's next `STRIDE_S` begin.

    `begins` are the rows with which strides begin, `number` [stride] counts strides since 1970.
    """

    column: IntArray
    second: IntArray
    begins: IntArray
    number: IntArray

    @staticmethod
    def of(column: IntArray, second: IntArray) -> "_Strides":
        number = second // STRIDE_S
        begins = np.flatnonzero(np.append(True, (np.diff(column) != 0) | (np.diff(number) != 0)))
        return _Strides(column, second, begins, number[begins])

    def same_window(self, back: int) -> NDArray[np.bool_]:
        """Tell of every stride but the first `back` whether the one so many before it may be in its window, too."""
        column = self.column[self.begins]
        near: NDArray[np.bool_] = (column[back:] == column[:-back]) & (
            self.number[back:] - self.number[:-back] <= _REACH
        )
        return near

    def steps(self, wanted: NDArray[np.bool_]) -> Iterator[tuple[IntArray, IntArray]]:
        """Give what each step takes in, and the columns whose windows are wanted after it.

        A wanted stride is a step of its column. What lies between two of them is one, and only its last window counts.
        """
        column = self.column[self.begins]
        new = np.append(True, np.diff(column) != 0)
        cut = new | wanted | np.append(False, wanted[:-1])
        group = np.cumsum(cut) - 1
        last = self.number[np.append(np.flatnonzero(cut)[1:], len(cut)) - 1]
        kept = self.number >= last[group] - _REACH
        step = group - group[np.flatnonzero(new)][np.cumsum(new) - 1]
        ends = np.append(self.begins[1:], len(self.column))
        order = np.flatnonzero(kept)[np.argsort(step[kept], kind="stable")]
        for some in np.split(order, np.flatnonzero(np.diff(step[order])) + 1):
            sizes = ends[some] - self.begins[some]
            shift = self.begins[some] - np.append(0, np.cumsum(sizes)[:-1])
            yield np.repeat(shift, sizes) + np.arange(int(sizes.sum())), column[some[wanted[some]]]
