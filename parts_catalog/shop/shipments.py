"""A seller's shipments: picked, packed, given to a carrier and delivered; late ones are flagged and told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from foundation.database import Database, UnitOfWork
from foundation.identity import Actor
from foundation.money import Money, total
from foundation.refusals import Conflict, Invalid, NotFound
from parts_catalog import payments, stock
from parts_catalog.payments import Reason
from parts_catalog.prices import portion
from parts_catalog.shop.carriers import Carrier, Parcel, Tracked, Whereabouts
from parts_catalog.shop.feed import SHOP, tell
from parts_catalog.shop.orders import lock_order, move
from parts_catalog.shop.promises import today
from parts_catalog.shop.states import MOVES, OVER, Move, OrderState, ShipmentState

BATCH = 200
_DELIVERED = {Whereabouts.DELIVERED: "deliver", Whereabouts.LOST: "lose"}


class MoveBlocked(Conflict):
    """The move is not possible in the state that the shipment is in."""

    code = "move_blocked"


def find_shipment(unit: UnitOfWork, actor: Actor, shipment: str) -> Any:
    """Give the row of a shipment of the actor's house, which sees it from the moment it is paid; raises `NotFound`."""
    rows = unit.rows(_FIND, {"shipment": shipment, "organisation": actor.organisation})
    if not rows:
        raise NotFound(f"there is no shipment {shipment}")
    return rows[0]


_FIND = "SELECT * FROM shipments WHERE id = %(shipment)s AND organisation = %(organisation)s AND state <> 'planned'"


def number_of(database: Database, actor: Actor, carrier: Carrier, shipment: str) -> str | None:
    """Book a packed shipment with the carrier, while no lock is held; gives its number, None where none carries it.

    Booking again gives the same number, so whoever comes second ships nothing twice.
    """
    with database.unit() as unit:
        row = find_shipment(unit, actor, shipment)
        now = unit.now()
    if row.carrier is None or row.state != ShipmentState.PACKED:
        return None
    return carrier.book(Parcel(row.id, row.distance_km), now)


def take_move(unit: UnitOfWork, actor: Actor, shipment: str, name: str, number: str | None = None) -> None:
    """Move a shipment of the actor's house and tell its buyer; `number`: the carrier's, for `ship`.

    Raises `MoveBlocked` when its state forbids it, `StillWaiting` when pieces of it have not come.
    """
    find_shipment(unit, actor, shipment)
    if name not in MOVES:
        raise Invalid(f"{name!r} is no move; the moves are {', '.join(MOVES)}", why="not_of_this_page")
    order, row = _lock(unit, shipment)
    _check(row, MOVES[name])
    if name == "pick":
        _all_here(unit, row)
    _move(unit, order, row, MOVES[name], actor.account, unit.now(), number)


def track_parcels(database: Database, carrier: Carrier) -> int:
    """Ask the carrier after what is on its way, and take note of what has arrived; gives how many did."""
    with database.unit() as unit:
        away = unit.rows(_AWAY, {"carrier": carrier.name, "limit": BATCH})
        now = unit.now()
    arrived = 0
    for row in away:
        said = carrier.track(row.tracking_number, now)
        if said.where in _DELIVERED:
            with database.unit() as unit:
                arrived += _take_note(unit, row.id, said)
    return arrived


_AWAY = """
    SELECT id, tracking_number FROM shipments WHERE state = 'shipped' AND carrier = %(carrier)s
    ORDER BY shipped_at, id LIMIT %(limit)s
"""


def _take_note(unit: UnitOfWork, shipment: str, said: Tracked) -> bool:
    order, row = _lock(unit, shipment)
    if row.state != ShipmentState.SHIPPED:
        return False
    _move(unit, order, row, MOVES[_DELIVERED[said.where]], SHOP, said.since)
    return True


@dataclass(frozen=True, slots=True)
class Late:
    """A shipment that should have arrived, and whose it is: the account that ordered, and its organisation."""

    shipment: str
    account: str
    organisation: str
    promised_on: date


def flag_late(unit: UnitOfWork) -> list[Late]:
    """Flag what should have arrived by yesterday and has not, once, and say so on its order's feed."""
    late = unit.rows(_LATE, {"today": today(unit.now(), None), "limit": BATCH})
    told = {"ids": [row.id for row in late], "now": unit.now()}
    unit.rows("UPDATE shipments SET late_at = %(now)s WHERE id = ANY(%(ids)s::text[])", told)
    for row in late:
        tell(unit, row.order, "shipment_late", SHOP, shipment=row.id, promised_on=row.promised_on.isoformat())
    return [Late(row.id, row.account, row.organisation, row.promised_on) for row in late]


_LATE = """
    SELECT s.id, s."order", s.promised_on, o.account, o.organisation FROM shipments s JOIN orders o ON o.id = s."order"
    WHERE s.state IN ('to_pick', 'picked', 'packed', 'shipped') AND s.late_at IS NULL AND s.promised_on < %(today)s
    ORDER BY s."order", s.id LIMIT %(limit)s FOR UPDATE OF o SKIP LOCKED
"""


def give_up(unit: UnitOfWork, order: str, pieces: Mapping[int, int]) -> Money:
    """Count pieces of a locked order's lines as given back or lost; gives what they cost, tax included.

    Raises `Conflict` for more than were bought and are not given back yet.
    """
    columns = {"numbers": list(pieces), "pieces": list(pieces.values()), "order": order}
    rows = unit.rows(_GIVE_UP, columns)
    if len(rows) < len(pieces):
        raise Conflict("these are more pieces than were bought and not given back yet", why="more_pieces_than_bought")
    currency = rows[0].currency
    paid = [
        portion(Money(row.paid, currency), row.returned - pieces[row.number], pieces[row.number], row.quantity)
        for row in rows
    ]
    return total(paid, currency)


_GIVE_UP = """
    UPDATE order_lines l SET returned = l.returned + g.pieces
    FROM unnest(%(numbers)s::int[], %(pieces)s::int[]) AS g (number, pieces), orders o
    WHERE l."order" = %(order)s AND o.id = l."order" AND l.number = g.number AND g.pieces > 0
    AND l.returned + g.pieces <= l.quantity
    RETURNING l.number, l.quantity, l.returned, l.net_amount + l.tax_amount AS paid, o.currency
"""


def settle_state(unit: UnitOfWork, order: Any) -> None:
    """Bring a locked order to the state that its shipments and returned pieces say."""
    row = unit.rows(_STANDING, {"order": order.id, "over": [one.value for one in OVER]})[0]
    if not row.over or order.state not in {OrderState.PAID, OrderState.COMPLETED, OrderState.PARTLY_RETURNED}:
        return
    to = OrderState.COMPLETED
    if row.returned:
        to = OrderState.RETURNED if row.returned == row.pieces else OrderState.PARTLY_RETURNED
    if to == order.state:
        return
    move(unit, order, to)
    if order.state == OrderState.PAID:
        tell(unit, order.id, "order_completed", SHOP, state=to.value)


_STANDING = """
    SELECT sum(l.quantity) AS pieces, sum(l.returned) AS returned, NOT EXISTS (
        SELECT FROM shipments s WHERE s."order" = %(order)s AND s.state <> ALL(%(over)s::text[])
    ) AS over FROM order_lines l WHERE l."order" = %(order)s
"""


def _lock(unit: UnitOfWork, shipment: str) -> tuple[Any, Any]:
    """Give (order, shipment), locked in this order and as they are now."""
    chosen = {"shipment": shipment}
    named = unit.rows('SELECT "order" FROM shipments WHERE id = %(shipment)s', chosen)[0]
    order = lock_order(unit, named.order)
    return order, unit.rows("SELECT * FROM shipments WHERE id = %(shipment)s FOR UPDATE", chosen)[0]


def _check(row: Any, wanted: Move) -> None:
    if row.state not in wanted.sources:
        raise MoveBlocked(f"{wanted.name} is not possible while the shipment is {row.state}", state=row.state)
    if wanted.name == "ship" and row.carrier is None:
        raise MoveBlocked("this is collected where it lies, and not shipped", state=row.state)
    if wanted.name == "deliver" and row.state == ShipmentState.PACKED and row.carrier is not None:
        raise MoveBlocked("this is shipped before it is delivered", state=row.state)


def _all_here(unit: UnitOfWork, row: Any) -> None:
    awaited = [one for one in stock.waiting(unit, row.order) if one.location == row.location]
    if awaited:
        lines = [{"part": one.part, "quantity": one.quantity, "expected": str(one.expected)} for one in awaited]
        raise stock.StillWaiting("some of these pieces have not come yet", lines=lines)


def _move(
    unit: UnitOfWork, order: Any, row: Any, wanted: Move, actor: str, at: datetime, number: str | None = None
) -> None:
    if wanted.name == "ship" or row.state == ShipmentState.PACKED:
        stock.issue(unit, order.id, location=row.location, account=actor)
    told = {"shipment": row.id, "state": wanted.target.value, "number": number, "at": at, "now": unit.now()}
    unit.rows(_MOVE, told)
    tell(unit, order.id, wanted.kind, actor, shipment=row.id, state=wanted.target.value)
    if wanted.target is ShipmentState.LOST:
        _refund(unit, order, row)
    if wanted.target in OVER:
        settle_state(unit, order)


_MOVE = """
    UPDATE shipments SET state = %(state)s, version = version + 1, updated_at = %(now)s,
        tracking_number = coalesce(%(number)s, tracking_number),
        shipped_at = CASE WHEN %(state)s = 'shipped' THEN %(at)s ELSE shipped_at END,
        delivered_at = CASE WHEN %(state)s = 'delivered' THEN %(at)s ELSE delivered_at END
    WHERE id = %(shipment)s
"""


def _refund(unit: UnitOfWork, order: Any, row: Any) -> None:
    """Give the buyer back what the pieces of a lost parcel cost."""
    lines: Sequence[Any] = unit.rows(
        "SELECT number, quantity FROM shipment_lines WHERE shipment = %(shipment)s", {"shipment": row.id}
    )
    owed = give_up(unit, order.id, {line.number: line.quantity for line in lines})
    if order.payment is not None and owed.amount:
        payments.refund(unit, None, order.payment, owed, Reason.NOT_DELIVERED, f"lost:{row.id}")
