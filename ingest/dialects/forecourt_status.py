"""What a device says of itself, as JSON, retained and as its last will: `fc/v1/{device}/status`."""

from ingest.dialects.dialect import Ours
from ingest.dialects.strict import load_json, text, whole
from ingest.envelope import MAXIMUM_SEQ, Malformed, Status
from ingest.topics import Kind


def decode(payload: bytes) -> Status:
    document = load_json(payload)
    online = document.get("online")
    if not isinstance(online, bool):
        raise Malformed("online is neither true nor false")
    disk = text(document, "disk")
    if disk not in {None, "ok", "low"}:
        raise Malformed("disk is neither ok nor low")
    return Status(
        online,
        text(document, "agent"),
        whole(document, "spool", 0, MAXIMUM_SEQ, optional=True),
        whole(document, "dead", 0, MAXIMUM_SEQ, optional=True),
        text(document, "clock"),
        whole(document, "dropped", 0, MAXIMUM_SEQ, optional=True),
        disk,
        text(document, "adapter"),
    )


DIALECT = Ours(Kind.STATUS, decode)
