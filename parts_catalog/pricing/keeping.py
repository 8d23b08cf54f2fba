"""What a seller keeps, row by row: his own only, paged by id, and edited by version so that no edit undoes another."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, Table, func, select

from foundation.database import UnitOfWork
from foundation.identity import Actor
from foundation.paging import Page, cut, read_cursor
from foundation.refusals import Invalid, NotFound, Stale
from parts_catalog.pricing.permissions import PRICING


def own(unit: UnitOfWork, actor: Actor, table: Table, key: str, *, lock: bool = False) -> Row[Any]:
    """Give a row of the actor's house; raises `NotFound` for any other."""
    actor.must_be(*PRICING)
    chosen = select(table).where(table.c.id == key, table.c.organisation == actor.organisation)
    row = unit.connection.execute(chosen.with_for_update() if lock else chosen).one_or_none()
    if row is None:
        raise NotFound(f"there is no {table.name.removesuffix('s').replace('_', ' ')} {key}")
    return row


def at_version(unit: UnitOfWork, actor: Actor, table: Table, key: str, version: int | None) -> Row[Any]:
    """Give a row, locked, as an edit found it (None: as it is); raises `NotFound` and `Stale`."""
    row = own(unit, actor, table, key, lock=True)
    if version not in {None, row.version}:
        raise Stale("this was changed since it was read")
    return row


def change(unit: UnitOfWork, table: Table, key: str, values: Mapping[str, Any]) -> Row[Any]:
    """Change a locked row; its version is the next one."""
    changed = table.update().where(table.c.id == key).values(**values, version=table.c.version + 1)
    return unit.connection.execute(changed.returning(table)).one()


def owned(
    unit: UnitOfWork, actor: Actor, table: Table, limit: int, cursor: str | None, state: str | None = None
) -> Page[Row[Any]]:
    """List the rows of the actor's house by id."""
    actor.must_be(*PRICING)
    chosen = select(table).where(table.c.organisation == actor.organisation)
    if state is not None:
        chosen = chosen.where(table.c.state == state)
    if cursor is not None:
        chosen = chosen.where(table.c.id > key_in(cursor, str)[0])
    return cut(unit.connection.execute(chosen.order_by(table.c.id).limit(limit + 1)).all(), limit, lambda row: [row.id])


def key_in(cursor: str, *kinds: type) -> list[Any]:
    """Give the key inside a cursor; raises `Invalid` unless it is made of these kinds."""
    key = read_cursor(cursor)
    if [type(one) for one in key] != list(kinds) or any(isinstance(one, str) and "\0" in one for one in key):
        raise Invalid("this page cursor is not valid", why="no_cursor")
    if any(isinstance(one, int) and not 0 <= one < 2**31 for one in key):
        raise Invalid("this page cursor is not valid", why="no_cursor")
    return key


def check_name(name: str) -> str:
    """Give a name without blanks around it; raises `Invalid` for none."""
    if not name.strip():
        raise Invalid("a name is needed", why="name_needed")
    return name.strip()


def in_turn(unit: UnitOfWork, what: str) -> None:
    """Let units that claim a name of a kind go one after another: each sees what those before it took."""
    unit.rows("SELECT pg_advisory_xact_lock(hashtextextended(%(what)s, 0))", {"what": what})


def count(unit: UnitOfWork, table: Table, *where: Any) -> int:
    counted: int = unit.connection.execute(select(func.count()).select_from(table).where(*where)).scalar_one()
    return counted
