"""What a car's page shows of its live values: four signals, each with its age."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from forecourt.pages.labels import UNIT
from forecourt.pages.readers import Reader
from foundation.database import UnitOfWork
from ingest.signals import SIGNALS, Signal
from ingest.state import state_of

# signal: decimal places
SHOWN = {"vehicle_speed": 0, "engine_speed": 0, "coolant_temperature": 0, "control_module_voltage": 1}
OLD = timedelta(minutes=1)  # from then on a value is shown as one of the past


@dataclass(frozen=True, slots=True)
class ShownValue:
    """A signal's newest value; `value` and `at` are None when the car never reported it."""

    signal: Signal
    digits: int
    value: float | None
    at: datetime | None
    old: bool

    @property
    def unit(self) -> str:
        return UNIT.get(self.signal.unit, self.signal.unit)


@dataclass(frozen=True, slots=True)
class ShownState:
    seen: datetime | None
    values: tuple[ShownValue, ...]


def shown_state(unit: UnitOfWork, reader: Reader, vehicle: str) -> ShownState:
    """Give the newest readings of a car that the reader may see."""
    state = state_of(unit, reader.actor, reader.site.vehicles, vehicle)
    now = unit.now()
    values = []
    for name, digits in SHOWN.items():
        last = state["signals"].get(name, {"value": None, "at": None})
        old = last["at"] is None or now - last["at"] > OLD
        values.append(ShownValue(SIGNALS[name], digits, last["value"], last["at"], old))
    return ShownState(state["last_seen"], tuple(values))
