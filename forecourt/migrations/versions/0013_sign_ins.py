"""sign-ins: how a session was begun, and when the sending of a letter was last taken up."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("credentials", sa.Column("begun_by", sa.Text(), nullable=True))
    op.create_check_constraint(
        op.f("ck_credentials_begun_by"), "credentials", "begun_by IN ('password', 'link', 'turn')"
    )
    op.add_column("messages", sa.Column("taken_up_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("messages", "taken_up_at")
    op.drop_constraint(op.f("ck_credentials_begun_by"), "credentials", type_="check")
    op.drop_column("credentials", "begun_by")
