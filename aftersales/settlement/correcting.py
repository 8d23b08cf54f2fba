"""A sheet that takes the place of another: lines cost less than they did, and what was paid too much goes back."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row

from aftersales.cases import BillState
from aftersales.moves import tell
from aftersales.permissions import Act, require
from aftersales.scope import lock_order
from aftersales.settlement.bills import bill_of, by_provider, change_bill, close_pending, taken_of
from aftersales.settlement.notifying import tell_owners
from aftersales.settlement.sheets import append_sheet, last_sheet, sheet, summed
from foundation.database import UnitOfWork
from foundation.identity import Actor
from foundation.money import Money
from foundation.refusals import Conflict, Invalid, NotFound
from parts_catalog.payments import Reason, refund


def correct(unit: UnitOfWork, actor: Actor, order: str, nets: Mapping[str, int], reason: str) -> dict[str, Any]:
    """Append a sheet on which lines cost `nets` (net, in minor units) instead; gives it. The sheet before it stays.

    Nothing becomes dearer behind the owner's back. What was paid goes back by the payment's own provider, and what
    was taken at the counter is given back there (`counter.give_back`); what is not paid yet is owed no more, and a
    payment of the old amount that waits is closed.
    """
    case, row = lock_order(unit, actor, order)
    require(actor, Act.CORRECT_SHEET, owner=row.organisation, workshop=row.workshop_organisation)
    before, bill = last_sheet(unit, row.id), bill_of(unit, row.id)
    if before is None or bill is None:
        raise Conflict("there is no sheet to correct before the settlement", why="no_sheet_to_correct", state=row.state)
    if bill.state == BillState.WAIVED:
        raise Conflict("the inspection fee was waived; there is nothing to give back", why="fee_waived")
    if not reason.strip():
        raise Invalid("say why the sheet is corrected", why="say_why_corrected")
    document = _corrected(unit, before, nets, reason.strip())
    append_sheet(unit, row, document, actor)
    _give_back(unit, actor, bill, Money(**document["totals"]["gross"]), document["version"])
    tell(unit, case.id, "sheet_corrected", actor.account, repair_order=row.id, number=document["number"])
    tell_owners(unit, row, "sheet_corrected", document["number"])
    return sheet(unit, actor, order)


def _corrected(unit: UnitOfWork, before: Row[Any], nets: Mapping[str, int], reason: str) -> dict[str, Any]:
    old, currency = before.sheet, before.currency
    known = {line.get("line") for group in old["groups"] for line in group["lines"]}
    if unknown := sorted(set(nets) - known):
        raise NotFound(f"this sheet has no line {', '.join(unknown)}")
    groups = [
        {**group, "lines": [_cheaper(line, nets.get(line.get("line")), currency) for line in group["lines"]]}
        for group in old["groups"]
    ]
    version = before.version + 1
    first = before.number.partition("/")[0]
    return {
        **old,
        "number": f"{first}/{version}",
        "version": version,
        "corrects": before.number,
        "reason": reason,
        "settled_at": unit.now().isoformat(),
        **summed(groups, currency),
    }


def _cheaper(line: Mapping[str, Any], net: int | None, currency: str) -> Mapping[str, Any]:
    if net is None:
        return line
    if not 0 <= net < line["net"]["amount"]:
        raise Invalid(
            "a corrected line costs less than before",
            why="corrected_costs_less",
            line=line["line"],
            net=line["net"]["amount"],
        )
    now = Money(net, currency)
    tax = now.times(line["tax_basis_points"], 10_000)
    return {**line, "net": now.to_json(), "tax": tax.to_json(), "gross": (now + tax).to_json()}


def _give_back(unit: UnitOfWork, actor: Actor, bill: Row[Any], owed: Money, version: int) -> None:
    change_bill(unit, bill.order, amount=owed.amount)
    if bill.state == BillState.PAID:
        _refund(unit, actor, bill, bill.amount - owed.amount, version)
        return
    close_pending(unit, bill.order)
    if not owed.amount:
        change_bill(unit, bill.order, state=BillState.NOTHING_DUE.value)
    elif taken_of(unit, bill.order) >= owed.amount:
        change_bill(unit, bill.order, state=BillState.PAID.value, paid_at=unit.now())


def _refund(unit: UnitOfWork, actor: Actor, bill: Row[Any], too_much: int, version: int) -> None:
    """Send back by the provider what came by it; what is more than that, the counter gives back as it took it."""
    back = min(too_much, by_provider(unit, bill))
    if back:
        money = Money(back, bill.currency)
        refund(unit, actor, bill.payment, money, Reason.CORRECTED, f"sheet:{bill.order}:{version}")
