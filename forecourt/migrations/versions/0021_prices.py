"""Prices: lists of each seller, customer groups and promotions; pictures and reviews of parts."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _lists()
    _promotions()
    _shown()


def downgrade() -> None:
    for table in (
        "part_reviews",
        "part_images",
        "promotion_uses",
        "promotions",
        "list_prices",
        "price_lists",
        "customer_group_members",
        "customer_groups",
    ):
        op.drop_table(table)


def _lists() -> None:
    op.create_table(
        "customer_groups",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_groups")),
        sa.UniqueConstraint("id", "organisation", name=op.f("uq_customer_groups_id_organisation")),
        sa.UniqueConstraint("organisation", "name", name=op.f("uq_customer_groups_organisation_name")),
    )
    op.create_table(
        "customer_group_members",
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("buyer", sa.Text(), nullable=False),
        sa.Column("customer_group", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_group", "organisation"],
            ["customer_groups.id", "customer_groups.organisation"],
            name="fk_customer_group_members_group",
        ),
        sa.PrimaryKeyConstraint("organisation", "buyer", name=op.f("pk_customer_group_members")),
    )
    op.create_index(
        op.f("ix_customer_group_members_customer_group_buyer"),
        "customer_group_members",
        ["customer_group", "buyer"],
        unique=False,
    )
    op.create_table(
        "price_lists",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("customer_group", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("priority", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'active'"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("channel IN ('web', 'counter', 'b2b')", name=op.f("ck_price_lists_channel")),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_price_lists_currency")),
        sa.CheckConstraint("state IN ('active', 'ended')", name=op.f("ck_price_lists_state")),
        sa.CheckConstraint("valid_from < valid_until", name=op.f("ck_price_lists_window")),
        sa.ForeignKeyConstraint(
            ["customer_group", "organisation"],
            ["customer_groups.id", "customer_groups.organisation"],
            name="fk_price_lists_group",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_lists")),
    )
    op.create_index("ix_price_lists_organisation", "price_lists", ["organisation", "id"], unique=False)
    op.create_table(
        "list_prices",
        sa.Column("price_list", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("from_quantity", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("net_amount", sa.Integer(), nullable=False),
        sa.Column("tax_basis_points", sa.Integer(), nullable=False),
        sa.CheckConstraint("from_quantity >= 1", name=op.f("ck_list_prices_from_quantity")),
        sa.CheckConstraint("net_amount >= 0", name=op.f("ck_list_prices_net_amount")),
        sa.CheckConstraint("tax_basis_points BETWEEN 0 AND 10000", name=op.f("ck_list_prices_tax_basis_points")),
        sa.ForeignKeyConstraint(["part"], ["parts.id"], name=op.f("fk_list_prices_part")),
        sa.ForeignKeyConstraint(["price_list"], ["price_lists.id"], name=op.f("fk_list_prices_price_list")),
        sa.PrimaryKeyConstraint("price_list", "part", "from_quantity", name=op.f("pk_list_prices")),
    )
    op.create_index(op.f("ix_list_prices_part_price_list"), "list_prices", ["part", "price_list"], unique=False)


def _promotions() -> None:
    op.create_table(
        "promotions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("target_value", sa.Text(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("customer_group", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("limit_total", sa.Integer(), nullable=True),
        sa.Column("limit_per_buyer", sa.Integer(), nullable=True),
        sa.Column("combinable", sa.Boolean(), nullable=False),
        sa.Column("priority", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("used", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'active'"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(kind = 'amount') = (currency IS NOT NULL)", name=op.f("ck_promotions_currency")),
        sa.CheckConstraint("(target = 'order') = (target_value IS NULL)", name=op.f("ck_promotions_target_value")),
        sa.CheckConstraint("channel IN ('web', 'counter', 'b2b')", name=op.f("ck_promotions_channel")),
        sa.CheckConstraint("kind IN ('percentage', 'amount')", name=op.f("ck_promotions_kind")),
        sa.CheckConstraint("state IN ('active', 'ended')", name=op.f("ck_promotions_state")),
        sa.CheckConstraint("target IN ('part', 'brand', 'part_type', 'order')", name=op.f("ck_promotions_target")),
        sa.CheckConstraint("value > 0 AND (kind = 'amount' OR value <= 10000)", name=op.f("ck_promotions_value")),
        sa.CheckConstraint("limit_total > 0 AND limit_per_buyer > 0", name=op.f("ck_promotions_limits")),
        sa.CheckConstraint(
            "used >= 0 AND (limit_total IS NULL OR used <= limit_total)", name=op.f("ck_promotions_used")
        ),
        sa.CheckConstraint("valid_from < valid_until", name=op.f("ck_promotions_window")),
        sa.ForeignKeyConstraint(
            ["customer_group", "organisation"],
            ["customer_groups.id", "customer_groups.organisation"],
            name="fk_promotions_group",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promotions")),
    )
    op.create_index("ix_promotions_organisation", "promotions", ["organisation", "id"], unique=False)
    op.create_index(
        "uq_promotions_code",
        "promotions",
        ["organisation", "code"],
        unique=True,
        postgresql_where=sa.text("state = 'active' AND code IS NOT NULL"),
    )
    op.create_table(
        "promotion_uses",
        sa.Column("promotion", sa.Text(), nullable=False),
        sa.Column("order", sa.Text(), nullable=False),
        sa.Column("buyer", sa.Text(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("given_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["promotion"], ["promotions.id"], name=op.f("fk_promotion_uses_promotion")),
        sa.PrimaryKeyConstraint("promotion", "order", name=op.f("pk_promotion_uses")),
    )
    op.create_index(
        "ix_promotion_uses_buyer",
        "promotion_uses",
        ["promotion", "buyer"],
        unique=False,
        postgresql_where=sa.text("given_back_at IS NULL"),
    )
    op.create_index(op.f("ix_promotion_uses_order"), "promotion_uses", ["order"], unique=False)


def _shown() -> None:
    op.create_table(
        "part_images",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "media_type IN ('image/png', 'image/jpeg', 'image/webp')", name=op.f("ck_part_images_media_type")
        ),
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name=op.f("ck_part_images_sha256")),
        sa.CheckConstraint("width > 0 AND height > 0 AND bytes > 0", name=op.f("ck_part_images_size")),
        sa.ForeignKeyConstraint(["part"], ["parts.id"], name=op.f("fk_part_images_part")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_part_images")),
    )
    op.create_index(
        "uq_part_images_one",
        "part_images",
        ["part", "sha256"],
        unique=True,
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_table(
        "part_reviews",
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("rating", sa.SmallInteger(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("reviewed_by", sa.Text(), nullable=False),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("rating BETWEEN 1 AND 5", name=op.f("ck_part_reviews_rating")),
        sa.ForeignKeyConstraint(["part"], ["parts.id"], name=op.f("fk_part_reviews_part")),
        sa.PrimaryKeyConstraint("part", "organisation", name=op.f("pk_part_reviews")),
    )
    op.create_index("ix_part_reviews_latest", "part_reviews", ["part", "reviewed_at", "organisation"], unique=False)
