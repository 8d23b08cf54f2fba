"""Whose a vehicle is, for channels that tell organisations."""

from collections.abc import Sequence

from sqlalchemy import select

from foundation.database import UnitOfWork
from ingest.tables import vehicles


def vehicles_among(unit: UnitOfWork, ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Give, of the vehicles among ids of any sort, the owning organisation, and what a grant has to be on."""
    rows = unit.connection.execute(select(vehicles.c.id, vehicles.c.organisation).where(vehicles.c.id.in_(ids)))
    return {row.id: (row.organisation, row.id) for row in rows}
