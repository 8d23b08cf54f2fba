"""An owner's repair as it happens: what is done and found, what it costs, his decisions on it, the bill, his review."""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Response

from aftersales.cases import TO_PAY
from aftersales.repair.approval_links import end_approval_links, list_approval_links
from aftersales.repair.approvals import approve
from aftersales.repair.corrections import list_faults
from aftersales.repair.decisions import APPROVED, AWAITING, DECLINED, Heard, list_approvals
from aftersales.repair.inspections import list_inspections
from aftersales.repair.photos import add_signature, list_photos
from aftersales.repair.reviews import get_review, review
from aftersales.scope import find_order
from aftersales.settlement.bills import payments_of_order
from aftersales.settlement.choices import choose_old_parts, sign
from aftersales.settlement.paying import pay
from aftersales.settlement.sheets import list_sheets
from aftersales.views import get_case, get_repair_order
from forecourt.http import STATUS
from forecourt.pages.acting import act, act_for
from forecourt.pages.readers import Posted, Reader, WithFile, posted, posted_file, signed_in, to
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from forecourt.pages.waiting_payment import shown_waiting
from foundation.access import OWNERS
from foundation.database import UnitOfWork
from foundation.events import end_of_log
from foundation.identity import Actor
from foundation.pictures import MOST_BYTES
from foundation.refusals import Conflict, Invalid, Refusal
from parts_catalog.payments import State
from parts_catalog.payments.providers import KINDS, offered
from parts_catalog.payments.sandbox import NAME as SANDBOX

HASH = "hash-"  # before the lines of a form of decisions: what each was as it was shown
EVERY = "all"
_SHARING = "POST /repair-orders/{order}/links"


def router(site: Site) -> APIRouter:
    """Give the routes of an owner's repair order."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)
    _reading(routes, site)
    _deciding(routes, site)
    _closing(routes, site)
    return routes


def _reading(routes: APIRouter, site: Site) -> None:
    Somebody = Annotated[Reader, Depends(signed_in(site))]  # noqa: N806 - a type

    @routes.get("/repair-orders/{order}")
    def show(order: str, reader: Somebody, done: str = "") -> Response:
        return _page(reader, order, done=done)

    @routes.get("/repair-orders/{order}/now")
    def show_again(order: str, reader: Somebody) -> Response:
        with reader.unit() as unit:
            return reader.page("owner/repair_now.html", **_repair(unit, reader, order))


def _deciding(routes: APIRouter, site: Site) -> None:
    Form = Annotated[Posted, Depends(posted(site))]  # noqa: N806 - a type

    @routes.post("/repair-orders/{order}/approvals")
    def decide(order: str, signed: Annotated[WithFile, Depends(posted_file(site, "signature"))]) -> Response:
        form = signed.form
        decision, lines, shown = read_decision(form.fields)
        picture = signed.file.read(MOST_BYTES + 1)
        ip = form.reader.request.client.host if form.reader.request.client else None

        def do(unit: UnitOfWork) -> None:
            signature = add_signature(unit, form.reader.actor, order, picture, site.photos) if picture else None
            approve(unit, form.reader.actor, order, lines, decision, Heard(ip=ip, signature=signature), shown)

        try:
            act(form, do)
        except Conflict as refusal:
            return _page(form.reader, order, refusal)
        return to(f"/repair-orders/{quote(order)}?done=decided")

    @routes.post("/repair-orders/{order}/links")
    def end_links(order: str, form: Form) -> Response:
        act(form, lambda unit: end_approval_links(unit, form.reader.actor, order))
        return to(f"/repair-orders/{quote(order)}?done=links_ended")

    @routes.post("/repair-orders/{order}/old-parts")
    def keep_parts(order: str, form: Form) -> Response:
        give_back = {"yes": True, "no": False}.get(form.text("give_back"))
        if give_back is None:
            raise Invalid("old parts are given back, or left", why="not_of_this_page")
        act(form, lambda unit: choose_old_parts(unit, form.reader.actor, order, give_back=give_back))
        return to(f"/repair-orders/{quote(order)}?done=saved")


def _closing(routes: APIRouter, site: Site) -> None:
    Form = Annotated[Posted, Depends(posted(site))]  # noqa: N806 - a type

    @routes.post("/repair-orders/{order}/signature")
    def sign_sheet(order: str, form: Form) -> Response:
        ip = form.reader.request.client.host if form.reader.request.client else None
        act(form, lambda unit: sign(unit, form.reader.actor, order, Heard(ip=ip)))
        return to(f"/repair-orders/{quote(order)}?done=signed")

    @routes.post("/repair-orders/{order}/payments")
    def begin(order: str, form: Form) -> Response:
        provider = form.text("provider")
        payment = act_for(form, lambda unit: begin_payment(unit, form.reader, order, provider))
        sandbox = provider == SANDBOX
        return to(f"/payments/{quote(payment)}/sandbox" if sandbox else f"/repair-orders/{quote(order)}")

    @routes.post("/repair-orders/{order}/review")
    def rate(order: str, form: Form) -> Response:
        rating = whole(form.text("rating"), "a rating is a number from 1 to 5")
        act(form, lambda unit: review(unit, form.reader.actor, order, rating, form.text("words")))
        return to(f"/repair-orders/{quote(order)}?done=reviewed")


def begin_payment(unit: UnitOfWork, reader: Reader, order: str, provider: str) -> str:
    """Begin a payment of an order that the reader may see; gives its id."""
    find_order(unit, reader.actor, order)
    offered(reader.site.providers, provider)
    return pay(unit, reader.actor, order, provider).id


def read_decision(fields: Mapping[str, str]) -> tuple[str, list[str], dict[str, str]]:
    """Read (decision, lines, hashes as shown) of a form whose button says `approved:LINE` or `declined:all`."""
    decision, _, which = fields.get("decide", "").partition(":")
    shown = {name.removeprefix(HASH): value for name, value in fields.items() if name.startswith(HASH)}
    lines = list(shown) if which == EVERY else [which]
    if decision not in {APPROVED, DECLINED} or not all(lines):
        raise Invalid("a decision is approved or declined, of a line or of all", why="yes_or_no")
    return decision, lines, {line: shown[line] for line in lines if line in shown}


def whole(written: str, wanted: str) -> int:
    """Read a whole number as people write it, such as `123 456`; raises `Invalid` saying what is wanted."""
    digits = "".join(written.replace(",", "").split())
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 12):
        raise Invalid(wanted, why="no_whole_number")
    return int(digits)


def _page(reader: Reader, order: str, refusal: Refusal | None = None, done: str = "") -> Response:
    with reader.unit() as unit:
        # Taken before the page's content is read: what happens meanwhile comes again by the stream.
        cursor = end_of_log(unit)
        status = int(STATUS.get(refusal.code, 409)) if refusal else 200
        shown = _repair(unit, reader, order)
        return reader.page("owner/repair.html", status, cursor=cursor, done=done, refusal=refusal, **shown)


def _repair(unit: UnitOfWork, reader: Reader, order: str) -> dict[str, Any]:
    found = get_repair_order(unit, reader.actor, order)
    bill = found["bill"]
    pays = bill is not None and bill["state"] in TO_PAY
    # An integrator of the owner's house sees it all, and decides on nothing.
    ours = find_order(unit, reader.actor, order).organisation == reader.actor.organisation
    mine = ours and reader.actor.role in OWNERS
    shares = mine and reader.site.access.by_route[_SHARING].may(reader.actor.role)
    return {
        "order": found,
        "case": get_case(unit, reader.actor, found["case"]),
        "mine": mine,
        "links": list_approval_links(unit, reader.actor, order) if shares else [],
        "lines": {line["id"]: line for line in found["lines"]},
        "providers": [KINDS[name] for name in reader.site.providers] if pays else [],
        "waits": payment_of(unit, reader, found) if pays else None,
        **shown_of_repair(unit, reader.actor, found),
    }


def payment_of(unit: UnitOfWork, reader: Reader, order: Mapping[str, Any]) -> dict[str, Any] | None:
    """Give the payment of an order's bill that waits, with the page or the code at which it is paid; None: none."""
    waiting = [one for one in payments_of_order(unit, order["id"]) if one.state is State.PENDING]
    return shown_waiting(unit, reader, waiting[-1]) if waiting else None


def shown_of_repair(unit: UnitOfWork, actor: Actor, order: Mapping[str, Any]) -> dict[str, Any]:
    """Give what owner and desk both see of an order beyond itself: what was looked at, found, decided and settled."""
    key = order["id"]
    decided = list_approvals(unit, actor, key)
    signatures = {one.get("signature") for one in decided}
    waiting = {line["id"] for line in order["lines"] if line["approval"] == AWAITING}
    return {
        "stages": [one for one in list_inspections(unit, actor, key)["items"] if one["begun"]],
        "photos": [one for one in list_photos(unit, actor, key) if one["sha256"] not in signatures],
        "faults": list_faults(unit, actor, key),
        "decisions": decided,
        # A line on which there was a decision, and that awaits another, has changed since.
        "changed": waiting & {one["line"] for one in decided},
        "sheets": list_sheets(unit, actor, key) if order["settlement"] else [],
        "review_given": get_review(unit, actor, key) if order["rating"] else None,
    }
