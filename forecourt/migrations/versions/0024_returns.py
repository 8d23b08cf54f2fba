"""Returns: what comes back of an order, and what becomes of each piece."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

STATES = "'asked', 'approved', 'refused', 'withdrawn', 'received', 'inspected', 'refunded', 'closed'"
REASONS = "'not_needed', 'wrong_part', 'defective', 'damaged', 'case_declined'"


def upgrade() -> None:
    op.create_table(
        "returns",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("id", "order", "organisation", "seller", "account")),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("refund", sa.Text(), nullable=True),
        sa.Column("refund_amount", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(f"state IN ({STATES})", name=op.f("ck_returns_state")),
        sa.CheckConstraint(f"reason IN ({REASONS})", name=op.f("ck_returns_reason")),
        sa.CheckConstraint("refund_amount >= 0", name=op.f("ck_returns_refund_amount")),
        sa.ForeignKeyConstraint(["order"], ["orders.id"], name=op.f("fk_returns_order")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_returns")),
    )
    op.create_index(op.f("ix_returns_order"), "returns", ["order"])
    op.create_index(op.f("ix_returns_organisation_created_at_id"), "returns", ["organisation", "created_at", "id"])
    op.create_index(op.f("ix_returns_seller_created_at_id"), "returns", ["seller", "created_at", "id"])
    op.create_index("ix_returns_refund", "returns", ["refund"], postgresql_where=sa.text("refund IS NOT NULL"))
    _create_lines()


def _create_lines() -> None:
    judged = ("restocked", "scrapped", "rejected")
    every = " AND ".join(f"{one} >= 0" for one in judged) + f" AND {' + '.join(judged)} <= quantity"
    op.create_table(
        "return_lines",
        sa.Column("return_id", sa.Text(), nullable=False),
        sa.Column("order", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Integer(), server_default=sa.text("0"), nullable=False) for name in judged),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_return_lines_quantity")),
        sa.CheckConstraint(every, name=op.f("ck_return_lines_inspected")),
        sa.ForeignKeyConstraint(["return_id"], ["returns.id"], name=op.f("fk_return_lines_return_id")),
        sa.ForeignKeyConstraint(
            ["order", "number"], ["order_lines.order", "order_lines.number"], name="fk_return_lines_line"
        ),
        sa.ForeignKeyConstraint(["location"], ["locations.id"], name=op.f("fk_return_lines_location")),
        sa.PrimaryKeyConstraint("return_id", "number", "location", name=op.f("pk_return_lines")),
    )
    op.create_index(op.f("ix_return_lines_order_number"), "return_lines", ["order", "number"])


def downgrade() -> None:
    op.drop_table("return_lines")
    op.drop_table("returns")
