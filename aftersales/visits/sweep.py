"""The sweep of holds that nobody confirmed in time, against business time."""

from sqlalchemy import select

from aftersales.cases import AppointmentState
from aftersales.tables import appointments
from aftersales.visits.alternatives import expire_alternative
from aftersales.visits.holds import locked_cases
from aftersales.visits.release import expire_visit
from foundation.database import UnitOfWork
from parts_catalog import stock

BATCH = 200


def expire_holds(unit: UnitOfWork) -> int:
    """Give back everything whose hold is over, and let each case say so; gives their number.

    A case that somebody else has locked is being decided on right now; the next sweep looks at it again.
    """
    over = appointments.c.state == AppointmentState.HELD, appointments.c.expires_at <= unit.now()
    due = select(appointments.c.case).where(*over).order_by(appointments.c.expires_at).limit(BATCH)
    expired = 0
    for case in locked_cases(unit, list(unit.connection.execute(due).scalars())):
        # A visit and the other time on offer for it may both be over; the offer goes first.
        mine = select(appointments).where(appointments.c.case == case.id, *over)
        for visit in unit.connection.execute(mine.order_by(appointments.c.replaces.asc().nulls_last())).all():
            if visit.replaces is not None:
                expire_alternative(unit, visit)
            else:
                expire_visit(unit, case, visit)
            expired += 1
    # The parts of a hold end at the same instant; the stock frees them in its own lock order.
    stock.expire(unit)
    return expired
