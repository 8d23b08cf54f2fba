"""Placing an order: the cart's pieces, the prices that were shown, a day of delivery and a payment, in one unit.

    cart ─lock─▶ pieces taken over, or taken anew ─▶ quote agreed ─▶ day promised ─▶ promotions, payment, told

Stock is taken before any money moves: paid without pieces cannot be.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from foundation.database import UnitOfWork, new_id
from foundation.identity import Actor
from foundation.refusals import Conflict, NotFound
from parts_catalog import payments, prices, stock
from parts_catalog.parts import Location
from parts_catalog.payments import Payable
from parts_catalog.prices import Buyer, Quote, Wanted
from parts_catalog.shop.carriers import Carrier
from parts_catalog.shop.carts import find_cart, lock_cart
from parts_catalog.shop.contents import Line, Origin, Share, lines_of
from parts_catalog.shop.feed import tell
from parts_catalog.shop.holding import Target, choose, hand_over, shares_of, take
from parts_catalog.shop.orders import PAYABLE, lock_order, take_money
from parts_catalog.shop.promises import Promise, collect, promise
from parts_catalog.shop.regions import place_of
from parts_catalog.shop.states import OrderState
from parts_catalog.warehouse.locking import lock_holders, lock_stock
from parts_catalog.warehouse.nearest import Place

PAY_WITHIN = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where an order goes: to an address, or to be collected at `location`. `near` is used and not kept."""

    name: str
    phone: str
    address: str = ""
    region: str | None = None
    near: Place | None = None
    location: str | None = None

    @property
    def kind(self) -> str:
        return "address" if self.location is None else "pickup"


@dataclass(frozen=True, slots=True)
class Wish:
    """An order as it is asked for. `digest`: that of the quote that the buyer saw (None: the last the cart showed)."""

    cart: str
    delivery: Delivery
    provider: str
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class Parcel:
    """What will go from one place, and when it is promised."""

    id: str
    origin: Origin
    shares: tuple[Share, ...]
    promise: Promise


def place(unit: UnitOfWork, actor: Actor, carrier: Carrier, wish: Wish) -> str:
    """Make an order of a cart, to be paid within half an hour; gives its id.

    Raises `OutOfStock` for what is neither held nor to be had, `PriceChanged` when it does not cost what was shown,
    `PromotionUsedUp`, `Invalid` for a place where nothing can be collected.
    """
    now, order = unit.now(), new_id("ord")
    cart = lock_cart(unit, actor, wish.cart)
    lines = lines_of(unit, wish.cart)
    if not lines:
        raise Conflict("there is nothing in this cart", why="cart_empty")
    here = _collecting(unit, wish.delivery.location) if wish.delivery.location is not None else None
    shares = _pieces(unit, cart, lines, order, _target(wish.delivery, here), now + PAY_WITHIN)
    quote = prices.quote(unit, _wanted(shares), _buyer(actor, cart), now, cart.currency)
    _agree(quote, wish.digest, cart.shown)
    parcels = _parcels(carrier, now, shares, _destination(wish.delivery, here), here)
    prices.redeem(unit, quote, order)
    owed = Payable(PAYABLE, order)
    free = quote.gross.amount == 0
    paid_by = None if free else payments.start(unit, actor, owed, quote.gross, wish.provider, now + PAY_WITHIN).id
    facts = {"order": order, "payment": paid_by, "now": now, "due_at": now + PAY_WITHIN}
    _write(unit, facts | _facts(actor, cart, wish, quote, parcels), quote, parcels, carrier.name)
    tell(unit, order, "order_placed", actor.account, state=OrderState.AWAITING_PAYMENT.value)
    if free:
        take_money(unit, lock_order(unit, order), actor.account)
    return order


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What an order would be, were it placed now: the day of its last parcel, how many they are, and what it costs."""

    promised_on: date
    parcels: int
    quote: Quote


def foresee(unit: UnitOfWork, actor: Actor, carrier: Carrier, cart: str, delivery: Delivery) -> Foreseen:
    """Say what `place` would promise and charge; nothing is taken.

    Raises `OutOfStock`, `NotFound` for a place where nothing can be collected, `Conflict` for an empty cart.
    """
    row, lines = find_cart(unit, actor, cart), lines_of(unit, cart)
    if not lines:
        raise Conflict("there is nothing in this cart", why="cart_empty")
    here = _collecting(unit, delivery.location) if delivery.location is not None else None
    target = _target(delivery, here)
    shares = [share for line in lines for share in line.shares]
    if not _as_chosen(row, lines, target):
        shares = shares_of(choose(unit, *_needs(lines, target), cart))
    parcels = _parcels(carrier, unit.now(), shares, _destination(delivery, here), here)
    quote = prices.quote(unit, _wanted(shares), _buyer(actor, row), unit.now(), row.currency)
    return Foreseen(max(parcel.promise.on for parcel in parcels), len(parcels), quote)


def _buyer(actor: Actor, cart: Any) -> Buyer:
    return Buyer.of(actor, cart.region, [cart.code] if cart.code else [])


def _as_chosen(cart: Any, lines: Sequence[Line], target: Target) -> bool:
    """Whether everything is held, and was chosen for just that target."""
    return all(line.covered for line in lines) and target == Target(region=cart.region)


def _needs(lines: Sequence[Line], target: Target) -> tuple[dict[str, int], Target, set[str]]:
    """Give what `choose` is asked for."""
    return {line.part: line.quantity for line in lines}, target, {line.part for line in lines if line.back_order}


def _target(delivery: Delivery, here: Location | None) -> Target:
    if here is None:
        return Target(delivery.near, delivery.region)
    return Target(here.place, here.region, here.id)


def _destination(delivery: Delivery, here: Location | None) -> Place | None:
    return here.place if here is not None else delivery.near or place_of(delivery.region)


def _collecting(unit: UnitOfWork, location: str) -> Location:
    found = [one for one in stock.list_locations(unit) if one.id == location and one.state == "open"]
    if not found:
        raise NotFound(f"there is no location {location}")
    return found[0]


def _pieces(
    unit: UnitOfWork, cart: Any, lines: Sequence[Line], order: str, target: Target, until: datetime
) -> list[Share]:
    """Make the cart's pieces the order's: where they are held, or from nearer by where that is better."""
    held = [share for line in lines for share in line.shares]
    if _as_chosen(cart, lines, target):
        hand_over(unit, cart.id, order, until, held)
        return held
    chosen = choose(unit, *_needs(lines, target), cart.id)
    shares = shares_of(chosen)
    if all(line.covered for line in lines) and _same(shares, held):
        hand_over(unit, cart.id, order, until, held)
        return held
    lock_holders(unit, cart.id, order)
    lock_stock(unit, {share.key for share in (*held, *shares)})
    stock.release(unit, cart.id)
    return take(unit, chosen, order, until, None)


def _same(ones: Sequence[Share], others: Sequence[Share]) -> bool:
    def pieces(shares: Sequence[Share]) -> dict[tuple[str, str, bool], int]:
        return {(*share.key, share.expected is None): share.quantity for share in shares}

    return pieces(ones) == pieces(others)


def _wanted(shares: Sequence[Share]) -> list[Wanted]:
    return [Wanted(share.part, share.quantity, share.seller) for share in shares]


def _agree(quote: Quote, digest: str | None, shown: Mapping[str, Any] | None) -> None:
    if shown is None and digest is None:
        raise Conflict("nobody has been shown a price yet; look at the cart first", why="no_price_shown")
    prices.agree(quote, digest or (shown or {})["digest"], shown)


def _parcels(
    carrier: Carrier,
    now: datetime,
    shares: Sequence[Share],
    to: Place | None,
    here: Location | None,
) -> list[Parcel]:
    by_place: dict[str, list[Share]] = {}
    for share in shares:
        by_place.setdefault(share.location, []).append(share)
    parcels = []
    for location, some in sorted(by_place.items()):
        origin = some[0].origin
        day = max((share.expected for share in some if share.expected is not None), default=None)
        if here is not None and here.id == location:
            when = collect(now, origin.region, day)
        else:
            when = promise(carrier, now, (origin.place or place_of(origin.region), origin.region), to, day)
        parcels.append(Parcel(new_id("shp"), origin, tuple(some), when))
    return parcels


def _facts(actor: Actor, cart: Any, wish: Wish, quote: Quote, parcels: Sequence[Parcel]) -> dict[str, Any]:
    delivery = wish.delivery
    return {
        "organisation": actor.organisation,
        "account": actor.account,
        "cart": wish.cart,
        "channel": cart.channel,
        "case": cart.case,
        "vehicle": cart.vehicle,
        "code": cart.code,
        "currency": quote.currency,
        "net": quote.net.amount,
        "tax": quote.tax.amount,
        "digest": quote.digest,
        "delivery": delivery.kind,
        "pickup": delivery.location,
        "region": delivery.region,
        "name": delivery.name,
        "phone": delivery.phone,
        "address": delivery.address,
        "promised_on": max(parcel.promise.on for parcel in parcels),
    }


def _write(unit: UnitOfWork, facts: Mapping[str, Any], quote: Quote, parcels: Sequence[Parcel], carrier: str) -> None:
    numbers = {(line.seller, line.part): number for number, line in enumerate(quote.lines, 1)}
    said = quote.to_json()["lines"]
    packed: dict[tuple[str, int, str], int] = {}
    for parcel in parcels:
        for share in parcel.shares:
            key = parcel.id, numbers[share.seller, share.part], share.part
            packed[key] = packed.get(key, 0) + share.quantity
    columns = {
        "numbers": list(numbers.values()),
        "parts": [line.part for line in quote.lines],
        "sellers": [line.seller for line in quote.lines],
        "quantities": [line.quantity for line in quote.lines],
        "lists": [line.list_net.amount for line in quote.lines],
        "nets": [line.net.amount for line in quote.lines],
        "taxes": [line.tax.amount for line in quote.lines],
        "rates": [line.tax_basis_points for line in quote.lines],
        "said": [Jsonb(line) for line in said],
        "parcels": [parcel.id for parcel in parcels],
        "owners": [parcel.origin.seller for parcel in parcels],
        "places": [parcel.origin.location for parcel in parcels],
        "distances": [parcel.promise.distance_km for parcel in parcels],
        "carriers": [carrier if parcel.promise.carried else None for parcel in parcels],
        "days": [parcel.promise.on for parcel in parcels],
        "packed": [key[0] for key in packed],
        "packed_numbers": [key[1] for key in packed],
        "packed_parts": [key[2] for key in packed],
        "pieces": list(packed.values()),
    }
    unit.rows(_PLACE, {**facts, **columns})


_PLACE = """
    WITH placed AS (
        INSERT INTO orders (id, organisation, account, cart, channel, state, "case", vehicle, code, currency,
            net_amount, tax_amount, quote_digest, delivery, pickup_location, region, name, phone, address, promised_on,
            payment, due_at, created_at, updated_at)
        VALUES (%(order)s, %(organisation)s, %(account)s, %(cart)s, %(channel)s, 'awaiting_payment', %(case)s,
            %(vehicle)s, %(code)s, %(currency)s, %(net)s, %(tax)s, %(digest)s, %(delivery)s, %(pickup)s, %(region)s,
            %(name)s, %(phone)s, %(address)s, %(promised_on)s, %(payment)s, %(due_at)s, %(now)s, %(now)s)
    ), priced AS (
        INSERT INTO order_lines ("order", number, part, organisation, quantity, list_amount, net_amount, tax_amount,
            tax_basis_points, price)
        SELECT %(order)s, l.* FROM unnest(%(numbers)s::int[], %(parts)s::text[], %(sellers)s::text[],
            %(quantities)s::int[], %(lists)s::int[], %(nets)s::int[], %(taxes)s::int[], %(rates)s::int[],
            %(said)s::jsonb[]) AS l
    ), planned AS (
        INSERT INTO shipments (id, "order", organisation, location, state, delivery, name, phone, address, distance_km,
            carrier, promised_on, created_at, updated_at)
        SELECT s.id, %(order)s, s.organisation, s.location, 'planned', %(delivery)s, %(name)s, %(phone)s, %(address)s,
            s.distance_km, s.carrier, s.promised_on, %(now)s, %(now)s
        FROM unnest(%(parcels)s::text[], %(owners)s::text[], %(places)s::text[], %(distances)s::int[],
            %(carriers)s::text[], %(days)s::date[]) AS s (id, organisation, location, distance_km, carrier, promised_on)
    ), ordered AS (
        UPDATE carts SET state = 'ordered', version = version + 1, held_until = NULL, updated_at = %(now)s
        WHERE id = %(cart)s
    )
    INSERT INTO shipment_lines (shipment, "order", number, part, quantity)
    SELECT p.shipment, %(order)s, p.number, p.part, p.quantity FROM unnest(%(packed)s::text[],
        %(packed_numbers)s::int[], %(packed_parts)s::text[], %(pieces)s::int[]) AS p (shipment, number, part, quantity)
"""
