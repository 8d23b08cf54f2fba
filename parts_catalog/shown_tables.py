"""What buyers see and say of parts: pictures of the seller's own, and reviews by those who bought."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    text,
)

from parts_catalog.metadata import metadata

# The bytes lie under the data directory, by their SHA-256; a picture that was taken away stays as a row without answer.
part_images = Table(
    "part_images",
    metadata,
    Column("id", Text),
    Column("part", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("removed_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("id"),
    ForeignKeyConstraint(["part"], ["parts.id"]),
    CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256"),
    CheckConstraint("media_type IN ('image/png', 'image/jpeg', 'image/webp')", name="media_type"),
    CheckConstraint("width > 0 AND height > 0 AND bytes > 0", name="size"),
    Index("uq_part_images_one", "part", "sha256", unique=True, postgresql_where=text("removed_at IS NULL")),
    Index(None, "part"),
)

part_reviews = Table(
    "part_reviews",
    metadata,
    Column("part", Text),
    Column("organisation", Text),
    Column("rating", SmallInteger, nullable=False),
    Column("words", Text, nullable=False),
    Column("reviewed_by", Text, nullable=False),
    Column("reviewed_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("part", "organisation"),
    ForeignKeyConstraint(["part"], ["parts.id"]),
    CheckConstraint("rating BETWEEN 1 AND 5", name="rating"),
    Index("ix_part_reviews_latest", "part", "reviewed_at", "organisation"),
)
