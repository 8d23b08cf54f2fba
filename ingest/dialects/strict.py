"""Strict reading of foreign documents: a field is what the format says, or the message is `Malformed`."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import msgpack

from ingest.envelope import MAXIMUM_AGE_MS, MAXIMUM_BYTES, MAXIMUM_SEQ, MAXIMUM_SIGNALS, Header, Malformed
from ingest.topics import is_id

MAXIMUM_ECUS = 64

_PLAIN = frozenset({str, int, bytes, type(None)})
_TEXT = {str}
_ECU = re.compile(r"[0-9A-Za-z_]{1,16}")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)


class identified:  # noqa: N801 - a context manager; written as a class, it costs a tenth
    """Add the message's identity to whatever is found malformed inside."""

    __slots__ = ("_header",)

    def __init__(self, header: Header) -> None:
        self._header = header

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, Malformed):
            error.header = self._header


def load_json(payload: bytes, constant: float | None = None) -> dict[str, Any]:
    """Read a JSON object; the literals NaN, Infinity and -Infinity become `constant`, or are malformed without one."""

    def literal(name: str) -> float:
        if constant is None:
            raise Malformed(f"{name} is no JSON value")
        return constant

    check_size(payload)
    try:
        document = json.loads(payload.decode("utf-8"), parse_constant=literal, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"no JSON: {error}") from error
    if not isinstance(document, dict):
        raise Malformed("the message is no JSON object")
    return document


def load_messagepack(payload: bytes) -> dict[str, Any]:
    check_size(payload)
    return _flat_messagepack(payload) or _any_messagepack(payload)


def _flat_messagepack(payload: bytes) -> dict[str, Any] | None:
    """Read a short map of plain values and lists of texts; None leaves it to the reader that looks for repeated names.

    Its first byte tells how many names a short map has: as many as were found, and none was there twice.
    """
    try:
        document = msgpack.unpackb(payload, raw=False, strict_map_key=True)
    except (ValueError, OverflowError, RecursionError, msgpack.UnpackException):
        return None
    if not isinstance(document, dict) or payload[0] != 0x80 | len(document):
        return None
    for value in document.values():
        if type(value) not in _PLAIN and not (type(value) is list and set(map(type, value)) <= _TEXT):
            return None
    return document


def _any_messagepack(payload: bytes) -> dict[str, Any]:
    try:
        document = msgpack.unpackb(payload, raw=False, strict_map_key=True, object_pairs_hook=_unique)
    except (ValueError, OverflowError, RecursionError, msgpack.UnpackException) as error:
        raise Malformed(f"no MessagePack: {error or type(error).__name__}") from error
    if not isinstance(document, dict):
        raise Malformed("the message is no MessagePack map")
    return document


def header_in(document: dict[str, Any]) -> Header:
    boot = document.get("boot")
    if not isinstance(boot, str) or not is_id(boot):
        raise Malformed("boot is no id of 1 to 64 letters, digits, _ and -")
    seq = whole(document, "seq", 0, MAXIMUM_SEQ)
    try:
        floor = whole(document, "floor", 0, seq, optional=True)
        return Header(boot, seq, floor, whole(document, "age_ms", 0, MAXIMUM_AGE_MS, optional=True))
    except Malformed as error:
        error.header = Header(boot, seq)
        raise


def whole(document: dict[str, Any], name: str, low: int, high: int, *, optional: bool = False) -> Any:
    """Give an int within low..high; None only where it is `optional` and absent or null."""
    value = document.get(name)
    if value is None and optional:
        return None
    if type(value) is not int or not low <= value <= high:
        raise Malformed(f"{name} is no whole number from {low} to {high}")
    return value


def text(document: dict[str, Any], name: str, limit: int = 200) -> str | None:
    value = document.get(name)
    if value is not None and not (isinstance(value, str) and len(value) <= limit and value.isprintable()):
        raise Malformed(f"{name} is no printable text of up to {limit} characters")
    return value


def number(document: dict[str, Any], name: str) -> float | None:
    """Give a finite number; None where it is absent or null."""
    value = document.get(name)
    if value is not None and not (type(value) in (int, float) and abs(value) <= MAXIMUM_SEQ):
        raise Malformed(f"{name} is no number within {MAXIMUM_SEQ}")
    return value


def flag(document: dict[str, Any], name: str) -> bool | None:
    value = document.get(name)
    if value is not None and not isinstance(value, bool):
        raise Malformed(f"{name} is neither true, false nor null")
    return value


def by_ecu(document: dict[str, Any], name: str) -> dict[str, Any]:
    """Give an object with one entry per ECU: at most `MAXIMUM_ECUS`, each named by 1 to 16 letters, digits and _."""
    found = document.get(name)
    if not isinstance(found, dict) or len(found) > MAXIMUM_ECUS:
        raise Malformed(f"{name} is no object of up to {MAXIMUM_ECUS} ECUs")
    if strange := next((ecu for ecu in found if not _ECU.fullmatch(ecu)), None):
        raise Malformed(f"{printable(strange)} in {name} names no ECU")
    return found


def listed(document: dict[str, Any], name: str, most: int) -> list[Any]:
    found = document.get(name)
    if not isinstance(found, list) or len(found) > most:
        raise Malformed(f"{name} is no list of up to {most}")
    return found


def instant(document: dict[str, Any], name: str) -> datetime | None:
    """Give an RFC 3339 time as aware UTC; None where the device had no clock to tell it."""
    value = document.get(name)
    return None if value is None else instant_of(value, name)


def instant_of(value: object, name: str) -> datetime:
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        raise Malformed(f"{name} is no RFC 3339 time with a zone")
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Malformed(f"{name} is no calendar time: {error}") from error


def units_in(document: dict[str, Any]) -> dict[str, str]:
    units = document.get("units")
    if units is None:
        return {}
    if not isinstance(units, dict) or not all(isinstance(unit, str) for unit in units.values()):
        raise Malformed("units is no object of texts")
    return units


def check_signals(names: tuple[str, ...]) -> None:
    if len(names) > MAXIMUM_SIGNALS or len(set(names)) != len(names):
        raise Malformed(f"signals repeats a name or has more than {MAXIMUM_SIGNALS}")


def printable(words: str, limit: int = 64) -> str:
    """Give text that any database and any page can hold: control characters and halves of pairs are replaced."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in words[:limit])


def check_size(payload: bytes) -> None:
    if len(payload) > MAXIMUM_BYTES:
        raise Malformed(f"{len(payload)} bytes are more than {MAXIMUM_BYTES}")


def _unique(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise Malformed("a name occurs twice in one object")
    return document
