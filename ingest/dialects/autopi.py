"""AutoPi: a list of results as JSON on `autopi/{device}/...`, each with its time, its type and its value.

`@ts` is UTC although it does not say so. A list is known again by what it says, times included.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ingest.arrived import Arrived
from ingest.dialects.dialect import Makers, Told
from ingest.dialects.foreign import Field, Row, as_number, by_arrival, identity, load_any, message, name_of
from ingest.dialects.strict import identified
from ingest.envelope import Header, Malformed

MAXIMUM_ENTRIES = 10_000
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)?", re.ASCII)

FIELDS: Mapping[str, Field] = {
    "obd.speed": Field("vehicle_speed"),
    "obd.rpm": Field("engine_speed"),
    "obd.coolant_temp": Field("coolant_temperature"),
    "obd.engine_load": Field("engine_load"),
    "obd.throttle_pos": Field("throttle_position"),
    "obd.intake_temp": Field("intake_air_temperature"),
    "obd.intake_pressure": Field("intake_manifold_pressure"),
    "obd.maf": Field("mass_air_flow"),
    "obd.fuel_level": Field("fuel_level"),
    "obd.oil_temp": Field("oil_temperature"),
    "obd.ambiant_air_temp": Field("ambient_air_temperature"),  # spelled so by python-OBD, whose names these are
    "obd.control_module_voltage": Field("control_module_voltage"),
}
_POSITION = "track."


def read(arrived: Arrived) -> Sequence[Told]:
    unread = by_arrival("autopi", arrived)
    with identified(unread):
        document = load_any(arrived.payload)
    entries = document if isinstance(document, list) else [document]
    if len(entries) > MAXIMUM_ENTRIES or not all(isinstance(entry, dict) for entry in entries):
        raise Malformed(f"the message is no list of up to {MAXIMUM_ENTRIES} results", unread)
    header = identity("autopi", entries)
    rows: dict[datetime, dict[str, float]] = {}
    ignored = 0
    for entry in entries:
        kind, at = _told(entry, header)
        row = rows.setdefault(at, {})
        if kind.startswith(_POSITION):
            ignored += 1
            continue
        field = FIELDS.get(kind)
        name = field.signal if field else name_of(kind)
        # Of one type at one instant the first counts.
        ignored += name in row
        row.setdefault(name, (field or float)(as_number(entry.get("value"))))
    listed: list[Row] = [(at, row) for at, row in rows.items() if row]
    return (message(header, listed, ignored),)


def _told(entry: dict[str, Any], header: Header) -> tuple[str, datetime]:
    kind, at = entry.get("@t"), entry.get("@ts")
    if not isinstance(kind, str):
        raise Malformed("a result has no type @t", header)
    if not isinstance(at, str) or not _TIME.fullmatch(at):
        raise Malformed("@ts is no ISO time", header)
    try:
        told = datetime.fromisoformat(at)
        return kind, told.replace(tzinfo=UTC) if told.tzinfo is None else told.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Malformed(f"@ts is no calendar time: {error}", header) from error


DIALECT = Makers("autopi", read)
