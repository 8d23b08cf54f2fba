"""The log of deliveries, as an organisation reads it: what was sent or waits, and every attempt."""

from collections import defaultdict
from typing import Any

from sqlalchemy import select

from forecourt.webhooks.endpoints import find_endpoint
from forecourt.webhooks.tables import webhook_attempts, webhook_deliveries
from foundation.database import UnitOfWork
from foundation.identity import Actor
from foundation.paging import Page, cut, read_cursor
from foundation.refusals import Invalid


def list_deliveries(
    unit: UnitOfWork, actor: Actor, endpoint: str, limit: int, cursor: str | None
) -> Page[dict[str, Any]]:
    """Give a page of the deliveries of an address, the newest first."""
    find_endpoint(unit, actor, endpoint)
    here = webhook_deliveries.c
    query = select(webhook_deliveries).where(here.endpoint == endpoint).order_by(here.id.desc()).limit(limit + 1)
    if cursor is not None:
        query = query.where(here.id < _place(read_cursor(cursor)))
    rows = unit.connection.execute(query).all()
    tried = defaultdict(list)
    chosen = webhook_attempts.c.delivery.in_([row.id for row in rows])
    for row in unit.connection.execute(select(webhook_attempts).where(chosen).order_by(webhook_attempts.c.number)):
        tried[row.delivery].append(
            {"number": row.number, "at": row.at, "took_ms": row.took_ms, "status": row.status, "error": row.error}
        )
    items = [
        {
            "id": row.id,
            "message": f"evt_{row.event_id}",
            "type": f"{row.noun}.{row.kind}",
            "subject": row.subject,
            "number": row.number,
            "state": row.state,
            "replay_of": row.replay_of,
            "due_at": row.due_at if row.state == "waiting" else None,
            "ended_at": row.ended_at,
            "attempts": tried[row.id],
        }
        for row in rows
    ]
    return cut(items, limit, lambda item: [item["id"]])


def _place(key: list[Any]) -> int:
    if len(key) != 1 or not isinstance(key[0], int) or not 0 < key[0] < 2**63:
        raise Invalid("this page cursor is not valid", why="no_cursor")
    return key[0]
