"""Charging faults with other load fractions than the simulator's.

F22 says `V_set - 1.6*s*(load fraction)`, ripple 0.15*s, or +1.5*s, and leaves open what the load follows. The simulator
has one answer (consumers over the alternator's capacity); real cars and other people's injections have others.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from diagnostics.gating import RUNNING_RPM, hold_last
from diagnostics.training.variants import Varied, grow
from ingest.readings import Block

_VOLTAGE = "control_module_voltage"


def vary(block: Block, groups: NDArray[np.int64], rng: np.random.Generator) -> Varied:
    """Put a charging fault into every car of a healthy block; `groups[trip]` are cars, their trips in time order."""
    severity = grow(groups, rng)
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
