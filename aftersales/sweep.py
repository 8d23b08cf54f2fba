"""The sweep of holds that nobody confirmed in time, against business time."""

from sqlalchemy import select

from aftersales.cases import AppointmentState
from aftersales.release import expire_visit
from aftersales.tables import appointments, cases
from foundation.database import UnitOfWork
from parts_catalog import stock

BATCH = 200


def expire_holds(unit: UnitOfWork) -> int:
    """Give back everything whose hold is over, and let each case say so; gives their number.

    A case that somebody else has locked is being decided on right now; the next sweep looks at it again.
    """
    due = unit.connection.execute(
        select(appointments.c.id, appointments.c.case)
        .where(appointments.c.state == AppointmentState.HELD, appointments.c.expires_at <= unit.now())
        .order_by(appointments.c.expires_at)
        .limit(BATCH)
    ).all()
    free = unit.connection.execute(
        select(cases)
        .where(cases.c.id.in_([row.case for row in due]))
        .order_by(cases.c.id)
        .with_for_update(skip_locked=True)
    ).all()
    expired = 0
    for case in free:
        visit = unit.connection.execute(
            select(appointments).where(
                appointments.c.case == case.id,
                appointments.c.state == AppointmentState.HELD,
                appointments.c.expires_at <= unit.now(),
            )
        ).one_or_none()
        if visit is None:
            continue
        expire_visit(unit, case, visit)
        expired += 1
    # The parts of a hold end at the same instant; the stock frees them in its own lock order.
    stock.expire(unit)
    return expired
