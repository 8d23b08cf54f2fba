"""Databases of the tests' own: as the template has it before each test, and mostly the same one again.

To copy the template costs more than most tests do. So a database that a test gives back is swept: out of every table
that is empty in the template all rows go, few rows that it holds are put back, and the sequences start again. Where
anything else was changed (many rows, the schema, statistics), where much was written, and after some turns, a new copy
takes its place.
"""

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL

from forecourt.supervision.postgres import ROLE

TURNS = 40  # deleted rows stay in their pages
FEW, MUCH = 100_000, 8_000_000  # bytes of the template's rows that are put back, and of a test's that are swept

_CATALOGS = (
    "pg_class", "pg_attribute", "pg_attrdef", "pg_constraint", "pg_index", "pg_trigger", "pg_proc", "pg_statistic",
    "pg_namespace", "pg_extension", "pg_rewrite",
)  # fmt: skip
_TABLES = """
    SELECT oid::regclass::text, pg_relation_size(oid) + coalesce(pg_relation_size(nullif(reltoastrelid, 0)), 0)
    FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY oid"""
_SEQUENCES = "SELECT seqrelid, pg_sequence_last_value(seqrelid), seqstart FROM pg_sequence ORDER BY seqrelid"
_PUT_BACK = "SELECT setval(%s::oid::regclass, %s, %s)"
_PUT_OUT = """
    SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()"""


Connection = psycopg.Connection[tuple[object, ...]]
Signature = dict[str, tuple[object, ...]]  # of a table: how many rows, and by which transactions they were written


@dataclass
class _Template:
    """What to compare a used copy with."""

    filled: dict[str, bytes | None]  # the tables with rows, and these where they are few
    sequences: list[tuple[object, ...]]


@dataclass
class _Copy:
    name: str
    connection: Connection
    signature: Signature
    turns: int = 0


class Databases:
    """The copies of one template, handed to one test after the other. `admin` is the server's superuser."""

    def __init__(self, admin: URL, template: str) -> None:
        self._admin, self._name = admin, template
        self._template: _Template | None = None
        self._spare: _Copy | None = None
        self._lent: dict[str, _Copy] = {}

    @contextmanager
    def borrowed(self) -> Iterator[str]:
        """Lend a database for a block."""
        name = self._lend()
        try:
            yield name
        finally:
            self._take_back(name)

    def close(self) -> None:
        for copy in [*self._lent.values(), *([self._spare] if self._spare else [])]:
            self._drop(copy)
        self._lent, self._spare = {}, None

    def _lend(self) -> str:
        """Give the name of a database that is as the template."""
        copy, self._spare = self._spare or self._copied(), None
        self._lent[copy.name] = copy
        return copy.name

    def _take_back(self, name: str) -> None:
        """Sweep a database for the next test, or drop it. Whoever is still connected is put out."""
        copy = self._lent.pop(name)
        copy.connection.execute(_PUT_OUT)
        copy.turns += 1
        if self._spare is None and copy.turns < TURNS and self._sweep(copy):
            self._spare = copy
        else:
            self._drop(copy)

    def _copied(self) -> _Copy:
        name = f"test_{secrets.token_hex(6)}"
        statement = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}")
        with self._connect(self._admin.database) as server:
            server.execute(statement.format(*map(sql.Identifier, (name, ROLE, self._name))))
        connection = self._connect(name)
        connection.execute("SET session_replication_role = replica")  # rows go in any order, and no trigger minds
        connection.execute("SET synchronous_commit = off")
        template = self._template = self._template or _Template(
            {
                table: _rows(connection, table) if size <= FEW else None
                for table, size in connection.execute(_TABLES).fetchall()
                if size
            },
            connection.execute(_SEQUENCES).fetchall(),
        )
        return _Copy(name, connection, _sign(connection, (*_CATALOGS, *template.filled)))

    def _sweep(self, copy: _Copy) -> bool:
        """Make it as the template is; False: that takes a new copy."""
        template, connection = self._template, copy.connection
        assert template is not None
        schema = _sign(connection, _CATALOGS)
        if any(schema[table] != copy.signature[table] for table in schema):
            return False  # and a table that is looked at below may be gone
        now = _sign(connection, template.filled)
        changed = [table for table in now if now[table] != copy.signature[table]]
        kept = [(table, rows) for table in changed if (rows := template.filled.get(table)) is not None]
        used = {table: size for table, size in connection.execute(_TABLES) if size and table not in template.filled}
        if len(kept) < len(changed) or sum(used.values()) > MUCH:
            return False
        with connection.pipeline():
            for table in (*used, *changed):
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.SQL(table)))
        for table, rows in kept:
            with connection.cursor().copy(sql.SQL("COPY {} FROM STDIN (FORMAT binary)").format(sql.SQL(table))) as put:
                put.write(rows)
        if changed:
            copy.signature |= _sign(connection, changed)
        sequences = connection.execute(_SEQUENCES).fetchall()
        for row, last, start in (row for row in template.sequences if row not in sequences):
            connection.execute(_PUT_BACK, [row, last or start, last is not None])
        return True

    def _drop(self, copy: _Copy) -> None:
        copy.connection.close()
        with self._connect(self._admin.database) as server:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(copy.name)))

    def _connect(self, name: str | None) -> Connection:
        url = self._admin.set(drivername="postgresql", database=name)
        return psycopg.connect(url.render_as_string(hide_password=False), autocommit=True)


def _sign(connection: Connection, tables: Iterable[str]) -> Signature:
    one = "SELECT '{0}', count(*), sum(xmin::text::bigint) FROM {0}"
    rows = connection.execute(" UNION ALL ".join(one.format(table) for table in tables))
    return {str(table): tuple(rest) for table, *rest in rows}


def _rows(connection: Connection, table: str) -> bytes:
    with connection.cursor().copy(sql.SQL("COPY {} TO STDOUT (FORMAT binary)").format(sql.SQL(table))) as rows:
        return b"".join(rows)
