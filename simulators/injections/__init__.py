"""The faults that can be put into a recorded trip: one file each, found by looking into this folder.

To add one, add a file here that is called as the fault is (`diagnostics/faults.py`) and holds what the Protocol below
says; nothing else has to be edited. `simulators/injection.py` checks and dispatches, and one conformance test runs over
each of them.
"""

import pkgutil
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Protocol, cast

import numpy as np

from ingest.readings import TripColumns


class Injection(Protocol):
    """The causal equations of one fault (faults.md A, B3, B5, B6), as a file of this folder holds them.

    `NEEDS`   what a trip must hold: one signal of each group
    """

    @property
    def NEEDS(self) -> tuple[tuple[str, ...], ...]: ...  # noqa: N802 - a constant of the file

    def inject(self, trip: TripColumns, severity: float, rng: np.random.Generator) -> TripColumns:
        """Give the trip with the fault in it: every signal that it moves, together, and no other.

        Readings that are there are changed, none is added or lost, and rows that repeat a reading go on repeating it
        (`simulators/recorded.py`). `severity` is above 0 and at most 1.5; the trip is not empty and has what is
        needed. The car that the trip does not tell (tolerances, shapes of the fault) is drawn from `rng`.
        """
        ...


def _discover() -> Mapping[str, Injection]:
    files = sorted(entry.name for entry in pkgutil.iter_modules(__path__))
    return MappingProxyType({name: cast("Injection", import_module(f"{__name__}.{name}")) for name in files})


INJECTIONS: Mapping[str, Injection] = _discover()
