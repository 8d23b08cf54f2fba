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

Table = Mapping[str, FloatArray]
_Made = TypeVar("_Made")


class Held:
    """The trips of one block as columns `[trip, time]`, float32, C-contiguous; what lies behind a trip's end is NaN.

    A column is made when it is first asked for, and kept. `lengths[trip]` are grid steps of `step_s` seconds.
    """

    def __init__(self, block: Block) -> None:
        self.block = block
        self.step_s = block.step_s
        self.lengths: NDArray[np.int64] = block.lengths
        self._held: dict[str, FloatArray] = {}
        self._fresh: dict[str, FloatArray] = {}
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
            self._fresh[name] = np.ascontiguousarray(self.block.signal(name).T)
        return self._fresh[name]

    def column(self, name: str) -> FloatArray:
        """Give a signal with its last reading held, for `SLOW_HOLD_S` if it is a slow one, else for `HOLD_S`."""
        if name not in self._held:
            limit_s = SLOW_HOLD_S if name in SLOW else HOLD_S
            rows = np.full((self.trips, self.block.values.shape[1]), np.nan, dtype=np.float32)
            if self.has(name):
                _hold(self.block.signal(name), self.lengths, int(limit_s // self.step_s), rows)
            self._held[name] = rows
        return self._held[name]

    def once(self, function: Callable[["Held"], _Made]) -> _Made:
        """Give `function(self)`, worked out once: what one file measures, many modes may read."""
        if function not in self._made:
            self._made[function] = function(self)
        made: _Made = self._made[function]  # type: ignore[assignment]
        return made


_TILE = 16  # trips at once: one cache line of every instant


@compiled
def _hold(values: FloatArray, lengths: NDArray[np.int64], limit: int, rows: FloatArray) -> None:
    """Turn `values[time, trip]` into `rows[trip, time]` and hold each reading for at most `limit` steps."""
    trips = rows.shape[0]
    for first in range(0, trips, _TILE):
        for trip in range(first, min(first + _TILE, trips)):
            last, age = np.float32(np.nan), 0
            for step in range(lengths[trip]):
                value = values[step, trip]
                if not np.isnan(value):
                    last, age = value, 0
                else:
                    age += 1
                    if age > limit:
                        last = np.float32(np.nan)
                rows[trip, step] = last
