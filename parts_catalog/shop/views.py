"""How carts, orders and shipments are shown, one by one and in pages."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from foundation.database import UnitOfWork
from foundation.identity import Actor
from foundation.paging import MAXIMUM_LIMIT, Page, cut, read_cursor
from foundation.refusals import Invalid, NotFound
from ingest.vehicles import VehicleConfig
from parts_catalog.fit_view import fit_view
from parts_catalog.fitment import fits_of
from parts_catalog.parts import FitAnswer
from parts_catalog.shop.carts import Cart
from parts_catalog.shop.contents import Line
from parts_catalog.shop.orders import AS_OF_NOW
from parts_catalog.shop.shipments import find_shipment
from parts_catalog.shop.states import MOVES, ShipmentState

View = dict[str, Any]


def cart_view(unit: UnitOfWork, cart: Cart, car: VehicleConfig | None = None) -> View:
    """Show a cart; with a car, every line says whether it fits."""
    fits = fits_of(unit, [line.part for line in cart.lines], car) if car is not None and cart.lines else {}
    return {
        "id": cart.id,
        "state": cart.state,
        "version": cart.version,
        "currency": cart.currency,
        "vehicle": cart.about.vehicle,
        "case": cart.about.case,
        "region": cart.about.region,
        "code": cart.about.code,
        "held_until": cart.held_until.isoformat() if cart.held_until else None,
        "lines": [_line(line, fits.get(line.part)) for line in cart.lines],
        "quote": cart.quote.to_json() if cart.quote is not None else None,
        "created_at": cart.created_at.isoformat(),
        "updated_at": cart.updated_at.isoformat(),
    }


def _line(line: Line, fit: FitAnswer | None) -> View:
    days = [share.expected.isoformat() for share in line.shares if share.expected is not None]
    return {
        "part": line.part,
        "brand": line.brand,
        "number": line.number,
        "part_type": line.part_type,
        "name_en": line.name_en,
        "name_zh": line.name_zh,
        "quantity": line.quantity,
        "back_order": line.back_order,
        "held": line.held,
        "waiting": line.waiting,
        "expected": max(days, default=None),
        "fit": fit_view(fit) if fit is not None else None,
    }


def order_view(unit: UnitOfWork, actor: Actor, order: str) -> View:
    """Show an order of the actor's organisation in full; raises `NotFound`."""
    rows = unit.rows(_ORDER, {"order": order, "organisation": actor.organisation, "now": unit.now()})
    if not rows:
        raise NotFound(f"there is no order {order}")
    row = rows[0]
    return {
        **_summary(row),
        "delivery": {
            "kind": row.delivery,
            "location": row.pickup_location,
            "region": row.region,
            "name": row.name,
            "phone": row.phone,
            "address": row.address,
        },
        "lines": [{**line, **_monies(line, row.currency, ("list_net", "net", "tax", "gross"))} for line in row.lines],
        "shipments": row.shipments,
        "payment": row.paid_by,
    }


_ORDER = f"""
    SELECT o.*, {AS_OF_NOW} AS state_now, (
        SELECT json_agg(json_build_object('number', l.number, 'part', l.part, 'brand', p.brand, 'part_number', p.number,
            'name_en', p.name_en, 'name_zh', p.name_zh, 'seller', l.organisation, 'quantity', l.quantity,
            'returned', l.returned, 'list_net', l.list_amount, 'net', l.net_amount, 'tax', l.tax_amount,
            'gross', l.net_amount + l.tax_amount, 'tax_basis_points', l.tax_basis_points, 'price', l.price)
            ORDER BY l.number)
        FROM order_lines l JOIN parts p ON p.id = l.part WHERE l."order" = o.id
    ) AS lines, (
        SELECT json_agg(json_build_object('id', s.id, 'seller', s.organisation, 'location', s.location,
            'state', s.state, 'carrier', s.carrier, 'tracking_number', s.tracking_number,
            'promised_on', s.promised_on, 'late', s.late_at IS NOT NULL, 'shipped_at', s.shipped_at,
            'delivered_at', s.delivered_at, 'lines', (
                SELECT json_agg(json_build_object('number', i.number, 'part', i.part, 'quantity', i.quantity)
                    ORDER BY i.number) FROM shipment_lines i WHERE i.shipment = s.id)) ORDER BY s.location)
        FROM shipments s WHERE s."order" = o.id
    ) AS shipments, (
        SELECT json_build_object('id', y.id, 'provider', y.provider, 'state', y.state, 'code_url', y.code_url,
            'due_at', y.due_at)
        FROM payments y WHERE y.id = o.payment
    ) AS paid_by
    FROM orders o WHERE o.id = %(order)s AND o.organisation = %(organisation)s
"""  # noqa: S608 - our own words


def _monies(line: Mapping[str, Any], currency: str, names: Sequence[str]) -> View:
    return {name: {"amount": line[name], "currency": currency} for name in names}


def _summary(row: Any) -> View:
    return {
        "id": row.id,
        "state": row.state_now,
        "cart": row.cart,
        "case": row.case,
        "vehicle": row.vehicle,
        "net": {"amount": row.net_amount, "currency": row.currency},
        "tax": {"amount": row.tax_amount, "currency": row.currency},
        "gross": {"amount": row.net_amount + row.tax_amount, "currency": row.currency},
        "prices": row.quote_digest,
        "promised_on": row.promised_on.isoformat(),
        "due_at": row.due_at.isoformat(),
        "paid_at": row.paid_at.isoformat() if row.paid_at else None,
        "created_at": row.created_at.isoformat(),
        "updated_at": row.updated_at.isoformat(),
    }


def list_orders(
    unit: UnitOfWork, actor: Actor, *, state: str | None, limit: int, cursor: str | None, case: str | None = None
) -> Page[View]:
    """List the orders of the actor's organisation, the newest first."""
    asked = {"organisation": actor.organisation, "state": state, "case": case, "now": unit.now()}
    return _page(unit, _ORDERS, asked, limit, cursor, _summary)


_ORDERS = f"""
    SELECT o.*, {AS_OF_NOW} AS state_now FROM orders o
    WHERE o.organisation = %(organisation)s AND (%(state)s::text IS NULL OR {AS_OF_NOW} = %(state)s::text)
    AND (%(case)s::text IS NULL OR o."case" = %(case)s::text)
    AND (%(at)s::timestamptz IS NULL OR (o.created_at, o.id) < (%(at)s::timestamptz, %(last)s))
    ORDER BY o.created_at DESC, o.id DESC LIMIT %(limit)s
"""  # noqa: S608 - our own words


def list_carts(unit: UnitOfWork, actor: Actor, *, state: str | None, limit: int, cursor: str | None) -> Page[View]:
    """List the carts of the actor's organisation without what lies in them, the newest first."""
    return _page(unit, _CARTS, {"organisation": actor.organisation, "state": state}, limit, cursor, _cart_summary)


_CARTS = """
    SELECT c.*, (SELECT count(*) FROM cart_lines l WHERE l.cart = c.id) AS lines FROM carts c
    WHERE c.organisation = %(organisation)s AND (%(state)s::text IS NULL OR c.state = %(state)s::text)
    AND (%(at)s::timestamptz IS NULL OR (c.created_at, c.id) < (%(at)s::timestamptz, %(last)s))
    ORDER BY c.created_at DESC, c.id DESC LIMIT %(limit)s
"""


def _cart_summary(row: Any) -> View:
    return {
        "id": row.id,
        "state": row.state,
        "version": row.version,
        "vehicle": row.vehicle,
        "case": row.case,
        "held_until": row.held_until.isoformat() if row.held_until else None,
        "line_count": row.lines,
        "created_at": row.created_at.isoformat(),
        "updated_at": row.updated_at.isoformat(),
    }


def list_shipments(
    unit: UnitOfWork, actor: Actor, *, state: str | None, location: str | None, limit: int, cursor: str | None
) -> Page[View]:
    """List the paid shipments of the actor's house, the newest first."""
    asked = {"organisation": actor.organisation, "state": state, "location": location}
    return _page(unit, _SHIPMENTS, asked, limit, cursor, show_shipment)


SHIPMENTS_SHOWN = """
    SELECT s.*, (
        SELECT json_agg(json_build_object('number', i.number, 'part', i.part, 'brand', p.brand, 'part_number', p.number,
            'name_en', p.name_en, 'name_zh', p.name_zh, 'quantity', i.quantity) ORDER BY i.number)
        FROM shipment_lines i JOIN parts p ON p.id = i.part WHERE i.shipment = s.id
    ) AS lines FROM shipments s WHERE s.organisation = %(organisation)s AND s.state <> 'planned'
"""
_SHIPMENTS = (
    SHIPMENTS_SHOWN
    + """
    AND (%(state)s::text IS NULL OR s.state = %(state)s::text)
    AND (%(location)s::text IS NULL OR s.location = %(location)s::text)
    AND (%(at)s::timestamptz IS NULL OR (s.created_at, s.id) < (%(at)s::timestamptz, %(last)s))
    ORDER BY s.created_at DESC, s.id DESC LIMIT %(limit)s
"""
)


def shipment_view(unit: UnitOfWork, actor: Actor, shipment: str) -> View:
    """Show a shipment of the actor's house; raises `NotFound`."""
    find_shipment(unit, actor, shipment)
    asked = {"organisation": actor.organisation, "shipment": shipment}
    return show_shipment(unit.rows(SHIPMENTS_SHOWN + " AND s.id = %(shipment)s", asked)[0])


def show_shipment(row: Any) -> View:
    return {
        "id": row.id,
        "order": row.order,
        "location": row.location,
        "state": row.state,
        "delivery": {"kind": row.delivery, "name": row.name, "phone": row.phone, "address": row.address},
        "carrier": row.carrier,
        "tracking_number": row.tracking_number,
        "promised_on": row.promised_on.isoformat(),
        "late": row.late_at is not None,
        "shipped_at": row.shipped_at.isoformat() if row.shipped_at else None,
        "delivered_at": row.delivered_at.isoformat() if row.delivered_at else None,
        "moves": [move.name for move in MOVES.values() if _possible(move.name, row)],
        "lines": row.lines,
        "created_at": row.created_at.isoformat(),
        "updated_at": row.updated_at.isoformat(),
    }


def _possible(name: str, row: Any) -> bool:
    """Whether a shipment may move so: what is carried is shipped, and what is not is collected."""
    if row.state not in MOVES[name].sources:
        return False
    carried = row.carrier is not None
    return carried if name == "ship" else not (name == "deliver" and carried and row.state == ShipmentState.PACKED)


def _page(
    unit: UnitOfWork, statement: str, asked: Mapping[str, Any], limit: int, cursor: str | None, show: Any
) -> Page[View]:
    if not 1 <= limit <= MAXIMUM_LIMIT:
        raise Invalid(f"a page has 1 to {MAXIMUM_LIMIT} rows", why="not_of_this_page")
    at, last = _place(cursor)
    rows = unit.rows(statement, {**asked, "at": at, "last": last, "limit": limit + 1})
    page = cut(rows, limit, lambda row: [row.created_at.isoformat(), row.id])
    return Page([show(row) for row in page.items], page.next)


def _place(cursor: str | None) -> tuple[datetime | None, str | None]:
    if cursor is None:
        return None, None
    try:
        at, last = read_cursor(cursor)
        return datetime.fromisoformat(at), str(last)
    except (TypeError, ValueError) as error:
        raise Invalid("this page cursor is not valid", why="no_cursor") from error
