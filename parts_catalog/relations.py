"""How parts stand to one another, apart from any car: successors hop by hop, parts that still serve, interchange."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Date, Row, Select, and_, case, cast, false, literal, null, select, union_all

from foundation.database import UnitOfWork
from parts_catalog.parts import Part, Related, Relation
from parts_catalog.stock import offers
from parts_catalog.tables import interchanges, parts, supersessions

_MOST_HOPS = 20  # an import refuses circles; this is for what it never saw


def relations_of(unit: UnitOfWork, wanted: Sequence[str]) -> dict[str, tuple[Related, ...]]:
    """Give each part's relations, with stock at each hop; in two statements, however many parts and hops.

    In order: successors, the nearest first; parts that it replaced and that may be fitted in its place still; parts
    that it interchanges with. Parts that no import left in the catalogue are left out.
    """
    found: dict[str, dict[tuple[str, str], Row[Any]]] = {}
    for row in unit.connection.execute(_hops(wanted)) if wanted else ():
        found.setdefault(row.start, {}).setdefault((row.relation, row.id), row)
    stocked = offers(unit, sorted({row.id for rows in found.values() for row in rows.values()})) if found else {}
    pieces = {part: sum(offer.available for offer in given) for part, given in stocked.items()}
    return {start: tuple(_related(row, pieces[row.id]) for row in rows.values()) for start, rows in found.items()}


def _related(row: Row[Any], available: int) -> Related:
    return Related(
        Relation(row.relation),
        row.of,
        Part(row.id, row.brand, row.number, row.part_type, row.name_en, row.name_zh),
        row.since,
        row.two_way,
        available,
    )


def _hops(wanted: Sequence[str]) -> Select[Any]:
    forward, backward = _chain(wanted, Relation.REPLACED_BY), _chain(wanted, Relation.REPLACES)
    kept = interchanges.c.removed_by.is_(None)
    flat = [
        select(
            here.label("start"),
            here.label("of"),
            there.label("part"),
            cast(null(), Date).label("since"),
            false().label("two_way"),
            literal(1).label("hop"),
            literal(Relation.INTERCHANGE.value).label("relation"),
        ).where(here.in_(wanted), kept)
        for here, there in (
            (interchanges.c.part, interchanges.c.other),
            (interchanges.c.other, interchanges.c.part),
        )
    ]
    hops = union_all(forward, backward, *flat).subquery("hops")
    order = case({one.value: place for place, one in enumerate(Relation)}, value=hops.c.relation)
    shown = (parts.c.id, parts.c.brand, parts.c.number, parts.c.part_type, parts.c.name_en, parts.c.name_zh)
    return (
        select(hops.c.start, hops.c.of, hops.c.since, hops.c.two_way, hops.c.relation, *shown)
        .join(parts, and_(parts.c.id == hops.c.part, parts.c.removed_by.is_(None)))
        .order_by(hops.c.start, order, hops.c.hop, hops.c.since, parts.c.number, parts.c.id)
    )


def _chain(wanted: Sequence[str], relation: Relation) -> Select[Any]:
    """Follow successions from part to part: onward, or back as long as the old part may be fitted for the new one."""
    onward = relation is Relation.REPLACED_BY
    here, there = supersessions.c.part, supersessions.c.replaced_by
    kept: ColumnElement[bool] = supersessions.c.removed_by.is_(None)
    if not onward:
        here, there, kept = there, here, and_(kept, supersessions.c.two_way)
    first = select(
        here.label("start"),
        here.label("of"),
        there.label("part"),
        supersessions.c.from_date.label("since"),
        supersessions.c.two_way,
        literal(1).label("hop"),
    ).where(here.in_(wanted), kept)
    chain = first.cte(f"{relation.value}_chain", recursive=True)
    chain = chain.union(
        select(chain.c.start, here, there, supersessions.c.from_date, supersessions.c.two_way, chain.c.hop + 1).where(
            here == chain.c.part, kept, chain.c.hop < _MOST_HOPS
        )
    )
    return select(chain, literal(relation.value).label("relation"))
