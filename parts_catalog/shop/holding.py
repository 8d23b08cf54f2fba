"""How a cart and an order come to hold their pieces: chosen by the warehouse, taken in one step, or chosen anew."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from foundation.database import Database, UnitOfWork
from foundation.refusals import Conflict
from parts_catalog import stock
from parts_catalog.shop.contents import Origin, Share
from parts_catalog.shop.regions import place_of
from parts_catalog.stock import Allocation, OutOfStock
from parts_catalog.warehouse.locking import lock_holders, lock_stock
from parts_catalog.warehouse.nearest import Place

HOLD_LIMITS: Mapping[str, int] = {"web": 100, "b2b": 2000}  # pieces that a buyer's carts hold at once, by channel
TRIES = 6
T = TypeVar("T")


class PiecesGone(OutOfStock):
    """The very pieces that were chosen have just been taken; there may be others."""


class HeldTooMuch(Conflict):
    """A buyer's carts hold as many pieces as they may; `limit` and `held` say how many."""

    code = "held_too_much"


@dataclass(frozen=True, slots=True)
class Target:
    """For where pieces are chosen; `collect_at`: the place at which they are collected."""

    near: Place | None = None
    region: str | None = None
    collect_at: str | None = None

    @property
    def place(self) -> Place | None:
        return self.near or place_of(self.region)


def in_unit(database: Database, act: Callable[[UnitOfWork], T]) -> T:
    """Act in a unit of work of its own; once more in a new one while somebody else is quicker with the same pieces."""
    for _ in range(TRIES - 1):
        try:
            with database.unit() as unit:
                return act(unit)
        except PiecesGone:
            continue
    with database.unit() as unit:
        return act(unit)


def choose(
    unit: UnitOfWork, wanted: Mapping[str, int], target: Target, back_order: Collection[str], holder: str | None
) -> Allocation:
    """Choose pieces, by part; raises `OutOfStock` with every shortage at once."""
    also = [target.collect_at] if target.collect_at else []
    chosen = stock.nearest(
        unit, wanted, target.place, target.region, holder=holder, collect_at=also, back_order=back_order
    )
    if chosen.missing:
        lines = [
            {"part": part, "wanted": wanted[part], "available": wanted[part] - missing}
            for part, missing in sorted(chosen.missing.items())
        ]
        raise OutOfStock("not enough pieces in stock", lines=lines)
    return chosen


def take(
    unit: UnitOfWork, chosen: Allocation, holder: str, until: datetime, before: Collection[Share] | None
) -> list[Share]:
    """Take what was chosen for a holder, who had `before` of the same parts (None: he is new in this unit).

    Raises `PiecesGone` when somebody was quicker; the unit is then worth nothing any more.
    """
    if chosen.waits or any(share.expected for share in before or ()):
        # Both kinds are locked at once, in the warehouse's order.
        lock_holders(unit, holder)
        lock_stock(unit, {*chosen.takes, *chosen.waits, *(share.key for share in before or ())})
        if before:
            stock.release(unit, holder, parts={share.part for share in before})
            before = ()
    try:
        if chosen.takes:
            stock.reserve(unit, chosen.takes, holder, until, new_holder=before is None)
    except OutOfStock as gone:
        raise PiecesGone(gone.detail, **gone.extra) from gone
    if chosen.waits:
        stock.wait_for(unit, chosen.waits, holder, until)
    return shares_of(chosen)


def shares_of(chosen: Allocation) -> list[Share]:
    """Say what was chosen as shares, in the order of part and location: what is here, then what comes."""

    def origin(location: str) -> Origin:
        place = chosen.places[location]
        return Origin(location, place.organisation, place.place, place.region)

    here = [Share(part, origin(place), pieces) for (part, place), pieces in sorted(chosen.takes.items())]
    later = [
        Share(part, origin(place), pieces, chosen.expected[part, place])
        for (part, place), pieces in sorted(chosen.waits.items())
    ]
    return here + later


def hand_over(unit: UnitOfWork, cart: str, order: str, until: datetime, shares: Collection[Share]) -> None:
    """Make a locked cart's pieces, which are these, those of an order that is new in this unit.

    What is here needs no lock of the warehouse: it stays where it is, and held. Raises `PiecesGone`.
    """
    if any(share.expected is not None for share in shares):
        stock.hand_over(unit, cart, order, until)
        return
    asked = {"cart": cart, "order": order, "until": until, "now": unit.now()}
    given = sum(row.quantity for row in unit.rows(_HAND_OVER, asked))
    if given != sum(share.quantity for share in shares):
        raise PiecesGone("the reservation has just run out", lines=[])


_HAND_OVER = """
    UPDATE reservations SET holder = %(order)s, reserved_until = %(until)s
    WHERE holder = %(cart)s AND state = 'held' AND reserved_until > %(now)s RETURNING quantity
"""


def keep(unit: UnitOfWork, order: str) -> bool:
    """Hold a locked order's pieces without an end; False: they are not all held any more."""
    row = unit.rows(_KEEP, {"order": order, "now": unit.now()})[0]
    if row.awaited:
        stock.keep(unit, order)
    return bool(row.kept + row.awaited == row.ordered)


_KEEP = """
    WITH kept AS (
        UPDATE reservations SET reserved_until = NULL
        WHERE holder = %(order)s AND state = 'held' AND reserved_until > %(now)s RETURNING quantity
    )
    SELECT coalesce((SELECT sum(quantity) FROM kept), 0) AS kept, coalesce((
        SELECT sum(quantity) FROM back_orders
        WHERE holder = %(order)s AND state = 'waiting' AND reserved_until > %(now)s), 0) AS awaited,
    (SELECT sum(quantity) FROM order_lines WHERE "order" = %(order)s) AS ordered
"""


def lock_buyer(unit: UnitOfWork, organisation: str) -> None:
    """Let one cart of a buyer at a time take pieces, so that what he holds at once can be counted."""
    unit.rows("SELECT pg_advisory_xact_lock(hashtextextended(%(name)s, 0))", {"name": f"carts of {organisation}"})


def check_limit(unit: UnitOfWork, organisation: str, channel: str, cart: str, pieces: int) -> None:
    """Raise `HeldTooMuch` when a cart with so many pieces, beside the buyer's other carts, would hold too many."""
    asked = {"organisation": organisation, "cart": cart, "now": unit.now()}
    held = int(unit.rows(_HELD, asked)[0].pieces)
    if held + pieces > (limit := HOLD_LIMITS[channel]):
        raise HeldTooMuch(f"your carts hold at most {limit} pieces at once", limit=limit, held=held)


_HELD = """
    SELECT coalesce(sum(r.quantity), 0) AS pieces FROM carts c
    JOIN reservations r ON r.holder = c.id AND r.state = 'held' AND r.reserved_until > %(now)s
    WHERE c.organisation = %(organisation)s AND c.state = 'open' AND c.held_until > %(now)s AND c.id <> %(cart)s
"""
