"""Customer groups: the buyers whom a seller prices alike; a buyer is in one group of a seller at most."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.dialects.postgresql import insert

from foundation.database import UnitOfWork, new_id
from foundation.identity import Actor, organisation_name
from foundation.paging import Page, cut
from foundation.refusals import Conflict
from parts_catalog.pricing import keeping
from parts_catalog.pricing.permissions import PRICING
from parts_catalog.pricing.tables import customer_group_members as members
from parts_catalog.pricing.tables import customer_groups


class NameTaken(Conflict):
    code = "name_taken"


@dataclass(frozen=True, slots=True)
class Group:
    id: str
    name: str
    version: int


def add_group(unit: UnitOfWork, actor: Actor, name: str) -> Group:
    """Add a group of the actor's house. Raises `NameTaken`."""
    actor.must_be(*PRICING)
    values = {"id": new_id("group"), "organisation": actor.organisation, "name": _free(unit, actor, name)}
    added = customer_groups.insert().values(**values, created_at=unit.now()).returning(customer_groups)
    return _group(unit.connection.execute(added).one())


def rename_group(unit: UnitOfWork, actor: Actor, group: str, version: int | None, name: str) -> Group:
    """Give a group another name. Raises `NotFound`, `Stale` and `NameTaken`."""
    row = keeping.at_version(unit, actor, customer_groups, group, version)
    return _group(keeping.change(unit, customer_groups, row.id, {"name": _free(unit, actor, name, row.id)}))


def get_group(unit: UnitOfWork, actor: Actor, group: str) -> Group:
    return _group(keeping.own(unit, actor, customer_groups, group))


def list_groups(unit: UnitOfWork, actor: Actor, limit: int, cursor: str | None = None) -> Page[Group]:
    page = keeping.owned(unit, actor, customer_groups, limit, cursor)
    return Page([_group(row) for row in page.items], page.next)


def members_of(unit: UnitOfWork, actor: Actor, group: str, limit: int, cursor: str | None = None) -> Page[str]:
    """List the buyers of a group by their organisations' ids."""
    chosen = select(members.c.buyer).where(members.c.customer_group == get_group(unit, actor, group).id)
    if cursor is not None:
        chosen = chosen.where(members.c.buyer > keeping.key_in(cursor, str)[0])
    rows = unit.connection.execute(chosen.order_by(members.c.buyer).limit(limit + 1)).scalars().all()
    return cut(rows, limit, lambda buyer: [buyer])


def put_member(unit: UnitOfWork, actor: Actor, group: str, buyer: str) -> None:
    """Put a buyer into a group; he leaves the one he was in. Raises `NotFound` for an unknown group or buyer."""
    found = get_group(unit, actor, group)
    organisation_name(unit, buyer)
    put = insert(members).values(organisation=actor.organisation, buyer=buyer, customer_group=found.id)
    unit.connection.execute(
        put.on_conflict_do_update(index_elements=["organisation", "buyer"], set_={"customer_group": found.id})
    )


def drop_member(unit: UnitOfWork, actor: Actor, group: str, buyer: str) -> None:
    """Take a buyer out of a group; one that is not in it is no harm."""
    found = get_group(unit, actor, group)
    unit.connection.execute(members.delete().where(members.c.customer_group == found.id, members.c.buyer == buyer))


def _free(unit: UnitOfWork, actor: Actor, name: str, group: str = "") -> str:
    """Give a name that no other group of the house has; raises `NameTaken`."""
    wanted = keeping.check_name(name)
    keeping.in_turn(unit, f"customer groups of {actor.organisation}")
    same = (customer_groups.c.organisation == actor.organisation, customer_groups.c.name == wanted)
    if keeping.count(unit, customer_groups, *same, customer_groups.c.id != group):
        raise NameTaken(f"there is a group {wanted} already")
    return wanted


def _group(row: Row[Any]) -> Group:
    return Group(row.id, row.name, row.version)
