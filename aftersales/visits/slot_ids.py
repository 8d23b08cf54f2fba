"""Slot ids: opaque on the wire, decoded strictly, and never trusted: what they say is checked again on use."""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime

from aftersales.cases import Wish
from foundation.refusals import Invalid

LONGEST_MIN = 31 * 24 * 60
NO_SLOT = "this slot is not offered for this work; ask for free slots again"


@dataclass(frozen=True, slots=True)
class SlotKey:
    """What a slot id says: where, when (aware UTC), how long, for what, in which bay, by whom, with which loaner.

    All of it is what a visit takes: whatever else is booked or told meanwhile, the slot keeps its id.
    """

    workshop: str
    start: datetime
    minutes: int
    wish: Wish
    bay: str
    technician: str
    loaner: str | None = None


def write_slot(key: SlotKey) -> str:
    start = int(key.start.timestamp())
    fields = [key.workshop, start, key.minutes, key.wish.value, key.bay, key.technician, key.loaner]
    return base64.urlsafe_b64encode(json.dumps(fields, separators=(",", ":")).encode()).decode().rstrip("=")


def read_slot(written: str) -> SlotKey:
    """Decode a slot id, or raise `Invalid`; that it decodes says nothing yet about the slot being offered."""
    try:
        fields = json.loads(base64.b64decode(written + "=" * (-len(written) % 4), altchars=b"-_", validate=True))
        workshop, start, minutes, wish, bay, technician, loaner = fields
        texts = all(isinstance(field, str) for field in (workshop, wish, bay, technician, loaner or ""))
        numbers = all(type(field) is int for field in (start, minutes))
        key = SlotKey(workshop, datetime.fromtimestamp(start, UTC), minutes, Wish(wish), bay, technician, loaner)
    except (
        binascii.Error,
        UnicodeError,
        LookupError,
        ValueError,
        TypeError,
        OverflowError,
        OSError,
        RecursionError,
    ) as error:
        raise Invalid(NO_SLOT, why="no_slot") from error
    if not (texts and numbers and 0 < minutes <= LONGEST_MIN):
        raise Invalid(NO_SLOT, why="no_slot")
    return key
