"""What a house reads of its own stock: shelves, the ledger, counts, deliveries and who waits; page by page."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Date,
    DateTime,
    Row,
    Select,
    Table,
    Text,
    and_,
    func,
    literal,
    select,
    tuple_,
)

from foundation.database import UnitOfWork
from foundation.identity import Actor
from foundation.paging import Page, cut, read_cursor
from foundation.refusals import Invalid
from parts_catalog.spelling import number_key
from parts_catalog.tables import parts, stock
from parts_catalog.warehouse.tables import back_orders, counts, expected_deliveries, stock_changes


def list_stock(
    unit: UnitOfWork, actor: Actor, limit: int, cursor: str | None, asked: Mapping[str, str | None]
) -> Page[Row[Any]]:
    """Give the shelves of the actor's house, by part and location. `asked`: part, location, number."""
    coming = (
        select(func.coalesce(func.sum(expected_deliveries.c.quantity - expected_deliveries.c.received), 0))
        .where(_there(expected_deliveries), expected_deliveries.c.state == "expected")
        .scalar_subquery()
    )
    awaited = (
        select(func.coalesce(func.sum(back_orders.c.quantity), 0))
        .where(_there(back_orders), back_orders.c.state == "waiting")
        .scalar_subquery()
    )
    names = parts.c.brand, parts.c.number, parts.c.name_en, parts.c.name_zh
    chosen = select(stock, *names, coming.label("coming"), awaited.label("awaited")).join(
        parts, parts.c.id == stock.c.part
    )
    if number := asked.get("number"):
        chosen = chosen.where(parts.c.number_key == number_key(number))
    chosen = _own(chosen, stock, actor, asked)
    return _page(unit, chosen, [stock.c.part, stock.c.location], limit, cursor)


def list_changes(
    unit: UnitOfWork, actor: Actor, limit: int, cursor: str | None, asked: Mapping[str, str | None]
) -> Page[Row[Any]]:
    """Give the ledger of the actor's house, the newest line first. `asked`: part, location, kind, reference."""
    chosen = _own(select(stock_changes), stock_changes, actor, asked)
    return _page(unit, chosen, [stock_changes.c.id], limit, cursor, newest_first=True)


def list_counts(
    unit: UnitOfWork, actor: Actor, limit: int, cursor: str | None, asked: Mapping[str, str | None]
) -> Page[Row[Any]]:
    """Give the counts of the actor's house, the newest first. `asked`: part, location, state."""
    chosen = _own(select(counts), counts, actor, asked)
    return _page(unit, chosen, [counts.c.started_at, counts.c.id], limit, cursor, newest_first=True)


def list_deliveries(
    unit: UnitOfWork, actor: Actor, limit: int, cursor: str | None, asked: Mapping[str, str | None]
) -> Page[Row[Any]]:
    """Give what comes to the actor's house, by day. `asked`: part, location, state."""
    chosen = _own(select(expected_deliveries), expected_deliveries, actor, asked)
    return _page(unit, chosen, [expected_deliveries.c.day, expected_deliveries.c.id], limit, cursor)


def list_back_orders(
    unit: UnitOfWork, actor: Actor, limit: int, cursor: str | None, asked: Mapping[str, str | None]
) -> Page[Row[Any]]:
    """Give who waits at the locations of the actor's house, in the order of asking. `asked`: part, location, state."""
    chosen = _own(select(back_orders), back_orders, actor, asked)
    return _page(unit, chosen, [back_orders.c.no], limit, cursor)


def _there(table: Table) -> Any:
    return and_(table.c.part == stock.c.part, table.c.location == stock.c.location)


def _own(chosen: Select[Any], table: Table, actor: Actor, asked: Mapping[str, str | None]) -> Select[Any]:
    chosen = chosen.where(table.c.organisation == actor.organisation)
    for name, value in asked.items():
        if value is not None and name in table.c:
            chosen = chosen.where(table.c[name] == value)
    return chosen


def _page(
    unit: UnitOfWork,
    chosen: Select[Any],
    key: Sequence[Any],
    limit: int,
    cursor: str | None,
    *,
    newest_first: bool = False,
) -> Page[Row[Any]]:
    """Give one page in the order of the key's columns."""
    if cursor is not None:
        last = tuple_(*(literal(one, column.type) for one, column in zip(_last(cursor, key), key, strict=True)))
        behind = tuple_(*key) < last if newest_first else tuple_(*key) > last
        chosen = chosen.where(behind)
    order = [column.desc() for column in key] if newest_first else list(key)
    rows = unit.connection.execute(chosen.order_by(*order).limit(limit + 1)).all()
    return cut(rows, limit, lambda row: [getattr(row, column.name) for column in key])


def _last(cursor: str, key: Sequence[Any]) -> list[Any]:
    """Read what stood last on the page before, of the kinds of the key's columns."""
    found = read_cursor(cursor)
    try:
        return [_READ[type(column.type)](one) for one, column in zip(found, key, strict=True)]
    except (ValueError, TypeError) as error:
        raise Invalid("this page cursor is not valid", why="no_cursor") from error


def _text(value: object) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise ValueError(value)
    return value


def _number(value: object) -> int:
    if not isinstance(value, int) or not 0 <= value < 2**63:
        raise ValueError(value)
    return value


def _instant(value: object) -> datetime:
    at = datetime.fromisoformat(_text(value))
    if at.tzinfo is None:
        raise ValueError(value)
    return at


_READ: Mapping[type, Callable[[object], object]] = {
    Text: _text,
    BigInteger: _number,
    Date: lambda value: date.fromisoformat(_text(value)),
    DateTime: _instant,
}
