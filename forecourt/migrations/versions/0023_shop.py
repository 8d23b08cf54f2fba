"""The shop: carts, orders with their lines, and shipments."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _make_carts()
    _make_cart_lines()
    _make_orders()
    _make_order_lines()
    _make_shipments()
    _make_shipment_lines()


def downgrade() -> None:
    for table in ("shipment_lines", "shipments", "order_lines", "orders", "cart_lines", "carts"):
        op.drop_table(table)


def _make_carts() -> None:
    op.create_table(
        "carts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'open'"), nullable=False),
        sa.Column("case", sa.Text(), nullable=True),
        sa.Column("vehicle", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("shown", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('open', 'ordered')", name=op.f("ck_carts_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_carts")),
    )
    op.create_index(
        "ix_carts_held",
        "carts",
        ["organisation", "held_until"],
        unique=False,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index(
        op.f("ix_carts_organisation_created_at_id"), "carts", ["organisation", "created_at", "id"], unique=False
    )


def _make_cart_lines() -> None:
    op.create_table(
        "cart_lines",
        sa.Column("cart", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("back_order", sa.Boolean(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_cart_lines_quantity")),
        sa.ForeignKeyConstraint(["cart"], ["carts.id"], name=op.f("fk_cart_lines_cart")),
        sa.ForeignKeyConstraint(["part"], ["parts.id"], name=op.f("fk_cart_lines_part")),
        sa.PrimaryKeyConstraint("cart", "part", name=op.f("pk_cart_lines")),
    )


def _make_orders() -> None:
    op.create_table(
        "orders",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("cart", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("case", sa.Text(), nullable=True),
        sa.Column("vehicle", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("net_amount", sa.Integer(), nullable=False),
        sa.Column("tax_amount", sa.Integer(), nullable=False),
        sa.Column("quote_digest", sa.Text(), nullable=False),
        sa.Column("delivery", sa.Text(), nullable=False),
        sa.Column("pickup_location", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("promised_on", sa.Date(), nullable=False),
        sa.Column("payment", sa.Text(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(delivery = 'pickup') = (pickup_location IS NOT NULL)", name=op.f("ck_orders_pickup_location")
        ),
        sa.CheckConstraint("delivery IN ('address', 'pickup')", name=op.f("ck_orders_delivery")),
        sa.CheckConstraint(
            "state IN ('awaiting_payment', 'paid', 'completed', 'partly_returned', 'returned', 'cancelled', 'expired')",
            name=op.f("ck_orders_state"),
        ),
        sa.CheckConstraint("net_amount >= 0 AND tax_amount >= 0", name=op.f("ck_orders_amounts")),
        sa.ForeignKeyConstraint(["cart"], ["carts.id"], name=op.f("fk_orders_cart")),
        sa.ForeignKeyConstraint(["pickup_location"], ["locations.id"], name=op.f("fk_orders_pickup_location")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("cart", name=op.f("uq_orders_cart")),
    )
    op.create_index("ix_orders_case", "orders", ["case"], unique=False, postgresql_where=sa.text('"case" IS NOT NULL'))
    op.create_index(
        "ix_orders_due", "orders", ["due_at"], unique=False, postgresql_where=sa.text("state = 'awaiting_payment'")
    )
    op.create_index(
        op.f("ix_orders_organisation_created_at_id"), "orders", ["organisation", "created_at", "id"], unique=False
    )


def _make_order_lines() -> None:
    op.create_table(
        "order_lines",
        sa.Column("order", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("list_amount", sa.Integer(), nullable=False),
        sa.Column("net_amount", sa.Integer(), nullable=False),
        sa.Column("tax_amount", sa.Integer(), nullable=False),
        sa.Column("tax_basis_points", sa.Integer(), nullable=False),
        sa.Column("price", postgresql.JSONB(), nullable=False),
        sa.Column("returned", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint(
            "list_amount >= 0 AND net_amount >= 0 AND tax_amount >= 0", name=op.f("ck_order_lines_amounts")
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_order_lines_quantity")),
        sa.CheckConstraint("returned >= 0 AND returned <= quantity", name=op.f("ck_order_lines_returned")),
        sa.ForeignKeyConstraint(["order"], ["orders.id"], name=op.f("fk_order_lines_order")),
        sa.ForeignKeyConstraint(["part"], ["parts.id"], name=op.f("fk_order_lines_part")),
        sa.PrimaryKeyConstraint("order", "number", name=op.f("pk_order_lines")),
    )
    op.create_index(op.f("ix_order_lines_part_order"), "order_lines", ["part", "order"], unique=False)


def _make_shipments() -> None:
    op.create_table(
        "shipments",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("order", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("delivery", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("distance_km", sa.Integer(), nullable=True),
        sa.Column("carrier", sa.Text(), nullable=True),
        sa.Column("tracking_number", sa.Text(), nullable=True),
        sa.Column("promised_on", sa.Date(), nullable=False),
        sa.Column("late_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("shipped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("delivery IN ('address', 'pickup')", name=op.f("ck_shipments_delivery")),
        sa.CheckConstraint(
            "state IN ('planned', 'to_pick', 'picked', 'packed', 'shipped', 'delivered', 'lost', 'cancelled')",
            name=op.f("ck_shipments_state"),
        ),
        sa.ForeignKeyConstraint(["location"], ["locations.id"], name=op.f("fk_shipments_location")),
        sa.ForeignKeyConstraint(["order"], ["orders.id"], name=op.f("fk_shipments_order")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipments")),
        sa.UniqueConstraint("order", "location", name=op.f("uq_shipments_order_location")),
    )
    op.create_index(
        op.f("ix_shipments_organisation_created_at_id"), "shipments", ["organisation", "created_at", "id"], unique=False
    )
    op.create_index(
        "ix_shipments_promised",
        "shipments",
        ["promised_on"],
        unique=False,
        postgresql_where=sa.text("state IN ('to_pick', 'picked', 'packed', 'shipped') AND late_at IS NULL"),
    )
    op.create_index(
        "ix_shipments_shipped", "shipments", ["shipped_at"], unique=False, postgresql_where=sa.text("state = 'shipped'")
    )


def _make_shipment_lines() -> None:
    op.create_table(
        "shipment_lines",
        sa.Column("shipment", sa.Text(), nullable=False),
        sa.Column("order", sa.Text(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_shipment_lines_quantity")),
        sa.ForeignKeyConstraint(
            ["order", "number"], ["order_lines.order", "order_lines.number"], name="fk_shipment_lines_line"
        ),
        sa.ForeignKeyConstraint(["shipment"], ["shipments.id"], name=op.f("fk_shipment_lines_shipment")),
        sa.PrimaryKeyConstraint("shipment", "number", name=op.f("pk_shipment_lines")),
    )
    op.create_index(op.f("ix_shipment_lines_order_number"), "shipment_lines", ["order", "number"], unique=False)
