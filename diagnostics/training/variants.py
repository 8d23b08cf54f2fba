"""Shapes of a fault beyond the simulator's one law, put into healthy blocks, so that the trees learn physics.

F22 says `V_set - 1.6*s*(load fraction)`, ripple 0.15*s, or +1.5*s, and leaves open what the load follows. The simulator
has one answer (consumers over the alternator's capacity); real cars and other people's injections have others.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from diagnostics.gating import RUNNING_RPM, hold_last
from ingest.readings import Block, FloatArray

_VOLTAGE = "control_module_voltage"


@dataclass(frozen=True, slots=True)
class Varied:
    """A block with the fault in it, and its severity `[trip]`."""

    block: Block
    severity: FloatArray


def vary_alternator(block: Block, groups: NDArray[np.int64], rng: np.random.Generator) -> Varied:
    """Put a charging fault into every car of a healthy block; `groups[trip]` are cars, their trips in time order."""
    severity = _grow(groups, rng)
    cars, car = np.unique(groups, return_inverse=True)
    engine_speed = hold_last(block.signal("engine_speed"), block.step_s)
    load = hold_last(block.signal("engine_load"), block.step_s) / 100
    depth = rng.uniform(0.35, 1.0, len(cars)).astype(np.float32)[car]
    capacity = 0.4 + 0.6 * np.clip((engine_speed - 800) / 1700, 0, 1)
    fractions = (
        np.broadcast_to(depth, engine_speed.shape),
        np.where(np.isnan(load), depth * 0.5, load),
        np.clip(depth * 0.5 / capacity, 0, 1),
        np.where(engine_speed < 1000, depth, 0.0),
        np.zeros_like(engine_speed),  # ripple alone: one open diode of a strong alternator
    )
    shape = rng.choice(len(fractions), len(cars), p=(0.28, 0.27, 0.15, 0.15, 0.15))[car]
    over = (rng.random(len(cars)) < 0.18)[car]
    rippling = ((rng.random(len(cars)) < 0.5)[car] | (shape == len(fractions) - 1)) & ~over
    fraction = np.choose(shape, fractions)
    noise = rng.standard_normal(engine_speed.shape, dtype=np.float32) * np.where(rippling, 0.15 * severity, 0)
    change = np.where(over, 1.5 * severity * depth, -1.6 * severity * fraction + noise)
    row = block.signals.index(_VOLTAGE)
    values = block.values.copy()
    values[row] = np.where(engine_speed > RUNNING_RPM, values[row] + change, values[row])
    return Varied(replace(block, values=values), severity)


def _grow(groups: NDArray[np.int64], rng: np.random.Generator) -> FloatArray:
    """Give severities `[trip]` that begin somewhere in each car's history and grow by a power of time, to 1.5."""
    cars, first, car, trips = np.unique(groups, return_index=True, return_inverse=True, return_counts=True)
    place = (np.arange(len(groups)) - first[car]) / np.maximum(trips[car], 1)
    begin = rng.uniform(0.0, 0.8, len(cars))[car]
    length = rng.lognormal(np.log(0.5), 0.5, len(cars))[car]
    power = rng.uniform(1.0, 2.5, len(cars))[car]
    grown: FloatArray = np.clip((np.clip(place - begin, 0, None) / length) ** power, 0, 1.5).astype(np.float32)
    return grown


VARIANTS: Mapping[str, Callable[[Block, NDArray[np.int64], np.random.Generator], Varied]] = {
    "alternator": vary_alternator
}
