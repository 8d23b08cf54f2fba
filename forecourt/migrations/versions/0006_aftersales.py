"""the tables of aftersales."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cases",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("vehicle", sa.Text(), nullable=False),
        sa.Column("finding", sa.Text(), nullable=True),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.Column("wish", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("urgency", sa.Text(), nullable=True),
        sa.Column("probability", sa.Float(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("latest_day", sa.Date(), nullable=True),
        sa.Column("reasons", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("questions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(finding IS NULL) = (fault IS NULL)", name=op.f("ck_cases_source")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
        sa.UniqueConstraint("finding", name=op.f("uq_cases_finding")),
    )
    op.create_index(
        op.f("ix_cases_organisation_opened_at_id"), "cases", ["organisation", "opened_at", "id"], unique=False
    )
    op.create_index(
        "uq_cases_vehicle_fault_open",
        "cases",
        ["vehicle", "fault"],
        unique=True,
        postgresql_where=sa.text("state NOT IN ('settled', 'declined')"),
    )
    op.create_table(
        "workshops",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=False),
        sa.Column("longitude", sa.Float(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("labour_rate", sa.BigInteger(), nullable=False),
        sa.Column("tax_basis_points", sa.Integer(), nullable=False),
        sa.Column("opening_hours", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("special_days", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("stock_location", sa.Text(), nullable=False),
        sa.CheckConstraint("labour_rate >= 0", name=op.f("ck_workshops_labour_rate")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workshops")),
    )
    op.create_table(
        "bays",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("workshop", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("equipment", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["workshop"], ["workshops.id"], name=op.f("fk_bays_workshop")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bays")),
    )
    op.create_index(op.f("ix_bays_workshop"), "bays", ["workshop"], unique=False)
    op.create_table(
        "case_findings",
        sa.Column("finding", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("case", sa.Text(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case"], ["cases.id"], name=op.f("fk_case_findings_case")),
        sa.PrimaryKeyConstraint("finding", name=op.f("pk_case_findings")),
    )
    op.create_index(op.f("ix_case_findings_case"), "case_findings", ["case"], unique=False)
    op.create_table(
        "estimates",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("case", sa.Text(), nullable=False),
        sa.Column("workshop", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case"], ["cases.id"], name=op.f("fk_estimates_case")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_estimates")),
    )
    op.create_index(op.f("ix_estimates_case"), "estimates", ["case"], unique=False)
    op.create_table(
        "technicians",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("workshop", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("skills", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("account", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["workshop"], ["workshops.id"], name=op.f("fk_technicians_workshop")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_technicians")),
    )
    op.create_index(op.f("ix_technicians_workshop"), "technicians", ["workshop"], unique=False)
    op.create_table(
        "appointments",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("case", sa.Text(), nullable=False),
        sa.Column("vehicle", sa.Text(), nullable=False),
        sa.Column("workshop", sa.Text(), nullable=False),
        sa.Column("workshop_organisation", sa.Text(), nullable=False),
        sa.Column("estimate", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("during", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("skills", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("equipment", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("bay", sa.Text(), nullable=False),
        sa.Column("technician", sa.Text(), nullable=False),
        sa.Column("parts_ready_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason_en", sa.Text(), nullable=False),
        sa.Column("reason_zh", sa.Text(), nullable=False),
        sa.Column("booked_by", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(state <> 'held') OR expires_at IS NOT NULL", name=op.f("ck_appointments_hold_expires")),
        sa.CheckConstraint("NOT isempty(during)", name=op.f("ck_appointments_during")),
        sa.ForeignKeyConstraint(["case"], ["cases.id"], name=op.f("fk_appointments_case")),
        sa.ForeignKeyConstraint(["estimate"], ["estimates.id"], name=op.f("fk_appointments_estimate")),
        sa.ForeignKeyConstraint(["workshop"], ["workshops.id"], name=op.f("fk_appointments_workshop")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointments")),
    )
    op.create_index(
        "ix_appointments_due", "appointments", ["expires_at"], unique=False, postgresql_where=sa.text("state = 'held'")
    )
    op.create_index(
        op.f("ix_appointments_organisation_created_at_id"),
        "appointments",
        ["organisation", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "uq_appointments_case_live",
        "appointments",
        ["case"],
        unique=True,
        postgresql_where=sa.text("state IN ('held', 'confirmed', 'arrived')"),
    )
    op.create_table(
        "estimate_lines",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("estimate", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("settlement_group", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=True),
        sa.Column("part", sa.Text(), nullable=True),
        sa.Column("part_type", sa.Text(), nullable=True),
        sa.Column("part_location", sa.Text(), nullable=True),
        sa.Column("text_en", sa.Text(), nullable=False),
        sa.Column("text_zh", sa.Text(), nullable=False),
        sa.Column("hundredths", sa.BigInteger(), nullable=False),
        sa.Column("unit_net", sa.BigInteger(), nullable=False),
        sa.Column("tax_basis_points", sa.Integer(), nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('labour', 'part') AND (kind = 'part') = (part IS NOT NULL)", name=op.f("ck_estimate_lines_kind")
        ),
        sa.CheckConstraint("hundredths > 0 AND unit_net >= 0", name=op.f("ck_estimate_lines_amount")),
        sa.ForeignKeyConstraint(["estimate"], ["estimates.id"], name=op.f("fk_estimate_lines_estimate")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_estimate_lines")),
        sa.UniqueConstraint("estimate", "position", name=op.f("uq_estimate_lines_estimate_position")),
    )
    op.create_table(
        "occupancies",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("during", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("appointment", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("resource"), "="),
            (sa.column("during"), "&&"),
            where=sa.text("active"),
            using="gist",
            name="ex_occupancies_no_overlap",
        ),
        sa.CheckConstraint("NOT isempty(during)", name=op.f("ck_occupancies_during")),
        sa.ForeignKeyConstraint(["appointment"], ["appointments.id"], name=op.f("fk_occupancies_appointment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_occupancies")),
    )
    op.create_index(op.f("ix_occupancies_appointment"), "occupancies", ["appointment"], unique=False)
    op.create_table(
        "repair_orders",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("workshop_organisation", sa.Text(), nullable=False),
        sa.Column("case", sa.Text(), nullable=False),
        sa.Column("appointment", sa.Text(), nullable=False),
        sa.Column("estimate", sa.Text(), nullable=False),
        sa.Column("vehicle", sa.Text(), nullable=False),
        sa.Column("workshop", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("mileage_km", sa.Integer(), nullable=True),
        sa.Column("parts_issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reworks", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('expected', 'cancelled') OR mileage_km IS NOT NULL", name=op.f("ck_repair_orders_mileage")
        ),
        sa.ForeignKeyConstraint(["appointment"], ["appointments.id"], name=op.f("fk_repair_orders_appointment")),
        sa.ForeignKeyConstraint(["case"], ["cases.id"], name=op.f("fk_repair_orders_case")),
        sa.ForeignKeyConstraint(["estimate"], ["estimates.id"], name=op.f("fk_repair_orders_estimate")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repair_orders")),
        sa.UniqueConstraint("appointment", name=op.f("uq_repair_orders_appointment")),
    )
    op.create_index(op.f("ix_repair_orders_case"), "repair_orders", ["case"], unique=False)
    op.create_index(
        op.f("ix_repair_orders_organisation_created_at_id"),
        "repair_orders",
        ["organisation", "created_at", "id"],
        unique=False,
    )
    op.create_table(
        "approvals",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("order", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("decision IN ('approved', 'declined')", name=op.f("ck_approvals_decision")),
        sa.ForeignKeyConstraint(["line"], ["estimate_lines.id"], name=op.f("fk_approvals_line")),
        sa.ForeignKeyConstraint(["order"], ["repair_orders.id"], name=op.f("fk_approvals_order")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals")),
        sa.UniqueConstraint("line", "number", name=op.f("uq_approvals_line_number")),
    )
    op.create_index(op.f("ix_approvals_order"), "approvals", ["order"], unique=False)
    op.create_table(
        "repair_steps",
        sa.Column("order", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["order"], ["repair_orders.id"], name=op.f("fk_repair_steps_order")),
        sa.PrimaryKeyConstraint("order", "number", name=op.f("pk_repair_steps")),
    )
    op.create_table(
        "reviews",
        sa.Column("order", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("workshop", sa.Text(), nullable=False),
        sa.Column("rating", sa.Integer(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("reviewed_by", sa.Text(), nullable=False),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("rating BETWEEN 1 AND 5", name=op.f("ck_reviews_rating")),
        sa.ForeignKeyConstraint(["order"], ["repair_orders.id"], name=op.f("fk_reviews_order")),
        sa.PrimaryKeyConstraint("order", name=op.f("pk_reviews")),
    )
    op.create_index(op.f("ix_reviews_workshop"), "reviews", ["workshop"], unique=False)
    op.create_table(
        "settlements",
        sa.Column("order", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("sheet", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("net", sa.BigInteger(), nullable=False),
        sa.Column("tax", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("settled_by", sa.Text(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["order"], ["repair_orders.id"], name=op.f("fk_settlements_order")),
        sa.PrimaryKeyConstraint("order", name=op.f("pk_settlements")),
        sa.UniqueConstraint("number", name=op.f("uq_settlements_number")),
    )


def downgrade() -> None:
    op.drop_table("settlements")
    op.drop_table("reviews")
    op.drop_table("repair_steps")
    op.drop_table("approvals")
    op.drop_table("repair_orders")
    op.drop_table("occupancies")
    op.drop_table("estimate_lines")
    op.drop_table("appointments")
    op.drop_table("technicians")
    op.drop_table("estimates")
    op.drop_table("case_findings")
    op.drop_table("bays")
    op.drop_table("workshops")
    op.drop_table("cases")
