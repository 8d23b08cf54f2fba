"""The vehicle configurations that the catalogue knows: names for pickers, and the keys of a car's make and model."""

from sqlalchemy import select

from foundation.database import UnitOfWork
from ingest.vehicles import Fuel, VehicleConfig
from parts_catalog.spelling import make_key, name_key
from parts_catalog.tables import vehicle_configurations as table


def vehicle_keys(unit: UnitOfWork, config: VehicleConfig) -> tuple[str | None, str | None]:
    """Give the keys of a configuration's make and model line; Chinese names of model lines are looked up."""
    make = make_key(config.make) or None if config.make else None
    model = name_key(config.model_line) or None if config.model_line else None
    if make is None or model is None or model.isascii():
        return make, model
    known: str | None = unit.connection.execute(
        select(table.c.model_line_key).where(table.c.make_key == make, table.c.model_line_zh_key == model).limit(1)
    ).scalar_one_or_none()
    return make, known or model


def list_makes(unit: UnitOfWork) -> list[tuple[str, str]]:
    """Give (name, Chinese name) of every make."""
    rows = unit.connection.execute(select(table.c.make, table.c.make_zh).distinct().order_by(table.c.make))
    return [(row.make, row.make_zh) for row in rows]


def list_model_lines(unit: UnitOfWork, make: str) -> list[tuple[str, str]]:
    """Give (name, Chinese name) of a make's model lines."""
    rows = unit.connection.execute(
        select(table.c.model_line, table.c.model_line_zh)
        .where(table.c.make_key == make_key(make))
        .distinct()
        .order_by(table.c.model_line)
    )
    return [(row.model_line, row.model_line_zh) for row in rows]


def list_configurations(
    unit: UnitOfWork, make: str | None = None, model_line: str | None = None, year: int | None = None
) -> list[VehicleConfig]:
    """Give the configurations of a make, model line and model year, each for the given or else for its first year."""
    query = select(table).order_by(table.c.make, table.c.model_line, table.c.year_from, table.c.id)
    if make is not None:
        query = query.where(table.c.make_key == make_key(make))
    if model_line is not None:
        query = query.where(table.c.model_line_key == name_key(model_line))
    if year is not None:
        query = query.where(table.c.year_from <= year, table.c.year_to >= year)
    return [
        VehicleConfig(
            make=row.make,
            model_line=row.model_line,
            model_year=year or row.year_from,
            fuel=Fuel(row.fuel),
            displacement_l=None if row.displacement_l is None else float(row.displacement_l),
            cylinders=row.cylinders,
            aspiration=row.aspiration,
            transmission=row.transmission,
            drive=row.drive,
            body=row.body,
            engine_code=row.engine_code,
            region=row.region,
        )
        for row in unit.connection.execute(query)
    ]
