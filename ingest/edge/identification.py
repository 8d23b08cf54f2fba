"""What identifies a car and its control units: VIN, calibration ids and verification numbers (mode 09)."""

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from ingest.edge.decoding import ENGINE, bits
from ingest.edge.replies import Payload, Replies

ANSWER = 0x49
VIN, CALIBRATION_ID, CALIBRATION_NUMBER = 0x02, 0x04, 0x06
_VIN_LENGTH, _ID_LENGTH, _NUMBER_LENGTH = 17, 16, 4
_VIN = re.compile(rb"[0-9A-Z]{17}")
_T = TypeVar("_T")


def vins(replies: Replies) -> Mapping[str, str | None]:
    """Give the VIN that each ECU told; None where what it told is none.

    Zero bytes before and behind are padding; no character of the VIN itself is ever taken away.
    """
    return _each(replies, VIN, _vin)


def vin(replies: Replies) -> str | None:
    """Give the car's VIN: the engine's ECU's if it told one, else what all that told one agree on."""
    told = {ecu: text for ecu, text in vins(replies).items() if text is not None}
    for ecu in ENGINE:
        if ecu in told:
            return told[ecu]
    return next(iter(told.values())) if len(set(told.values())) == 1 else None


def calibration_ids(replies: Replies) -> Mapping[str, tuple[str, ...] | None]:
    """Give each ECU's calibration ids, 16 bytes each on the wire; None where the answer is not whole ones."""
    return _each(replies, CALIBRATION_ID, _ids)


def calibration_numbers(replies: Replies) -> Mapping[str, tuple[str, ...] | None]:
    """Give each ECU's verification numbers as eight hexadecimal digits; None where the answer is not whole ones."""
    return _each(replies, CALIBRATION_NUMBER, _numbers)


def supported_types(replies: Replies) -> Mapping[str, frozenset[int]]:
    """Give which information each ECU offers (09 00)."""
    return {it.ecu: bits(it) for it in replies.payloads if it.data[:2] == bytes((ANSWER, 0)) and len(it.data) in {6, 7}}


def _each(replies: Replies, kind: int, read: Callable[[Payload], _T | None]) -> Mapping[str, _T | None]:
    told: dict[str, _T | None] = {}
    for payload in replies.payloads:
        if payload.data[:2] == bytes((ANSWER, kind)):
            told[payload.ecu] = read(payload) if payload.ecu not in told else None  # two answers: neither is believed
    return told


def _vin(payload: Payload) -> str | None:
    (text,) = _items(payload, len(payload.data) - 3) or (b"",)
    text = text.strip(b"\x00")
    return text.decode("ascii") if _VIN.fullmatch(text) else None


def _ids(payload: Payload) -> tuple[str, ...] | None:
    items = [it.rstrip(b"\x00") for it in _items(payload, _ID_LENGTH) or ()]
    if not items or not all(it.isascii() and it.decode("ascii").isprintable() for it in items):
        return None
    return tuple(it.decode("ascii") for it in items)


def _numbers(payload: Payload) -> tuple[str, ...] | None:
    items = _items(payload, _NUMBER_LENGTH)
    return tuple(it.hex().upper() for it in items) if items else None


def _items(payload: Payload, length: int) -> tuple[bytes, ...] | None:
    """Cut the data into items; on CAN a count stands before them and must agree."""
    data = payload.data[3:]
    count, rest = divmod(len(data), length) if length > 0 else (0, 0)
    if not count or rest or (payload.can and payload.data[2] != count):
        return None
    return tuple(data[at : at + length] for at in range(0, len(data), length))
