"""One repair order as its desk sees it: what it costs and who said yes to it, its steps, its bill and its record."""

from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Response

from aftersales.cases import AT_WORK, STEPS, TO_PAY, HoldReason, RepairOrderState
from aftersales.permissions import Act, require
from aftersales.repair.board import may_go
from aftersales.repair.clock import show_clock
from aftersales.repair.order_lines import OPEN_FOR_LINES
from aftersales.repair.promise import promise
from aftersales.repair.repair_orders import Said, take_step
from aftersales.repair.verdicts import VERDICT_WORDS, list_verdicts
from aftersales.scope import find_order
from aftersales.settlement.accounts import on_account
from aftersales.settlement.bills import PAYABLE
from aftersales.settlement.records import show_record
from aftersales.views import get_case, get_repair_order
from diagnostics.faults import FAULTS
from forecourt.http import STATUS
from forecourt.pages.acting import act
from forecourt.pages.owner.repairs import payment_of, shown_of_repair, whole
from forecourt.pages.readers import Posted, Reader, posted, signed_in, to
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from forecourt.pages.workshop.desk_forms import MOST_WORDS, amount, local_instant, said
from forecourt.pages.workshop.job import seen_vehicle
from forecourt.pages.workshop.parts_to_ask import MOST_ASKED, lines_to_ask
from forecourt.pages.workshop.verdicts_asked import give_asked
from foundation.database import UnitOfWork
from foundation.events import end_of_log
from foundation.identity import Role
from foundation.refusals import Conflict, Invalid, Refusal
from parts_catalog.payments import RefusedRefund, refused
from parts_catalog.payments.providers import KINDS


def router(site: Site) -> APIRouter:
    """Give the routes of an order at the desk, and of its steps."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)

    @routes.get("/board/{order}")
    def show(
        order: str,
        reader: Annotated[Reader, Depends(signed_in(site))],
        done: str = "",
        q: Annotated[str | None, Query(max_length=MOST_ASKED)] = None,
    ) -> Response:
        return desk_page(reader, order, done=done, wanted=q)

    @routes.post("/board/{order}/steps")
    def step(order: str, form: Annotated[Posted, Depends(posted(site))]) -> Response:
        return at_desk(form, order, Act.TAKE_STEP, lambda unit: _step(unit, form, order), "step")

    @routes.post("/board/{order}/promise")
    def promise_anew(order: str, form: Annotated[Posted, Depends(posted(site))]) -> Response:
        return at_desk(form, order, Act.PROMISE, lambda unit: _promise(unit, form, order), "promised")

    return routes


def at_desk(form: Posted, order: str, asked: Act, do: Callable[[UnitOfWork], Any], done: str) -> Response:
    """Do what a form of the desk asks for and show the order again; what was typed stays when it is refused.

    Whether the order is the reader's, and this his to do, is asked before anything that was typed is read.
    """
    with form.reader.unit() as unit:
        row = find_order(unit, form.reader.actor, order)
        require(form.reader.actor, asked, owner=row.organisation, workshop=row.workshop_organisation)
    try:
        act(form, do)
    except (Conflict, Invalid) as refusal:
        return desk_page(form.reader, order, form, refusal)
    return to(f"/board/{quote(order)}?done={done}")


def desk_page(
    reader: Reader,
    order: str,
    form: Posted | None = None,
    refusal: Refusal | None = None,
    done: str = "",
    wanted: str | None = None,
) -> Response:
    """Show one repair order to the desk, or what of it has changed; `wanted`: a part is searched for, that fits."""
    reader.actor.must_be(Role.ADVISOR, Role.WORKSHOP_MANAGER)
    with reader.unit() as unit:
        cursor = end_of_log(unit)
        shown = _order(unit, reader, order)
        searched = wanted is not None and shown["may_change"]
        return reader.page(
            "workshop/desk_now.html" if reader.is_fragment else "workshop/desk.html",
            int(STATUS.get(refusal.code, 409)) if refusal else 200,
            cursor=cursor,
            typed=dict(form.fields) if form and refusal else {},
            sent_to=reader.request.url.path if form and refusal else "",
            refusal=refusal,
            done=done,
            asked=lines_to_ask(unit, shown["case"], shown["vehicle"], wanted or "") if searched else None,
            **shown,
        )


def _order(unit: UnitOfWork, reader: Reader, order: str) -> dict[str, Any]:
    row = find_order(unit, reader.actor, order)
    found = get_repair_order(unit, reader.actor, order)
    bill = found["bill"]
    pays = bill is not None and bill["state"] in TO_PAY
    ours = row.workshop_organisation == reader.actor.organisation
    return {
        "order": found,
        "case": get_case(unit, reader.actor, found["case"]),
        "vehicle": seen_vehicle(unit, reader, found["vehicle"]),
        "lines": {line["id"]: line for line in found["lines"]},
        "may_change": ours and row.state in OPEN_FOR_LINES,
        "may_promise": ours and row.state in AT_WORK,
        "may_settle": ours and not found["settlement"] and _has_sheet(row.state, found),
        "may_release": ours and row.state == RepairOrderState.SETTLED and bill is not None and may_go(bill["state"]),
        "on_account": on_account(unit, row.workshop, row.organisation),
        "customer": row.organisation,
        "providers": [KINDS[name] for name in reader.site.providers] if ours and pays else [],
        "waits": payment_of(unit, reader, found) if pays else None,
        "refused": [it for it in _refused(unit, reader) if it.payable.id == order] if ours and bill else [],
        "record": show_record(unit, reader.actor, order) if ours and found.get("record") else None,
        "verdicts": list_verdicts(unit, reader.actor, order),
        "verdict_words": VERDICT_WORDS,
        "faults_known": FAULTS,
        "clock": show_clock(unit, reader.actor, order),
        **shown_of_repair(unit, reader.actor, found),
    }


def _has_sheet(state: str, order: dict[str, Any]) -> bool:
    """Whether an order gets a sheet now: of work that is done, or of a fee that was announced."""
    return state == RepairOrderState.COMPLETED or (state == RepairOrderState.DECLINED and order["inspection_fee"])


def _promise(unit: UnitOfWork, form: Posted, order: str) -> None:
    zone = get_repair_order(unit, form.reader.actor, order)["workshop"]["zone"]
    at = local_instant(form.text("ready_at"), ZoneInfo(zone))
    promise(unit, form.reader.actor, order, at, said(form, "note", MOST_WORDS) or None)


def _refused(unit: UnitOfWork, reader: Reader) -> list[RefusedRefund]:
    return refused(unit, reader.actor, reader.site.payables, PAYABLE)


def _step(unit: UnitOfWork, form: Posted, order: str) -> None:
    written, fee = form.text("mileage_km"), form.text("inspection_fee")
    mileage = whole(written, "the mileage is a whole number of kilometres") if written else None
    reason = HoldReason(form.text("reason")) if form.text("reason") in set(HoldReason) else None
    currency = get_repair_order(unit, form.reader.actor, order)["totals"]["gross"]["currency"]
    announced = amount(fee, currency) if fee and form.text("step") in STEPS else None
    said = Said(mileage, reason, form.text("fee") or None, announced)
    give_asked(unit, form, order)
    take_step(unit, form.reader.actor, order, form.text("step"), form.text("note") or None, said=said)
