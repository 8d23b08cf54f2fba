"""approval links: a kind of credential of their own, and the repair order on which a message asks to decide."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

BEFORE = "'bearer', 'session', 'sign_in_link', 'key', 'tracking_link'"


def upgrade() -> None:
    op.drop_constraint(op.f("ck_credentials_kind"), "credentials")
    op.create_check_constraint(op.f("ck_credentials_kind"), "credentials", f"kind IN ({BEFORE}, 'approval_link')")
    op.create_index(
        "ix_credentials_approvals", "credentials", ["subject"], postgresql_where=sa.text("kind = 'approval_link'")
    )
    op.add_column("messages", sa.Column("order", sa.Text(), nullable=True))
    op.create_foreign_key(op.f("fk_messages_order"), "messages", "repair_orders", ["order"], ["id"])


def downgrade() -> None:
    op.drop_constraint(op.f("fk_messages_order"), "messages", type_="foreignkey")
    op.drop_column("messages", "order")
    op.drop_index("ix_credentials_approvals", "credentials")
    op.execute("DELETE FROM credentials WHERE kind = 'approval_link'")
    op.drop_constraint(op.f("ck_credentials_kind"), "credentials")
    op.create_check_constraint(op.f("ck_credentials_kind"), "credentials", f"kind IN ({BEFORE})")
