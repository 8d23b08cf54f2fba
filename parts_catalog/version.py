"""The version of the catalogue: one number that every change of its answers raises."""

from sqlalchemy import literal_column, select

from foundation.database import UnitOfWork
from parts_catalog.tables import catalogue_version as table


def current_version(unit: UnitOfWork) -> int:
    """Give the version of what this unit of work reads."""
    version: int = unit.connection.execute(select(table.c.version)).scalar_one()
    return version


def current_stamp(unit: UnitOfWork) -> tuple[int, str]:
    """Give the version and the transaction that raised it: another catalogue may have had the same number."""
    row = unit.connection.execute(select(table.c.version, literal_column("xmin::text"))).one()
    return row[0], row[1]


def raise_version(unit: UnitOfWork) -> int:
    """Say that this unit of work changes what the catalogue answers. Call it last: others that change wait here."""
    raised: int = unit.connection.execute(
        table.update().values(version=table.c.version + 1).returning(table.c.version)
    ).scalar_one()
    return raised
