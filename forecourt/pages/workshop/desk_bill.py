"""What ends an order at the desk: its sheet, its bill, the car handed over, the record, what was found, the review."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from aftersales.cases import TakingWay
from aftersales.permissions import Act
from aftersales.repair.decisions import Heard, Way
from aftersales.repair.photos import add_signature
from aftersales.repair.reviews import answer_review
from aftersales.repair.verdicts import Judged, Verdict, give_verdict
from aftersales.scope import find_order
from aftersales.settlement.accounts import end_account, put_on_account
from aftersales.settlement.choices import sign
from aftersales.settlement.correcting import correct
from aftersales.settlement.counter import MOST_RECEIPT, give_back, take
from aftersales.settlement.records import mend
from aftersales.settlement.releasing import release
from aftersales.settlement.settling import settle
from forecourt.pages.owner.repairs import begin_payment
from forecourt.pages.readers import Posted, WithFile, posted, posted_file
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from forecourt.pages.workshop.desk import at_desk
from forecourt.pages.workshop.desk_forms import MOST_WORDS, amount, said
from forecourt.pages.workshop.desk_lines import currency_of
from foundation.database import UnitOfWork
from foundation.pictures import MOST_BYTES
from foundation.refusals import Invalid
from parts_catalog.payments import ask_again

NET = "net-"  # before the lines of a form of corrections: what each costs instead


def router(site: Site) -> APIRouter:
    """Give the routes."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)
    _sheet(routes, site)
    _bill(routes, site)
    _counter(routes, site)
    _after(routes, site)
    return routes


def _sheet(routes: APIRouter, site: Site) -> None:
    Form = Annotated[Posted, Depends(posted(site))]  # noqa: N806 - a type

    @routes.post("/board/{order}/settlement")
    def write_sheet(order: str, form: Form) -> Response:
        old_parts = {"yes": True, "no": False}.get(form.text("return_old_parts"))

        def do(unit: UnitOfWork) -> Any:
            return settle(unit, form.reader.actor, order, old_parts, said(form, "plate", 20) or None)

        return at_desk(form, order, Act.SETTLE, do, "settled")

    @routes.post("/board/{order}/signature")
    def note_signature(order: str, signed: Annotated[WithFile, Depends(posted_file(site, "signature"))]) -> Response:
        form, picture = signed.form, signed.file.read(MOST_BYTES + 1)
        actor = form.reader.actor

        def do(unit: UnitOfWork) -> None:
            digest = add_signature(unit, actor, order, picture, site.photos) if picture else None
            sign(unit, actor, order, Heard(Way.COUNTER, None, said(form, "given_by"), digest))

        return at_desk(form, order, Act.SIGN_SHEET, do, "saved")

    @routes.post("/board/{order}/corrections")
    def make_cheaper(order: str, form: Form) -> Response:
        def do(unit: UnitOfWork) -> Any:
            nets = _nets(form.fields, currency_of(unit, form, order))
            return correct(unit, form.reader.actor, order, nets, said(form, "reason", MOST_WORDS))

        return at_desk(form, order, Act.CORRECT_SHEET, do, "corrected")


def _bill(routes: APIRouter, site: Site) -> None:
    Form = Annotated[Posted, Depends(posted(site))]  # noqa: N806 - a type

    @routes.post("/board/{order}/payments")
    def take_payment(order: str, form: Form) -> Response:
        provider = form.text("provider")
        return at_desk(
            form, order, Act.PAY, lambda unit: begin_payment(unit, form.reader, order, provider), "payment_begun"
        )

    @routes.post("/board/{order}/account")
    def let_pay_later(order: str, form: Form) -> Response:
        def do(unit: UnitOfWork) -> None:
            row = find_order(unit, form.reader.actor, order)
            change = put_on_account if form.text("later") == "yes" else end_account
            change(unit, form.reader.actor, row.workshop, row.organisation)

        return at_desk(form, order, Act.SET_UP, do, "saved")

    @routes.post("/board/{order}/refunds/{refund}")
    def give_back_again(order: str, refund: str, form: Form) -> Response:
        def do(unit: UnitOfWork) -> None:
            ask_again(unit, form.reader.actor, site.payables, refund)

        return at_desk(form, order, Act.CORRECT_SHEET, do, "refund_asked")

    @routes.post("/board/{order}/release")
    def hand_over(order: str, form: Form) -> Response:
        return at_desk(form, order, Act.RELEASE, lambda unit: release(unit, form.reader.actor, order), "released")


def _counter(routes: APIRouter, site: Site) -> None:
    Form = Annotated[Posted, Depends(posted(site))]  # noqa: N806 - a type

    @routes.post("/board/{order}/takings")
    def take_money(order: str, form: Form) -> Response:
        def do(unit: UnitOfWork) -> None:
            if form.text("way") not in set(TakingWay):
                raise Invalid("money is taken in cash, or by the card terminal", why="not_of_this_page")
            money = amount(form.text("amount"), currency_of(unit, form, order)), said(form, "receipt", MOST_RECEIPT)
            take(unit, form.reader.actor, order, TakingWay(form.text("way")), *money)

        return at_desk(form, order, Act.TAKE_MONEY, do, "money_taken")

    @routes.post("/board/{order}/takings/{taking}/back")
    def return_money(order: str, taking: str, form: Form) -> Response:
        def do(unit: UnitOfWork) -> None:
            money = amount(form.text("amount"), currency_of(unit, form, order)), said(form, "receipt", MOST_RECEIPT)
            give_back(unit, form.reader.actor, order, taking, *money)

        return at_desk(form, order, Act.TAKE_MONEY, do, "money_given_back")


def _after(routes: APIRouter, site: Site) -> None:
    Form = Annotated[Posted, Depends(posted(site))]  # noqa: N806 - a type

    @routes.post("/board/{order}/record")
    def complete_record(order: str, form: Form) -> Response:
        def do(unit: UnitOfWork) -> Any:
            plate, vin = said(form, "plate", 20), said(form, "vin", 17).upper()
            return mend(unit, form.reader.actor, order, plate or None, vin or None)

        return at_desk(form, order, Act.MEND_RECORD, do, "saved")

    @routes.post("/board/{order}/verdicts")
    def judge(order: str, form: Form) -> Response:
        def do(unit: UnitOfWork) -> Any:
            if form.text("verdict") not in set(Verdict):
                raise Invalid("it was found, not found, or another fault", why="not_of_this_page")
            judged = Judged(Verdict(form.text("verdict")), form.text("other") or None, said(form, "note", MOST_WORDS))
            return give_verdict(unit, form.reader.actor, order, form.text("finding"), judged)

        return at_desk(form, order, Act.GIVE_VERDICT, do, "saved")

    @routes.post("/board/{order}/answer")
    def answer(order: str, form: Form) -> Response:
        words = form.text("words")

        def do(unit: UnitOfWork) -> Any:
            return answer_review(unit, form.reader.actor, order, words)

        return at_desk(form, order, Act.ANSWER_REVIEW, do, "review_answered")


def _nets(fields: Mapping[str, str], currency: str) -> dict[str, int]:
    """Read what lines cost instead; what is left empty stays."""
    typed = {name.removeprefix(NET): value.strip() for name, value in fields.items() if name.startswith(NET)}
    nets = {line: amount(value, currency) for line, value in typed.items() if value}
    if not nets:
        raise Invalid("say which line costs what instead", why="say_which_line_costs")
    return nets
