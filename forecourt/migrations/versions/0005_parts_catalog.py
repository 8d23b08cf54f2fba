"""the tables of parts_catalog."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "brands",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("quality", sa.Text(), nullable=False),
        sa.Column("rank", sa.SmallInteger(), nullable=False),
        sa.CheckConstraint("quality IN ('original', 'aftermarket', 'economy')", name=op.f("ck_brands_quality")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_brands")),
    )
    op.create_table(
        "vehicle_configurations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("make", sa.Text(), nullable=False),
        sa.Column("make_zh", sa.Text(), nullable=False),
        sa.Column("make_key", sa.Text(), nullable=False),
        sa.Column("model_line", sa.Text(), nullable=False),
        sa.Column("model_line_zh", sa.Text(), nullable=False),
        sa.Column("model_line_key", sa.Text(), nullable=False),
        sa.Column("model_line_zh_key", sa.Text(), nullable=False),
        sa.Column("year_from", sa.SmallInteger(), nullable=False),
        sa.Column("year_to", sa.SmallInteger(), nullable=False),
        sa.Column("fuel", sa.Text(), nullable=False),
        sa.Column("displacement_l", sa.Numeric(precision=3, scale=1), nullable=True),
        sa.Column("cylinders", sa.SmallInteger(), nullable=True),
        sa.Column("aspiration", sa.Text(), nullable=True),
        sa.Column("transmission", sa.Text(), nullable=False),
        sa.Column("drive", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("engine_code", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=False),
        sa.CheckConstraint("year_from <= year_to", name=op.f("ck_vehicle_configurations_years")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vehicle_configurations")),
    )
    op.create_index(
        op.f("ix_vehicle_configurations_make_key_model_line_key"),
        "vehicle_configurations",
        ["make_key", "model_line_key"],
        unique=False,
    )
    op.create_index(
        op.f("ix_vehicle_configurations_model_line_zh_key"),
        "vehicle_configurations",
        ["model_line_zh_key"],
        unique=False,
    )
    op.create_table(
        "completeness",
        sa.Column("brand", sa.Text(), nullable=False),
        sa.Column("part_type", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["brand"], ["brands.name"], name=op.f("fk_completeness_brand")),
        sa.PrimaryKeyConstraint("brand", "part_type", name=op.f("pk_completeness")),
    )
    op.create_table(
        "parts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("brand", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("number_key", sa.Text(), nullable=False),
        sa.Column("part_type", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.CheckConstraint("number_key <> ''", name=op.f("ck_parts_number_key")),
        sa.ForeignKeyConstraint(["brand"], ["brands.name"], name=op.f("fk_parts_brand")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parts")),
        sa.UniqueConstraint("brand", "number_key", name=op.f("uq_parts_brand_number_key")),
        sa.UniqueConstraint("id", "part_type", name=op.f("uq_parts_id_part_type")),
    )
    op.create_index(
        "ix_parts_number_key_prefix",
        "parts",
        ["number_key"],
        unique=False,
        postgresql_ops={"number_key": "text_pattern_ops"},
    )
    op.create_index(op.f("ix_parts_part_type"), "parts", ["part_type"], unique=False)
    op.create_index(
        "ix_parts_search_text_trigrams",
        "parts",
        ["search_text"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"search_text": "gin_trgm_ops"},
    )
    op.create_table(
        "applications",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("part_type", sa.Text(), nullable=False),
        sa.Column("make", sa.Text(), nullable=True),
        sa.Column("model_line", sa.Text(), nullable=True),
        sa.Column("year_from", sa.SmallInteger(), nullable=True),
        sa.Column("year_to", sa.SmallInteger(), nullable=True),
        sa.Column("built_from", sa.Text(), nullable=True),
        sa.Column("built_to", sa.Text(), nullable=True),
        sa.Column("fuel", sa.Text(), nullable=True),
        sa.Column("displacement_l", sa.Numeric(precision=3, scale=1), nullable=True),
        sa.Column("cylinders", sa.SmallInteger(), nullable=True),
        sa.Column("aspiration", sa.Text(), nullable=True),
        sa.Column("transmission", sa.Text(), nullable=True),
        sa.Column("drive", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("engine_code", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("position", sa.Text(), nullable=True),
        sa.Column("quantity", sa.SmallInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("equipment", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("note_en", sa.Text(), nullable=True),
        sa.Column("note_zh", sa.Text(), nullable=True),
        sa.Column("excludes", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "built_from ~ '^\\d{4}-(0[1-9]|1[0-2])$' AND built_to ~ '^\\d{4}-(0[1-9]|1[0-2])$'",
            name=op.f("ck_applications_months"),
        ),
        sa.CheckConstraint("jsonb_typeof(equipment) = 'object'", name=op.f("ck_applications_equipment")),
        sa.CheckConstraint(
            "(note_en IS NULL) = (note_zh IS NULL)", name=op.f("ck_applications_note_in_both_languages")
        ),
        sa.CheckConstraint("built_from <= built_to", name=op.f("ck_applications_months_in_order")),
        sa.CheckConstraint("model_line IS NULL OR make IS NOT NULL", name=op.f("ck_applications_model_of_a_make")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_applications_quantity")),
        sa.CheckConstraint("year_from <= year_to", name=op.f("ck_applications_years")),
        sa.ForeignKeyConstraint(["part", "part_type"], ["parts.id", "parts.part_type"], name="fk_applications_part"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_applications")),
    )
    op.create_index(
        op.f("ix_applications_make_model_line_part_type"),
        "applications",
        ["make", "model_line", "part_type"],
        unique=False,
    )
    op.create_index(op.f("ix_applications_part"), "applications", ["part"], unique=False)
    op.create_table(
        "prices",
        sa.Column("price_list", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("net_amount", sa.Integer(), nullable=False),
        sa.Column("tax_basis_points", sa.Integer(), nullable=False),
        sa.CheckConstraint("net_amount >= 0", name=op.f("ck_prices_net_amount")),
        sa.CheckConstraint("tax_basis_points BETWEEN 0 AND 10000", name=op.f("ck_prices_tax_basis_points")),
        sa.ForeignKeyConstraint(["part"], ["parts.id"], name=op.f("fk_prices_part")),
        sa.PrimaryKeyConstraint("price_list", "part", "currency", name=op.f("pk_prices")),
    )
    op.create_table(
        "stock",
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("on_hand", sa.Integer(), nullable=False),
        sa.Column("reserved", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("expected", sa.Date(), nullable=True),
        sa.CheckConstraint("reserved >= 0 AND reserved <= on_hand", name=op.f("ck_stock_reserved")),
        sa.ForeignKeyConstraint(["part"], ["parts.id"], name=op.f("fk_stock_part")),
        sa.PrimaryKeyConstraint("part", "location", name=op.f("pk_stock")),
    )
    op.create_index(op.f("ix_stock_location"), "stock", ["location"], unique=False)
    op.create_table(
        "reservations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reserved_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'held') = (ended_at IS NULL)", name=op.f("ck_reservations_ended")),
        sa.CheckConstraint("state IN ('held', 'released', 'expired', 'issued')", name=op.f("ck_reservations_state")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_reservations_quantity")),
        sa.ForeignKeyConstraint(["part", "location"], ["stock.part", "stock.location"], name="fk_reservations_stock"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reservations")),
    )
    op.create_index(
        "ix_reservations_due",
        "reservations",
        ["reserved_until"],
        unique=False,
        postgresql_where=sa.text("state = 'held'"),
    )
    op.create_index(
        "ix_reservations_held",
        "reservations",
        ["part", "location"],
        unique=False,
        postgresql_where=sa.text("state = 'held'"),
    )
    op.create_index(
        "uq_reservations_one_hold",
        "reservations",
        ["holder", "part", "location"],
        unique=True,
        postgresql_where=sa.text("state = 'held'"),
    )


def downgrade() -> None:
    op.drop_table("reservations")
    op.drop_table("stock")
    op.drop_table("prices")
    op.drop_table("applications")
    op.drop_table("parts")
    op.drop_table("completeness")
    op.drop_table("vehicle_configurations")
    op.drop_table("brands")
