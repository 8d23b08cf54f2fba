"""A block made ready for measuring: one contiguous row per trip, the last reading held while it stands."""

from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from diagnostics.compiled import compiled
from ingest.readings import Block, FloatArray

HOLD_S = 5.0  # signals are polled one after another: a reading stands for at most this long
SLOW_HOLD_S = 60.0  # what is polled rarely because it moves slowly
SLOW = frozenset(
    {
        "coolant_temperature", "intake_air_temperature", "ambient_air_temperature", "oil_temperature",
        "barometric_pressure", "fuel_level", "catalyst_temperature_b1s1", "long_term_fuel_trim_1",
        "long_term_fuel_trim_2", "evap_vapor_pressure",
    }
)  # fmt: skip
RUNNING_RPM = 400.0  # above cranking (about 200 rpm), below every idle

BoolArray = NDArray[np.bool_]
Table = Mapping[str, FloatArray]
_Made = TypeVar("_Made")


class Held:
    """The trips of one block as columns `[trip, time]`, float32, C-contiguous; what lies behind a trip's end is NaN.

    A column is made when it is first asked for, and kept. `lengths[trip]` are grid steps of `step_s` seconds. `part`
    are the trips of the block that are meant. The columns lie in the flat arrays of `space`, which grows by what it
    lacks, and may serve for another part, no larger, when this one is done with.
    """

    def __init__(self, block: Block, part: slice = slice(None), space: list[FloatArray] | None = None) -> None:
        self.block = block
        self.step_s = block.step_s
        self.lengths: NDArray[np.int64] = block.lengths[part]
        self._first = part.start or 0
        self._space, self._taken = [] if space is None else space, 0
        self._held: dict[str, FloatArray] = {}
        self._fresh: dict[str, FloatArray] = {}
        self._shown: dict[str, BoolArray] = {}
        self._missing: FloatArray | None = None
        self._made: dict[object, object] = {}

    @property
    def trips(self) -> int:
        return len(self.lengths)

    def has(self, name: str) -> bool:
        """Tell whether any trip may have this signal."""
        return name in self.block.signals

    def fresh(self, name: str) -> FloatArray:
        """Give a signal as it was read: NaN in a second without a reading."""
        if name not in self._fresh:
            self._fresh[name], self._shown[name] = self._laid_out(name, 0.0)
        return self._fresh[name]

    def column(self, name: str) -> FloatArray:
        """Give a signal with its last reading held, for `SLOW_HOLD_S` if it is a slow one, else for `HOLD_S`."""
        if name not in self._held:
            limit_s = SLOW_HOLD_S if name in SLOW else HOLD_S
            self._held[name], self._shown[name] = self._laid_out(name, limit_s)
        return self._held[name]

    def shown(self, name: str) -> BoolArray:
        """Tell `[trip]` whether the trip has any reading of this signal."""
        if not self.has(name):
            return np.zeros(self.trips, dtype=np.bool_)
        if name not in self._shown:
            self.column(name)
        return self._shown[name]

    def _laid_out(self, name: str, limit_s: float) -> tuple[FloatArray, BoolArray]:
        if not self.has(name):
            return self._nowhere(), np.zeros(self.trips, dtype=np.bool_)
        rows, limit = self._rows(), int(limit_s // self.step_s)
        return rows, _hold(self.block.signal(name), self._first, self.lengths, limit, rows)

    def _rows(self) -> FloatArray:
        shape = self.trips, self.block.values.shape[1]
        slots = shape[0] * shape[1]
        if self._taken == len(self._space):
            self._space.append(np.empty(slots, dtype=np.float32))
        self._taken += 1
        return self._space[self._taken - 1][:slots].reshape(shape)

    def _nowhere(self) -> FloatArray:
        """Give the one column of all signals that are missing."""
        if self._missing is None:
            self._missing = self._rows()
            self._missing.fill(np.nan)
        return self._missing

    def once(self, function: Callable[["Held"], _Made]) -> _Made:
        """Give `function(self)`, worked out once: what one file measures, many modes may read."""
        if function not in self._made:
            self._made[function] = function(self)
        made: _Made = self._made[function]  # type: ignore[assignment]
        return made


_TRIPS, _STEPS = 256, 32  # at once: what is held of them stays in the nearest cache


@compiled
def _hold(values: FloatArray, offset: int, lengths: NDArray[np.int64], limit: int, rows: FloatArray) -> BoolArray:
    """Turn `values[time, offset + trip]` into `rows[trip, time]`, each reading held for at most `limit` steps.

    Gives which trips have any reading.

    Some trips and steps at a time: first as they come, many trips by one instruction, then trip by trip into the rows.
    """
    trips, steps = rows.shape
    shown = np.zeros(trips, dtype=np.bool_)
    part = np.empty((_STEPS, _TRIPS + 16), dtype=np.float32)  # 16 more, so that its lines do not push each other out
    last, read_at = np.empty(_TRIPS, dtype=np.float32), np.empty(_TRIPS, dtype=np.int32)
    unknown = np.float32(np.nan)
    for first in range(0, trips, _TRIPS):
        some = min(_TRIPS, trips - first)
        last[:], read_at[:] = unknown, np.int32(-1)
        for begin in range(0, steps, _STEPS):
            many = min(_STEPS, steps - begin)
            for step in range(many):
                now, oldest = np.int32(begin + step), np.int32(begin + step - limit)
                line, made = values[begin + step, offset + first : offset + first + some], part[step]
                for trip in range(some):
                    there = not np.isnan(line[trip])
                    last[trip] = line[trip] if there else last[trip]
                    read_at[trip] = now if there else read_at[trip]
                    made[trip] = last[trip] if read_at[trip] >= oldest else unknown
            for trip in range(some):
                row = rows[first + trip, begin : begin + many]
                for step in range(many):
                    row[step] = part[step, trip]
        for trip in range(some):
            shown[first + trip] = read_at[trip] >= 0
            rows[first + trip, lengths[first + trip] :] = unknown
    return shown
