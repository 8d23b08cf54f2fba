"""A seller's price lists and promotions: which there are, what parts cost on a list, and when they begin and end."""

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Response

from forecourt.http import STATUS
from forecourt.pages.acting import act, act_for
from forecourt.pages.owner.repairs import whole
from forecourt.pages.readers import Posted, Reader, posted, signed_in, to
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from forecourt.pages.trade import stock_words
from forecourt.pages.trade.stock import said
from foundation.database import UnitOfWork
from foundation.refusals import Conflict, Invalid, NotFound, Refusal, Stale
from parts_catalog.fitment import get_part
from parts_catalog.pricing import lists, promotions
from parts_catalog.pricing.bodies import ListPriceBody, NewList, NewPromotion
from parts_catalog.pricing.permissions import PRICING
from parts_catalog.pricing.quotes import Channel
from parts_catalog.search import find
from parts_catalog.shop.carts import CURRENCY
from parts_catalog.shop.promises import zone_of
from parts_catalog.spelling import number_key

AT_ONCE = 40
ENDED, ACTIVE = "ended", "active"
State = Annotated[str, Query(pattern=f"^({ACTIVE}|{ENDED})$")]
_AMOUNT = re.compile(r"[0-9]{1,7}(\.[0-9]{1,2})?")
Cursor = Annotated[str | None, Query(max_length=1000)]


def router(site: Site) -> APIRouter:
    """Give the routes of price lists and promotions."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)
    Somebody = Annotated[Reader, Depends(signed_in(site))]  # noqa: N806 - a type
    Form = Annotated[Posted, Depends(posted(site))]  # noqa: N806 - a type

    @routes.get("/prices")
    def shown(
        reader: Somebody, state: State = ACTIVE, after_list: Cursor = None, after: Cursor = None, done: str = ""
    ) -> Response:
        return _all(reader, state=state, cursors=(after_list, after), done=done)

    @routes.post("/prices/lists")
    def add_list(form: Form) -> Response:
        form.reader.actor.must_be(*PRICING)
        try:
            made = act_for(form, lambda unit: _add_list(unit, form))
        except Invalid as refusal:
            return _all(form.reader, form, refusal, at="list")
        return to(f"/prices/lists/{quote(made)}?done=saved")

    @routes.post("/prices/promotions")
    def add_promotion(form: Form) -> Response:
        form.reader.actor.must_be(*PRICING)
        return _in_place(form, lambda unit: _add_promotion(unit, form), at="promotion")

    @routes.post("/prices/promotions/{promotion}")
    def change_promotion(promotion: str, form: Form) -> Response:
        form.reader.actor.must_be(*PRICING)
        return _in_place(form, lambda unit: _end_promotion(unit, form, promotion), at=promotion)

    @routes.get("/prices/lists/{price_list}")
    def one(price_list: str, reader: Somebody, cursor: Cursor = None, done: str = "") -> Response:
        return _one(reader, price_list, cursor, done=done)

    @routes.post("/prices/lists/{price_list}")
    def change_list(price_list: str, form: Form) -> Response:
        form.reader.actor.must_be(*PRICING)
        try:
            act(form, lambda unit: _change_list(unit, form, price_list))
        except (Conflict, Invalid, Stale) as refusal:
            return _one(form.reader, price_list, None, form, refusal)
        return to(f"/prices/lists/{quote(price_list)}?done=saved")

    return routes


def _in_place(form: Posted, do: Callable[[UnitOfWork], object], at: str) -> Response:
    try:
        act(form, do)
    except (Conflict, Invalid, Stale) as refusal:
        return _all(form.reader, form, refusal, at=at)
    return to("/prices?done=saved")


def _add_list(unit: UnitOfWork, form: Posted) -> str:
    about = {"name": form.text("name"), "channel": form.text("channel") or None, "region": form.text("region") or None}
    new = said(NewList, **about, **_window(form), priority=_whole(form, "priority") or 0)
    return lists.add_list(unit, form.reader.actor, lists.ListFacts(**new.model_dump())).id


def _add_promotion(unit: UnitOfWork, form: Posted) -> str:
    kind, target = form.text("kind"), form.text("target")
    worth = form.text("value").removesuffix("%").strip()
    new = said(
        NewPromotion,
        name_en=form.text("name_en") or form.text("name_zh"),
        name_zh=form.text("name_zh") or form.text("name_en"),
        kind=kind,
        value=hundredths(worth),
        currency=CURRENCY if kind == "amount" else None,
        target=target,
        target_value=form.text("target_value") or None,
        code=form.text("code") or None,
        limit_total=_whole(form, "limit_total"),
        limit_per_buyer=_whole(form, "limit_per_buyer"),
        **_window(form),
    )
    return promotions.add_promotion(unit, form.reader.actor, promotions.PromotionFacts(**new.model_dump())).id


def _end_promotion(unit: UnitOfWork, form: Posted, promotion: str) -> None:
    promotions.get_promotion(unit, form.reader.actor, promotion)  # another's is not there, whatever the form says
    promotions.change_promotion(unit, form.reader.actor, promotion, _version(form), {"state": _state(form)})


def _change_list(unit: UnitOfWork, form: Posted, price_list: str) -> None:
    """Set one price, take one out, or end the list; as it was read."""
    actor, what = form.reader.actor, form.text("do")
    lists.get_list(unit, actor, price_list)
    if what == "state":
        lists.change_list(unit, actor, price_list, _version(form), {"state": _state(form)})
        return
    if what not in {"price", "drop"}:
        raise NotFound("there is nothing like this to do with a list")
    part = form.text("part") if what == "drop" else _numbered(unit, form.text("number"))
    about = {"part": part, "from_quantity": _whole(form, "from_quantity") or 1}
    net = None if what == "drop" else hundredths(form.text("net"))
    new = said(ListPriceBody, **about, net_amount=net).price()
    lists.set_prices(unit, actor, price_list, _version(form), [new])


def _numbered(unit: UnitOfWork, number: str) -> str:
    """Give the one part of a number; raises `Invalid` for none and for several."""
    key = number_key(number)
    found = {hit.part.id for hit in find(unit, number).items if number_key(hit.part.number) == key} if key else set()
    if len(found) != 1:
        raise Invalid(f"{len(found)} parts have this number", why="number_not_one", told={"found": len(found)})
    return found.pop()


def hundredths(written: str) -> int:
    """Read what has two decimals at most as hundredths: yuan as fen, per cent as basis points."""
    if not _AMOUNT.fullmatch(written):
        raise Invalid("write a number with two decimals at most, such as 80.50", why="two_decimals")
    whole_, _, rest = written.partition(".")
    return int(whole_) * 100 + int(rest.ljust(2, "0"))


def _whole(form: Posted, name: str) -> int | None:
    return whole(form.text(name), "write a whole number") if form.text(name) else None


def _version(form: Posted) -> int:
    return whole(form.text("version"), "the form has lost its version")


def _state(form: Posted) -> str:
    if form.text("state") not in {ACTIVE, ENDED}:
        raise Invalid("this is no state of a price list or promotion", why="not_of_this_page")
    return form.text("state")


def _window(form: Posted) -> dict[str, Any]:
    """Read from which day until which day, both of them in it."""
    try:
        first, last = (date.fromisoformat(form.text(name)) if form.text(name) else None for name in ("from", "until"))
    except ValueError as error:
        raise Invalid("this is no day", why="no_day") from error
    return {"valid_from": _midnight(first), "valid_until": _midnight(last + timedelta(days=1)) if last else None}


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), tzinfo=zone_of(None)) if day else None


def _all(
    reader: Reader,
    form: Posted | None = None,
    refusal: Refusal | None = None,
    *,
    state: str = ACTIVE,
    cursors: tuple[str | None, str | None] = (None, None),
    at: str = "",
    done: str = "",
) -> Response:
    """Show lists and promotions of one state; `at`: the form that was refused, or the promotion that it was of."""
    reader.actor.must_be(*PRICING)
    with reader.unit() as unit:
        kept = lists.list_lists(unit, reader.actor, AT_ONCE, cursors[0], state)
        offers = promotions.list_promotions(unit, reader.actor, AT_ONCE, cursors[1], state)
        return reader.page(
            "stock/prices.html",
            int(STATUS.get(refusal.code, 409)) if refusal else 200,
            lists=kept.items,
            next_list=kept.next,
            promotions=offers.items,
            next=offers.next,
            state=state,
            channels=list(Channel),
            words=stock_words,
            typed=dict(form.fields) if form else {},
            at=at,
            refusal=refusal,
            done=done,
        )


def _one(
    reader: Reader,
    price_list: str,
    cursor: str | None,
    form: Posted | None = None,
    refusal: Refusal | None = None,
    *,
    done: str = "",
) -> Response:
    """Show a list with its prices; what was typed before a refusal stays."""
    reader.actor.must_be(*PRICING)
    with reader.unit() as unit:
        kept = lists.get_list(unit, reader.actor, price_list)
        page = lists.prices_of(unit, reader.actor, price_list, AT_ONCE, cursor)
        return reader.page(
            "stock/price_list.html",
            int(STATUS.get(refusal.code, 409)) if refusal else 200,
            kept=kept,
            prices=[(one, get_part(unit, one.part)) for one in page.items],
            next=page.next,
            words=stock_words,
            typed=dict(form.fields) if form else {},
            refusal=refusal,
            done=done,
        )
