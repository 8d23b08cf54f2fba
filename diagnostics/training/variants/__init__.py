"""Shapes of a fault beyond the simulator's one law, put into healthy blocks, so that the trees learn physics.

One file per fault, named like it and found by looking into this folder; it defines
`vary(block, groups, rng) -> Varied`, where `groups[trip]` are the cars of the block, their trips in time order.
A fault without a file here is learnt from the simulator's cars alone.
"""

import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ingest.readings import Block, FloatArray


@dataclass(frozen=True, slots=True)
class Varied:
    """A block with the fault in it, and its severity `[trip]`."""

    block: Block
    severity: FloatArray


Vary = Callable[[Block, NDArray[np.int64], np.random.Generator], Varied]


def grow(groups: NDArray[np.int64], rng: np.random.Generator) -> FloatArray:
    """Give severities `[trip]` that begin somewhere in each car's history and grow by a power of time, to 1.5."""
    cars, first, car, trips = np.unique(groups, return_index=True, return_inverse=True, return_counts=True)
    place = (np.arange(len(groups)) - first[car]) / np.maximum(trips[car], 1)
    begin = rng.uniform(0.0, 0.8, len(cars))[car]
    length = rng.lognormal(np.log(0.5), 0.5, len(cars))[car]
    power = rng.uniform(1.0, 2.5, len(cars))[car]
    grown: FloatArray = np.clip((np.clip(place - begin, 0, None) / length) ** power, 0, 1.5).astype(np.float32)
    return grown


def _discover() -> Mapping[str, Vary]:
    files = sorted(entry.name for entry in pkgutil.iter_modules(__path__))
    return MappingProxyType({name: import_module(f"{__name__}.{name}").vary for name in files})


VARIANTS: Mapping[str, Vary] = _discover()
