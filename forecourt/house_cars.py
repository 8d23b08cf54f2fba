"""The cars of a house with what they want: counted, put in order and cut into pages by the database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import FromClause, Integer, Row, Select, case, cast, false, func, or_, select, true

from aftersales.attention import RANKS, Item, Need, attention, let_go, needs
from aftersales.settlement.plates import plates
from diagnostics.told import standing
from foundation.database import UnitOfWork
from foundation.identity import Actor
from ingest.naming import cars_seen, glance
from ingest.vehicles import Vehicle

SHOWN = 24  # on one page
MOST_PAGES = 1_000_000
SILENT = timedelta(days=3)
URGENT = frozenset({Need.STOPPED, Need.DECIDE, Need.CONFIRM, Need.OFFER, Need.ANSWER, Need.BOOK, Need.PAY})
# What a list of many cars can be narrowed to: by what their cases want, and by how the car itself is.
OF_NEEDS: Mapping[str, frozenset[Need]] = {
    "you": URGENT,
    "workshop": frozenset({Need.IN_WORKSHOP, Need.DECIDE}),
    "booked": frozenset({Need.EXPECTED, Need.OFFER}),
    "account": frozenset({Need.ON_ACCOUNT}),
}
GROUPS = (*OF_NEEDS, "lamp", "silent")
_NO_URGENCY = 9  # behind S0 to S3


@dataclass(frozen=True, slots=True)
class Card:
    """One car; `asked`: the workshop asks to clear its codes. `seen` is None when it was never heard."""

    vehicle: Vehicle
    plate: str | None
    items: Sequence[Item]
    needs_you: bool
    asked: bool
    lamp: bool
    seen: datetime | None
    silent: bool


@dataclass(frozen=True, slots=True)
class Sight:
    """One page of a house's cars; `all` are its cars, `every` those with the words, `groups` how many in each group."""

    cards: Sequence[Card]
    page: int
    count: int
    every: int
    all: int
    groups: Mapping[str, int]

    @property
    def more(self) -> bool:
        return self.page * SHOWN < self.count


def look_at_cars(unit: UnitOfWork, actor: Actor, group: str, words: str, page: int) -> Sight:
    """Give one page of the actor's cars, of a group of them and with the words that he looks for, in any case.

    Counted and read in one statement. A page behind the last one is the last.
    """
    cars = _cars(actor, unit.now()).cte("house_cars")
    found = [cars.c.told.icontains(word, autoescape=True) for word in words.split()]
    wanted = cars.c[group] if group in GROUPS else true()
    counted = select(
        func.count().label("all"),
        func.count().filter(true(), *found).label("every"),
        func.count().filter(wanted, *found).label("within"),
        *(func.count().filter(cars.c[name], *found).label(f"in_{name}") for name in GROUPS),
    ).subquery("counted")
    last = func.greatest((counted.c.within - 1) // SHOWN, 0)
    shown = (
        select(cars)
        .where(wanted, *found)
        .order_by(cars.c.place, cars.c.lamp.desc(), cars.c.silent.desc(), cars.c.id)
        .limit(SHOWN)
        .offset(func.least(min(max(page, 1), MOST_PAGES) - 1, last) * SHOWN)
        .lateral("shown")
    )
    rows = unit.connection.execute(select(counted, shown).outerjoin(shown, true())).all()
    counts = rows[0]
    groups = {name: getattr(counts, f"in_{name}") for name in GROUPS}
    page = min(max(page, 1), -(-counts.within // SHOWN) or 1)
    cards = _cards(unit, actor, [row for row in rows if row.id is not None])
    return Sight(cards, page, counts.within, counts.every, counts.all, groups)


def _cards(unit: UnitOfWork, actor: Actor, rows: Sequence[Row[Any]]) -> list[Card]:
    names = [row.id for row in rows]
    known, wanted = cars_seen(unit, actor, names), attention(unit, actor, names)
    gone = let_go(unit, actor, standing(actor, unit.now()).subquery(), names)
    return [
        Card(
            known[row.id],
            row.plate,
            [*wanted.get(row.id, ()), *gone.get(row.id, ())],
            row.you,
            row.asked,
            row.lamp,
            row.seen,
            row.silent,
        )
        for row in rows
    ]


def _cars(actor: Actor, now: datetime) -> Select[Any]:
    """Give the query of all cars: how each is, the groups it is in, and its `place`, the most pressing first.

    Each room's own query stands in it; they meet by the id of the car alone.
    """
    cars, read = glance(actor).subquery(), plates(actor).subquery()
    wants = _by_car(needs(actor, now, standing(actor, now).subquery()).subquery()).subquery()
    question, nothing = _place(RANKS[Need.ANSWER]), _place(len(RANKS))
    groups = {name: func.coalesce(wants.c[name], false()) for name in OF_NEEDS} | {
        "lamp": cars.c.lamp,
        "silent": or_(cars.c.seen.is_(None), cars.c.seen < now - SILENT),
    }
    groups["you"] = or_(cars.c.asked, groups["you"])
    return (
        select(
            cars.c.id,
            func.concat_ws(" ", cars.c.told, read.c.plate).label("told"),
            read.c.plate,
            cars.c.asked,
            cars.c.seen,
            func.least(wants.c.place, case((cars.c.asked, question), else_=nothing)).label("place"),
            *(groups[name].label(name) for name in GROUPS),
        )
        .outerjoin(wants, wants.c.vehicle == cars.c.id)
        .outerjoin(read, read.c.vehicle == cars.c.id)
    )


def _by_car(wants: FromClause) -> Select[Any]:
    urgency = func.coalesce(cast(func.right(wants.c.urgency, 1), Integer), _NO_URGENCY)
    groups = (
        func.bool_or(wants.c.rank.in_([RANKS[need] for need in within])).label(name)
        for name, within in OF_NEEDS.items()
    )
    place = func.min(_place(wants.c.rank, urgency)).label("place")
    return select(wants.c.vehicle, place, *groups).group_by(wants.c.vehicle)


def _place(rank: Any, urgency: Any = _NO_URGENCY) -> Any:
    """Put by what is wanted most, then by how urgent that is."""
    return rank * 10 + urgency
