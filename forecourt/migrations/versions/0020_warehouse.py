"""The warehouse: locations, the ledger of pieces, counts, expected deliveries and back-orders."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _make_locations()
    _make_changes()
    _make_counts()
    _make_deliveries()
    _make_back_orders()


def downgrade() -> None:
    for table in ("back_orders", "expected_deliveries", "counts", "stock_changes"):
        op.drop_table(table)
    op.drop_constraint("fk_stock_location", "stock")
    op.drop_table("locations")


def _make_locations() -> None:
    op.create_table(
        "locations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("ships", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'open'"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint("kind IN ('warehouse', 'workshop')", name=op.f("ck_locations_kind")),
        sa.CheckConstraint("state IN ('open', 'closed')", name=op.f("ck_locations_state")),
        sa.CheckConstraint("(latitude IS NULL) = (longitude IS NULL)", name=op.f("ck_locations_place")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_locations")),
    )
    op.create_index(op.f("ix_locations_organisation"), "locations", ["organisation"])
    # A workshop's shelf bears the workshop's name and place; what no workshop names is a warehouse.
    op.execute("""
        INSERT INTO locations (id, organisation, kind, name_en, name_zh, latitude, longitude, ships)
        SELECT DISTINCT ON (stock_location)
            stock_location, organisation, 'workshop', name_en, name_zh, latitude, longitude, false
        FROM workshops ORDER BY stock_location, id
    """)
    op.execute("""
        INSERT INTO locations (id, organisation, kind, name_en, name_zh, ships)
        SELECT DISTINCT ON (location) location, organisation, 'warehouse', location, location, true
        FROM stock ORDER BY location, organisation ON CONFLICT DO NOTHING
    """)
    op.create_foreign_key(op.f("fk_stock_location"), "stock", "locations", ["location"], ["id"])


def _make_changes() -> None:
    op.create_table(
        "stock_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("on_hand", sa.Integer(), nullable=False),
        sa.Column("account", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('received', 'counted', 'adjusted', 'moved_out', 'moved_in', 'issued', 'returned', 'scrapped')",
            name=op.f("ck_stock_changes_kind"),
        ),
        sa.CheckConstraint("quantity <> 0", name=op.f("ck_stock_changes_quantity")),
        sa.CheckConstraint("on_hand >= 0", name=op.f("ck_stock_changes_on_hand")),
        _of_stock("stock_changes"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_changes")),
    )
    op.create_index(op.f("ix_stock_changes_part_location_id"), "stock_changes", ["part", "location", "id"])
    op.create_index(op.f("ix_stock_changes_organisation_id"), "stock_changes", ["organisation", "id"])
    op.create_index(
        op.f("ix_stock_changes_reference"),
        "stock_changes",
        ["reference"],
        postgresql_where=sa.text("reference IS NOT NULL"),
    )
    # What lay there before the ledger began is its first line.
    op.execute("""
        INSERT INTO stock_changes (part, location, organisation, kind, quantity, on_hand, reason, at)
        SELECT part, location, organisation, 'counted', on_hand, on_hand, 'opening balance', transaction_timestamp()
        FROM stock WHERE on_hand > 0 ORDER BY part, location
    """)


def _make_counts() -> None:
    op.create_table(
        "counts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("on_hand", sa.Integer(), nullable=False),
        sa.Column("counted", sa.Integer(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('open', 'booked', 'dropped')", name=op.f("ck_counts_state")),
        sa.CheckConstraint(
            "counted >= 0 AND (state = 'booked') = (counted IS NOT NULL)", name=op.f("ck_counts_counted")
        ),
        sa.CheckConstraint("(state = 'open') = (ended_at IS NULL)", name=op.f("ck_counts_ended")),
        _of_stock("counts"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_counts")),
    )
    op.create_index(
        "uq_counts_open", "counts", ["part", "location"], unique=True, postgresql_where=sa.text("state = 'open'")
    )
    op.create_index(op.f("ix_counts_organisation_started_at_id"), "counts", ["organisation", "started_at", "id"])


def _make_deliveries() -> None:
    op.create_table(
        "expected_deliveries",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("supplier", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("received", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("quantity > 0 AND received >= 0", name=op.f("ck_expected_deliveries_quantity")),
        sa.CheckConstraint("state IN ('expected', 'received', 'cancelled')", name=op.f("ck_expected_deliveries_state")),
        _of_stock("expected_deliveries"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_expected_deliveries")),
    )
    op.create_index(
        "ix_expected_deliveries_open",
        "expected_deliveries",
        ["part", "location", "day"],
        postgresql_where=sa.text("state = 'expected'"),
    )
    op.create_index(
        op.f("ix_expected_deliveries_organisation_day_id"), "expected_deliveries", ["organisation", "day", "id"]
    )


def _make_back_orders() -> None:
    op.create_table(
        "back_orders",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("no", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("expected", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reserved_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_back_orders_quantity")),
        sa.CheckConstraint("state IN ('waiting', 'filled', 'released')", name=op.f("ck_back_orders_state")),
        sa.CheckConstraint("(state = 'waiting') = (ended_at IS NULL)", name=op.f("ck_back_orders_ended")),
        _of_stock("back_orders"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_back_orders")),
    )
    waiting = sa.text("state = 'waiting'")
    for name, columns in (
        ("waiting", ["part", "location", "no"]),
        ("holder", ["holder"]),
        ("due", ["reserved_until"]),
    ):
        op.create_index(f"ix_back_orders_{name}", "back_orders", columns, postgresql_where=waiting)


def _of_stock(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["part", "location"], ["stock.part", "stock.location"], name=op.f(f"fk_{table}_stock")
    )
