"""Traccar's forwarding as JSON, published by our API as it came: one position with its attributes, and its device.

A position's own speed is in knots. Where the car is goes nowhere: it is ignored, and counted.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ingest.arrived import Arrived
from ingest.dialects.dialect import Told, Uploaded
from ingest.dialects.foreign import Field, as_number, identity, load_any, message, name_of
from ingest.dialects.strict import identified, instant
from ingest.envelope import DtcReport, Header, Malformed, Message

MAXIMUM_ATTRIBUTES = 400
MAXIMUM_CODES = 256
KNOT = 1.852  # km/h
SPEED = "vehicle_speed"

FIELDS: Mapping[str, Field] = {
    "obdSpeed": Field(SPEED),
    "rpm": Field("engine_speed"),
    "coolantTemp": Field("coolant_temperature"),
    "engineLoad": Field("engine_load"),
    "throttle": Field("throttle_position"),
    "fuelLevel": Field("fuel_level"),
    "fuelConsumption": Field("fuel_rate"),
    "power": Field("control_module_voltage"),
    "odometer": Field("odometer", 0.001),  # metres
    "obdOdometer": Field("odometer", 0.001),
}
_POSITION = frozenset({"latitude", "longitude", "altitude", "course", "accuracy", "address", "geofenceIds"})
_ABOUT_POSITION = frozenset({"sat", "satVisible", "hdop", "vdop", "pdop", "distance", "totalDistance", "motion"})
_NOT_HERE = frozenset({"dtcs", "vin"})  # told with the codes
_CODE = re.compile(r"[PCBU][0-3][0-9A-F]{3}(-[0-9A-F]{2})?")
_VIN = re.compile(r"[!-~]{17}")


def read(arrived: Arrived) -> Sequence[Told]:
    document = load_any(arrived.payload)
    position = document.get("position") if isinstance(document, dict) else None
    if not isinstance(position, dict):
        raise Malformed("the message has no position")
    # When it reached their server is not what it says: that changes with a resend.
    content = {name: value for name, value in position.items() if name != "serverTime"}
    header = identity("traccar", content)
    attributes = position.get("attributes") or {}
    if not isinstance(attributes, dict) or len(attributes) > MAXIMUM_ATTRIBUTES:
        raise Malformed(f"attributes is no object of up to {MAXIMUM_ATTRIBUTES}", header)
    at = _time(position, header)
    readings = _readings(position, attributes, header, at)
    codes = attributes.get("dtcs")
    # An empty text does not say whether codes were read: it is no report of none.
    if codes is None or (isinstance(codes, str) and not codes.strip()):
        return (readings,)
    return (readings, _report(codes, attributes.get("vin"), identity("traccar-dtcs", content), at))


def device_of(payload: bytes) -> str | None:
    """Give the unique id of the device that a payload is of."""
    document = load_any(payload)
    device = document.get("device") if isinstance(document, dict) else None
    unique = device.get("uniqueId") if isinstance(device, dict) else None
    return unique if isinstance(unique, str) else None


def _time(position: dict[str, Any], header: Header) -> datetime:
    """Give the time of the device; of the fix where it has none."""
    with identified(header):
        at = instant(position, "deviceTime") or instant(position, "fixTime")
    if at is None:
        raise Malformed("the position has neither a deviceTime nor a fixTime", header)
    return at


def _readings(position: dict[str, Any], attributes: dict[str, Any], header: Header, at: datetime) -> Message:
    row: dict[str, float] = {}
    ignored = sum(position.get(name) is not None for name in _POSITION)
    for name, value in attributes.items():
        field = FIELDS.get(name)
        if value is None or name in _NOT_HERE:
            continue
        if name in _ABOUT_POSITION or (field is not None and field.signal in row):
            ignored += 1
        else:
            row[field.signal if field else name_of(name)] = (field or float)(as_number(value))
    if position.get("speed") is not None:
        if SPEED in row or position.get("valid") is not True:
            ignored += 1
        else:
            row[SPEED] = KNOT * as_number(position["speed"])
    return message(header, [(at, row)] if row else [], ignored)


def _report(codes: Any, vin: Any, header: Header, at: datetime) -> Told:
    found = codes.split() if isinstance(codes, str) else []
    if not found or len(found) > MAXIMUM_CODES or not all(_CODE.fullmatch(code) for code in found):
        return Malformed("dtcs is no text of trouble codes", header)
    told = vin if isinstance(vin, str) and _VIN.fullmatch(vin) else None
    # It does not say of which ECU the codes are, nor whether pending or permanent ones were asked for.
    answers = {"stored": tuple(found), "pending": None, "permanent": None}
    return Message(header, DtcReport(at, {"unknown": answers}, vin=told))


DIALECT = Uploaded("traccar", read)
