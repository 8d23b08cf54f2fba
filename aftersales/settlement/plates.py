"""The plates of cars, as a workshop read one off each for its repair record: nowhere else is a plate on file."""

from collections.abc import Collection

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import distinct_on

from aftersales.tables import repair_orders, repair_records
from foundation.database import UnitOfWork
from foundation.grants import visible
from foundation.identity import Actor


def plates_of(unit: UnitOfWork, actor: Actor, vehicles: Collection[str]) -> dict[str, str]:
    """Give the plate of each car as it was read last, as far as the actor may see its repair."""
    known = plates(actor).where(repair_orders.c.vehicle.in_(vehicles))
    return {row.vehicle: row.plate for row in unit.connection.execute(known)}


def plates(actor: Actor) -> Select[str, str]:
    """Give the query of `vehicle` and `plate` of all cars whose repairs the actor may see."""
    return (
        select(repair_orders.c.vehicle, repair_records.c.plate)
        .join(repair_records, repair_records.c.order == repair_orders.c.id)
        .where(repair_records.c.plate.is_not(None), visible(actor, repair_orders.c.organisation, repair_orders.c.case))
        .ext(distinct_on(repair_orders.c.vehicle))
        .order_by(repair_orders.c.vehicle, repair_records.c.created_at.desc(), repair_records.c.order)
    )
