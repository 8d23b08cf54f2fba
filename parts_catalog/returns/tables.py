"""The tables of returns. `organisation` is the buyer, `seller` the house that sold and takes back."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

from parts_catalog.metadata import metadata

# `words` are the buyer's, `answer` the seller's. `refund` is the money that is on its way back.
returns = Table(
    "returns",
    metadata,
    Column("id", Text),
    Column("order", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("seller", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("answer", Text, nullable=False, server_default=text("''")),
    Column("currency", Text, nullable=False),
    Column("refund", Text),
    Column("refund_amount", Integer, nullable=False, server_default=text("0")),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("id"),
    ForeignKeyConstraint(["order"], ["orders.id"]),
    CheckConstraint(
        "state IN ('asked', 'approved', 'refused', 'withdrawn', 'received', 'inspected', 'refunded', 'closed')",
        name="state",
    ),
    CheckConstraint("reason IN ('not_needed', 'wrong_part', 'defective', 'damaged', 'case_declined')", name="reason"),
    CheckConstraint("refund_amount >= 0", name="refund_amount"),
    Index(None, "order"),
    Index(None, "organisation", "created_at", "id"),
    Index(None, "seller", "created_at", "id"),
    Index("ix_returns_refund", "refund", postgresql_where=text("refund IS NOT NULL")),
)

# Pieces of the order's line `number` that came from `location`, where they go back to.
return_lines = Table(
    "return_lines",
    metadata,
    Column("return_id", Text),
    Column("order", Text, nullable=False),
    Column("number", Integer),
    Column("location", Text),
    Column("part", Text, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("restocked", Integer, nullable=False, server_default=text("0")),
    Column("scrapped", Integer, nullable=False, server_default=text("0")),
    Column("rejected", Integer, nullable=False, server_default=text("0")),
    PrimaryKeyConstraint("return_id", "number", "location"),
    ForeignKeyConstraint(["return_id"], ["returns.id"]),
    ForeignKeyConstraint(["order", "number"], ["order_lines.order", "order_lines.number"], name="fk_return_lines_line"),
    ForeignKeyConstraint(["location"], ["locations.id"]),
    CheckConstraint("quantity > 0", name="quantity"),
    CheckConstraint(
        "restocked >= 0 AND scrapped >= 0 AND rejected >= 0 AND restocked + scrapped + rejected <= quantity",
        name="inspected",
    ),
    Index(None, "order", "number"),
)
