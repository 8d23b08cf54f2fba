"""Stock: what can be promised, and reservations that never promise a piece twice (parts.md 6.2).

    hold ──keep──▶ hold without end ──issue──▶ gone from the shelf
     ├──release──▶ free          └──release──▶ free
     ├──expire───▶ free (a sweep; readers and reservers treat an overdue hold as free before that)
     └──hand_over▶ the same hold, of another holder

`stock.reserved` is always the sum of the rows in state 'held'.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import nullcontext
from datetime import date, datetime

from sqlalchemy import select, update

from foundation.database import UnitOfWork, new_id
from foundation.refusals import Conflict, Invalid, NotFound
from parts_catalog.parts import Reservation, StockOffer
from parts_catalog.tables import back_orders, reservations, stock
from parts_catalog.warehouse.coming import COMING, FREE, day_of, offer_of
from parts_catalog.warehouse.deliveries import check_day, receive
from parts_catalog.warehouse.holding import (
    HoldExpired,
    OutOfStock,
    PiecesHeld,
    at,
    end_holds,
    give_back,
    held_by,
    overdue,
    reservation_of,
    shortages,
    take,
)
from parts_catalog.warehouse.ledger import Told
from parts_catalog.warehouse.locations import list_locations, open_location
from parts_catalog.warehouse.locking import NOTHING, Kept, Key, columns_of, kept_by, lock_holders, lock_kept, lock_stock
from parts_catalog.warehouse.nearest import Allocation, nearest
from parts_catalog.warehouse.shelves import take_back
from parts_catalog.warehouse.waiting import NotExpected, end_waits, overdue_waits, wait_for, waited_by, waiting
from parts_catalog.warehouse.waiting import at as waits_at

__all__ = [
    "Allocation",
    "HoldExpired",
    "NotExpected",
    "OutOfStock",
    "PiecesHeld",
    "StillWaiting",
    "day_of",
    "expect",
    "expire",
    "hand_over",
    "held",
    "issue",
    "keep",
    "late_holds",
    "list_locations",
    "nearest",
    "offers",
    "open_location",
    "receive",
    "release",
    "reserve",
    "take_back",
    "wait_for",
    "waiting",
]


class StillWaiting(Conflict):
    """What is to be handed out has not all come; `lines` lists what is awaited: part, location, quantity, expected."""

    code = "pieces_awaited"


def offers(unit: UnitOfWork, wanted: Sequence[str]) -> dict[str, list[StockOffer]]:
    """Give each part's offers, the largest first; every wanted part has an entry. Overdue holds count as free."""
    rows = unit.rows(_OFFERS, {"parts": list(wanted), "now": unit.now(), "holder": None})
    found: dict[str, list[StockOffer]] = {part: [] for part in wanted}
    for row in rows:
        found[row.part].append(offer_of(row.part, row))
    return found


_OFFERS = f"""
    SELECT s.part, s.location, s.expected, {FREE} AS available, c.days, c.pieces, c.promised
    FROM stock s {COMING} WHERE s.part = ANY(%(parts)s::text[]) ORDER BY available DESC, s.location
"""  # noqa: S608 - our own words


def reserve(
    unit: UnitOfWork, wanted: Mapping[Key, int], holder: str, until: datetime | None, *, new_holder: bool = False
) -> list[Reservation]:
    """Hold pieces, keyed by (part, location), for a holder until an instant (None: until released or issued).

    What the holder held of the same parts before, anywhere, is replaced; it never stands in his own way. All or
    nothing: raises `OutOfStock` with every shortage and takes nothing, so the caller's unit may go on. `new_holder`:
    he came into being in this unit, so he holds nothing and nobody else can hold for him.
    """
    if bad := [key for key, quantity in wanted.items() if quantity < 1]:
        raise Invalid(f"a reservation is of at least one piece: {bad}", why="at_least_one_piece")
    if until is not None and until <= unit.now():
        raise Invalid("a reservation ends in the future", why="future_end")
    parts = {part for part, _ in wanted}
    mine = held_by(holder) & reservations.c.part.in_(parts)
    kept = NOTHING
    if not new_holder:
        lock_holders(unit, holder)
        kept = kept_by(unit, holder, parts)
    late = lock_stock(unit, {*wanted, *kept.held, *kept.awaited})
    # What he waited for may have come before his rows were locked.
    before = kept_by(unit, holder, parts).held if kept.awaited else kept.held
    # A refusal inside undoes its own steps only; of one step alone that is cheaper to do by hand.
    with unit.connection.begin_nested() if before else nullcontext():
        if late:
            end_holds(unit, overdue(unit.now()) & at(late), "expired")
        if before:
            end_holds(unit, mine, "released")
        owners = take(unit, wanted)
        if short := sorted(wanted.keys() - owners.keys()):
            if not before:
                give_back(unit, {key: wanted[key] for key in owners})
            raise OutOfStock("not enough pieces in stock", lines=shortages(unit, short, wanted))
        taken = [Reservation(new_id("hold"), *key, wanted[key], holder, until) for key in sorted(owners)]
        _note(unit, taken, owners, holder, until)
    return taken if new_holder else held(unit, holder)


def _note(
    unit: UnitOfWork, taken: Sequence[Reservation], owners: Mapping[Key, str], holder: str, until: datetime | None
) -> None:
    columns = {
        "ids": [hold.id for hold in taken],
        "organisations": [owners[hold.part, hold.location] for hold in taken],
        **columns_of({(hold.part, hold.location): hold.quantity for hold in taken}),
    }
    told = {"holder": holder, "until": until, "now": unit.now()}
    unit.rows(_NOTE, {**columns, **told})


_NOTE = """
    INSERT INTO reservations (id, part, location, organisation, holder, quantity, state, reserved_until, created_at)
    SELECT p.id, p.part, p.location, p.organisation, %(holder)s, p.quantity, 'held', %(until)s, %(now)s
    FROM unnest(%(ids)s::text[], %(parts)s::text[], %(locations)s::text[], %(organisations)s::text[],
                %(quantities)s::int[]) AS p (id, part, location, organisation, quantity)
"""


def hand_over(unit: UnitOfWork, holder: str, to: str, until: datetime | None) -> list[Reservation]:
    """Make all that a holder holds and waits for another's, in place, until a new end; gives the holds.

    `to` came into being in this unit, such as the order that a cart becomes. Raises `HoldExpired` for overdue ones.
    """
    if until is not None and until <= unit.now():
        raise Invalid("a reservation ends in the future", why="future_end")
    kept = _lock_current(unit, holder)
    rows = unit.rows(_HAND_OVER, {"holder": holder, "to": to, "until": until})
    if kept.awaited:
        unit.connection.execute(update(back_orders).where(waited_by(holder)).values(holder=to, reserved_until=until))
    return sorted((reservation_of(row) for row in rows), key=lambda hold: (hold.part, hold.location))


_HAND_OVER = """
    UPDATE reservations SET holder = %(to)s, reserved_until = %(until)s
    WHERE holder = %(holder)s AND state = 'held' RETURNING *
"""


def keep(unit: UnitOfWork, holder: str, until: datetime | None = None) -> list[Reservation]:
    """Move the end of a holder's reservations (None: no end). Raises `HoldExpired` when one of them is overdue."""
    kept = _lock_current(unit, holder)
    unit.connection.execute(update(reservations).where(held_by(holder)).values(reserved_until=until))
    if kept.awaited:
        unit.connection.execute(update(back_orders).where(waited_by(holder)).values(reserved_until=until))
    return held(unit, holder)


def issue(
    unit: UnitOfWork, holder: str, *, location: str | None = None, account: str | None = None
) -> list[Reservation]:
    """Hand the held pieces out, all or those at one location: they leave the shelf. Again is no harm.

    Raises `HoldExpired` for overdue holds, and `StillWaiting` when some of the pieces have not come.
    """
    kept = _lock_current(unit, holder, location)
    if kept.awaited:
        awaited = [one for one in waiting(unit, holder) if (one.part, one.location) in kept.awaited]
        lines = [
            {"part": one.part, "location": one.location, "quantity": one.quantity, "expected": one.expected.isoformat()}
            for one in awaited
        ]
        raise StillWaiting("some of these pieces have not come yet", lines=lines)
    return end_holds(unit, held_by(holder) & at(kept.held), "issued", Told(account, reference=holder))


def release(
    unit: UnitOfWork, holder: str, *, parts: Collection[str] | None = None, location: str | None = None
) -> list[Reservation]:
    """Free what a holder holds and waits for: all, some parts, or one location. Gives what was freed of his holds.

    Again is no harm.
    """
    kept = lock_kept(unit, holder, parts, location)
    if kept.awaited:
        end_waits(unit, waited_by(holder) & waits_at(kept.awaited))
    return end_holds(unit, held_by(holder) & at(kept.held), "released")


def expire(unit: UnitOfWork, limit: int = 1000) -> int:
    """Free up to `limit` overdue holds and as many overdue back-orders, of whomever; give their number."""
    due = unit.rows(_DUE, {"now": unit.now(), "limit": limit})
    lock_stock(unit, {(row.part, row.location) for row in due})
    ids = [row.id for row in due]
    waits = end_waits(unit, overdue_waits(unit.now()) & back_orders.c.id.in_(ids)) if due else []
    return len(waits) + len(end_holds(unit, overdue(unit.now()) & reservations.c.id.in_(ids), "expired"))


_DUE = """
    (SELECT id, part, location FROM reservations WHERE state = 'held' AND reserved_until <= %(now)s
        ORDER BY reserved_until, id LIMIT %(limit)s)
    UNION ALL
    (SELECT id, part, location FROM back_orders WHERE state = 'waiting' AND reserved_until <= %(now)s
        ORDER BY reserved_until, id LIMIT %(limit)s)
"""


def held(unit: UnitOfWork, holder: str) -> list[Reservation]:
    """Give what a holder holds now, in (part, location) order; overdue holds are not his any more."""
    return [reservation_of(row) for row in unit.rows(_HOLDS, {"holder": holder, "now": unit.now()})]


_HOLDS = """
    SELECT * FROM reservations WHERE holder = %(holder)s AND state = 'held'
    AND (reserved_until IS NULL OR reserved_until > %(now)s) ORDER BY part, location
"""


def expect(unit: UnitOfWork, organisation: str, part: str, location: str, day: date) -> int:
    """Note that an organisation's pieces of a part come to its location on `day` only, those that are held too.

    Gives how many holds that touches. Raises `NotFound` for a part that it does not keep there, `Invalid` for a day
    that is over or too far to be planned with.
    """
    check_day(unit, day)
    here = stock.c.part == part, stock.c.location == location, stock.c.organisation == organisation
    kept = unit.connection.execute(update(stock).where(*here).values(expected=day).returning(stock.c.part))
    if kept.one_or_none() is None:
        raise NotFound(f"there is no part {part} at {location}")
    touched = unit.connection.execute(
        update(reservations)
        .where(reservations.c.part == part, reservations.c.location == location, reservations.c.state == "held")
        .values(expected=day)
        .returning(reservations.c.id)
    )
    return len(touched.all())


def late_holds(unit: UnitOfWork) -> dict[str, date]:
    """Give by holder on which day the last of his pieces comes that are not here: promised as here, or waited for."""
    return {row.holder: row.expected for row in unit.rows(_LATE, {"now": unit.now()})}


_LATE = """
    SELECT holder, max(expected) AS expected FROM (
        SELECT holder, expected, reserved_until FROM reservations WHERE state = 'held' AND expected IS NOT NULL
        UNION ALL SELECT holder, expected, reserved_until FROM back_orders WHERE state = 'waiting'
    ) late WHERE reserved_until IS NULL OR reserved_until > %(now)s GROUP BY holder ORDER BY holder
"""


def _lock_current(unit: UnitOfWork, holder: str, location: str | None = None) -> Kept:
    """Lock a holder with his stock rows, and refuse when any of his holds is overdue."""
    kept = lock_kept(unit, holder, location=location)
    gone = list(
        unit.connection.execute(select(reservations).where(held_by(holder), overdue(unit.now()), at(kept.held)))
    )
    if kept.awaited:
        late = waited_by(holder), overdue_waits(unit.now()), waits_at(kept.awaited)
        gone += unit.connection.execute(select(back_orders).where(*late))
    if gone:
        lines = [{"part": row.part, "location": row.location, "quantity": row.quantity} for row in gone]
        raise HoldExpired("the reservation has run out", lines=lines)
    return kept
