"""Laying down what each address is to get: behind its own place in the log, in (xid, id) order, what it may see.

An address is locked while it is served, and its place moves in the unit that lays the deliveries down: whoever else
collects at the same time, and whatever is killed in between, each event is laid down once.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Row, delete, insert, literal, or_, select, tuple_, update

from forecourt.webhooks.audience import Audience, audiences
from forecourt.webhooks.endpoints import find_endpoint, wants
from forecourt.webhooks.tables import webhook_deliveries, webhook_endpoints
from foundation.clock import Clock
from foundation.database import UnitOfWork
from foundation.events import Cursor, Event, place_of, read_many
from foundation.identity import Actor
from foundation.refusals import NotFound

AT_ONCE = 500  # events


def collect(unit: UnitOfWork, clock: Clock) -> int:
    """Lay down what happened since the last time; gives how many events were looked at. `clock` is the machine's."""
    place = webhook_endpoints.c.after_xid, webhook_endpoints.c.after_id
    rows = unit.connection.execute(
        select(webhook_endpoints)
        .where(webhook_endpoints.c.state == "active")
        .order_by(*place, webhook_endpoints.c.id)
        .with_for_update(skip_locked=True)
    ).all()
    looked = 0
    for (xid, number), together in groupby(rows, key=lambda row: (row.after_xid, row.after_id)):
        # Addresses that keep up stand at the same place, and the log is read once for all of them.
        told = read_many(unit, None, Cursor(xid, number), AT_ONCE)
        if told:
            _lay_down(unit, list(together), told, clock.now())
        looked += len(told)
    return looked


def _lay_down(unit: UnitOfWork, endpoints: Sequence[Row[Any]], told: Sequence[Event], now: datetime) -> None:
    heard = audiences(unit, sorted({event.subject for event in told}))
    laid = [
        _delivery(endpoint.id, event, heard[event.subject], now)
        for endpoint in endpoints
        for event in told
        if event.subject in heard
        and endpoint.organisation in heard[event.subject].organisations
        and wants(endpoint.kinds, heard[event.subject].noun, event.kind)
    ]
    if laid:
        unit.connection.execute(insert(webhook_deliveries), laid)
    last = told[-1].cursor
    moved = webhook_endpoints.c.id.in_([endpoint.id for endpoint in endpoints])
    unit.connection.execute(update(webhook_endpoints).where(moved).values(after_xid=last.xid, after_id=last.id))


def _delivery(endpoint: str, event: Event, heard: Audience, now: datetime) -> dict[str, Any]:
    return {
        "endpoint": endpoint,
        "subject": event.subject,
        "number": event.number,
        "event_xid": event.cursor.xid,
        "event_id": event.cursor.id,
        "noun": heard.noun,
        "kind": event.kind,
        "due_at": now,
        "created_at": now,
    }


def replay_since(unit: UnitOfWork, actor: Actor, endpoint: str, since: datetime) -> bool:
    """Send everything again from the first event of an instant on; False: nothing happened since.

    The address goes back to that place. What waited behind it, and is not just being sent, is laid down anew.
    """
    row = find_endpoint(unit, actor, endpoint, lock=True)
    place = place_of(unit, since)
    if place is None or place >= Cursor(row.after_xid, row.after_id):
        return False
    here = webhook_deliveries.c
    behind = tuple_(here.event_xid, here.event_id) > tuple_(literal(place.xid), literal(place.id))
    idle = here.endpoint == endpoint, here.state == "waiting", here.in_hand_until.is_(None)
    unit.connection.execute(delete(webhook_deliveries).where(*idle, behind))
    unit.connection.execute(
        update(webhook_endpoints)
        .where(webhook_endpoints.c.id == endpoint)
        .values(after_xid=place.xid, after_id=place.id)
    )
    return True


def replay_one(unit: UnitOfWork, actor: Actor, endpoint: str, delivery: int, clock: Clock) -> int:
    """Send what a delivery told of now, behind what waits of the same subject, which is due now, too.

    Gives the delivery by which it is sent: itself while it still waits for its next attempt, else a new one.
    """
    find_endpoint(unit, actor, endpoint)
    here = webhook_deliveries.c
    same = here.endpoint, here.subject, here.number, here.event_xid, here.event_id, here.noun, here.kind
    row = unit.connection.execute(select(*same).where(here.endpoint == endpoint, here.id == delivery)).one_or_none()
    if row is None:
        raise NotFound(f"there is no delivery {delivery}")
    now = clock.now()
    idle = here.state == "waiting", or_(here.in_hand_until.is_(None), here.in_hand_until <= now)
    later = here.endpoint == endpoint, here.subject == row.subject, here.due_at > now
    unit.connection.execute(update(webhook_deliveries).where(*idle, *later).values(due_at=now))
    if unit.connection.execute(select(here.id).where(here.id == delivery, *idle)).one_or_none() is not None:
        return delivery
    anew = insert(webhook_deliveries).values(**row._asdict(), replay_of=delivery, due_at=now, created_at=now)
    number: int = unit.connection.execute(anew.returning(here.id)).scalar_one()
    return number
