"""Whether the engine runs, and when to wake: from what was read, for polling keeps control units awake."""

from dataclasses import dataclass
from enum import StrEnum

OFF_AFTER_S = 120.0  # longer than a stop at the lights, shorter than a battery minds
LOOK_S = 60.0  # between two looks at the voltage of a parked car
PROBE_S = 300.0  # between two questions to a parked car that shows no other sign
CHARGING_V = 13.0
CHANGE_V = 0.3
LEAST_V = 11.8


class State(StrEnum):
    """What the car end is doing; the status carries it, or what is wrong with the adapter."""

    STARTING = "starting"
    CONNECTED = "connected"
    ASLEEP = "asleep"
    LOW_BATTERY = "asleep, the battery is low"


@dataclass(slots=True)
class Engine:
    """`in_use_at` is the last sign of use: a turning engine, a moving car, or any answer where speed is not told."""

    in_use_at: float
    tells_speed: bool = True

    def answered(self, now: float) -> None:
        if not self.tells_speed:
            self.in_use_at = now

    def read(self, now: float, signal: str, value: float) -> None:
        if signal in {"engine_speed", "vehicle_speed"} and value > 0:
            self.in_use_at = now

    def is_off(self, now: float) -> bool:
        return now - self.in_use_at >= OFF_AFTER_S


@dataclass(slots=True)
class Parked:
    """A parked car between two looks at its battery. `least_v`: below, it is left alone altogether."""

    least_v: float
    probed_at: float
    volts: float | None = None

    def look(self, now: float, volts: float | None) -> bool:
        """Take a look; tells whether the control units are to be asked."""
        before, self.volts = self.volts, volts
        if self.is_low:
            return False
        woken = volts is not None and (volts > CHARGING_V or (before is not None and abs(volts - before) > CHANGE_V))
        if woken or now - self.probed_at >= PROBE_S:
            self.probed_at = now
            return True
        return False

    @property
    def is_low(self) -> bool:
        return self.volts is not None and self.volts < self.least_v
