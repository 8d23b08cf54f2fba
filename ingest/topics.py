"""The MQTT topics between a device and us: one row per kind of message."""

import re
from enum import StrEnum

PREFIX = "fc/v1"
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Kind(StrEnum):
    """What follows the device's id in a topic."""

    READINGS_JSON = "readings/json"
    READINGS_BINARY = "readings/bin"
    DTCS = "dtcs"
    STATUS = "status"
    RESULT = "result"
    COMMITTED = "committed"
    PROGRESS = "progress"
    COMMAND = "command"


UP = frozenset({Kind.READINGS_JSON, Kind.READINGS_BINARY, Kind.DTCS, Kind.STATUS, Kind.RESULT})
DOWN = frozenset({Kind.COMMITTED, Kind.PROGRESS, Kind.COMMAND})
_BY_NAME = {kind.value: kind for kind in Kind}
_UPLOADED = re.compile(rf"{PREFIX}/([^/]+)/http/([a-z0-9_]{{1,32}})")


def is_id(text: str) -> bool:
    """Whether `text` may name a device, a boot or a vehicle: 1 to 64 letters, digits, `_` and `-`."""
    return _ID.fullmatch(text) is not None


def topic_of(device: str, kind: Kind) -> str:
    """Give the topic of one device. An id with any other character would become another topic: `ValueError`."""
    if not is_id(device):
        raise ValueError(f"{device!r} cannot be a device's id")
    return f"{PREFIX}/{device}/{kind}"


def filter_of(kind: Kind) -> str:
    """Give the subscription that hears this kind from all devices."""
    return f"{PREFIX}/+/{kind}"


def parse_topic(topic: str) -> tuple[str, Kind] | None:
    """Give (device, kind) of one of our topics; None for any other."""
    if not topic.startswith(f"{PREFIX}/"):
        return None
    device, _, rest = topic[len(PREFIX) + 1 :].partition("/")
    kind = _BY_NAME.get(rest)
    return (device, kind) if kind is not None and is_id(device) else None


def http_topic(device: str, dialect: str) -> str:
    """Give the topic on which our API publishes what a device uploaded by HTTP."""
    if not is_id(device):
        raise ValueError(f"{device!r} cannot be a device's id")
    return f"{PREFIX}/{device}/http/{dialect}"


def http_filter(dialect: str) -> str:
    """Give the subscription that hears the uploads of one dialect from all devices."""
    return f"{PREFIX}/+/http/{dialect}"


def parse_http_topic(topic: str) -> tuple[str, str] | None:
    """Give (device, dialect) of an upload's topic; None for any other."""
    found = _UPLOADED.fullmatch(topic)
    return (found[1], found[2]) if found is not None and is_id(found[1]) else None
