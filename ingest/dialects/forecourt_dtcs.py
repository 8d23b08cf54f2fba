"""Our trouble codes as JSON: `fc/v1/{device}/dtcs`. Freeze frames, readiness, mode 06 and the VIN may come along."""

import re
from collections.abc import Callable
from typing import Any

from ingest.dialects.dialect import Ours
from ingest.dialects.strict import (
    by_ecu,
    flag,
    header_in,
    identified,
    instant,
    listed,
    load_json,
    number,
    printable,
    text,
    whole,
)
from ingest.envelope import DtcReport, Malformed, Message
from ingest.topics import Kind

MAXIMUM_CODES = 256
MAXIMUM_SIGNALS = 128  # of one freeze frame
MAXIMUM_MONITORS = 40  # of one ECU's readiness
MAXIMUM_RESULTS = 512  # of one ECU's mode 06
_CODE = re.compile(r"[PCBU][0-3][0-9A-F]{3}(-[0-9A-F]{2})?")
_NAME = re.compile(r"[a-z0-9_]{1,64}")
_HEX = re.compile(r"[0-9A-F]{2,4}")
_VIN = re.compile(r"[!-~]{17}")
_KINDS = ("stored", "pending", "permanent")
_IGNITIONS = frozenset({None, "spark", "compression"})
_Read = Callable[[dict[str, Any]], dict[str, Any]]


def decode(payload: bytes) -> Message:
    document = load_json(payload)
    header = header_in(document)
    with identified(header):
        codes = {ecu: _codes(ecu, answers) for ecu, answers in by_ecu(document, "ecus").items()}
        report = DtcReport(
            instant(document, "t"),
            codes,
            flag(document, "mil"),
            _told(document, "freeze", _frame),
            _told(document, "readiness", _readiness),
            _results(document),
            _vin(document),
        )
        return Message(header, report)


def _codes(ecu: str, answers: object) -> dict[str, tuple[str, ...] | None]:
    """Give each kind's codes: None where the ECU gave no answer, which is not the same as an empty list."""
    if not isinstance(answers, dict):
        raise Malformed(f"the answers of ECU {ecu} are no object")
    codes: dict[str, tuple[str, ...] | None] = {}
    for kind in _KINDS:
        found = None if answers.get(kind) is None else listed(answers, kind, MAXIMUM_CODES)
        if found is not None and not all(isinstance(code, str) and _CODE.fullmatch(code) for code in found):
            raise Malformed(f"the {kind} codes of ECU {ecu} are no list of trouble codes")
        codes[kind] = None if found is None else tuple(found)
    return codes


def _told(document: dict[str, Any], name: str, read: _Read) -> dict[str, dict[str, Any]] | None:
    """Read what each ECU told of one thing; None where it was not asked."""
    if document.get(name) is None:
        return None
    told = {}
    for ecu, entry in by_ecu(document, name).items():
        if not isinstance(entry, dict):
            raise Malformed(f"the {name} of ECU {ecu} is no object")
        told[ecu] = read(entry)
    return told


def _frame(entry: dict[str, Any]) -> dict[str, Any]:
    code = entry.get("dtc")
    if code is not None and not (isinstance(code, str) and _CODE.fullmatch(code)):
        raise Malformed("the dtc of a freeze frame is no trouble code")
    signals = _named(entry, "signals", MAXIMUM_SIGNALS)
    return {
        "frame": whole(entry, "frame", 0, 255),
        "dtc": code,
        "signals": {name: number(signals, name) for name in signals},
    }


def _readiness(entry: dict[str, Any]) -> dict[str, Any]:
    if entry.get("ignition") not in _IGNITIONS:
        raise Malformed("ignition is neither spark nor compression")
    monitors = {}
    for name, monitor in _named(entry, "monitors", MAXIMUM_MONITORS).items():
        if not isinstance(monitor, dict):
            raise Malformed(f"the monitor {name} is no object")
        monitors[name] = {"supported": flag(monitor, "supported"), "complete": flag(monitor, "complete")}
    return {
        "mil": flag(entry, "mil"),
        "dtc_count": whole(entry, "dtc_count", 0, 255, optional=True),
        "ignition": entry.get("ignition"),
        "monitors": monitors,
    }


def _results(document: dict[str, Any]) -> dict[str, list[dict[str, Any]]] | None:
    """Read the results of mode 06; None where it was not asked."""
    if document.get("monitors") is None:
        return None
    every = by_ecu(document, "monitors")
    return {ecu: [_result(one) for one in listed(every, ecu, MAXIMUM_RESULTS)] for ecu in every}


def _result(one: object) -> dict[str, Any]:
    if not isinstance(one, dict):
        raise Malformed("a result of mode 06 is no object")
    identities = {name: one.get(name) for name in ("mid", "tid", "uas")}
    if not all(value is None or (isinstance(value, str) and _HEX.fullmatch(value)) for value in identities.values()):
        raise Malformed("the mid, tid or uas of a result of mode 06 is no hexadecimal number")
    measured = {name: number(one, name) for name in ("value", "minimum", "maximum")}
    return {**identities, **measured, "unit": text(one, "unit", 16)}


def _named(entry: dict[str, Any], name: str, most: int) -> dict[str, Any]:
    found = entry.get(name)
    if not isinstance(found, dict) or len(found) > most:
        raise Malformed(f"{name} is no object of up to {most}")
    if strange := next((key for key in found if not _NAME.fullmatch(key)), None):
        raise Malformed(f"{printable(strange)} in {name} is no name in small letters")
    return found


def _vin(document: dict[str, Any]) -> str | None:
    """Give the VIN as the car told it: 17 characters, whole, whether or not it is one that could be registered."""
    vin = document.get("vin")
    if vin is not None and not (isinstance(vin, str) and _VIN.fullmatch(vin)):
        raise Malformed("vin is not 17 characters")
    return vin


DIALECT = Ours(Kind.DTCS, decode)
