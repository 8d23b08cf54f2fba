"""Why a refund was refused, so that it can be asked for again."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("refunds", sa.Column("why", sa.Text()))
    op.add_column("refunds", sa.Column("closed", sa.Integer(), server_default="0", nullable=False))
    # What was given up before may be asked for again, too; of what a provider told by itself we had no word.
    op.execute(
        "UPDATE refunds r SET why = (SELECT c.error FROM payment_calls c WHERE c.refund = r.id AND c.state = 'given_up'"
        " ORDER BY c.id DESC LIMIT 1) WHERE r.state <> 'done'"
    )
    op.execute("UPDATE refunds SET why = 'closed', closed = 1 WHERE state = 'failed' AND why IS NULL")
    op.create_check_constraint(op.f("ck_refunds_why"), "refunds", "state <> 'failed' OR why IS NOT NULL")
    op.create_check_constraint(op.f("ck_refunds_closed"), "refunds", "closed >= 0")
    op.create_index(
        op.f("ix_refunds_refused"), "refunds", ["asked_at", "id"], postgresql_where=sa.text("why IS NOT NULL")
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_refunds_refused"), "refunds")
    for name in ("closed", "why"):
        op.drop_constraint(op.f(f"ck_refunds_{name}"), "refunds")
    for name in ("closed", "why"):
        op.drop_column("refunds", name)
