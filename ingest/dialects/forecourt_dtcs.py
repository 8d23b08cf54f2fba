"""Our trouble codes as JSON: `fc/v1/{device}/dtcs`."""

import math
import re
from typing import Any

from ingest.dialects.strict import header_in, identified, instant, load_json, printable
from ingest.envelope import MAXIMUM_SEQ, DtcReport, Malformed, Message

_CODE = re.compile(r"[PCBU][0-3][0-9A-F]{3}(-[0-9A-F]{2})?")
_ECU = re.compile(r"[0-9A-Za-z_]{1,16}")
_KINDS = ("stored", "pending", "permanent")
_DEEPEST = 8


def decode(payload: bytes) -> Message:
    document = load_json(payload)
    header = header_in(document)
    with identified(header):
        ecus = document.get("ecus")
        if not isinstance(ecus, dict):
            raise Malformed("ecus is no object")
        mil = document.get("mil")
        if mil is not None and not isinstance(mil, bool):
            raise Malformed("mil is neither true, false nor null")
        codes = {ecu: _codes(ecu, answers) for ecu, answers in ecus.items()}
        frames = _object(document, "freeze"), _object(document, "readiness")
        return Message(header, DtcReport(instant(document, "t"), codes, mil, *frames))


def _codes(ecu: str, answers: object) -> dict[str, tuple[str, ...] | None]:
    """Give each kind's codes: None where the ECU gave no answer, which is not the same as an empty list."""
    if not _ECU.fullmatch(ecu) or not isinstance(answers, dict):
        raise Malformed(f"the answers of ECU {printable(ecu)} are no object")
    codes: dict[str, tuple[str, ...] | None] = {}
    for kind in _KINDS:
        found = answers.get(kind)
        if found is not None and not (
            isinstance(found, list) and all(isinstance(code, str) and _CODE.fullmatch(code) for code in found)
        ):
            raise Malformed(f"the {kind} codes of ECU {ecu} are no list of trouble codes")
        codes[kind] = None if found is None else tuple(found)
    return codes


def _object(document: dict[str, Any], name: str) -> dict[str, Any] | None:
    value = document.get(name)
    if value is not None and not (isinstance(value, dict) and _storable(value)):
        raise Malformed(f"{name} is no object of printable texts and finite numbers")
    return value


def _storable(value: object, depth: int = 0) -> bool:
    match value:
        case dict():
            inner: list[Any] = [*value, *value.values()]
            return depth < _DEEPEST and all(_storable(item, depth + 1) for item in inner)
        case list():
            return depth < _DEEPEST and all(_storable(item, depth + 1) for item in value)
        case float():
            return math.isfinite(value)
        case int():
            return abs(value) <= MAXIMUM_SEQ
    return value is None or (isinstance(value, str) and value.isprintable())
