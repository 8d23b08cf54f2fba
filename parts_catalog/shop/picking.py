"""The work that waits in a seller's house: its parcels by the day that was promised, and what to pick from where."""

from datetime import date

from foundation.database import UnitOfWork
from foundation.identity import Actor
from foundation.paging import Page, cut, read_cursor
from foundation.refusals import Invalid
from parts_catalog.shop.states import AHEAD, ShipmentState
from parts_catalog.shop.views import SHIPMENTS_SHOWN, View, show_shipment


def work_list(unit: UnitOfWork, actor: Actor, location: str | None, limit: int, cursor: str | None) -> Page[View]:
    """List what is to be picked, packed and sent by the actor's house, the earliest promise first.

    Of each, `awaited_until` is the day on which the last of its pieces comes that are not here yet.
    """
    on, last = _place(cursor)
    asked = {"organisation": actor.organisation, "location": location, "on": on, "last": last, "limit": limit + 1}
    rows = unit.rows(_WORK, {**asked, "ahead": [state.value for state in AHEAD]})
    page = cut(rows, limit, lambda row: [row.promised_on.isoformat(), row.id])
    return Page([show_shipment(row) | {"awaited_until": row.awaited_until} for row in page.items], page.next)


_WORK = f"""
    SELECT w.*, (
        SELECT max(b.expected) FROM back_orders b
        WHERE b.holder = w."order" AND b.location = w.location AND b.state = 'waiting'
    ) AS awaited_until FROM ({SHIPMENTS_SHOWN} AND s.state = ANY(%(ahead)s::text[])
    AND (%(location)s::text IS NULL OR s.location = %(location)s::text)
    AND (%(on)s::date IS NULL OR (s.promised_on, s.id) > (%(on)s::date, %(last)s))
    ORDER BY s.promised_on, s.id LIMIT %(limit)s) w ORDER BY w.promised_on, w.id
"""  # noqa: S608 - our own words


def pick_list(unit: UnitOfWork, actor: Actor, location: str | None) -> list[View]:
    """Give what lies ready to be picked, all parcels together, by location and number.

    Of each: location, part, brand, number, name_en, name_zh, pieces, and of how many parcels.
    """
    told = {"organisation": actor.organisation, "location": location, "state": ShipmentState.TO_PICK.value}
    return [row._asdict() for row in unit.rows(_PICKS, told)]


_PICKS = """
    SELECT s.location, i.part, p.brand, p.number, p.name_en, p.name_zh, sum(i.quantity)::int AS pieces,
        count(DISTINCT s.id)::int AS parcels
    FROM shipments s JOIN shipment_lines i ON i.shipment = s.id JOIN parts p ON p.id = i.part
    WHERE s.organisation = %(organisation)s AND s.state = %(state)s
    AND (%(location)s::text IS NULL OR s.location = %(location)s::text)
    AND NOT EXISTS (
        SELECT FROM back_orders b WHERE b.holder = s."order" AND b.location = s.location AND b.state = 'waiting')
    GROUP BY s.location, i.part, p.brand, p.number, p.name_en, p.name_zh
    ORDER BY s.location, p.brand, p.number, i.part
"""


def _place(cursor: str | None) -> tuple[date | None, str | None]:
    if cursor is None:
        return None, None
    try:
        on, last = read_cursor(cursor)
        return date.fromisoformat(on), str(last)
    except (TypeError, ValueError) as error:
        raise Invalid("this page cursor is not valid", why="no_cursor") from error
