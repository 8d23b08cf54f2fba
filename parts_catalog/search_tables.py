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

# `parts`: how many parts the word finds.
search_words = Table(
    "search_words",
    metadata,
    Column("id", Integer, Identity()),
    Column("word", Text, nullable=False),
    Column("parts", Integer, nullable=False, server_default=text("0")),
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
    Index(None, "part"),
)

# By which words makes and model lines are known, as keys (`spelling.name_key`); `model_line` is '' for a make.
search_vehicles = Table(
    "search_vehicles",
    metadata,
    Column("word", Text),
    Column("make", Text),
    Column("model_line", Text),
    PrimaryKeyConstraint("word", "make", "model_line"),
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
