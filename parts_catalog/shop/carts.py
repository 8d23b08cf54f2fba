"""Carts: what lies in one is held for a quarter of an hour from its last change, so that nobody else can buy it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from foundation.database import UnitOfWork, new_id
from foundation.identity import Actor
from foundation.refusals import Conflict, Invalid, NotFound, Stale
from parts_catalog import prices, stock
from parts_catalog.prices import Buyer, Quote
from parts_catalog.shop.contents import Line, Share, lines_of, priced
from parts_catalog.shop.holding import Target, check_limit, choose, lock_buyer, take
from parts_catalog.shop.states import CartState

HOLD = timedelta(minutes=15)
MOST_LINES = 50
CURRENCY = "CNY"


@dataclass(frozen=True, slots=True)
class LineWish:
    """So many pieces of a part are to lie in the cart; `back_order`: some may be on their way still."""

    part: str
    quantity: int
    back_order: bool = False


@dataclass(frozen=True, slots=True)
class About:
    """What a cart is for: a car, a case that needs the parts, where they go, and the code of a promotion."""

    vehicle: str | None = None
    case: str | None = None
    region: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Cart:
    """A cart as it is now, with the quote of what lies in it (None: nothing)."""

    id: str
    organisation: str
    state: str
    currency: str
    about: About
    held_until: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime
    lines: tuple[Line, ...] = ()
    quote: Quote | None = None


def open_cart(unit: UnitOfWork, actor: Actor, about: About, wishes: Sequence[LineWish]) -> Cart:
    """Open a cart with its first lines. Raises what `put` raises."""
    now = unit.now()
    cart = Cart(new_id("cart"), actor.organisation, "open", CURRENCY, about, None, 1, now, now)
    if wishes:
        cart = _filled(unit, actor, cart, wishes, None)
    told = {"account": actor.account, "channel": Buyer.of(actor).channel.value, "vehicle": about.vehicle}
    unit.rows(_OPEN, {**_written(cart, wishes), **told, "case": about.case, "region": about.region, "code": about.code})
    return cart


_OPEN = """
    WITH made AS (
        INSERT INTO carts (id, organisation, account, channel, currency, "case", vehicle, code, region, held_until,
            shown, created_at, updated_at)
        VALUES (%(cart)s, %(organisation)s, %(account)s, %(channel)s, %(currency)s, %(case)s, %(vehicle)s, %(code)s,
            %(region)s, %(held_until)s, %(shown)s, %(now)s, %(now)s)
    )
    INSERT INTO cart_lines (cart, part, quantity, back_order, added_at)
    SELECT %(cart)s, l.part, l.quantity, l.back_order, %(now)s
    FROM unnest(%(parts)s::text[], %(quantities)s::int[], %(back_orders)s::bool[]) AS l (part, quantity, back_order)
"""


def put(unit: UnitOfWork, actor: Actor, cart: str, wishes: Sequence[LineWish], version: int | None = None) -> Cart:
    """Put lines into a cart, each in place of what the cart had of its part; everything in it is held on.

    Raises `OutOfStock` with every shortage at once, `NotFound` for an unknown part, `NoPrice` for one that is not for
    sale, `HeldTooMuch`, and `Stale` when the cart is not of that version any more.
    """
    row = lock_cart(unit, actor, cart, version)
    found = lines_of(unit, cart, [wish.part for wish in wishes])
    filled = _filled(unit, actor, _cart(row), wishes, found)
    return _saved(unit, filled, wishes)


def remove(unit: UnitOfWork, actor: Actor, cart: str, part: str, version: int | None = None) -> Cart:
    """Take a line out of a cart; its pieces are free at once. Again is no harm."""
    before = _cart(lock_cart(unit, actor, cart, version))
    lines = lines_of(unit, cart)
    if all(line.part != part for line in lines):
        return replace(before, lines=tuple(lines), quote=quote_of(unit, actor, before, lines))
    stock.release(unit, cart, parts=[part])
    unit.rows("DELETE FROM cart_lines WHERE cart = %(cart)s AND part = %(part)s", {"cart": cart, "part": part})
    lines = [line for line in lines if line.part != part]
    held_until = unit.now() + HOLD if lines else None
    after = replace(before, lines=tuple(lines), held_until=held_until, quote=quote_of(unit, actor, before, lines))
    return _saved(unit, after, ())


def change(unit: UnitOfWork, actor: Actor, cart: str, about: Mapping[str, str | None], version: int | None) -> Cart:
    """Say anew what a cart is for, by fields of `About`."""
    row = lock_cart(unit, actor, cart, version)
    before = replace(_cart(row), about=replace(_cart(row).about, **about))
    lines = lines_of(unit, cart)
    after = replace(before, lines=tuple(lines), quote=quote_of(unit, actor, before, lines))
    said = {"vehicle": after.about.vehicle, "case": after.about.case}
    unit.rows(_SAY, {"cart": cart, **said, "region": after.about.region, "code": after.about.code})
    return _saved(unit, after, ())


_SAY = """
    UPDATE carts SET vehicle = %(vehicle)s, "case" = %(case)s, region = %(region)s, code = %(code)s
    WHERE id = %(cart)s
"""


def get_cart(unit: UnitOfWork, actor: Actor, cart: str) -> Cart:
    """Give a cart with what it costs now; from now on these are the prices that were shown."""
    row = find_cart(unit, actor, cart)
    found = _cart(row)
    if found.state != CartState.OPEN:
        return found
    lines = lines_of(unit, cart)
    quote = quote_of(unit, actor, found, lines)
    if quote is not None and (row.shown or {}).get("digest") != quote.digest:
        shown = Jsonb(quote.to_json())
        unit.rows("UPDATE carts SET shown = %(shown)s WHERE id = %(cart)s", {"cart": cart, "shown": shown})
    return replace(found, lines=tuple(lines), quote=quote)


def quote_of(unit: UnitOfWork, actor: Actor, cart: Cart, lines: Sequence[Line]) -> Quote | None:
    """Say what lines cost now. Raises `NoPrice` for what is not for sale any more."""
    return prices.quote(unit, priced(lines), buyer_of(actor, cart.about), unit.now(), cart.currency) if lines else None


def buyer_of(actor: Actor, about: About) -> Buyer:
    return Buyer.of(actor, about.region, [about.code] if about.code else [])


def find_cart(unit: UnitOfWork, actor: Actor, cart: str, how: str = "") -> Any:
    asked = {"cart": cart, "organisation": actor.organisation}
    rows = unit.rows(f"SELECT * FROM carts WHERE id = %(cart)s AND organisation = %(organisation)s {how}", asked)  # noqa: S608
    if not rows:
        raise NotFound(f"there is no cart {cart}")
    return rows[0]


def current_cart(unit: UnitOfWork, actor: Actor) -> str | None:
    """Give the cart that the actor's account opened last and has not ordered, if there is one."""
    rows = unit.rows(_CURRENT, {"organisation": actor.organisation, "account": actor.account})
    return str(rows[0].id) if rows else None


_CURRENT = """
    SELECT id FROM carts WHERE organisation = %(organisation)s AND account = %(account)s AND state = 'open'
    ORDER BY created_at DESC, id DESC LIMIT 1
"""


def lock_cart(unit: UnitOfWork, actor: Actor, cart: str, version: int | None = None) -> Any:
    """Lock an open cart: the first lock that is taken. Raises `Stale` when it is of another version."""
    row = find_cart(unit, actor, cart, "FOR UPDATE")
    if row.state != CartState.OPEN:
        raise Conflict("this cart has been ordered", why="cart_ordered", state=row.state)
    if version is not None and row.version != version:
        raise Stale("the cart was changed since it was read")
    return row


def _filled(
    unit: UnitOfWork, actor: Actor, cart: Cart, wishes: Sequence[LineWish], found: Sequence[Line] | None
) -> Cart:
    """Hold what is wished for; `found`: the cart's lines and those of the wishes (None: the cart is new)."""
    wanted = {wish.part: wish for wish in wishes}
    new = found is None
    if found is None:
        found = lines_of(unit, cart.id, list(wanted))
    if unknown := wanted.keys() - {line.part for line in found}:
        raise NotFound(f"there is no part {min(unknown)}")
    if len(wanted) < len(wishes):
        raise Invalid("a part stands in one line of a cart", why="one_line_per_part")
    if len(found) > MOST_LINES:
        raise Invalid(f"a cart has at most {MOST_LINES} lines", why="cart_full", told={"most": MOST_LINES})
    pieces = sum(wanted[line.part].quantity if line.part in wanted else line.quantity for line in found)
    lock_buyer(unit, actor.organisation)
    check_limit(unit, actor.organisation, Buyer.of(actor).channel.value, cart.id, pieces)
    chosen = choose(
        unit,
        {part: wish.quantity for part, wish in wanted.items()},
        Target(region=cart.about.region),
        {part for part, wish in wanted.items() if wish.back_order},
        None if new else cart.id,
    )
    until = unit.now() + HOLD
    before = None if new else [share for line in found if line.part in wanted for share in line.shares]
    shares = take(unit, chosen, cart.id, until, before)
    lines = tuple(_refilled(line, wanted.get(line.part), shares) for line in found)
    return replace(cart, lines=lines, held_until=until, quote=quote_of(unit, actor, cart, lines))


def _refilled(line: Line, wish: LineWish | None, shares: Sequence[Share]) -> Line:
    if wish is None:
        return line
    mine = tuple(share for share in shares if share.part == line.part)
    return replace(line, quantity=wish.quantity, back_order=wish.back_order, shares=mine)


def _written(cart: Cart, wishes: Sequence[LineWish]) -> dict[str, Any]:
    return {
        "cart": cart.id,
        "organisation": cart.organisation,
        "currency": cart.currency,
        "held_until": cart.held_until,
        "shown": Jsonb(cart.quote.to_json()) if cart.quote is not None else None,
        "now": cart.updated_at,
        "parts": [wish.part for wish in wishes],
        "quantities": [wish.quantity for wish in wishes],
        "back_orders": [wish.back_order for wish in wishes],
    }


def _saved(unit: UnitOfWork, cart: Cart, wishes: Sequence[LineWish]) -> Cart:
    now = unit.now()
    after = replace(cart, updated_at=now, version=cart.version + 1)
    unit.rows(_SAVE, _written(after, wishes))
    return after


# What is held on ends with the cart's time; what has run out meanwhile has, and shows as such.
_SAVE = """
    WITH saved AS (
        UPDATE carts SET version = version + 1, held_until = %(held_until)s, shown = %(shown)s, updated_at = %(now)s
        WHERE id = %(cart)s
    ), held AS (
        UPDATE reservations SET reserved_until = %(held_until)s
        WHERE holder = %(cart)s AND state = 'held' AND reserved_until > %(now)s AND reserved_until < %(held_until)s
    ), awaited AS (
        UPDATE back_orders SET reserved_until = %(held_until)s
        WHERE holder = %(cart)s AND state = 'waiting' AND reserved_until > %(now)s AND reserved_until < %(held_until)s
    )
    INSERT INTO cart_lines AS mine (cart, part, quantity, back_order, added_at)
    SELECT %(cart)s, l.part, l.quantity, l.back_order, %(now)s
    FROM unnest(%(parts)s::text[], %(quantities)s::int[], %(back_orders)s::bool[]) AS l (part, quantity, back_order)
    ON CONFLICT (cart, part) DO UPDATE SET quantity = excluded.quantity, back_order = excluded.back_order
"""


def _cart(row: Any) -> Cart:
    about = About(row.vehicle, row.case, row.region, row.code)
    return Cart(
        row.id,
        row.organisation,
        row.state,
        row.currency,
        about,
        row.held_until,
        row.version,
        row.created_at,
        row.updated_at,
    )
