"""How people call the cars of a house, asked of the database: the same words as `car_name` writes."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select

from foundation.database import UnitOfWork
from foundation.grants import visible
from foundation.identity import Actor
from ingest.registry import vehicle_of_row
from ingest.tables import vehicles
from ingest.vehicles import Vehicle

_WORDS = ("make", "model_line", "model_year")


def cars_seen(unit: UnitOfWork, actor: Actor, wanted: Collection[str]) -> dict[str, Vehicle]:
    """Give those of these cars that the actor may see, by id."""
    mine = vehicles.c.id.in_(wanted), visible(actor, vehicles.c.organisation, vehicles.c.id)
    return {row.id: vehicle_of_row(row) for row in unit.connection.execute(select(vehicles).where(*mine))}


def called_alike(unit: UnitOfWork, wanted: Collection[str]) -> frozenset[str]:
    """Give which of these cars are called as another car of the same house is."""
    other = vehicles.alias()
    alike = exists().where(
        other.c.organisation == vehicles.c.organisation,
        other.c.id != vehicles.c.id,
        called(other.c) == called(vehicles.c),
    )
    return frozenset(unit.connection.execute(select(vehicles.c.id).where(vehicles.c.id.in_(wanted), alike)).scalars())


def called(of: Any) -> ColumnElement[str]:
    """Give what `car_name` says of a row of vehicles."""
    words = func.concat_ws(" ", *(func.nullif(of.config[word].astext, "") for word in _WORDS))
    return func.coalesce(func.nullif(words, ""), of.id)
