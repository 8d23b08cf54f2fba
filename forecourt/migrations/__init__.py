"""The database schema of all packages, brought up to date in one call."""

from importlib import import_module

import procrastinate
from sqlalchemy import MetaData, create_engine, inspect, text

PACKAGES = ("foundation", "ingest", "diagnostics", "parts_catalog", "aftersales")
EXTENSIONS = ("btree_gist", "pg_trgm", "unaccent")


def package_metadata() -> list[MetaData]:
    """Give the MetaData of every package, in the order in which their tables may be made."""
    return [import_module(f"{package}.tables").metadata for package in PACKAGES]


def migrate(url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        for extension in EXTENSIONS:
            connection.execute(text(f"CREATE EXTENSION IF NOT EXISTS {extension}"))
        for metadata in package_metadata():
            metadata.create_all(connection)
        present = inspect(connection).has_table("procrastinate_jobs")
    engine.dispose()
    if not present:
        connector = procrastinate.SyncPsycopgConnector(conninfo=url.replace("postgresql+psycopg", "postgresql"))
        app = procrastinate.App(connector=connector)
        with app.open():
            app.schema_manager.apply_schema()
