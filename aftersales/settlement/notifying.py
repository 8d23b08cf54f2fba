"""Telling the owners of a car what was written about its repair."""

from typing import Any

from sqlalchemy import Row, select

from aftersales.tables import appointments
from aftersales.telling.messages import notify, owners_of
from aftersales.telling.notices import Words
from aftersales.workshop.workshops import load_workshop
from foundation.database import UnitOfWork


def tell_owners(unit: UnitOfWork, order: Row[Any], kind: str, cause: str, **said: Words) -> None:
    """Tell who is told of an order's visit; the same cause is told once. `said`: what else its notice names."""
    visit = unit.connection.execute(select(appointments).where(appointments.c.id == order.appointment)).one()
    here = load_workshop(unit, order.workshop)
    where = Words(here.name_en, here.name_zh)
    notify(unit, owners_of(unit, visit), kind, cause, order.case, workshop=where, **said)
