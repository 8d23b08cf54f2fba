"""The dialects that devices speak: one registry, and the one function that reads a batch of messages with it."""

import importlib
import pkgutil
from collections.abc import Sequence
from functools import lru_cache

from msgspec import Struct

from ingest.arrived import Arrived
from ingest.dialects.dialect import Dialect, Ours, Told
from ingest.envelope import Malformed


def _discover() -> tuple[Dialect, ...]:
    """Give the `DIALECT` of every file here that has one; ours first, for nearly everything that arrives is ours."""
    modules = [importlib.import_module(f"{__name__}.{it.name}") for it in pkgutil.iter_modules(__path__)]
    found: list[Dialect] = [module.DIALECT for module in modules if hasattr(module, "DIALECT")]
    return tuple(sorted(found, key=lambda it: not isinstance(it, Ours)))


DIALECTS = _discover()


class Decoded(Struct, frozen=True):
    """A delivery that was read: by whom it was sent, what it says, or why it says nothing, and in which dialect."""

    arrived: Arrived
    device: str
    content: Told
    dialect: str = ""


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
    dialect, device, name = _known_topic(one.topic) if len(one.topic) <= _LONGEST_KNOWN else _spoken_on(one.topic)
    if dialect is None:
        found.append(Decoded(one, "", Malformed("the topic belongs to no dialect")))
        return
    try:
        for told in dialect.read(one):
            found.append(Decoded(one, device, told, name))  # noqa: PERF401 - it is one, nearly always
    except Malformed as error:
        found.append(Decoded(one, device, error, name))


def _spoken_on(topic: str) -> tuple[Dialect | None, str, str]:
    """Give whose topic it is, of which device, and the dialect's name."""
    for dialect in DIALECTS:
        device = dialect.device_of(topic)
        if device is not None:
            return dialect, device, dialect.name
    return None, "", ""


# Devices come back to the few topics that they have.
_known_topic = lru_cache(16_384)(_spoken_on)
_LONGEST_KNOWN = 200
