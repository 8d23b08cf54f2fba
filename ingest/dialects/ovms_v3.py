"""OVMS v3: one text value per topic, `ovms/{user}/{vehicle}/metric/...`, and records of `notify/data`.

The user is the device. Metrics tell no time and are retained: what the broker tells from memory is ignored, for nobody
knows its time. A record of `notify/data` tells its age; it is known again by its number and text, whatever its age.
"""

import math
import re
from collections.abc import Mapping, Sequence

from ingest.arrived import Arrived
from ingest.dialects.dialect import Makers, Told
from ingest.dialects.foreign import Field, by_arrival, identity, message, name_of
from ingest.dialects.strict import check_size
from ingest.envelope import MAXIMUM_AGE_MS, Header, Malformed, Status

LONGEST_VALUE = 4096

# In the units of OVMS's own list of metrics; what a vehicle module means by other names is its own affair.
FIELDS: Mapping[str, Field] = {
    "v.p.speed": Field("vehicle_speed"),
    "v.p.odometer": Field("odometer"),
    "v.b.12v.voltage": Field("control_module_voltage"),
    "v.b.soc": Field("hybrid_battery_remaining"),
    "v.b.voltage": Field("hybrid_battery_voltage"),
    "v.e.temp": Field("ambient_air_temperature"),
    "v.m.rpm": Field("engine_speed"),
}
POSITION = re.compile(r"v\.p\.(latitude|longitude|altitude|direction|location|gps.*|satcount|valet\..*)")
CONNECTED = "s.v3.connected"
_NUMBER = re.compile(r"[+-]?(\d{1,30}(\.\d{0,30})?|\.\d{1,30})([eE][+-]?\d{1,3})?", re.ASCII)
_AGE = re.compile(r"-(\d{1,12})", re.ASCII)


def read(arrived: Arrived) -> Sequence[Told]:
    header = by_arrival("ovms", arrived)
    parts = arrived.topic.split("/")[3:]
    text = _text(arrived.payload, header)
    match parts:
        case ["metric", _, *_]:
            return (_metric(".".join(parts[1:]), text, arrived, header),)
        case ["notify", "data", subtype, record, age]:
            return (_record(subtype, record, age, text),)
        case ["notify" | "event" | "client", *_]:
            return (message(header, [], ignored=1),)
    raise Malformed("the topic is none of a metric, a record or a client of OVMS v3", header)


def _text(payload: bytes, header: Header) -> str:
    try:
        check_size(payload)
        return payload.decode("utf-8")
    except (UnicodeDecodeError, Malformed) as error:
        raise Malformed(f"no text: {error}", header) from error


def _metric(name: str, text: str, arrived: Arrived, header: Header) -> Told:
    if name == CONNECTED:
        if text not in {"yes", "no"}:
            raise Malformed("s.v3.connected is neither yes nor no", header)
        return Status(text == "yes", agent="ovms")
    if arrived.retained or POSITION.fullmatch(name):
        return message(header, [], ignored=1)
    field = FIELDS.get(name)
    if field is None:
        return message(header, [(None, {name_of(name): 1.0})])
    if text and not _NUMBER.fullmatch(text):
        raise Malformed(f"{name} is no number", header)
    # An empty text is a metric that has no value now.
    return message(header, [(None, {field.signal: field(float(text))})] if text else [])


def _record(subtype: str, record: str, age: str, text: str) -> Told:
    """Place a record at its arrival less its age. What is in its line is the vehicle module's own affair: unknown."""
    found = _AGE.fullmatch(age)
    age_ms = 1000 * int(found[1]) if found else MAXIMUM_AGE_MS + 1
    header = identity("ovms-notify", name_of(subtype), name_of(record), text[:LONGEST_VALUE])
    if age_ms > MAXIMUM_AGE_MS:
        raise Malformed("the age of a record is no count of seconds within ten years", header)
    header = Header(header.boot, header.seq, age_ms=age_ms, counted=False)
    value = float(text) if _NUMBER.fullmatch(text) else math.inf
    return message(header, [(None, {name_of(f"notify.{subtype}"): value})])


# The root of their topics, by which the dialect is named.
DIALECT = Makers("ovms", read)
