"""How severely each fault is present in each trip, in the quantities that the physics takes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ingest.readings import FloatArray


class AlternatorShape(StrEnum):
    """The two ways in which a charging system fails (F22)."""

    UNDERVOLTAGE = "undervoltage"  # diode or brush: voltage sags with load, ripple
    OVERVOLTAGE = "overvoltage"  # regulator


# The faults that are simulated: name -> the field of `Faults`; an alternator fills one of two, by its shape.
SIMULATED: Mapping[str, str | None] = {
    "alternator": None,
    "battery_12v": "battery",
    "starter": "starter",
    "thermostat_stuck_open": "thermostat",
    "fuel_pump": "fuel_pump",
}


@dataclass(frozen=True, slots=True)
class Faults:
    """All [trip], 0 = healthy.

    `undervoltage`, `overvoltage` (F22), `battery` (F23), `starter` (F24), `thermostat` (stuck open, F01) and
    `fuel_pump` (F09) are severities. `output_loss` is the share of its rating that an alternator of undervoltage 1 has
    lost; `neglect` 0..1 how far the battery was run down by it.
    """

    undervoltage: FloatArray
    overvoltage: FloatArray
    battery: FloatArray
    starter: FloatArray
    output_loss: FloatArray
    neglect: FloatArray
    thermostat: FloatArray
    fuel_pump: FloatArray

    @classmethod
    def healthy(cls, trips: int) -> "Faults":
        return cls(*(np.zeros(trips, dtype=np.float32) for _ in fields(cls)))

    @classmethod
    def of(cls, names: Sequence[str], severity: FloatArray, over: NDArray[np.bool_]) -> "Faults":
        """Give faults of which trip i has the one called `names[i]`, of `severity[i]`; an alternator also `over[i]`."""
        if unknown := sorted(set(names) - set(SIMULATED)):
            raise ValueError(f"not simulated: {', '.join(unknown)}")
        graded = {name: np.where(np.array(names) == name, severity, 0).astype(np.float32) for name in SIMULATED}
        single = {own: graded[name] for name, own in SIMULATED.items() if own is not None}
        return replace(cls.healthy(len(severity)), **single).with_alternator(graded["alternator"], over)

    def with_alternator(self, severity: FloatArray, over: NDArray[np.bool_]) -> "Faults":
        """Give these faults with an alternator of `severity`, failing upwards where `over`."""
        return replace(
            self,
            undervoltage=np.where(over, 0, severity).astype(np.float32),
            overvoltage=np.where(over, severity, 0).astype(np.float32),
        )
