"""Payments: what is to be paid, what providers said, what went back, what is to be asked, and the sandbox's side."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "payments",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("payable_kind", sa.Text(), nullable=False),
        sa.Column("payable", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("refunded", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("provider_reference", sa.Text(), nullable=True),
        sa.Column("code_url", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("look_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state IN ('paid', 'partly_refunded', 'refunded')) = (paid_at IS NOT NULL)", name=op.f("ck_payments_paid")
        ),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_payments_currency")),
        sa.CheckConstraint(
            "state IN ('pending', 'paid', 'failed', 'closed', 'partly_refunded', 'refunded')",
            name=op.f("ck_payments_state"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_payments_amount")),
        sa.CheckConstraint("refunded = 0 OR paid_at IS NOT NULL", name=op.f("ck_payments_refunded_when_paid")),
        sa.CheckConstraint("refunded >= 0 AND refunded <= amount", name=op.f("ck_payments_refunded")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
    )
    op.create_index(
        "ix_payments_look", "payments", ["look_at"], unique=False, postgresql_where=sa.text("state = 'pending'")
    )
    op.create_index("ix_payments_payable", "payments", ["payable_kind", "payable"], unique=False)
    op.create_index(
        "uq_payments_one_pending",
        "payments",
        ["payable_kind", "payable"],
        unique=True,
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_table(
        "refunds",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("payment", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'asked') = (ended_at IS NULL)", name=op.f("ck_refunds_ended")),
        sa.CheckConstraint(
            "reason IN ('returned', 'cancelled', 'late_payment', 'not_delivered', 'goodwill')",
            name=op.f("ck_refunds_reason"),
        ),
        sa.CheckConstraint("state IN ('asked', 'done', 'failed')", name=op.f("ck_refunds_state")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_refunds_amount")),
        sa.ForeignKeyConstraint(["payment"], ["payments.id"], name=op.f("fk_refunds_payment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
        sa.UniqueConstraint("payment", "key", name=op.f("uq_refunds_payment_key")),
    )
    op.create_table(
        "payment_notices",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("notice", sa.Text(), nullable=False),
        sa.Column("payment", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.Column("deliveries", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "verdict IN ('acted', 'changed', 'early', 'ignored',"
            " 'unknown_payment', 'unknown_refund', 'wrong_amount', 'wrong_currency')",
            name=op.f("ck_payment_notices_verdict"),
        ),
        sa.PrimaryKeyConstraint("provider", "notice", name=op.f("pk_payment_notices")),
    )
    op.create_index(op.f("ix_payment_notices_payment"), "payment_notices", ["payment"], unique=False)
    op.create_table(
        "payment_calls",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("payment", sa.Text(), nullable=False),
        sa.Column("refund", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'waiting'"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(kind = 'refund') = (refund IS NOT NULL)", name=op.f("ck_payment_calls_refund")),
        sa.CheckConstraint("(state = 'waiting') = (ended_at IS NULL)", name=op.f("ck_payment_calls_ended")),
        sa.CheckConstraint("kind IN ('start', 'ask', 'close', 'refund')", name=op.f("ck_payment_calls_kind")),
        sa.CheckConstraint("state IN ('waiting', 'done', 'given_up')", name=op.f("ck_payment_calls_state")),
        sa.ForeignKeyConstraint(["payment"], ["payments.id"], name=op.f("fk_payment_calls_payment")),
        sa.ForeignKeyConstraint(["refund"], ["refunds.id"], name=op.f("fk_payment_calls_refund")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_calls")),
    )
    op.create_index(
        "ix_payment_calls_due", "payment_calls", ["due_at"], unique=False, postgresql_where=sa.text("state = 'waiting'")
    )
    op.create_index(
        "uq_payment_calls_one_waiting",
        "payment_calls",
        ["payment", "kind", sa.literal_column("coalesce(refund, '')")],
        unique=True,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "sandbox_charges",
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('open', 'approved', 'declined', 'closed')", name=op.f("ck_sandbox_charges_state")
        ),
        sa.PrimaryKeyConstraint("reference", name=op.f("pk_sandbox_charges")),
        sa.UniqueConstraint("number", name=op.f("uq_sandbox_charges_number")),
    )
    op.create_table(
        "sandbox_refunds",
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("charge", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["charge"], ["sandbox_charges.reference"], name=op.f("fk_sandbox_refunds_charge")),
        sa.PrimaryKeyConstraint("reference", name=op.f("pk_sandbox_refunds")),
    )
    op.create_table(
        "sandbox_notices",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sandbox_notices")),
    )
    op.create_index(
        "ix_sandbox_notices_due",
        "sandbox_notices",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("delivered_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("sandbox_notices")
    op.drop_table("sandbox_refunds")
    op.drop_table("sandbox_charges")
    op.drop_table("payment_calls")
    op.drop_table("payment_notices")
    op.drop_table("refunds")
    op.drop_table("payments")
