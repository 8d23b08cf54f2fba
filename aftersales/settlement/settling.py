"""The settlement sheet (JT/T 1133): labour and material itemised in the six groups, never without a mileage."""

from typing import Any

from sqlalchemy import Row, select

from aftersales.cases import SETTLEMENT_GROUP_EN, CaseState, RepairOrderState, SettlementGroup
from aftersales.decisions import APPROVED, standing
from aftersales.estimates import Line, line_view, lines_of, totals
from aftersales.moves import move_case, tell
from aftersales.occupancy import local_day, vacate
from aftersales.permissions import Act, require
from aftersales.progress import advance
from aftersales.release import close_vehicle
from aftersales.scope import find_order, lock_order
from aftersales.tables import appointments, settlements
from aftersales.workshops import Workshop, load_workshop, workshop_summary
from foundation.database import UnitOfWork
from foundation.identity import Actor
from foundation.refusals import Conflict, NotFound
from parts_catalog import stock

SHOWN = ("kind", "text_en", "text_zh", "part", "quantity", "unit", "unit_price", "tax_basis_points")


class NotSettleable(Conflict):
    code = "not_settleable"


def settle(unit: UnitOfWork, actor: Actor, order: str, return_old_parts: bool | None = None) -> dict[str, Any]:
    """Close a completed repair order with its sheet; gives the sheet. Again gives the same sheet.

    `return_old_parts`: whether the customer wants his old parts back, if he was asked. Raises `NotSettleable` before
    the work is done or without a mileage.
    """
    case, row = lock_order(unit, actor, order)
    require(actor, Act.SETTLE, owner=row.organisation, workshop=row.workshop_organisation)
    if row.state == RepairOrderState.SETTLED:
        return sheet(unit, actor, order)
    if row.state != RepairOrderState.COMPLETED:
        raise NotSettleable(f"the repair order is {row.state}; only completed work is settled", state=row.state)
    if row.mileage_km is None:
        raise NotSettleable("there is no settlement without the car's mileage")
    workshop = load_workshop(unit, row.workshop)
    lines = lines_of(unit, [row.estimate])[row.estimate]
    decided = standing(unit, lines)
    done = [line for line in lines if decided[line.id] == APPROVED]
    document = _document(unit, row, workshop, done) | {"return_old_parts": return_old_parts}
    unit.connection.execute(
        settlements.insert().values(
            order=row.id,
            organisation=row.organisation,
            number=document["number"],
            sheet=document,
            net=document["totals"]["net"]["amount"],
            tax=document["totals"]["tax"]["amount"],
            currency=workshop.currency,
            settled_by=actor.account,
            settled_at=unit.now(),
        )
    )
    _close(unit, case, row, actor)
    return document


def sheet(unit: UnitOfWork, actor: Actor, order: str) -> dict[str, Any]:
    """Give the settlement sheet of an order that the actor may see; `NotFound` before it is settled."""
    row = find_order(unit, actor, order)
    document: dict[str, Any] | None = unit.connection.execute(
        select(settlements.c.sheet).where(settlements.c.order == row.id)
    ).scalar_one_or_none()
    if document is None:
        raise NotFound("this repair order is not settled yet")
    return document


def _close(unit: UnitOfWork, case: Row[Any], order: Row[Any], actor: Actor) -> None:
    advance(unit, order, RepairOrderState.SETTLED, "settle", actor.account)
    move_case(unit, case, CaseState.SETTLED)
    vacate(unit, order.appointment)  # work that ends early gives its bay back
    stock.release(unit, case.id)
    visit = unit.connection.execute(select(appointments).where(appointments.c.id == order.appointment)).one()
    close_vehicle(unit, visit, actor.account)
    tell(unit, case.id, "case_settled", actor.account, repair_order=order.id)


def _document(unit: UnitOfWork, order: Row[Any], workshop: Workshop, lines: list[Line]) -> dict[str, Any]:
    day = local_day(unit.now(), workshop.zone)
    return {
        "number": f"S{day:%Y%m%d}-{order.id.removeprefix('ro_')[:10].upper()}",
        "repair_order": order.id,
        "case": order.case,
        "vehicle": order.vehicle,
        "workshop": workshop_summary(workshop),
        "mileage_km": order.mileage_km,
        "settled_at": unit.now().isoformat(),
        "groups": [_group(group, lines, workshop.currency) for group in SettlementGroup],
        "totals": totals(lines, workshop.currency),
    }


def _group(group: SettlementGroup, lines: list[Line], currency: str) -> dict[str, Any]:
    mine = [line for line in lines if line.settlement_group == group]
    views = [line_view(line, currency) for line in mine]
    return {
        "group": group.value,
        "group_en": SETTLEMENT_GROUP_EN[group],
        "lines": [{name: view[name] for name in (*SHOWN, "net", "tax", "gross")} for view in views],
        "totals": totals(mine, currency),
    }
