"""Stock: what can be promised, and reservations that never promise a piece twice (parts.md 6.2).

    hold ──keep──▶ hold without end ──issue──▶ gone from the shelf
     ├──release──▶ free          └──release──▶ free
     └──expire───▶ free (a sweep; readers and reservers treat an overdue hold as free before that)

Every change locks the holder, then its stock rows in ascending (part, location) order, so that no two changes can
wait for each other in a circle. `stock.reserved` is always the sum of the rows in state 'held'.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Row, and_, func, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from foundation.database import UnitOfWork, new_id
from foundation.refusals import Conflict, Invalid, NotFound
from parts_catalog.parts import Reservation, StockOffer
from parts_catalog.rows import rows_of
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
    rows = rows_of(unit, _OFFERS, {"parts": list(wanted), "now": unit.now()})
    found: dict[str, list[StockOffer]] = {part: [] for part in wanted}
    for row in rows:
        found[row.part].append(StockOffer(row.part, row.location, int(row.available), row.expected))
    return found


_OFFERS = """
    SELECT s.part, s.location, s.expected, s.on_hand - s.reserved + coalesce((
        SELECT sum(r.quantity) FROM reservations r
        WHERE r.part = s.part AND r.location = s.location AND r.state = 'held' AND r.reserved_until <= %(now)s
    ), 0) AS available
    FROM stock s WHERE s.part = ANY(%(parts)s::text[]) ORDER BY available DESC, s.location
"""


def reserve(unit: UnitOfWork, wanted: Mapping[Key, int], holder: str, until: datetime | None) -> list[Reservation]:
    """Hold pieces, keyed by (part, location), for a holder until an instant (None: until released or issued).

    What the holder held of the same parts before, anywhere, is replaced; it never stands in his own way. All or
    nothing: raises `OutOfStock` with every shortage and changes nothing, so the caller's unit may go on.
    """
    if bad := [key for key, quantity in wanted.items() if quantity < 1]:
        raise Invalid(f"a reservation is of at least one piece: {bad}")
    if until is not None and until <= unit.now():
        raise Invalid("a reservation ends in the future")
    _lock_holder(unit, holder)
    mine = _held(holder) & reservations.c.part.in_({part for part, _ in wanted})
    before = _keys(unit, mine)
    _lock_stock(unit, {*wanted, *before})
    with unit.connection.begin_nested():  # a refusal inside undoes its own steps only
        _end(unit, _overdue(unit.now()) & _at(wanted), "expired")
        if before:
            _end(unit, mine, "released")
        owners = _take(unit, wanted)
        if short := sorted(wanted.keys() - owners.keys()):
            raise OutOfStock("not enough pieces in stock", lines=_shortages(unit, short, wanted))
        rows = [
            {
                "id": new_id("hold"),
                "part": part,
                "location": location,
                "organisation": owner,
                "holder": holder,
                "quantity": wanted[part, location],
                "state": "held",
                "reserved_until": until,
                "created_at": unit.now(),
            }
            for (part, location), owner in sorted(owners.items())
        ]
        unit.connection.execute(insert(reservations).returning(reservations.c.id), rows)
    return held(unit, holder)


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
    rows = unit.connection.execute(
        select(reservations)
        .where(_held(holder), ~_overdue(unit.now()))
        .order_by(reservations.c.part, reservations.c.location)
    )
    return [_reservation(row) for row in rows]


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


def _lock_stock(unit: UnitOfWork, keys: Iterable[Key]) -> None:
    place = tuple_(stock.c.part, stock.c.location)
    unit.connection.execute(
        select(stock.c.part).where(place.in_(list(keys))).order_by(stock.c.part, stock.c.location).with_for_update()
    ).all()


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
    rows = unit.connection.execute(_TAKE, _columns(wanted))
    return {(row.part, row.location): row.organisation for row in rows}


def _columns(pieces: Mapping[Key, int]) -> dict[str, list[object]]:
    return {
        "parts": [part for part, _ in pieces],
        "locations": [location for _, location in pieces],
        "quantities": list(pieces.values()),
    }


# `p`: the pieces per part and location of `_columns`.
_PIECES = """
    FROM unnest(CAST(:parts AS text[]), CAST(:locations AS text[]), CAST(:quantities AS int[]))
    AS p (part, location, quantity) WHERE s.part = p.part AND s.location = p.location
"""
_ENOUGH = " AND s.on_hand - s.reserved >= p.quantity RETURNING s.part, s.location, s.organisation"
_TAKE = text("UPDATE stock s SET reserved = s.reserved + p.quantity" + _PIECES + _ENOUGH)  # noqa: S608 - our own words
_GIVE_BACK = text("UPDATE stock s SET reserved = s.reserved - p.quantity" + _PIECES)  # noqa: S608
_ISSUE = text(
    "UPDATE stock s SET reserved = s.reserved - p.quantity, on_hand = s.on_hand - p.quantity" + _PIECES  # noqa: S608
)


def _end(unit: UnitOfWork, where: ColumnElement[bool], state: str) -> list[Reservation]:
    """End holds whose stock rows are locked: their pieces are free again, or gone if they were issued."""
    rows = unit.connection.execute(
        update(reservations).where(where).values(state=state, ended_at=unit.now()).returning(reservations)
    ).all()
    pieces: dict[Key, int] = defaultdict(int)
    for row in rows:
        pieces[row.part, row.location] += row.quantity
    if pieces:
        unit.connection.execute(_ISSUE if state == "issued" else _GIVE_BACK, _columns(pieces))
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


def _reservation(row: "Row[tuple[object, ...]]") -> Reservation:
    return Reservation(row.id, row.part, row.location, row.quantity, row.holder, row.reserved_until)
