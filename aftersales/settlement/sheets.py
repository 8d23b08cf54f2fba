"""The settlement sheet (JT/T 1133): labour and material itemised in the six groups; appended, never edited."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, select

from aftersales.cases import SETTLEMENT_GROUP_EN, SettlementGroup
from aftersales.estimates import Line, line_view, totals
from aftersales.scope import find_order
from aftersales.settlement.choices import customer_parts_of, signatures_of, wants_old_parts
from aftersales.tables import settlements
from aftersales.visits.occupancy import local_day
from aftersales.workshop.workshops import Workshop, workshop_summary
from foundation.database import UnitOfWork
from foundation.identity import Actor
from foundation.money import Money
from foundation.refusals import NotFound

SHOWN = (
    "kind", "text_en", "text_zh", "part", "quantity", "unit", "unit_price", "tax_basis_points", "borne_by", "supplier",
    "net", "tax", "gross",
)  # fmt: skip


def sheet(unit: UnitOfWork, actor: Actor, order: str) -> dict[str, Any]:
    """Give the sheet of an order that counts, as far as the actor may see it; `NotFound` before it is settled."""
    return list_sheets(unit, actor, order)[-1]


def list_sheets(unit: UnitOfWork, actor: Actor, order: str) -> list[dict[str, Any]]:
    """Give every sheet of an order with its signature, the oldest first: one that was corrected stays as it was."""
    row = find_order(unit, actor, order)
    chosen = select(settlements).where(settlements.c.order == row.id).order_by(settlements.c.version)
    found = unit.connection.execute(chosen).all()
    if not found:
        raise NotFound("this repair order is not settled yet")
    signed = signatures_of(unit, row.id)
    return [{**_FIRST, **one.sheet, "signature": signed.get(one.version)} for one in found]


# What sheets did not say before they could be corrected.
_FIRST: Mapping[str, Any] = {"version": 1, "corrects": None, "reason": None, "of": "repair", "customer_parts": []}


def last_sheet(unit: UnitOfWork, order: str) -> Row[Any] | None:
    """Give the row of the sheet that counts; None: not settled yet."""
    chosen = select(settlements).where(settlements.c.order == order).order_by(settlements.c.version.desc()).limit(1)
    return unit.connection.execute(chosen).one_or_none()


def append_sheet(unit: UnitOfWork, order: Row[Any], document: Mapping[str, Any], actor: Actor) -> None:
    """Store a sheet behind those that there are."""
    unit.connection.execute(
        settlements.insert().values(
            order=order.id,
            version=document["version"],
            organisation=order.organisation,
            number=document["number"],
            sheet=document,
            net=document["totals"]["net"]["amount"],
            tax=document["totals"]["tax"]["amount"],
            currency=document["totals"]["net"]["currency"],
            settled_by=actor.account,
            settled_at=unit.now(),
        )
    )


def repair_sheet(
    unit: UnitOfWork, order: Row[Any], workshop: Workshop, lines: Sequence[Line], old_parts: bool | None
) -> dict[str, Any]:
    """Write the first sheet of a repair over the lines that were done."""
    said = {True: "give_back", False: "leave", None: wants_old_parts(unit, order.id)}[old_parts]
    return {
        **_head(unit, order, workshop, "repair"),
        "groups": [_group(group, lines, workshop.currency) for group in SettlementGroup],
        "totals": totals(lines, workshop.currency),
        "customer_parts": customer_parts_of(unit, order.id),
        "return_old_parts": None if said is None else said == "give_back",
    }


def fee_sheet(unit: UnitOfWork, order: Row[Any], workshop: Workshop) -> dict[str, Any]:
    """Write the sheet of an order of which nothing is repaired: looking at the car is all that it costs."""
    net = Money(order.inspection_fee, workshop.currency)
    line = {
        "line": "inspection_fee",
        "kind": "fee",
        "text_en": "Inspection of the car",
        "text_zh": "车辆检测",
        "part": None,
        "part_number": None,
        "quantity": 1,
        "unit": "piece",
        "unit_price": net.to_json(),
        "tax_basis_points": workshop.tax_basis_points,
        "borne_by": None,
        "supplier": None,
        **_sums(net, net.times(workshop.tax_basis_points, 10_000)),
    }
    groups = [
        {**_named(group), "lines": [line] if group is SettlementGroup.INSPECTION else []} for group in SettlementGroup
    ]
    return {
        **_head(unit, order, workshop, "inspection_fee"),
        **summed(groups, workshop.currency),
        "customer_parts": customer_parts_of(unit, order.id),
        "return_old_parts": None,
    }


def summed(groups: Sequence[Mapping[str, Any]], currency: str) -> dict[str, Any]:
    """Give groups with their totals, and the total of all, by the lines that stand in them."""
    every = [_total(group["lines"], currency) for group in groups]
    net, tax = (sum((one[part] for one in every), Money(0, currency)) for part in (0, 1))
    return {
        "groups": [{**group, "totals": _sums(*one)} for group, one in zip(groups, every, strict=True)],
        "totals": _sums(net, tax),
    }


def _total(lines: Sequence[Mapping[str, Any]], currency: str) -> tuple[Money, Money]:
    net, tax = (sum((Money(**line[part]) for line in lines), Money(0, currency)) for part in ("net", "tax"))
    return net, tax


def _sums(net: Money, tax: Money) -> dict[str, Any]:
    return {"net": net.to_json(), "tax": tax.to_json(), "gross": (net + tax).to_json()}


def _head(unit: UnitOfWork, order: Row[Any], workshop: Workshop, of: str) -> dict[str, Any]:
    day = local_day(unit.now(), workshop.zone)
    return {
        "number": f"S{day:%Y%m%d}-{order.id.removeprefix('ro_')[:10].upper()}",
        "version": 1,
        "corrects": None,
        "reason": None,
        "of": of,
        "repair_order": order.id,
        "case": order.case,
        "vehicle": order.vehicle,
        "workshop": workshop_summary(workshop),
        "mileage_km": order.mileage_km,
        "settled_at": unit.now().isoformat(),
    }


def _named(group: SettlementGroup) -> dict[str, Any]:
    return {"group": group.value, "group_en": SETTLEMENT_GROUP_EN[group]}


def _group(group: SettlementGroup, lines: Sequence[Line], currency: str) -> dict[str, Any]:
    mine = [line for line in lines if line.settlement_group == group]
    views = [line_view(line, currency) for line in mine]
    return {
        **_named(group),
        "lines": [
            {
                "line": view["id"],
                "part_number": view["evidence"].get("number") if view["part"] else None,
                **{name: view[name] for name in SHOWN},
            }
            for view in views
        ],
        "totals": totals(mine, currency),
    }
