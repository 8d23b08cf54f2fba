"""WiCAN: AutoPID values, CAN filters and raw frames as JSON on `wican/{device}/...`.

`ts` counts milliseconds within a minute and is no clock, and AutoPID has none: the time is that of the arrival. AutoPID
is retained, so the broker tells a value of any age at every subscription: it is ignored, for nobody knows its time.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ingest.arrived import Arrived
from ingest.dialects.dialect import Makers, Told
from ingest.dialects.foreign import Field, as_number, by_arrival, load_any, message, name_of
from ingest.dialects.strict import identified
from ingest.edge.decoding import CURRENT_DATA
from ingest.edge.decoding import decode as decode_pid
from ingest.envelope import Header, Malformed, Message, Status
from ingest.signals import PIDS

MAXIMUM_FRAMES = 1000
MAXIMUM_NAMES = 512

# Their names in small letters without what separates words.
FIELDS: Mapping[str, Field] = {
    "vehiclespeed": Field("vehicle_speed"),
    "speed": Field("vehicle_speed"),
    "enginespeed": Field("engine_speed"),
    "enginerpm": Field("engine_speed"),
    "coolanttemp": Field("coolant_temperature"),
    "enginecoolanttemp": Field("coolant_temperature"),
    "engineload": Field("engine_load"),
    "throttleposition": Field("throttle_position"),
    "fuellevel": Field("fuel_level"),
    "odometer": Field("odometer"),
    "soc": Field("hybrid_battery_remaining"),
}
_SEPARATORS = re.compile(r"[^a-z0-9]")
_STANDARD = re.compile(r"([0-9A-Fa-f]{2})-.+", re.DOTALL)  # a parameter of the standard list: 0C-EngineRPM
_NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d{1,15})?", re.ASCII)
_NO_READINGS = frozenset({"cmd", "can/tx"})  # commands to the device, and its answers beside them


def read(arrived: Arrived) -> Sequence[Told]:
    header = by_arrival("wican", arrived)
    place = arrived.topic.split("/", 2)[2]
    if place in _NO_READINGS:
        return (message(header, [], ignored=1),)
    document = _document(arrived.payload, place, header)
    if place == "status":
        return (_status(document, header),)
    if "error" in document:
        raise Malformed(f"the device tells of an error: {name_of(str(document['error']))}", header)
    if len(document) > MAXIMUM_NAMES:
        raise Malformed(f"there are more than {MAXIMUM_NAMES} values", header)
    if arrived.retained:
        return (message(header, [], ignored=len(document)),)
    return (_frames(document, header) if "frame" in document else _values(document, header),)


def _document(payload: bytes, place: str, header: Header) -> dict[str, Any]:
    """Give the object of a payload; a bare number is the value of the parameter that its topic names."""
    with identified(header):
        document = load_any(payload)
    if isinstance(document, int | float) and _NUMBER.fullmatch(payload.decode().strip()):
        document = {place.rpartition("/")[2]: document}
    if not isinstance(document, dict):
        raise Malformed("the message is no JSON object", header)
    return document


def _status(document: dict[str, Any], header: Header) -> Status:
    told = document.get("status")
    if not isinstance(told, str) or told not in {"online", "offline"}:
        raise Malformed("status is neither online nor offline", header)
    return Status(told == "online", agent="wican")


def _values(document: dict[str, Any], header: Header) -> Message:
    values: dict[str, float] = {}
    for name, value in document.items():
        if value is not None:
            field = _field(name)
            values[field.signal if field else name_of(name)] = (field or float)(as_number(value))
    return message(header, [(None, values)])


def _field(name: str) -> Field | None:
    standard = _STANDARD.fullmatch(name)
    if standard is not None:
        pid = PIDS.get(int(standard[1], 16))
        return Field(pid.fields[0].signal) if pid is not None and len(pid.fields) == 1 else None
    return FIELDS.get(_SEPARATORS.sub("", name.lower()))


def _frames(document: dict[str, Any], header: Header) -> Message:
    """Read the frames that are whole replies to OBD mode 01; the others count by their CAN ids as unknown signals."""
    frames = document["frame"]
    if not isinstance(frames, list) or len(frames) > MAXIMUM_FRAMES:
        raise Malformed(f"frame is no list of up to {MAXIMUM_FRAMES} CAN frames", header)
    rows: list[tuple[None, dict[str, float]]] = []
    strange: list[tuple[None, dict[str, float]]] = []
    for frame in frames:
        if not isinstance(frame, dict) or type(frame.get("id")) is not int or not isinstance(frame.get("data"), list):
            raise Malformed("a CAN frame has no id or no data", header)
        found = _reply(frame)
        if found:
            rows.append((None, found))
        else:
            strange.append((None, {"raw CAN frame": 1.0}))
    if not rows:
        raise Malformed("raw CAN frames: none of them is a whole reply to OBD mode 01", header)
    return message(header, rows + strange)


def _reply(frame: dict[str, Any]) -> dict[str, float]:
    """Give the values in a single frame of an engine's or another ECU's reply to OBD mode 01 (ISO 15765-4)."""
    number, data = frame["id"], frame["data"]
    sent_by_ecu = number >> 8 == 0x18DAF1 if frame.get("extd") is True else 0x7E8 <= number <= 0x7EF
    if not sent_by_ecu or not all(type(byte) is int and 0 <= byte <= 255 for byte in data) or not 4 <= len(data) <= 8:
        return {}
    length, reply = data[0], bytes(data[1:])
    pid = PIDS.get(reply[1]) if reply[0] == CURRENT_DATA else None
    if pid is None or length != 2 + pid.length or length > len(reply):
        return {}
    return {it.signal: it.value for it in decode_pid(f"{number:X}", pid.number, reply[2:length])}


DIALECT = Makers("wican", read)
