"""The cars of a house, asked of the database: how people call them (the words that `car_name` writes), how they are."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, false, func, select

from foundation.database import UnitOfWork
from foundation.grants import of_house, visible
from foundation.identity import Actor
from ingest.commands import questions_to_owner
from ingest.ecu_answers import lamps
from ingest.registry import vehicle_of_row
from ingest.state import last_seen
from ingest.tables import vehicles
from ingest.vehicles import Vehicle

_WORDS = ("make", "model_line", "model_year")


def cars_seen(unit: UnitOfWork, actor: Actor, wanted: Collection[str]) -> dict[str, Vehicle]:
    """Give those of these cars that the actor may see, by id."""
    mine = vehicles.c.id.in_(wanted), visible(actor, vehicles.c.organisation, vehicles.c.id)
    return {row.id: vehicle_of_row(row) for row in unit.connection.execute(select(vehicles).where(*mine))}


def called_alike(unit: UnitOfWork, actor: Actor, wanted: Collection[str]) -> frozenset[str]:
    """Give which of these cars, as far as the actor may see them, are called as another car of the same house is."""
    other = vehicles.alias()
    alike = exists().where(
        other.c.organisation == vehicles.c.organisation,
        other.c.id != vehicles.c.id,
        called(other.c) == called(vehicles.c),
    )
    mine = vehicles.c.id.in_(wanted), visible(actor, vehicles.c.organisation, vehicles.c.id)
    return frozenset(unit.connection.execute(select(vehicles.c.id).where(*mine, alike)).scalars())


def glance(actor: Actor) -> Select[str, str, bool, bool, datetime]:
    """Give the query of a house's cars: `id`, the words it is `told` by, `asked`, `lamp`, and when it was `seen`."""
    of, mine = vehicles.c, of_house(actor, vehicles.c.organisation, vehicles.c.id)
    names = select(of.id).where(mine)
    asked, lit, seen = (each(names).subquery() for each in (questions_to_owner, lamps, last_seen))
    return (
        select(
            of.id,
            func.concat_ws(" ", of.id, of.vin, called(of)).label("told"),
            asked.c.vehicle.is_not(None).label("asked"),
            func.coalesce(lit.c.lit, false()).label("lamp"),
            seen.c.at.label("seen"),
        )
        .outerjoin(asked, asked.c.vehicle == of.id)
        .outerjoin(lit, lit.c.vehicle == of.id)
        .outerjoin(seen, seen.c.vehicle == of.id)
        .where(mine)
    )


def called(of: Any) -> ColumnElement[str]:
    """Give what `car_name` says of a row of vehicles."""
    words = func.concat_ws(" ", *(func.nullif(of.config[word].astext, "") for word in _WORDS))
    return func.coalesce(func.nullif(words, ""), of.id)
