"""How severely each fault is present in each trip, in the quantities that the physics takes."""

from dataclasses import dataclass, fields, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ingest.readings import FloatArray


class AlternatorShape(StrEnum):
    """The two ways in which a charging system fails (F22)."""

    UNDERVOLTAGE = "undervoltage"  # diode or brush: voltage sags with load, ripple
    OVERVOLTAGE = "overvoltage"  # regulator


@dataclass(frozen=True, slots=True)
class Faults:
    """All [trip], 0 = healthy.

    `undervoltage`, `overvoltage` (F22), `battery` (F23), `starter` (F24) are severities. `output_loss` is the share of
    its rating that an alternator of undervoltage 1 has lost; `neglect` 0..1 how far the battery was run down by it.
    """

    undervoltage: FloatArray
    overvoltage: FloatArray
    battery: FloatArray
    starter: FloatArray
    output_loss: FloatArray
    neglect: FloatArray

    @classmethod
    def healthy(cls, trips: int) -> "Faults":
        return cls(*(np.zeros(trips, dtype=np.float32) for _ in fields(cls)))

    def with_alternator(self, severity: FloatArray, over: NDArray[np.bool_]) -> "Faults":
        """Give these faults with an alternator of `severity`, failing upwards where `over`."""
        return replace(
            self,
            undervoltage=np.where(over, 0, severity).astype(np.float32),
            overvoltage=np.where(over, severity, 0).astype(np.float32),
        )
