"""What a test wrote is gone from the database that the next one gets."""

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy.engine import URL

from tests.databases import Databases

Everything = dict[str, list[str]]


@pytest.fixture
def own(admin_url: URL) -> Iterator[Databases]:
    databases = Databases(admin_url, "template_forecourt")
    yield databases
    databases.close()


def used(server_url: URL, name: str, *statements: str) -> Everything:
    """Run statements in a database as the application's role; give all rows and sequences that it held before."""
    url = server_url.set(drivername="postgresql", database=name).render_as_string(hide_password=False)
    with psycopg.connect(url) as connection:
        tables = connection.execute("SELECT format('%I', tablename) FROM pg_tables WHERE schemaname = 'public'")
        found = {
            table: [row for (row,) in connection.execute(f"SELECT t::text FROM {table} t ORDER BY 1")]  # noqa: S608
            for (table,) in tables.fetchall()
        }
        found["sequences"] = [
            row for (row,) in connection.execute("SELECT s::text FROM pg_sequences s ORDER BY sequencename")
        ]
        for statement in statements:
            connection.execute(statement)
    return found


def test_a_swept_database_is_as_the_template_and_a_changed_schema_goes(server_url: URL, own: Databases) -> None:
    with own.borrowed() as first:
        fresh = used(
            server_url,
            first,
            "INSERT INTO organisations (id, name, created_at) VALUES ('org_a', 'A', now())",
            "SELECT setval(seqrelid::regclass, 1000) FROM pg_sequence",
            "UPDATE catalogue_version SET version = version + 7",
        )
    assert fresh["catalogue_version"]
    with own.borrowed() as second:
        assert second == first
        assert used(server_url, second) == fresh
    with own.borrowed() as third:
        assert third == first
        assert used(server_url, third, "DROP TABLE catalogue_version") == fresh
    with own.borrowed() as fourth, own.borrowed() as fifth:
        assert len({first, fourth, fifth}) == 3
        assert used(server_url, fourth) == used(server_url, fifth, "ANALYZE organisations") == fresh
