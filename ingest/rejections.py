"""What was rejected, for people: newest first, with its reason and the payload as it came."""

import base64
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select

from foundation.database import UnitOfWork
from foundation.identity import Actor, Role
from foundation.paging import Page, cut, read_cursor
from foundation.refusals import Invalid
from ingest.tables import rejected, rejected_messages

READERS = (Role.INTEGRATOR, Role.FLEET_OPERATOR, Role.WORKSHOP_MANAGER)


def list_rejected(unit: UnitOfWork, actor: Actor, limit: int, cursor: str | None = None) -> Page[dict[str, Any]]:
    """Give rejected readings of the actor's organisation; administrators also see those of unknown devices."""
    actor.must_be(*READERS)
    chosen = (
        select(rejected, rejected_messages)
        .join(rejected_messages, rejected_messages.c.id == rejected.c.message)
        .where(_seen_by(actor))
        .order_by(rejected.c.id.desc())
        .limit(limit + 1)
    )
    if cursor is not None:
        key = read_cursor(cursor)
        if len(key) != 1 or not isinstance(key[0], int):
            raise Invalid("this page cursor is not valid")
        chosen = chosen.where(rejected.c.id < key[0])
    rows = unit.connection.execute(chosen).mappings().all()
    page = cut(rows, limit, lambda row: [row[rejected.c.id]])
    return Page(
        [
            {
                "id": str(row[rejected.c.id]),
                "reason": row[rejected.c.reason],
                "signal": row[rejected.c.signal],
                "readings": row[rejected.c.readings],
                "detail": row[rejected.c.detail],
                "device": row[rejected_messages.c.device],
                "vehicle": row[rejected_messages.c.vehicle],
                "topic": row[rejected_messages.c.topic],
                "boot": row[rejected_messages.c.boot],
                "seq": row[rejected_messages.c.seq],
                "arrived_at": row[rejected_messages.c.arrived_at],
                "size": row[rejected_messages.c.size],
                "payload_base64": base64.b64encode(bytes(row[rejected_messages.c.payload])).decode(),
            }
            for row in page.items
        ],
        page.next,
    )


def rejected_totals(unit: UnitOfWork, actor: Actor) -> dict[str, int]:
    """Give rejected readings per reason; a message that could not be read counts once."""
    actor.must_be(*READERS)
    rows = unit.connection.execute(
        select(rejected.c.reason, func.sum(func.greatest(rejected.c.readings, 1)))
        .where(_seen_by(actor))
        .group_by(rejected.c.reason)
        .order_by(rejected.c.reason)
    )
    return {reason: int(count) for reason, count in rows}


def _seen_by(actor: Actor) -> ColumnElement[bool]:
    own = rejected.c.organisation == actor.organisation
    return or_(own, rejected.c.organisation.is_(None)) if actor.role is Role.ADMINISTRATOR else own
