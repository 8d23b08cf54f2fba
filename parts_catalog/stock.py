"""Stock: what can be promised, and reservations that never promise a piece twice (parts.md 6.2).

    hold ──keep──▶ hold without end ──issue──▶ gone from the shelf
     ├──release──▶ free          └──release──▶ free
     └──expire───▶ free (a sweep; readers and reservers treat an overdue hold as free before that)

Every change locks the holder, then its stock rows in ascending (part, location) order, so that no two changes can
wait for each other in a circle. `stock.reserved` is always the sum of the rows in state 'held'.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import nullcontext
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from foundation.database import UnitOfWork, new_id
from foundation.refusals import Conflict, Invalid, NotFound
from parts_catalog.parts import Reservation, StockOffer
from parts_catalog.tables import parts, reservations, stock

Key = tuple[str, str]
FORESEEN = timedelta(days=365)


class OutOfStock(Conflict):
    """Not enough pieces; `lines` lists every shortage: part, location, wanted, available."""

    code = "out_of_stock"


class HoldExpired(Conflict):
    """The holder's reservation ran out before it was kept or issued; `lines` lists what it held."""

    code = "hold_expired"


def offers(unit: UnitOfWork, wanted: Sequence[str]) -> dict[str, list[StockOffer]]:
    """Give each part's offers, the largest first; every wanted part has an entry. Overdue holds count as free."""
    rows = unit.rows(_OFFERS, {"parts": list(wanted), "now": unit.now()})
    found: dict[str, list[StockOffer]] = {part: [] for part in wanted}
    for row in rows:
        found[row.part].append(StockOffer(row.part, row.location, int(row.available), row.expected))
    return found


# SQL for the pieces to be had of the row `s` of `stock`; overdue holds count as free.
AVAILABLE = """s.on_hand - s.reserved + coalesce((
        SELECT sum(r.quantity) FROM reservations r
        WHERE r.part = s.part AND r.location = s.location AND r.state = 'held' AND r.reserved_until <= %(now)s
    ), 0)"""
_OFFERS = f"""
    SELECT s.part, s.location, s.expected, {AVAILABLE} AS available
    FROM stock s WHERE s.part = ANY(%(parts)s::text[]) ORDER BY available DESC, s.location
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
        raise Invalid(f"a reservation is of at least one piece: {bad}")
    if until is not None and until <= unit.now():
        raise Invalid("a reservation ends in the future")
    mine = _held(holder) & reservations.c.part.in_({part for part, _ in wanted})
    before: set[Key] = set()
    if not new_holder:
        _lock_holder(unit, holder)
        before = _keys(unit, mine)
    overdue = _lock_stock(unit, {*wanted, *before})
    # A refusal inside undoes its own steps only; of one step alone that is cheaper to do by hand.
    with unit.connection.begin_nested() if before else nullcontext():
        if overdue:
            _end(unit, _overdue(unit.now()) & _at(overdue), "expired")
        if before:
            _end(unit, mine, "released")
        owners = _take(unit, wanted)
        if short := sorted(wanted.keys() - owners.keys()):
            if not before:
                unit.rows(_GIVE_BACK, _columns({key: wanted[key] for key in owners}))
            raise OutOfStock("not enough pieces in stock", lines=_shortages(unit, short, wanted))
        taken = [Reservation(new_id("hold"), *key, wanted[key], holder, until) for key in sorted(owners)]
        _note(unit, taken, owners, holder, until)
    return taken if new_holder else held(unit, holder)


def _note(
    unit: UnitOfWork, taken: Sequence[Reservation], owners: Mapping[Key, str], holder: str, until: datetime | None
) -> None:
    columns = {
        "ids": [hold.id for hold in taken],
        "organisations": [owners[hold.part, hold.location] for hold in taken],
        **_columns({(hold.part, hold.location): hold.quantity for hold in taken}),
    }
    told = {"holder": holder, "until": until, "now": unit.now()}
    unit.rows(_NOTE, {**columns, **told})


_NOTE = """
    INSERT INTO reservations (id, part, location, organisation, holder, quantity, state, reserved_until, created_at)
    SELECT p.id, p.part, p.location, p.organisation, %(holder)s, p.quantity, 'held', %(until)s, %(now)s
    FROM unnest(%(ids)s::text[], %(parts)s::text[], %(locations)s::text[], %(organisations)s::text[],
                %(quantities)s::int[]) AS p (id, part, location, organisation, quantity)
"""


def keep(unit: UnitOfWork, holder: str, until: datetime | None = None) -> list[Reservation]:
    """Move the end of a holder's reservations (None: no end). Raises `HoldExpired` when one of them is overdue."""
    _lock_current(unit, holder)
    unit.connection.execute(update(reservations).where(_held(holder)).values(reserved_until=until))
    return held(unit, holder)


def issue(unit: UnitOfWork, holder: str) -> list[Reservation]:
    """Hand the held pieces out: they leave the shelf. Again is no harm. Raises `HoldExpired` for overdue holds."""
    _lock_current(unit, holder)
    return _end(unit, _held(holder), "issued")


def release(unit: UnitOfWork, holder: str) -> list[Reservation]:
    """Free everything a holder holds, and give what was freed; again is no harm."""
    _lock_holder(unit, holder)
    _lock_stock(unit, _keys(unit, _held(holder)))
    return _end(unit, _held(holder), "released")


def expire(unit: UnitOfWork, limit: int = 1000) -> int:
    """Free up to `limit` overdue holds, of whomever; give their number."""
    due = unit.connection.execute(
        select(reservations.c.id, reservations.c.part, reservations.c.location)
        .where(_overdue(unit.now()))
        .order_by(reservations.c.reserved_until, reservations.c.id)
        .limit(limit)
    ).all()
    _lock_stock(unit, {(row.part, row.location) for row in due})
    return len(_end(unit, _overdue(unit.now()) & reservations.c.id.in_([row.id for row in due]), "expired"))


def held(unit: UnitOfWork, holder: str) -> list[Reservation]:
    """Give what a holder holds now, in (part, location) order; overdue holds are not his any more."""
    return [_reservation(row) for row in unit.rows(_HOLDS, {"holder": holder, "now": unit.now()})]


_HOLDS = """
    SELECT * FROM reservations WHERE holder = %(holder)s AND state = 'held'
    AND (reserved_until IS NULL OR reserved_until > %(now)s) ORDER BY part, location
"""


def receive(unit: UnitOfWork, organisation: str, part: str, location: str, quantity: int) -> None:
    """Put pieces on an organisation's shelf. Raises `NotFound` for an unknown part or another's location."""
    if quantity < 1:
        raise Invalid("a delivery is of at least one piece")
    if unit.connection.execute(select(parts.c.id).where(parts.c.id == part)).one_or_none() is None:
        raise NotFound(f"there is no part {part}")
    arrived = insert(stock).values(part=part, location=location, organisation=organisation, on_hand=quantity)
    mine = unit.connection.execute(
        arrived.on_conflict_do_update(
            index_elements=[stock.c.part, stock.c.location],
            set_={"on_hand": stock.c.on_hand + quantity, "expected": None},
            where=stock.c.organisation == organisation,
        ).returning(stock.c.part)
    ).one_or_none()
    if mine is None:
        raise NotFound(f"there is no location {location}")
    came = reservations.c.part == part, reservations.c.location == location, reservations.c.state == "held"
    unit.connection.execute(update(reservations).where(*came).values(expected=None))


def expect(unit: UnitOfWork, organisation: str, part: str, location: str, day: date) -> int:
    """Note that an organisation's pieces of a part come to its location on `day` only, those that are held too.

    Gives how many holds that touches. Raises `NotFound` for a part that it does not keep there, `Invalid` for a day
    that is over or too far to be planned with.
    """
    if not unit.now().date() - timedelta(days=1) <= day <= unit.now().date() + FORESEEN:
        raise Invalid(f"pieces are expected within the next {FORESEEN.days} days")
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
    """Give by holder on which day the last of his held pieces comes that were promised as here and are not."""
    rows = unit.connection.execute(
        select(reservations.c.holder, func.max(reservations.c.expected).label("expected"))
        .where(reservations.c.state == "held", reservations.c.expected.is_not(None), ~_overdue(unit.now()))
        .group_by(reservations.c.holder)
        .order_by(reservations.c.holder)
    )
    return {row.holder: row.expected for row in rows}


def _held(holder: str) -> ColumnElement[bool]:
    return and_(reservations.c.holder == holder, reservations.c.state == "held")


def _overdue(now: datetime) -> ColumnElement[bool]:
    until = reservations.c.reserved_until
    return and_(reservations.c.state == "held", func.coalesce(until <= now, False))


def _at(keys: Iterable[Key]) -> ColumnElement[bool]:
    return tuple_(reservations.c.part, reservations.c.location).in_(list(keys))


def _keys(unit: UnitOfWork, where: ColumnElement[bool]) -> set[Key]:
    rows = unit.connection.execute(select(reservations.c.part, reservations.c.location).where(where))
    return {(row.part, row.location) for row in rows}


def _lock_holder(unit: UnitOfWork, holder: str) -> None:
    # There may be no row of the holder yet, so the lock is on its name.
    unit.connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"hold:{holder}", 0))))


def _lock_stock(unit: UnitOfWork, keys: Collection[Key]) -> set[Key]:
    """Lock stock rows in their order; gives those at which a hold is overdue."""
    columns = _columns(dict.fromkeys(keys, 0))
    rows = unit.rows(_LOCK, {**columns, "now": unit.now()})
    return {(row.part, row.location) for row in rows if row.overdue}


_LOCK = """
    SELECT s.part, s.location, EXISTS (
        SELECT FROM reservations r
        WHERE r.part = s.part AND r.location = s.location AND r.state = 'held' AND r.reserved_until <= %(now)s
    ) AS overdue
    FROM stock s JOIN unnest(%(parts)s::text[], %(locations)s::text[]) AS k (part, location) USING (part, location)
    ORDER BY s.part, s.location FOR UPDATE OF s
"""


def _lock_current(unit: UnitOfWork, holder: str) -> None:
    """Lock a holder with his stock rows, and refuse when any of his holds is overdue."""
    _lock_holder(unit, holder)
    _lock_stock(unit, _keys(unit, _held(holder)))
    gone = unit.connection.execute(select(reservations).where(_held(holder), _overdue(unit.now()))).all()
    if gone:
        lines = [{"part": row.part, "location": row.location, "quantity": row.quantity} for row in gone]
        raise HoldExpired("the reservation has run out", lines=lines)


def _take(unit: UnitOfWork, wanted: Mapping[Key, int]) -> dict[Key, str]:
    """Check and take in one statement; gives the owners of what was taken: what is not there has not enough."""
    return {(row.part, row.location): row.organisation for row in unit.rows(_TAKE, _columns(wanted))}


def _columns(pieces: Mapping[Key, int]) -> dict[str, list[object]]:
    return {
        "parts": [part for part, _ in pieces],
        "locations": [location for _, location in pieces],
        "quantities": list(pieces.values()),
    }


# `p`: the pieces per part and location of `_columns`.
_PIECES = """
    FROM unnest(%(parts)s::text[], %(locations)s::text[], %(quantities)s::int[])
    AS p (part, location, quantity) WHERE s.part = p.part AND s.location = p.location
"""
_ENOUGH = " AND s.on_hand - s.reserved >= p.quantity RETURNING s.part, s.location, s.organisation"
_TAKE = "UPDATE stock s SET reserved = s.reserved + p.quantity" + _PIECES + _ENOUGH  # noqa: S608 - our own words
_GIVE_BACK = "UPDATE stock s SET reserved = s.reserved - p.quantity" + _PIECES  # noqa: S608
_ISSUE = "UPDATE stock s SET reserved = s.reserved - p.quantity, on_hand = s.on_hand - p.quantity" + _PIECES  # noqa: S608


def _end(unit: UnitOfWork, where: ColumnElement[bool], state: str) -> list[Reservation]:
    """End holds whose stock rows are locked: their pieces are free again, or gone if they were issued."""
    rows = unit.connection.execute(
        update(reservations).where(where).values(state=state, ended_at=unit.now()).returning(reservations)
    ).all()
    pieces: dict[Key, int] = defaultdict(int)
    for row in rows:
        pieces[row.part, row.location] += row.quantity
    if pieces:
        unit.rows(_ISSUE if state == "issued" else _GIVE_BACK, _columns(pieces))
    return sorted((_reservation(row) for row in rows), key=lambda hold: (hold.part, hold.location))


def _shortages(unit: UnitOfWork, short: Sequence[Key], wanted: Mapping[Key, int]) -> list[dict[str, object]]:
    rows = unit.connection.execute(select(stock).where(tuple_(stock.c.part, stock.c.location).in_(list(short))))
    free = {(row.part, row.location): row.on_hand - row.reserved for row in rows}
    return [
        {
            "part": part,
            "location": location,
            "wanted": wanted[part, location],
            "available": free.get((part, location), 0),
        }
        for part, location in short
    ]


def _reservation(row: Any) -> Reservation:
    return Reservation(row.id, row.part, row.location, row.quantity, row.holder, row.reserved_until)
