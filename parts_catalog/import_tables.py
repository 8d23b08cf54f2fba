"""The imports: what came in which file, what was found wrong with it, and what its undo needs.

The catalogue is everybody's, so nothing here has an owner but the import itself, which its own house sees.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from parts_catalog.metadata import metadata

# Ids rise in the order in which imports begin; being small, they stand on ten million applications.
# `organisation` and `account` are NULL for an import by the command line on the server's own machine.
# `undo_refused` says why an undo that was to be done in the background was not: a problem's code, detail and extras.
imports = Table(
    "imports",
    metadata,
    Column("id", Integer, Identity()),
    Column("organisation", Text),
    Column("account", Text),
    Column("file_name", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("format", Text, nullable=False),  # aces, pies, csv, xlsx, ...
    Column("version", Text),  # of the format, as the file says
    Column("mode", Text, nullable=False),
    Column("brands", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("state", Text, nullable=False),
    Column("counts", JSONB, nullable=False, server_default=text("'{}'")),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    Column("facts", JSONB, nullable=False, server_default=text("'{}'")),  # what the file's head says, of no person
    Column("bytes", BigInteger, nullable=False, server_default=text("0")),
    Column("bytes_read", BigInteger, nullable=False, server_default=text("0")),
    Column("undo_refused", JSONB),
    PrimaryKeyConstraint("id"),
    CheckConstraint("mode IN ('full', 'incremental')", name="mode"),
    CheckConstraint("state IN ('waiting', 'running', 'dry', 'done', 'undoing', 'undone', 'failed')", name="state"),
    Index(None, "organisation"),
)

# Both kinds are in the order of the file. `line` is NULL for what concerns the file as a whole.
import_findings = Table(
    "import_findings",
    metadata,
    Column("id", BigInteger, Identity()),
    Column("import_id", Integer, nullable=False),
    Column("line", Integer),
    Column("severity", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("text_en", Text, nullable=False),
    Column("text_zh", Text, nullable=False),
    Column("excerpt", Text),
    PrimaryKeyConstraint("id"),
    ForeignKeyConstraint(["import_id"], ["imports.id"]),
    CheckConstraint("severity IN ('rejected', 'warning')", name="severity"),
    Index("ix_import_findings_import_id", "import_id", "id"),
)

# A row that an import changed in place: `before` is the whole row as it was, {column: value}; of a price that was not
# there, its key alone.
import_changes = Table(
    "import_changes",
    metadata,
    Column("id", BigInteger, Identity()),
    Column("import_id", Integer, nullable=False),
    Column("changed_table", Text, nullable=False),
    Column("before", JSONB, nullable=False),
    PrimaryKeyConstraint("id"),
    ForeignKeyConstraint(["import_id"], ["imports.id"]),
    Index(None, "import_id"),
)

# The house that first imported a brand keeps it.
brand_keepers = Table(
    "brand_keepers",
    metadata,
    Column("brand", Text),
    Column("organisation", Text, nullable=False),
    PrimaryKeyConstraint("brand"),
    ForeignKeyConstraint(["brand"], ["brands.name"]),
)
