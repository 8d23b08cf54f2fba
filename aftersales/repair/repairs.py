"""What was repaired on a vehicle, and when: the end of what diagnostics told of it."""

from collections.abc import Collection
from datetime import UTC, datetime

from sqlalchemy import select

from aftersales.cases import SettlementGroup
from aftersales.tables import cases, repair_orders, settlements
from foundation.database import UnitOfWork

# An order that was settled with any of these has changed something on the car; to look at it alone changes nothing.
_WORK = frozenset({SettlementGroup.MATERIAL.value, SettlementGroup.LABOUR.value, SettlementGroup.PROCESSING.value})


def repaired(unit: UnitOfWork, vehicles: Collection[str]) -> dict[str, dict[str, list[datetime]]]:
    """Give by vehicle and fault when its cases were settled with work done for them, first things first."""
    done: dict[str, dict[str, list[datetime]]] = {}
    rows = unit.connection.execute(
        select(cases.c.vehicle, cases.c.fault, settlements.c.settled_at, settlements.c.sheet["groups"].label("groups"))
        .join(repair_orders, repair_orders.c.case == cases.c.id)
        .join(settlements, settlements.c.order == repair_orders.c.id)
        .where(cases.c.vehicle.in_(vehicles), cases.c.fault.is_not(None), settlements.c.version == 1)  # no correction
        .order_by(settlements.c.settled_at)
    )
    for row in rows:
        if any(group["group"] in _WORK and group["lines"] for group in row.groups):
            done.setdefault(row.vehicle, {}).setdefault(row.fault, []).append(row.settled_at.astimezone(UTC))
    return done
