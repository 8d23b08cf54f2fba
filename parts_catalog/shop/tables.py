"""The tables of the shop: carts, orders with the prices that were charged, and one shipment per seller and place."""

from sqlalchemy import (
    Boolean,
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
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from parts_catalog.metadata import metadata

# What lies in a cart is held for it, by its id, until `held_until`. `shown` is the quote that its buyer saw last.
carts = Table(
    "carts",
    metadata,
    Column("id", Text),
    Column("organisation", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("state", Text, nullable=False, server_default=text("'open'")),
    Column("case", Text),
    Column("vehicle", Text),
    Column("code", Text),
    Column("region", Text),
    Column("held_until", DateTime(timezone=True)),
    Column("shown", JSONB(none_as_null=True)),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("id"),
    CheckConstraint("state IN ('open', 'ordered')", name="state"),
    Index(None, "organisation", "created_at", "id"),
    Index("ix_carts_held", "organisation", "held_until", postgresql_where=text("state = 'open'")),
)

cart_lines = Table(
    "cart_lines",
    metadata,
    Column("cart", Text),
    Column("part", Text),
    Column("quantity", Integer, nullable=False),
    Column("back_order", Boolean, nullable=False),
    Column("added_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("cart", "part"),
    ForeignKeyConstraint(["cart"], ["carts.id"]),
    ForeignKeyConstraint(["part"], ["parts.id"]),
    CheckConstraint("quantity > 0", name="quantity"),
    Index(None, "part"),
)

# Until `due_at` it can be paid, and its pieces are held. `name`, `phone` and `address` are erased with the person.
orders = Table(
    "orders",
    metadata,
    Column("id", Text),
    Column("organisation", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("cart", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("case", Text),
    Column("vehicle", Text),
    Column("code", Text),
    Column("currency", Text, nullable=False),
    Column("net_amount", Integer, nullable=False),
    Column("tax_amount", Integer, nullable=False),
    Column("quote_digest", Text, nullable=False),
    Column("delivery", Text, nullable=False),
    Column("pickup_location", Text),
    Column("region", Text),
    Column("name", Text, nullable=False),
    Column("phone", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("promised_on", Date, nullable=False),
    Column("payment", Text),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("paid_at", DateTime(timezone=True)),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("cart"),
    ForeignKeyConstraint(["cart"], ["carts.id"]),
    ForeignKeyConstraint(["pickup_location"], ["locations.id"]),
    CheckConstraint(
        "state IN ('awaiting_payment', 'paid', 'completed', 'partly_returned', 'returned', 'cancelled', 'expired')",
        name="state",
    ),
    CheckConstraint("delivery IN ('address', 'pickup')", name="delivery"),
    CheckConstraint("(delivery = 'pickup') = (pickup_location IS NOT NULL)", name="pickup_location"),
    CheckConstraint("net_amount >= 0 AND tax_amount >= 0", name="amounts"),
    Index(None, "organisation", "created_at", "id"),
    Index("ix_orders_due", "due_at", postgresql_where=text("state = 'awaiting_payment'")),
    Index("ix_orders_case", "case", postgresql_where=text('"case" IS NOT NULL')),
)

# What was charged: amounts are of the whole line, after promotions. `organisation` sells it.
order_lines = Table(
    "order_lines",
    metadata,
    Column("order", Text),
    Column("number", Integer),
    Column("part", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("list_amount", Integer, nullable=False),
    Column("net_amount", Integer, nullable=False),
    Column("tax_amount", Integer, nullable=False),
    Column("tax_basis_points", Integer, nullable=False),
    Column("price", JSONB, nullable=False),  # the line of the quote, as it was shown
    Column("returned", Integer, nullable=False, server_default=text("0")),
    PrimaryKeyConstraint("order", "number"),
    ForeignKeyConstraint(["order"], ["orders.id"]),
    ForeignKeyConstraint(["part"], ["parts.id"]),
    CheckConstraint("quantity > 0", name="quantity"),
    CheckConstraint("list_amount >= 0 AND net_amount >= 0 AND tax_amount >= 0", name="amounts"),
    CheckConstraint("returned >= 0 AND returned <= quantity", name="returned"),
    Index(None, "part", "order"),
)

# One parcel from one place. Its seller sees of the order what stands here; the address is erased with the person.
shipments = Table(
    "shipments",
    metadata,
    Column("id", Text),
    Column("order", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("location", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("delivery", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("phone", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("distance_km", Integer),
    Column("carrier", Text),  # NULL: collected where it lies
    Column("tracking_number", Text),
    Column("promised_on", Date, nullable=False),
    Column("late_at", DateTime(timezone=True)),
    Column("shipped_at", DateTime(timezone=True)),
    Column("delivered_at", DateTime(timezone=True)),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("order", "location"),
    ForeignKeyConstraint(["order"], ["orders.id"]),
    ForeignKeyConstraint(["location"], ["locations.id"]),
    CheckConstraint(
        "state IN ('planned', 'to_pick', 'picked', 'packed', 'shipped', 'delivered', 'lost', 'cancelled')",
        name="state",
    ),
    CheckConstraint("delivery IN ('address', 'pickup')", name="delivery"),
    Index(None, "organisation", "created_at", "id"),
    Index(
        "ix_shipments_promised",
        "promised_on",
        postgresql_where=text("state IN ('to_pick', 'picked', 'packed', 'shipped') AND late_at IS NULL"),
    ),
    Index("ix_shipments_shipped", "shipped_at", postgresql_where=text("state = 'shipped'")),
)

# `quantity` pieces of the order's line `number`; a line may come in several parcels.
shipment_lines = Table(
    "shipment_lines",
    metadata,
    Column("shipment", Text),
    Column("order", Text),
    Column("number", Integer),
    Column("part", Text, nullable=False),
    Column("quantity", Integer, nullable=False),
    PrimaryKeyConstraint("shipment", "number"),
    ForeignKeyConstraint(["shipment"], ["shipments.id"]),
    ForeignKeyConstraint(
        ["order", "number"], ["order_lines.order", "order_lines.number"], name="fk_shipment_lines_line"
    ),
    CheckConstraint("quantity > 0", name="quantity"),
    Index(None, "order", "number"),
)
