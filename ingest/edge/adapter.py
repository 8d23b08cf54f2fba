"""What the car end wants of an adapter, and what can go wrong with one.

AdapterTrouble
├── AdapterGone     the port, the link or the adapter behind it is no more: connect again
└── AdapterSilent   no prompt within the time; the adapter may still be there
"""

import re
from collections.abc import Callable, Sequence
from typing import Protocol

Stopping = Callable[[], bool]

_VOLTAGE = re.compile(r"(\d{1,2}(?:\.\d+)?) ?V?", re.IGNORECASE)
_LEAST_V = 6.0  # below, the pin is not wired to a battery: bench supplies and USB-powered adapters


class AdapterTrouble(Exception):  # noqa: N818 - the tree's root
    """One sentence about what went wrong."""


class AdapterGone(AdapterTrouble):
    pass


class AdapterSilent(AdapterTrouble):
    pass


class Adapter(Protocol):
    """An ELM327 that has been greeted: echo off and headers on where it obeys, protocol chosen by itself.

    Every call may raise `AdapterGone`, after which nothing but `close` may be called, or `AdapterSilent`, after which
    the late reply of the last request is dropped before the next is sent.
    """

    name: str

    def request(self, command: str, timeout_s: float) -> list[str]:
        """Send a command such as `010C` or `AT RV` and give the printed lines, the prompt removed."""
        ...

    def voltage(self) -> float | None:
        """Give the battery's voltage as the adapter measures it; None where it cannot."""
        ...

    def close(self) -> None: ...


def read_voltage(lines: Sequence[str]) -> float | None:
    """Read the answer to `AT RV`, such as `12.6V`; None for anything else, and for what is no car's battery."""
    found = [match for match in (_VOLTAGE.fullmatch(line.strip()) for line in lines) if match]
    if len(found) != 1:
        return None
    volts = float(found[0][1])
    return volts if volts >= _LEAST_V else None
