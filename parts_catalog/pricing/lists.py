"""Price lists of a seller: for which channel, group, region and time they are, and what parts cost there."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, tuple_

from foundation.database import UnitOfWork, new_id
from foundation.identity import Actor
from foundation.paging import Page, cut
from foundation.refusals import Invalid, NotFound
from parts_catalog.pricing import keeping
from parts_catalog.pricing.permissions import PRICING
from parts_catalog.pricing.quotes import Channel
from parts_catalog.pricing.tables import customer_groups, list_prices, price_lists

AS_IT_IS = 10_000  # basis points


@dataclass(frozen=True, slots=True)
class ListFacts:
    """What a seller says of a list; a condition that is None fits every buyer. `valid_until` is not in it any more."""

    name: str
    currency: str = "CNY"
    channel: Channel | None = None
    customer_group: str | None = None
    region: str | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    priority: int = 0
    state: str = "active"


@dataclass(frozen=True, slots=True)
class PriceList:
    id: str
    facts: ListFacts
    version: int


@dataclass(frozen=True, slots=True)
class ListPrice:
    """Net per piece in minor units for whoever takes `from_quantity` pieces or more; None: no such price any more."""

    part: str
    net_amount: int | None
    from_quantity: int = 1
    tax_basis_points: int = 1300


def add_list(unit: UnitOfWork, actor: Actor, facts: ListFacts) -> PriceList:
    """Add a list without prices to the actor's house. Raises `NotFound` for another house's group."""
    actor.must_be(*PRICING)
    values = asdict(_checked(unit, actor, facts))
    made = {"id": new_id("plist"), "organisation": actor.organisation, "created_at": unit.now()}
    return _list(unit.connection.execute(price_lists.insert().values(**made, **values).returning(price_lists)).one())


def get_list(unit: UnitOfWork, actor: Actor, price_list: str) -> PriceList:
    return _list(keeping.own(unit, actor, price_lists, price_list))


def list_lists(
    unit: UnitOfWork, actor: Actor, limit: int, cursor: str | None = None, state: str | None = None
) -> Page[PriceList]:
    page = keeping.owned(unit, actor, price_lists, limit, cursor, state)
    return Page([_list(row) for row in page.items], page.next)


def change_list(
    unit: UnitOfWork, actor: Actor, price_list: str, version: int | None, facts: Mapping[str, Any]
) -> PriceList:
    """Change some facts of a list; its currency stays. Raises `NotFound`, `Stale` and `Invalid`."""
    row = keeping.at_version(unit, actor, price_lists, price_list, version)
    before = _list(row).facts
    after = _checked(unit, actor, replace(before, **facts))
    if after.currency != before.currency:
        raise Invalid("a list keeps its currency: its prices are in it", why="list_keeps_currency")
    return _list(keeping.change(unit, price_lists, row.id, asdict(after)))


def set_prices(
    unit: UnitOfWork, actor: Actor, price_list: str, version: int | None, wanted: Sequence[ListPrice]
) -> PriceList:
    """Set prices in a list, or take them out; the others stay. Raises `NotFound` for parts that are not there."""
    row = keeping.at_version(unit, actor, price_lists, price_list, version)
    if len({(one.part, one.from_quantity) for one in wanted}) < len(wanted):
        raise Invalid("a part has one price from a quantity on", why="one_price_from_quantity")
    columns = {
        "list": row.id,
        "parts": [one.part for one in wanted],
        "quantities": [one.from_quantity for one in wanted],
        "nets": [one.net_amount for one in wanted],
        "taxes": [one.tax_basis_points for one in wanted],
    }
    if missing := [one.part for one in unit.rows(_MISSING, columns)]:
        raise NotFound("not all of these parts are there", parts=missing)
    unit.rows(_DROP, columns)
    unit.rows(_SET, columns)
    return _list(keeping.change(unit, price_lists, row.id, {}))


def fill_from_sheet(
    unit: UnitOfWork, actor: Actor, price_list: str, version: int | None, sheet: str, basis_points: int = AS_IT_IS
) -> tuple[PriceList, int]:
    """Take the prices that the house's own imports stored under a sheet's name, at so many basis points of them.

    Gives the list and how many prices it took. Raises `NotFound` where no such sheet has a price in its currency.
    """
    row = keeping.at_version(unit, actor, price_lists, price_list, version)
    asked = {"list": row.id, "sheet": sheet, "house": actor.organisation, "currency": row.currency}
    taken = len(unit.rows(_FROM_SHEET, {**asked, "factor": basis_points}))
    if not taken:
        raise NotFound(f"no import of this house has prices in {row.currency} on a sheet {sheet}")
    return _list(keeping.change(unit, price_lists, row.id, {})), taken


def prices_of(
    unit: UnitOfWork, actor: Actor, price_list: str, limit: int, cursor: str | None = None
) -> Page[ListPrice]:
    """List a list's prices by part and quantity."""
    row = keeping.own(unit, actor, price_lists, price_list)
    place = tuple_(list_prices.c.part, list_prices.c.from_quantity)
    chosen = select(list_prices).where(list_prices.c.price_list == row.id)
    if cursor is not None:
        chosen = chosen.where(place > tuple_(*keeping.key_in(cursor, str, int)))
    rows = unit.connection.execute(chosen.order_by(*place.clauses).limit(limit + 1)).all()
    page = cut(rows, limit, lambda one: [one.part, one.from_quantity])
    return Page([_price(one) for one in page.items], page.next)


_MISSING = """
    SELECT w.part FROM (SELECT DISTINCT unnest(%(parts)s::text[]) AS part) w
    WHERE NOT EXISTS (SELECT FROM parts p WHERE p.id = w.part AND p.removed_by IS NULL) ORDER BY w.part
"""
_WANTED = """
    unnest(%(parts)s::text[], %(quantities)s::int[], %(nets)s::int[], %(taxes)s::int[])
    AS w (part, from_quantity, net_amount, tax_basis_points)
"""
_DROP = f"""
    DELETE FROM list_prices i USING {_WANTED} WHERE i.price_list = %(list)s
    AND (i.part, i.from_quantity) = (w.part, w.from_quantity) AND w.net_amount IS NULL
"""  # noqa: S608 - our own words
_KEEP = """
    ON CONFLICT (price_list, part, from_quantity) DO UPDATE
    SET net_amount = excluded.net_amount, tax_basis_points = excluded.tax_basis_points
"""
_SET = f"""
    INSERT INTO list_prices (price_list, part, from_quantity, net_amount, tax_basis_points)
    SELECT %(list)s, w.part, w.from_quantity, w.net_amount, w.tax_basis_points FROM {_WANTED}
    WHERE w.net_amount IS NOT NULL ORDER BY w.part, w.from_quantity {_KEEP}
"""  # noqa: S608
_FROM_SHEET = f"""
    INSERT INTO list_prices (price_list, part, from_quantity, net_amount, tax_basis_points)
    SELECT %(list)s, s.part, 1, ((2 * s.net_amount::bigint * %(factor)s + 10000) / 20000)::int, s.tax_basis_points
    FROM prices s WHERE s.price_list = %(sheet)s AND s.organisation = %(house)s AND s.currency = %(currency)s
    ORDER BY s.part {_KEEP} RETURNING part
"""  # noqa: S608


def _checked(unit: UnitOfWork, actor: Actor, facts: ListFacts) -> ListFacts:
    check_window(facts.valid_from, facts.valid_until)
    check_group(unit, actor, facts.customer_group)
    return replace(facts, name=keeping.check_name(facts.name))


def check_window(begin: datetime | None, end: datetime | None) -> None:
    """Raise `Invalid` for a time that ends before it begins."""
    if begin is not None and end is not None and begin >= end:
        raise Invalid("`valid_until` comes after `valid_from`", why="ends_after_it_begins")


def check_group(unit: UnitOfWork, actor: Actor, group: str | None) -> None:
    """Raise `NotFound` for a group that is not the actor's."""
    if group is not None:
        keeping.own(unit, actor, customer_groups, group)


def _list(row: Row[Any]) -> PriceList:
    facts = ListFacts(
        row.name,
        row.currency,
        Channel(row.channel) if row.channel else None,
        row.customer_group,
        row.region,
        row.valid_from,
        row.valid_until,
        row.priority,
        row.state,
    )
    return PriceList(row.id, facts, row.version)


def _price(row: Row[Any]) -> ListPrice:
    return ListPrice(row.part, row.net_amount, row.from_quantity, row.tax_basis_points)
