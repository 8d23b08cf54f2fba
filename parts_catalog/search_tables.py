"""The index of words, derived from `parts` in the transaction that writes them, and the version of the catalogue.

Derived rows have no foreign keys: they are rebuilt, never repaired.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from parts_catalog.metadata import metadata

search_words = Table(
    "search_words",
    metadata,
    Column("id", Integer, Identity()),
    Column("word", Text, nullable=False),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("word"),
    Index(
        "ix_search_words_word_trigrams",
        "word",
        postgresql_using="gin",
        postgresql_ops={"word": "gin_trgm_ops"},
    ),
)

# Which parts a word finds, the best first: `rank` is static, `part` is `parts.no`.
part_words = Table(
    "part_words",
    metadata,
    Column("word", Integer, autoincrement=False),
    Column("rank", SmallInteger, autoincrement=False),
    Column("part", Integer, autoincrement=False),
    PrimaryKeyConstraint("word", "rank", "part"),
)

# Raised by every transaction that changes what the catalogue answers; what was derived from an older one is stale.
catalogue_version = Table(
    "catalogue_version",
    metadata,
    Column("only_row", Boolean, server_default=text("true")),
    Column("version", BigInteger, nullable=False),
    PrimaryKeyConstraint("only_row"),
    CheckConstraint("only_row", name="only_row"),
)
