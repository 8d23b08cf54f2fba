"""Text messages: a channel of their own, and the number that somebody agreed to be told by."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("consents", sa.Column("phone", sa.Text(), nullable=True))
    op.create_check_constraint(op.f("ck_consents_phone"), "consents", "phone IS NULL OR channel = 'sms'")
    for table in ("consents", "messages"):
        op.drop_constraint(op.f(f"ck_{table}_channel"), table)
        op.create_check_constraint(op.f(f"ck_{table}_channel"), table, "channel IN ('inbox', 'mail', 'sms')")


def downgrade() -> None:
    for table in ("messages", "consents"):
        op.execute(sa.text(f"DELETE FROM {table} WHERE channel = 'sms'"))  # noqa: S608 - the two tables above
        op.drop_constraint(op.f(f"ck_{table}_channel"), table)
        op.create_check_constraint(op.f(f"ck_{table}_channel"), table, "channel IN ('inbox', 'mail')")
    op.drop_constraint(op.f("ck_consents_phone"), "consents")
    op.drop_column("consents", "phone")
