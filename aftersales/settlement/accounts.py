"""Customers on account: organisations whose cars a workshop hands over before they are paid for."""

from typing import Any

from sqlalchemy import exists, select, update
from sqlalchemy.dialects.postgresql import insert

from aftersales.tables import account_customers, repair_orders
from aftersales.visits.day_plan import own_workshop
from aftersales.workshop.workshop_setup import managed
from foundation.database import UnitOfWork, new_id
from foundation.events import append
from foundation.identity import Actor, Role, organisation_name
from foundation.refusals import NotFound


def on_account(unit: UnitOfWork, workshop: str, customer: str) -> bool:
    """Whether a workshop lets an organisation pay later."""
    of = account_customers.c
    here = exists().where(of.workshop == workshop, of.customer == customer, of.ended_at.is_(None))
    return bool(unit.connection.execute(select(here)).scalar_one())


def list_accounts(unit: UnitOfWork, actor: Actor, workshop: str) -> list[dict[str, Any]]:
    """Give the customers on account of a workshop of the actor's organisation, in the order in which they came."""
    actor.must_be(Role.ADVISOR, Role.WORKSHOP_MANAGER)
    here, of = own_workshop(unit, actor, workshop), account_customers.c
    chosen = select(account_customers).where(of.workshop == here.id, of.ended_at.is_(None))
    return [
        {
            "customer": row.customer,
            "name": organisation_name(unit, row.customer),
            "agreed_at": row.agreed_at.isoformat(),
        }
        for row in unit.connection.execute(chosen.order_by(of.agreed_at, of.id))
    ]


def put_on_account(unit: UnitOfWork, actor: Actor, workshop: str, customer: str) -> None:
    """Let an organisation pay later from now on; again is no harm. One that was never here is not there."""
    here, orders = managed(unit, actor, workshop), repair_orders.c
    known = exists().where(orders.workshop == here.id, orders.organisation == customer)
    if not unit.connection.execute(select(known)).scalar_one():
        raise NotFound(f"this workshop has no customer {customer}")
    agreed = insert(account_customers).values(
        id=new_id("acct"),
        organisation=here.organisation,
        workshop=here.id,
        customer=customer,
        agreed_by=actor.account,
        agreed_at=unit.now(),
    )
    if unit.connection.execute(agreed.on_conflict_do_nothing()).rowcount:
        append(unit, here.id, "workshop_changed", {"what": "accounts"}, actor.account)


def end_account(unit: UnitOfWork, actor: Actor, workshop: str, customer: str) -> None:
    """Hand over an organisation's cars against payment again; what is on account stays so."""
    here, of = managed(unit, actor, workshop), account_customers.c
    mine = of.workshop == here.id, of.customer == customer, of.ended_at.is_(None)
    ended = unit.connection.execute(update(account_customers).where(*mine).values(ended_at=unit.now()))
    if not ended.rowcount:
        raise NotFound(f"{customer} is not on account here")
    append(unit, here.id, "workshop_changed", {"what": "accounts"}, actor.account)
