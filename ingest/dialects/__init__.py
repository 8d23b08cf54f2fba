"""The dialects that devices speak: one registry, and the one function that reads a batch of messages with it."""

import importlib
import pkgutil
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.arrived import Arrived
from ingest.dialects.dialect import Dialect, Ours, Told
from ingest.envelope import Malformed


def _discover() -> tuple[Dialect, ...]:
    """Give the `DIALECT` of every file here that has one; ours first, for nearly everything that arrives is ours."""
    modules = [importlib.import_module(f"{__name__}.{it.name}") for it in pkgutil.iter_modules(__path__)]
    found: list[Dialect] = [module.DIALECT for module in modules if hasattr(module, "DIALECT")]
    return tuple(sorted(found, key=lambda it: not isinstance(it, Ours)))


DIALECTS = _discover()


@dataclass(frozen=True, slots=True)
class Decoded:
    """A delivery that was read: by whom it was sent, and what it says, or why it says nothing."""

    arrived: Arrived
    device: str
    content: Told


def subscriptions() -> list[str]:
    """Give the MQTT topic filters of all dialects."""
    return sorted({dialect.subscription for dialect in DIALECTS})


def decode(arrived: Sequence[Arrived]) -> list[Decoded]:
    """Read a batch: a delivery gives one message or several.

    What cannot be read stays in it as its `Malformed`; a topic of nobody's names no device.
    """
    found: list[Decoded] = []
    for one in arrived:
        _decode(one, found)
    return found


def _decode(one: Arrived, found: list[Decoded]) -> None:
    for dialect in DIALECTS:
        device = dialect.device_of(one.topic)
        if device is not None:
            try:
                found += [Decoded(one, device, told) for told in dialect.read(one)]
            except Malformed as error:
                found.append(Decoded(one, device, error))
            return
    found.append(Decoded(one, "", Malformed("the topic belongs to no dialect")))
