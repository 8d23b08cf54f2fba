"""What travels on our own topics, for the AsyncAPI document: one row per kind of message."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from ingest.envelope import (
    MAXIMUM_AGE_MS,
    MAXIMUM_DT_MS,
    MAXIMUM_ROWS,
    MAXIMUM_SEQ,
    MAXIMUM_SIGNALS,
    Header,
    Message,
    Outcome,
    Readings,
    encode,
)
from ingest.topics import Kind

Schema = Mapping[str, Any]
JSON, BINARY, TEXT, FORM = "application/json", "application/msgpack", "text/plain", "application/x-www-form-urlencoded"

_ID: Schema = {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"}
_SEQ: Schema = {"type": "integer", "minimum": 0, "maximum": MAXIMUM_SEQ}
_TIME: Schema = {"type": ["string", "null"], "format": "date-time", "description": "RFC 3339 with a time zone"}
_TEXTS: Schema = {"type": "array", "items": {"type": "string"}}
_HEADER: Mapping[str, Schema] = {
    "boot": {**_ID, "description": "Unique per device and start-up"},
    "seq": {**_SEQ, "description": "Grows by one per message within a boot"},
    "floor": {**_SEQ, "description": "The oldest seq that the sender still holds; gaps below are counted, not awaited"},
    "age_ms": {
        "type": "integer",
        "minimum": 0,
        "maximum": MAXIMUM_AGE_MS,
        "description": "How long before sending the content's time was, by the device's monotonic clock",
    },
}


@dataclass(frozen=True, slots=True)
class Said:
    """One kind of message. `content`: its media type; `example`: a document (JSON), a text, or bytes in hex."""

    summary: str
    schema: Schema
    example: Any
    content: str = JSON
    retained: bool = False
    rest: str = ""  # of a maker's topic: what follows the device's id in the example


_ARRAYS = Message(
    Header("b7", 17, 15, 61000),
    Readings(
        datetime(2026, 11, 22, 10, tzinfo=UTC),
        np.array([0, 1000], dtype=np.int64),
        ("engine_speed",),
        np.array([[812, 805.25]], dtype=np.float32),
    ),
)


def _object(required: tuple[str, ...], **properties: Schema) -> Schema:
    return {"type": "object", "required": list(required), "properties": properties}


def _by_ecu(values: Schema) -> Schema:
    return {"type": "object", "additionalProperties": values}


KINDS: Mapping[Kind, Said] = {
    Kind.READINGS_JSON: Said(
        "Readings as columns",
        _object(
            ("boot", "seq", "dt_ms", "signals"),
            **_HEADER,
            t0={
                **_TIME,
                "description": "Instant of offset 0; where the clock is unset, the arrival less age_ms counts",
            },
            dt_ms={
                "type": "array",
                "maxItems": MAXIMUM_ROWS,
                "items": {"type": "integer", "minimum": 0, "maximum": MAXIMUM_DT_MS},
            },
            signals={
                "type": "object",
                "maxProperties": MAXIMUM_SIGNALS,
                "additionalProperties": {"type": "array", "items": {"type": ["number", "null"]}},
                "description": "By name (docs/signals.md): a value for each offset, null = missing",
            },
            units={"type": "object", "additionalProperties": {"type": "string"}},
        ),
        {
            "boot": "b7",
            "seq": 17,
            "floor": 15,
            "t0": "2026-11-22T10:00:00Z",
            "age_ms": 61000,
            "dt_ms": [0, 1000, 2000],
            "signals": {"engine_speed": [812, 805.25, None], "coolant_temperature": [35, 35, 36]},
            "units": {"coolant_temperature": "degC"},
        },
    ),
    Kind.READINGS_BINARY: Said(
        "Readings as arrays, in MessagePack",
        _object(
            ("boot", "seq", "n", "dt", "signals", "values"),
            **_HEADER,
            t0={"type": "integer", "minimum": 0, "description": "Milliseconds since 1970 (uint64)"},
            n={"type": "integer", "minimum": 0, "maximum": MAXIMUM_ROWS, "description": "Rows"},
            dt={"type": "string", "format": "binary", "description": "bin: n little-endian uint32, milliseconds"},
            signals={**_TEXTS, "maxItems": MAXIMUM_SIGNALS},
            values={
                "type": "string",
                "format": "binary",
                "description": "bin: little-endian float32, signal-major, n for each signal; NaN = missing",
            },
        ),
        encode(Kind.READINGS_BINARY, _ARRAYS).hex(),
        BINARY,
    ),
    Kind.DTCS: Said(
        "Trouble codes per control unit; null: no answer, an empty list: none",
        _object(
            ("boot", "seq", "ecus"),
            **_HEADER,
            t=_TIME,
            ecus=_by_ecu(
                _object(
                    (),
                    **{
                        kind: {"type": ["array", "null"], "items": {"type": "string", "pattern": "^[PCBU][0-9A-F]{4}$"}}
                        for kind in ("stored", "pending", "permanent")
                    },
                )
            ),
            mil={"type": ["boolean", "null"]},
            freeze={"type": ["object", "null"]},
            readiness={"type": ["object", "null"]},
            monitors={"type": ["object", "null"]},
            vin={"type": ["string", "null"], "pattern": "^[A-HJ-NPR-Z0-9]{17}$"},
        ),
        {
            "boot": "b7",
            "seq": 18,
            "t": "2026-11-22T10:00:02Z",
            "ecus": {"7E8": {"stored": ["P0562"], "pending": [], "permanent": None}},
            "mil": True,
        },
    ),
    Kind.STATUS: Said(
        "What a device says of itself; also its last will",
        _object(
            ("online",),
            online={"type": "boolean"},
            agent={"type": ["string", "null"]},
            clock={"type": ["string", "null"], "description": "Who set the clock; `unset`: nobody"},
            adapter={"type": ["string", "null"]},
            disk={"enum": ["ok", "low", None]},
            **{
                name: {**_SEQ, "type": ["integer", "null"], "description": words}
                for name, words in {
                    "spool": "Messages that wait to be committed",
                    "dead": "Messages that were never answered",
                    "dropped": "Messages that were let go for want of room",
                }.items()
            },
        ),
        {"online": True, "agent": "forecourt-edge 0.1", "spool": 0, "clock": "ntp"},
        retained=True,
    ),
    Kind.RESULT: Said(
        "What came of a command",
        _object(
            ("boot", "seq", "id", "kind", "outcome"),
            **_HEADER,
            t=_TIME,
            id=_ID,
            kind=_ID,
            outcome={"enum": [it.value for it in Outcome]},
            detail={"type": "string"},
            ecus=_by_ecu({"type": "string"}),
            replies={**_TEXTS, "description": "Lines as the adapter printed them"},
        ),
        {"boot": "b7", "seq": 19, "id": "cmd_1", "kind": "snapshot", "outcome": "done", "detail": "sent as readings"},
    ),
    Kind.COMMITTED: Said(
        "What of a boot is committed; what was rejected counts as handled",
        _object(
            ("boot", "through_seq", "also"),
            boot=_ID,
            through_seq={"type": "integer", "minimum": -1, "description": "Everything up to it; -1: nothing yet"},
            also={
                "type": "array",
                "description": "Ranges above it, both ends included",
                "items": {"type": "array", "items": _SEQ, "minItems": 2, "maxItems": 2},
            },
        ),
        {"boot": "b7", "through_seq": 17, "also": [[19, 25]]},
    ),
    Kind.COMMAND: Said(
        "A command; it comes again until its result does, and is carried out once",
        _object(
            ("id", "kind", "valid_s"),
            id=_ID,
            kind={"enum": ["snapshot", "poll_plan", "clear_dtcs"]},
            valid_s={"type": "integer", "minimum": 1, "description": "Seconds, counted by the device itself"},
            plan={"type": "object"},
            authority=_object(("owner", "technician"), owner={"type": "string"}, technician={"type": "string"}),
        ),
        {"id": "cmd_1", "kind": "snapshot", "valid_s": 600},
    ),
    Kind.PROGRESS: Said(
        "How the repair of the car goes on: the newest entry, retained; `number` counts within the repair order",
        _object(
            ("repair_order", "number", "at", "step", "state", "en", "zh"),
            repair_order={"type": "string"},
            number={"type": "integer", "minimum": 1},
            at={"type": "string", "format": "date-time"},
            step={"type": "string"},
            state={"type": "string", "description": "Of the repair order, after the step"},
            en={"type": "string"},
            zh={"type": "string"},
        ),
        {
            "repair_order": "ro_1",
            "number": 3,
            "at": "2026-11-23T04:00:00+00:00",
            "step": "start",
            "state": "in_progress",
            "en": "Repair started",
            "zh": "开始维修",
        },
    ),
}

# Other makers' own formats, by dialect; each is described by its maker, and here by a message that is understood.
MAKERS: Mapping[str, Said] = {
    "wican": Said(
        "WiCAN's AutoPID values, or raw frames; QoS 0 from its firmware",
        {"type": "object"},
        {"0C-EngineRPM": 1165, "SOC": 66.5},
        rest="can/rx",
    ),
    "ovms": Said("OVMS v3: a metric or a notification", {"type": "string"}, "50.5", TEXT, rest="car/metric/v/p/speed"),
    "autopi": Said(
        "AutoPi's list of records",
        {"type": "array", "items": {"type": "object", "required": ["@ts", "@t"]}},
        [{"@ts": "2026-11-23T03:59:01.5", "@t": "obd.speed", "value": 12}],
        rest="obd",
    ),
}
UPLOADS: Mapping[str, Said] = {
    "torque": Said(
        "What Torque uploaded, without its credential",
        {"type": "string"},
        "v=9&session=1574906194609&id=12345&time=1795405140000&kc=1178.0&k5=90",
        FORM,
    ),
    "traccar": Said(
        "A position that Traccar forwarded",
        _object(("position", "device"), position={"type": "object"}, device={"type": "object"}),
        {
            "position": {
                "id": 1,
                "deviceTime": "2026-11-23T03:59:00.000+00:00",
                "attributes": {"rpm": 1200, "coolantTemp": 90},
            },
            "device": {"id": 1, "uniqueId": "013912345678"},
        },
    ),
}
