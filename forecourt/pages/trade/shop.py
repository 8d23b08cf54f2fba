"""Buying parts: into the cart, where they are held, and from there by two steps to an order that is to be paid."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Response
from pydantic import ValidationError

from forecourt.http import STATUS
from forecourt.pages.acting import act_in
from forecourt.pages.readers import Posted, Reader, posted, signed_in, to
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from forecourt.pages.trade.part import comes, part_page, shelves
from forecourt.pages.trade.regions import REGIONS
from foundation.database import UnitOfWork
from foundation.refusals import Conflict, Invalid, Refusal
from parts_catalog import stock
from parts_catalog.fitment import get_part
from parts_catalog.payments.providers import KINDS, offered
from parts_catalog.payments.sandbox import NAME as SANDBOX
from parts_catalog.prices import NoPrice
from parts_catalog.shop import carts, ordering, views
from parts_catalog.shop.bodies import MOST_PIECES, DeliveryBody
from parts_catalog.shop.carts import About, Cart, LineWish
from parts_catalog.shop.holding import in_unit, lock_buyer
from parts_catalog.shop.ordering import Delivery, Wish
from parts_catalog.shop.states import CartState

DELIVERY = ("kind", "name", "phone", "address", "region", "location")  # the fields that say where an order goes
Typed = Mapping[str, str]


def router(site: Site) -> APIRouter:
    """Give the routes of carts and of ordering."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)
    _filling(routes, site)
    _changing(routes, site)
    _ordering(routes, site)
    return routes


def _filling(routes: APIRouter, site: Site) -> None:
    Somebody = Annotated[Reader, Depends(signed_in(site))]  # noqa: N806 - a type

    @routes.get("/cart")
    def own_cart(reader: Somebody) -> Response:
        with reader.unit() as unit:
            current = carts.current_cart(unit, reader.actor)
        return to(f"/carts/{quote(current)}") if current else reader.page("shop/cart_empty.html")

    @routes.get("/carts/{cart}")
    def one_cart(cart: str, reader: Somebody, done: str = "") -> Response:
        return _cart_page(reader, cart, {}, done=done)

    @routes.post("/cart")
    def add(form: Annotated[Posted, Depends(posted(site))]) -> Response:
        part, vehicle = form.text("part"), form.fields.get("vehicle")
        try:
            cart = _once(form, lambda unit: _add(unit, form, part, vehicle or None))
        except (Conflict, Invalid) as refusal:
            return part_page(form.reader, part, vehicle, form.fields, refusal)
        return to(f"/carts/{quote(cart)}?done=in_cart")


def _changing(routes: APIRouter, site: Site) -> None:
    Form = Annotated[Posted, Depends(posted(site))]  # noqa: N806 - a type

    @routes.post("/carts/{cart}")
    def say(cart: str, form: Form) -> Response:
        """Say which car the cart is for, or a promotion's code."""

        def do(unit: UnitOfWork) -> str:
            about: dict[str, str | None] = {
                name: form.text(name)[:64] or None for name in ("vehicle", "code") if name in form.fields
            }
            if about.get("vehicle"):
                site.vehicles.get(unit, form.reader.actor, str(about["vehicle"]))
            return carts.change(unit, form.reader.actor, cart, about, None).id

        return _changed(form, cart, do)

    @routes.post("/carts/{cart}/lines/{part}")
    def put(cart: str, part: str, form: Form) -> Response:
        def do(unit: UnitOfWork) -> str:
            if form.text("remove"):
                return carts.remove(unit, form.reader.actor, cart, part).id
            wish = LineWish(part, _pieces(form), bool(form.text("back_order")))
            return carts.put(unit, form.reader.actor, cart, [wish]).id

        return _changed(form, cart, do)

    @routes.post("/carts/{cart}/holds")
    def hold_again(cart: str, form: Form) -> Response:
        def do(unit: UnitOfWork) -> str:
            found = carts.get_cart(unit, form.reader.actor, cart)
            return carts.put(unit, form.reader.actor, cart, _wishes(found)).id

        return _changed(form, cart, do)


def _ordering(routes: APIRouter, site: Site) -> None:
    Form = Annotated[Posted, Depends(posted(site))]  # noqa: N806 - a type

    @routes.get("/carts/{cart}/checkout")
    def where_to(cart: str, reader: Annotated[Reader, Depends(signed_in(site))], kind: str = "address") -> Response:
        return _delivery_page(reader, cart, {"kind": kind})

    @routes.post("/carts/{cart}/checkout")
    def look(cart: str, form: Form) -> Response:
        """Show what would be ordered, and when it would come: what was typed stays out of the page's address."""
        if form.text("back"):
            return _delivery_page(form.reader, cart, form.fields)
        try:
            in_unit(site.database, lambda unit: _choose_for(unit, form, cart, _delivery(form.fields)))
            return _review_page(form.reader, cart, form.fields)
        except (Conflict, Invalid) as refusal:
            return _delivery_page(form.reader, cart, form.fields, refusal)

    @routes.post("/carts/{cart}/order")
    def place(cart: str, form: Form) -> Response:
        try:
            order = _once(form, lambda unit: _place(unit, form, cart))
        except (Conflict, Invalid) as refusal:
            return _refused_order(form, cart, refusal)
        with form.reader.unit() as unit:
            payment = views.order_view(unit, form.reader.actor, order)["payment"]
        if payment and payment["provider"] == SANDBOX and payment["state"] == "pending":
            return to(f"/payments/{quote(payment['id'])}/sandbox")
        return to(f"/orders/{quote(order)}")


def _once(form: Posted, do: Callable[[UnitOfWork], str]) -> str:
    """Act once per form; in a new unit while somebody else is quicker with the same pieces."""
    return in_unit(form.reader.site.database, lambda unit: act_in(unit, form, do))


def _changed(form: Posted, cart: str, do: Callable[[UnitOfWork], str]) -> Response:
    try:
        _once(form, do)
    except (Conflict, Invalid) as refusal:
        return _cart_page(form.reader, cart, form.fields, refusal)
    return to(f"/carts/{quote(cart)}?done=saved")


def _pieces(form: Posted) -> int:
    written = form.text("quantity")
    if not (written.isascii() and written.isdecimal() and 1 <= int(written[:9]) <= MOST_PIECES):
        raise Invalid(
            f"a quantity is a number from 1 to {MOST_PIECES}", why="quantity_range", told={"most": MOST_PIECES}
        )
    return int(written[:9])


def _add(unit: UnitOfWork, form: Posted, part: str, vehicle: str | None) -> str:
    """Put pieces to those of the reader's cart; for the car that he looked at."""
    actor, pieces, back_order = form.reader.actor, _pieces(form), bool(form.text("back_order"))
    if vehicle is not None:
        form.reader.site.vehicles.get(unit, actor, vehicle)
    lock_buyer(unit, actor.organisation)  # of two taps at once, the second finds the cart of the first
    current = carts.current_cart(unit, actor)
    if current is None:
        return carts.open_cart(unit, actor, About(vehicle=vehicle), [LineWish(part, pieces, back_order)]).id
    cart = carts.get_cart(unit, actor, current)
    before = next((line for line in cart.lines if line.part == part), None)
    if before is not None:
        pieces, back_order = pieces + before.quantity, back_order or before.back_order
    if vehicle not in {None, cart.about.vehicle}:
        carts.change(unit, actor, current, {"vehicle": vehicle}, None)
    return carts.put(unit, actor, current, [LineWish(part, pieces, back_order)]).id


def _wishes(cart: Cart) -> list[LineWish]:
    return [LineWish(line.part, line.quantity, line.back_order) for line in cart.lines]


def _delivery(typed: Typed) -> Delivery:
    said = {name: typed.get(name, "").strip() for name in DELIVERY}
    try:
        return DeliveryBody.model_validate({name: value for name, value in said.items() if value}).delivery()
    except ValidationError as error:
        wrong = sorted({str(one["loc"][0]) for one in error.errors() if one["loc"]})
        raise Invalid(
            "a delivery says who gets it, and where", why="who_gets_it", fields=wrong or ["address"]
        ) from error


def _choose_for(unit: UnitOfWork, form: Posted, cart: str, delivery: Delivery) -> None:
    """Hold anew what goes to an address of another region than the cart was for: from near by, at its prices."""
    actor = form.reader.actor
    found = carts.get_cart(unit, actor, cart)
    if delivery.kind == "address" and found.about.region != delivery.region and found.lines:
        carts.change(unit, actor, cart, {"region": delivery.region}, None)
        carts.put(unit, actor, cart, _wishes(found))


def _place(unit: UnitOfWork, form: Posted, cart: str) -> str:
    provider, site = form.text("provider"), form.reader.site
    offered(site.providers, provider)
    wish = Wish(cart, _delivery(form.fields), provider, form.text("prices") or None)
    return ordering.place(unit, form.reader.actor, site.carrier, wish)


def _refused_order(form: Posted, cart: str, refusal: Refusal) -> Response:
    """Show what was to be ordered as it is now; where that cannot be had any more, what is missing."""
    with form.reader.unit() as unit:
        state = carts.get_cart(unit, form.reader.actor, cart).state
    if state != CartState.OPEN:
        return to("/orders")
    try:
        return _review_page(form.reader, cart, form.fields, refusal)
    except (Conflict, Invalid):
        return _delivery_page(form.reader, cart, form.fields, refusal)


def _cart_page(reader: Reader, cart: str, typed: Typed, refusal: Refusal | None = None, *, done: str = "") -> Response:
    with reader.unit() as unit:
        seen = carts.find_cart(unit, reader.actor, cart)
        try:
            carts.get_cart(unit, reader.actor, cart)
        except NoPrice as gone:
            parts = [get_part(unit, part) for part in gone.extra["parts"]]
            return reader.page("shop/cart_unpriced.html", 409, cart=cart, parts=parts, refusal=gone)
        cars = reader.site.vehicles.list(unit, reader.actor)
        shown = _shown(unit, reader, carts.get_cart(unit, reader.actor, cart))
        if shown["cart"]["state"] != CartState.OPEN:
            return to("/orders")
        short = _short(refusal)
        car = shown["cart"]["vehicle"]
        return reader.page(
            "shop/cart.html",
            int(STATUS.get(refusal.code, 409)) if refusal else 200,
            **shown,
            was=_unit_prices(seen.shown),
            cars=cars,
            car=next((one for one in cars if one.id == car), None),
            short=short,
            days=_days(unit, short),
            typed=typed,
            changed=reader.request.path_params.get("part", ""),
            refusal=refusal,
            done=done,
        )


def _shown(unit: UnitOfWork, reader: Reader, cart: Cart) -> dict[str, Any]:
    """Give a cart with its quote by part: a part that comes from two houses stands in one line."""
    vehicle = cart.about.vehicle
    car = reader.site.vehicles.get(unit, reader.actor, vehicle).config if vehicle else None
    return {
        "cart": views.cart_view(unit, cart, car),
        "costs": _by_part(cart.quote.to_json()) if cart.quote else {},
        "held": bool(cart.lines) and all(line.covered for line in cart.lines),
    }


def _by_part(quote: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    costs: dict[str, dict[str, Any]] = {}
    for line in quote["lines"]:
        sums = costs.setdefault(line["part"], {"unit": line["unit_net"], "list": 0, "net": 0, "promotions": {}})
        sums["list"] += line["list_net"]["amount"]
        sums["net"] += line["net"]["amount"]
        sums["promotions"] |= {one["promotion"]: one for one in line["promotions"]}
    return costs


def _unit_prices(quote: Mapping[str, Any] | None) -> dict[str, Any]:
    """Give by part what a piece cost when the reader saw his cart last."""
    return {part: one["unit"] for part, one in _by_part(quote).items()} if quote else {}


def _delivery_page(reader: Reader, cart: str, typed: Typed, refusal: Refusal | None = None) -> Response:
    with reader.unit() as unit:
        found = carts.get_cart(unit, reader.actor, cart)
        if found.state != CartState.OPEN or not found.lines:
            return to(f"/carts/{quote(cart)}")
        return reader.page(
            "shop/delivery.html",
            int(STATUS.get(refusal.code, 409)) if refusal else 200,
            cart=found,
            kind="pickup" if typed.get("kind") == "pickup" else "address",
            typed=typed if "name" in typed else {**_last(unit, reader), **typed},
            regions=REGIONS,
            shelves=_places(unit),
            names={line.part: line for line in found.lines},
            days=_days(unit, _short(refusal)),
            refusal=refusal,
        )


def _short(refusal: Refusal | None) -> dict[str, Any]:
    """Give what is missing, by part."""
    lines = refusal.extra.get("lines", []) if isinstance(refusal, stock.OutOfStock) else []
    return {line["part"]: line for line in lines}


def _days(unit: UnitOfWork, short: Mapping[str, Any]) -> dict[str, Any]:
    """Give the days from which more of missing parts can come, by part."""
    return {part: comes(tuple(some)) for part, some in stock.offers(unit, list(short)).items()} if short else {}


def _last(unit: UnitOfWork, reader: Reader) -> dict[str, str]:
    """Give where the reader's house had its last order sent, so that nobody types it twice."""
    last = views.list_orders(unit, reader.actor, state=None, limit=1, cursor=None).items
    if not last:
        return {"name": reader.actor.name or ""}
    delivery = views.order_view(unit, reader.actor, last[0]["id"])["delivery"]
    return {name: delivery[name] or "" for name in DELIVERY if name != "kind"}


def _places(unit: UnitOfWork) -> dict[str, Any]:
    """Give the places where an order can be collected."""
    return {key: one for key, one in shelves(unit).items() if one.kind == "workshop" and one.state == "open"}


def _review_page(reader: Reader, cart: str, typed: Typed, refusal: Refusal | None = None) -> Response:
    """Show what the order would be; raises what `foresee` raises."""
    site = reader.site
    with reader.unit() as unit:
        foreseen = ordering.foresee(unit, reader.actor, site.carrier, cart, _delivery(typed))
        found = carts.get_cart(unit, reader.actor, cart)
        return reader.page(
            "shop/review.html",
            int(STATUS.get(refusal.code, 409)) if refusal else 200,
            cart=found,
            foreseen=foreseen,
            costs=_by_part(foreseen.quote.to_json()),
            seen=(refusal.extra.get("seen") if refusal and refusal.code == "price_changed" else None),
            typed={name: typed.get(name, "") for name in DELIVERY},
            regions=REGIONS,
            shelves=_places(unit),
            providers=[KINDS[name] for name in site.providers],
            provider=typed.get("provider", ""),
            refusal=refusal,
        )
