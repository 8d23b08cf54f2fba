"""Finding what an actor may see, and locking it: another organisation's case, visit or order does not exist."""

from typing import Any

from sqlalchemy import Row, Table, func, select

from aftersales.cases import CaseState
from aftersales.tables import appointments, cases, repair_orders
from foundation.database import UnitOfWork
from foundation.grants import visible
from foundation.identity import Actor
from foundation.refusals import NotFound


def find_case(unit: UnitOfWork, actor: Actor, case: str) -> Row[Any]:
    """Give a case row. One grant on the case opens its visits and repair orders too."""
    seen = visible(actor, cases.c.organisation, cases.c.id)
    row = unit.connection.execute(select(cases).where(cases.c.id == case, seen)).one_or_none()
    if row is None:
        raise NotFound(f"there is no case {case}")
    return row


def case_is_declined(unit: UnitOfWork, actor: Actor, case: str) -> bool:
    """Whether a case that the actor may see was declined; raises `NotFound` for any other."""
    return bool(find_case(unit, actor, case).state == CaseState.DECLINED)


def find_appointment(unit: UnitOfWork, actor: Actor, appointment: str) -> Row[Any]:
    seen = visible(actor, appointments.c.organisation, appointments.c.case)
    row = unit.connection.execute(select(appointments).where(appointments.c.id == appointment, seen)).one_or_none()
    if row is None:
        raise NotFound(f"there is no appointment {appointment}")
    return row


def find_order(unit: UnitOfWork, actor: Actor, order: str) -> Row[Any]:
    seen = visible(actor, repair_orders.c.organisation, repair_orders.c.case, repair_orders.c.id)
    row = unit.connection.execute(select(repair_orders).where(repair_orders.c.id == order, seen)).one_or_none()
    if row is None:
        raise NotFound(f"there is no repair order {order}")
    return row


def lock_vehicle(unit: UnitOfWork, vehicle: str) -> None:
    """Let one unit at a time open cases of a vehicle or attach to them; taken before any case of it is locked."""
    # The unique index on a vehicle's open cases stays as the guarantee.
    key = func.hashtextextended(f"cases-of-vehicle {vehicle}", 0)
    unit.connection.execute(select(func.pg_advisory_xact_lock(key)))


def lock_counts(unit: UnitOfWork, *counted: str) -> None:
    """Let one unit at a time count, and add to, what is capped; taken behind the case and before any day."""
    keys = [func.pg_advisory_xact_lock(func.hashtextextended(f"capped {one}", 0)) for one in counted]
    unit.connection.execute(select(*keys))


def lock_case(unit: UnitOfWork, case: str) -> Row[Any]:
    """Lock a case, which stands for its visits, orders and lines: always the first lock that is taken."""
    return unit.connection.execute(select(cases).where(cases.c.id == case).with_for_update()).one()


def lock_appointment(unit: UnitOfWork, actor: Actor, appointment: str) -> tuple[Row[Any], Row[Any]]:
    """Give (case, appointment), locked and as they are now."""
    case = lock_case(unit, find_appointment(unit, actor, appointment).case)
    return case, _again(unit, appointments, appointment)


def lock_visit(unit: UnitOfWork, appointment: str) -> Row[Any]:
    """Lock an appointment of a case that is locked already."""
    return _again(unit, appointments, appointment)


def lock_order(unit: UnitOfWork, actor: Actor, order: str) -> tuple[Row[Any], Row[Any]]:
    """Give (case, repair order), locked and as they are now."""
    case = lock_case(unit, find_order(unit, actor, order).case)
    return case, _again(unit, repair_orders, order)


def _again(unit: UnitOfWork, table: Table, key: str) -> Row[Any]:
    return unit.connection.execute(select(table).where(table.c.id == key).with_for_update()).one()
