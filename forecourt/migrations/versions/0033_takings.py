"""Money taken at the counter; a bill may be paid without a provider."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

PAYMENT = "ck_bills_payment"


def upgrade() -> None:
    names = ("organisation", "order", "workshop", "way", "currency", "receipt", "taken_by")
    op.create_table(
        "takings",
        sa.Column("id", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in names),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("gives_back", sa.Text()),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("way IN ('cash', 'card')", name=op.f("ck_takings_way")),
        sa.CheckConstraint("amount <> 0 AND (amount < 0) = (gives_back IS NOT NULL)", name=op.f("ck_takings_amount")),
        sa.ForeignKeyConstraint(["order"], ["bills.order"], name=op.f("fk_takings_order")),
        sa.ForeignKeyConstraint(["gives_back"], ["takings.id"], name=op.f("fk_takings_gives_back")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_takings")),
        sa.UniqueConstraint("order", "receipt", name=op.f("uq_takings_order_receipt")),
    )
    op.create_index(op.f("ix_takings_workshop_at"), "takings", ["workshop", "at"])
    op.drop_constraint(op.f(PAYMENT), "bills")
    op.create_check_constraint(op.f(PAYMENT), "bills", "payment IS NULL OR state = 'paid'")


def downgrade() -> None:
    op.drop_table("takings")
    op.drop_constraint(op.f(PAYMENT), "bills")
    # What was paid at the counter alone cannot be said here any more: it is owed again.
    op.execute("UPDATE bills SET state = 'open', paid_at = NULL WHERE state = 'paid' AND payment IS NULL")
    op.create_check_constraint(op.f(PAYMENT), "bills", "(state = 'paid') = (payment IS NOT NULL)")
