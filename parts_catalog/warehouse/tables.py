"""The tables of the warehouse beside stock itself: locations, the ledger of pieces, counts, deliveries, back-orders."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

from parts_catalog.metadata import metadata


def _of_stock(table: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["part", "location"], ["stock.part", "stock.location"], name=f"fk_{table}_stock")


# `ships`: from here parts are sent to buyers; a workshop keeps its shelf for its own visits. `region` is ISO 3166-2.
locations = Table(
    "locations",
    metadata,
    Column("id", Text),
    Column("organisation", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("name_zh", Text, nullable=False),
    Column("latitude", Double),
    Column("longitude", Double),
    Column("region", Text),
    Column("ships", Boolean, nullable=False),
    Column("state", Text, nullable=False, server_default=text("'open'")),
    Column("version", Integer, nullable=False, server_default=text("1")),
    PrimaryKeyConstraint("id"),
    CheckConstraint("kind IN ('warehouse', 'workshop')", name="kind"),
    CheckConstraint("state IN ('open', 'closed')", name="state"),
    CheckConstraint("(latitude IS NULL) = (longitude IS NULL)", name="place"),
    Index(None, "organisation"),
)

# Append-only. `stock.on_hand` is the sum of its changes, and `on_hand` here what it was after each.
stock_changes = Table(
    "stock_changes",
    metadata,
    Column("id", BigInteger, Identity()),
    Column("part", Text, nullable=False),
    Column("location", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("on_hand", Integer, nullable=False),
    Column("account", Text),  # NULL: the house itself
    Column("reason", Text),
    Column("reference", Text),  # the order, case, count, move, delivery or return that it was for
    Column("at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("id"),
    _of_stock("stock_changes"),
    CheckConstraint(
        "kind IN ('received', 'counted', 'adjusted', 'moved_out', 'moved_in', 'issued', 'returned', 'scrapped')",
        name="kind",
    ),
    CheckConstraint("quantity <> 0", name="quantity"),
    CheckConstraint("on_hand >= 0", name="on_hand"),
    Index(None, "part", "location", "id"),
    Index(None, "organisation", "id"),
    Index(None, "reference", postgresql_where=text("reference IS NOT NULL")),
)

# Stock-taking of one part at one place: `on_hand` is what the books said when counting began.
counts = Table(
    "counts",
    metadata,
    Column("id", Text),
    Column("part", Text, nullable=False),
    Column("location", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("on_hand", Integer, nullable=False),
    Column("counted", Integer),
    Column("state", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("id"),
    _of_stock("counts"),
    CheckConstraint("state IN ('open', 'booked', 'dropped')", name="state"),
    CheckConstraint("counted >= 0 AND (state = 'booked') = (counted IS NOT NULL)", name="counted"),
    CheckConstraint("(state = 'open') = (ended_at IS NULL)", name="ended"),
    Index("uq_counts_open", "part", "location", unique=True, postgresql_where=text("state = 'open'")),
    Index(None, "organisation", "started_at", "id"),
)

# What a supplier sends; `received` of it is on the shelf already.
expected_deliveries = Table(
    "expected_deliveries",
    metadata,
    Column("id", Text),
    Column("organisation", Text, nullable=False),
    Column("supplier", Text, nullable=False),
    Column("part", Text, nullable=False),
    Column("location", Text, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("received", Integer, nullable=False, server_default=text("0")),
    Column("day", Date, nullable=False),
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("created_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("id"),
    _of_stock("expected_deliveries"),
    CheckConstraint("quantity > 0 AND received >= 0", name="quantity"),
    CheckConstraint("state IN ('expected', 'received', 'cancelled')", name="state"),
    Index("ix_expected_deliveries_open", "part", "location", "day", postgresql_where=text("state = 'expected'")),
    Index(None, "organisation", "day", "id"),
)

# Pieces promised out of what is expected, in the order of asking (`no`).
back_orders = Table(
    "back_orders",
    metadata,
    Column("id", Text),
    Column("no", BigInteger, Identity(), nullable=False),
    Column("part", Text, nullable=False),
    Column("location", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("holder", Text, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("expected", Date, nullable=False),
    Column("state", Text, nullable=False),
    Column("reserved_until", DateTime(timezone=True)),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("id"),
    _of_stock("back_orders"),
    CheckConstraint("quantity > 0", name="quantity"),
    CheckConstraint("state IN ('waiting', 'filled', 'released')", name="state"),
    CheckConstraint("(state = 'waiting') = (ended_at IS NULL)", name="ended"),
    Index("ix_back_orders_waiting", "part", "location", "no", postgresql_where=text("state = 'waiting'")),
    Index("ix_back_orders_holder", "holder", postgresql_where=text("state = 'waiting'")),
    Index("ix_back_orders_due", "reserved_until", postgresql_where=text("state = 'waiting'")),
)
