"""What parts cost, where they lie, and what is held for whom: every row has an owning organisation."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
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

# Net prices in minor units; `price_list` 'base' is what everybody pays until lists per channel exist.
prices = Table(
    "prices",
    metadata,
    Column("price_list", Text),
    Column("part", Text),
    Column("currency", Text),
    Column("organisation", Text, nullable=False),
    Column("net_amount", Integer, nullable=False),
    Column("tax_basis_points", Integer, nullable=False),
    PrimaryKeyConstraint("price_list", "part", "currency"),
    ForeignKeyConstraint(["part"], ["parts.id"]),
    CheckConstraint("net_amount >= 0", name="net_amount"),
    CheckConstraint("tax_basis_points BETWEEN 0 AND 10000", name="tax_basis_points"),
    Index(None, "part"),
)

# The CHECK on `reserved` is the guarantee that nothing is promised twice, whatever the code above it does.
stock = Table(
    "stock",
    metadata,
    Column("part", Text),
    Column("location", Text),
    Column("organisation", Text, nullable=False),
    Column("on_hand", Integer, nullable=False),
    Column("reserved", Integer, nullable=False, server_default=text("0")),
    Column("expected", Date),
    PrimaryKeyConstraint("part", "location"),
    ForeignKeyConstraint(["part"], ["parts.id"]),
    ForeignKeyConstraint(["location"], ["locations.id"]),
    CheckConstraint("reserved >= 0 AND reserved <= on_hand", name="reserved"),
    Index(None, "location"),
)

reservations = Table(
    "reservations",
    metadata,
    Column("id", Text),
    Column("part", Text, nullable=False),
    Column("location", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("holder", Text, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("reserved_until", DateTime(timezone=True)),
    Column("expected", Date),  # these very pieces turned out to come on that day only
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("id"),
    ForeignKeyConstraint(["part", "location"], ["stock.part", "stock.location"], name="fk_reservations_stock"),
    CheckConstraint("quantity > 0", name="quantity"),
    CheckConstraint("state IN ('held', 'released', 'expired', 'issued')", name="state"),
    CheckConstraint("(state = 'held') = (ended_at IS NULL)", name="ended"),
    Index(
        "uq_reservations_one_hold", "holder", "part", "location", unique=True, postgresql_where=text("state = 'held'")
    ),
    Index("ix_reservations_held", "part", "location", postgresql_where=text("state = 'held'")),
    Index("ix_reservations_due", "reserved_until", postgresql_where=text("state = 'held'")),
)
