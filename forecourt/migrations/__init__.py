"""The database schema of all packages, brought up to date in one call."""

from importlib import import_module

from alembic import command
from alembic.config import Config
from sqlalchemy import MetaData, create_engine, text

from foundation.clock import SystemClock
from foundation.database import UnitOfWork
from parts_catalog.search import index_what_is_bare

PACKAGES = ("foundation", "ingest", "diagnostics", "parts_catalog", "aftersales", "forecourt.webhooks")
_LOCK = 0x666F7265  # two processes that start together migrate one after the other


def package_metadata() -> list[MetaData]:
    """Give the MetaData of every package."""
    return [import_module(f"{package}.tables").metadata for package in PACKAGES]


def migrate(url: str) -> None:
    """Bring the schema of the database at `url` up to date, and what is derived from older rows."""
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            command.upgrade(alembic_config(connection=connection), "head")
            index_what_is_bare(UnitOfWork(connection, SystemClock()))
    finally:
        engine.dispose()


def alembic_config(**attributes: object) -> Config:
    """Give Alembic's configuration; `connection` in the attributes is the one it works on."""
    config = Config()
    config.set_main_option("script_location", "forecourt:migrations")
    config.attributes.update(attributes)
    return config
