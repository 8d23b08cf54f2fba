"""Which of a workshop's technicians an account is: his work stands first, and his clock runs in his name."""

from typing import Any

from sqlalchemy import func, select, update

from aftersales.repair.clock import stop_of
from aftersales.tables import clock_entries, repair_orders, technicians
from aftersales.visits.day_plan import own_workshops
from foundation.database import UnitOfWork
from foundation.events import append
from foundation.identity import WORKSHOP_ROLES, Actor, Role, names_of
from foundation.refusals import Conflict, Forbidden, NotFound


def own_technicians(unit: UnitOfWork, actor: Actor) -> list[str]:
    """Give the technicians that the actor is."""
    mine = select(technicians.c.id).where(technicians.c.account == actor.account)
    return [str(key) for key in unit.connection.execute(mine.order_by(technicians.c.id)).scalars()]


def unnamed_technicians(unit: UnitOfWork, actor: Actor) -> list[dict[str, Any]]:
    """Give the technicians of the actor's workshops that no account is yet; none when he is one already."""
    if own_technicians(unit, actor):
        return []
    here = [one.id for one in own_workshops(unit, actor)]
    free = technicians.c.workshop.in_(here), technicians.c.account.is_(None)
    of = technicians.c
    rows = unit.connection.execute(select(of.id, of.name_en, of.name_zh).where(*free).order_by(of.workshop, of.id))
    return [{"id": row.id, "name_en": row.name_en, "name_zh": row.name_zh} for row in rows]


def be_technician(unit: UnitOfWork, actor: Actor, technician: str) -> None:
    """Say which technician one is; the workshop's feed tells it. Raises `Conflict` when somebody is he already."""
    actor.must_be(Role.TECHNICIAN)
    here = [one.id for one in own_workshops(unit, actor)]
    chosen = select(technicians).where(technicians.c.id == technician, technicians.c.workshop.in_(here))
    row = unit.connection.execute(chosen.with_for_update()).one_or_none()
    if row is None:
        raise NotFound(f"your workshop has no technician {technician}")
    if row.account == actor.account:
        return
    if row.account is not None or technician not in {one["id"] for one in unnamed_technicians(unit, actor)}:
        raise Conflict("this technician is somebody already, or you are another one", why="technician_taken")
    unit.connection.execute(update(technicians).where(technicians.c.id == technician).values(account=actor.account))
    append(unit, row.workshop, "workshop_changed", {"what": "technician"}, actor.account)


def claimed_technicians(unit: UnitOfWork, actor: Actor) -> list[dict[str, Any]]:
    """Give the technicians of the actor's workshops that somebody says to be; a technician is shown himself alone."""
    of, here = technicians.c, [one.id for one in own_workshops(unit, actor)]
    chosen = select(of.id, of.name_en, of.name_zh, of.account).where(of.workshop.in_(here), of.account.is_not(None))
    if actor.role is Role.TECHNICIAN:
        chosen = chosen.where(of.account == actor.account)
    rows = unit.connection.execute(chosen.order_by(of.workshop, of.id)).all()
    names = names_of(unit, {row.account for row in rows})
    return [
        {"id": row.id, "name_en": row.name_en, "name_zh": row.name_zh, "account": names.get(row.account, row.account)}
        for row in rows
    ]


def leave_technician(unit: UnitOfWork, actor: Actor, technician: str) -> None:
    """Undo that somebody is a technician: his own claim, or as the desk anybody's. Again is no harm.

    A clock that he left running in that name is stopped: nobody else could. What was clocked before stays.
    """
    actor.must_be(*WORKSHOP_ROLES)
    of, here = technicians.c, [one.id for one in own_workshops(unit, actor)]
    chosen = select(technicians).where(of.id == technician, of.workshop.in_(here)).with_for_update()
    row = unit.connection.execute(chosen).one_or_none()
    if row is None:
        raise NotFound(f"your workshop has no technician {technician}")
    if row.account is None:
        return
    if actor.role is Role.TECHNICIAN and row.account != actor.account:
        raise Forbidden("another technician's claim is undone by the desk", why="claim_of_another")
    stop_of(unit, technician)
    unit.connection.execute(update(technicians).where(of.id == technician).values(account=None))
    append(unit, row.workshop, "workshop_changed", {"what": "technician"}, actor.account)


def running_clock(unit: UnitOfWork, actor: Actor) -> dict[str, Any] | None:
    """Show the clock that runs in the actor's own name; None: none does."""
    mine = select(technicians.c.id).where(technicians.c.account == actor.account)
    of = clock_entries.c
    row = unit.connection.execute(
        select(clock_entries).where(of.technician.in_(mine), of.stopped_at.is_(None)).order_by(of.started_at.desc())
    ).first()
    return {"order": row.order, "technician": row.technician, "started_at": row.started_at.isoformat()} if row else None


def floor_stamp(unit: UnitOfWork, actor: Actor) -> str:
    """Give a stamp of the work at the actor's workshops: another one whenever an order there has come or moved."""
    here = [one.id for one in own_workshops(unit, actor)]
    of = repair_orders.c
    states = func.sum(func.hashtext(of.id + of.state))  # whatever moved within one instant
    last, count, mixed = unit.connection.execute(
        select(func.max(of.updated_at), func.count(), states).where(of.workshop.in_(here))
    ).one()
    running = running_clock(unit, actor)
    return f"{int(last.timestamp() * 1e6) if last else 0}-{count}-{mixed or 0}-{running['order'] if running else ''}"
