"""Weak pumps of other sizes and with other learning than the simulator's, and what may be taken for one.

F09 says `p = min(p_cmd, p_max*(1 - 0.5*s) - k*m_f)` and leaves open how much a pump has in reserve, what the engine
draws, and how the control unit shares the correction between its two trims. Two cars in five get something else
instead, of severity 0: dirty injectors (F10), a leak behind the air flow meter (F08), a wrong meter (F07), a leaking
injector (F11), another fuel, or nothing. All get what moves the trims of healthy cars.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from diagnostics.gating import streak_s
from diagnostics.modes.fuel_pump import Air, air
from diagnostics.training.variants import Varied, grow
from ingest.readings import Block, FloatArray

_SHORT, _LONG, _METERED = "short_term_fuel_trim_1", "long_term_fuel_trim_1", "mass_air_flow"
_STEP = 100 / 128  # of both trims, on the wire
_OPEN_S = 25.0  # after the start
_FULL = 0.85  # filling from which some cars leave the loop
_PUMP, _FILTER, _INJECTORS, _LEAK, _METER, _DRIPPING, _FUEL, _NOTHING = range(8)
_SHARES = (0.42, 0.12, 0.13, 0.05, 0.13, 0.03, 0.08, 0.04)


@dataclass(frozen=True, slots=True)
class _Draws:
    """What a car is like; all [trip], alike on the trips of one car.

    `reserve` is p_max and `draw` k per flow, in units of p_cmd; `learns` is the share in the long-term trim, `limit`
    the end of either trim in %; `leaves`: the loop is left at full load; `shape` in % per flow; `size` 0.4 to 1.3 of
    what is not a pump.
    """

    kind: NDArray[np.int64]
    reserve: FloatArray
    draw: FloatArray
    learns: FloatArray
    limit: FloatArray
    leaves: NDArray[np.bool_]
    shape: FloatArray
    size: FloatArray


def vary(block: Block, groups: NDArray[np.int64], rng: np.random.Generator) -> Varied:
    """Put a fault into every car of a healthy block; `groups[trip]` are cars, their trips in time order."""
    grown = grow(groups, rng)
    draws = _draw(groups, rng)
    breath = air(block)
    flow = np.nan_to_num(breath.flow)
    needed = _needed(block, flow, grown, draws) + _unrest(flow, groups, draws, rng)
    closed = _closed(breath, draws, block.step_s)
    values = block.values.copy()
    _trim(block, values, np.clip(needed, -35, 80), closed, draws)
    if _METERED in block.signals:
        wrong = np.where(draws.kind == _METER, 1 - 0.25 * np.minimum(grown, 1), 1).astype(np.float32)
        values[block.signals.index(_METERED)] *= wrong
    pump = (draws.kind == _PUMP) | (draws.kind == _FILTER)
    return Varied(replace(block, values=values), np.where(pump, grown, 0).astype(np.float32))


def _draw(groups: NDArray[np.int64], rng: np.random.Generator) -> _Draws:
    cars, car = np.unique(groups, return_inverse=True)
    count = len(cars)

    def between(low: float, high: float, power: float = 1.0) -> FloatArray:
        drawn: FloatArray = (low + (high - low) * rng.random(count) ** power).astype(np.float32)[car]
        return drawn

    reserve = between(1.03, 1.6, 1.8)
    return _Draws(
        rng.choice(len(_SHARES), count, p=_SHARES)[car],
        reserve,
        # A pump that is well has enough for nearly all driving: full load at 3000 rpm is a flow of 3.
        (reserve - 1) / between(1.5, 12.0),
        np.where(between(0, 1) < 0.4, 0, between(0, 1)).astype(np.float32),
        np.where(between(0, 1) < 0.7, 25, between(15, 40)).astype(np.float32),
        between(0, 1) < 0.4,
        between(-3, 2),
        between(0.4, 1.3),
    )


def _closed(breath: Air, draws: _Draws, step: float) -> NDArray[np.bool_]:
    overrun = (breath.engine_speed > 1200) & (breath.filling < 0.2)
    full = draws.leaves & (breath.filling > _FULL)
    closed: NDArray[np.bool_] = (streak_s(breath.running, step) > _OPEN_S) & ~overrun & ~full
    return closed


def _needed(block: Block, flow: FloatArray, grown: FloatArray, draws: _Draws) -> FloatArray:
    """Give the correction in % that the mixture needs [time, trip]."""
    metered = ~np.isnan(block.signal(_METERED)).all(axis=0)
    pump = draws.reserve * (1 - 0.5 * grown) - draws.draw * flow
    clogged = 1.02 + 0.15 * (draws.reserve - 1) - (0.1 + 0.3 * draws.size) * grown * flow**1.3
    pressure = np.where(draws.kind == _FILTER, clogged, pump)
    lacking = 100 / np.sqrt(np.clip(pressure, 0.2, 1)) - 100
    refuelled = grown > 0.2  # once, and from then on
    leak = np.where(metered, 30 * grown * draws.size * np.clip(1 - flow / 3, 0, 1) * 0.25 / np.maximum(flow, 0.12), 0)
    needed: FloatArray = np.select(
        [draws.kind <= _FILTER, *(draws.kind == kind for kind in range(_INJECTORS, _NOTHING))],
        [
            lacking,
            np.broadcast_to(100 / (1 - 0.08 * grown) - 100, flow.shape),
            leak,
            np.broadcast_to(np.where(metered, 100 / (1 - 0.25 * np.minimum(grown, 1)) - 100, 0), flow.shape),
            100 / (1 + 0.25 * grown * 0.25 / np.maximum(flow, 0.15)) - 100,
            np.broadcast_to(np.where(refuelled, 32 * (draws.size - 0.85), 0), flow.shape),
        ],
        0.0,
    )
    return needed


def _unrest(flow: FloatArray, groups: NDArray[np.int64], draws: _Draws, rng: np.random.Generator) -> FloatArray:
    """Give what healthy trims do besides [time, trip]: a shape of the car's own, levels and tilts from trip to trip."""
    trips = len(groups)
    level, tilt = 1.2 * rng.standard_normal(trips), 0.5 * rng.standard_normal(trips)
    unrest: FloatArray = (level + (draws.shape + tilt) * np.clip(flow - 0.25, -0.1, 1.2)).astype(np.float32)
    return unrest


def _trim(block: Block, values: FloatArray, needed: FloatArray, closed: NDArray[np.bool_], draws: _Draws) -> None:
    """Let the two trims of `values` make up for what is needed, as far as they reach."""
    short, long = (block.signals.index(name) for name in (_SHORT, _LONG))
    had_short, had_long = values[short], values[long]
    made = np.zeros(needed.shape[1], dtype=np.float32)
    lagged = np.empty_like(needed, dtype=np.float32)
    for second in range(len(needed)):
        made = made + np.where(closed[second], 0.35 * block.step_s * (needed[second] - made), 0).astype(np.float32)
        lagged[second] = made
    # What is learnt is the middle of the drive, or follows the flow where the unit keeps cells.
    count = np.maximum(closed.sum(axis=0), 1)
    middle = np.where(closed, lagged, 0).sum(axis=0) / count
    cells = draws.learns > 0.6
    learnt = draws.learns * np.where(cells, lagged, middle)
    now_long = np.clip(had_long + learnt, -draws.limit, draws.limit)
    had = np.nan_to_num((1 + had_short / 100) * (1 + np.nan_to_num(had_long) / 100), nan=1.0)
    rest = had * (1 + lagged / 100) / (1 + np.nan_to_num(now_long) / 100)
    now_short = np.where(closed, np.clip(100 * (rest - 1), -draws.limit, draws.limit), 0)
    values[long] = np.where(np.isnan(had_long), np.nan, np.rint(now_long / _STEP) * _STEP)
    values[short] = np.where(np.isnan(had_short), np.nan, np.rint(now_short / _STEP) * _STEP)
