"""workshops: a number that every change of their set-up counts up, so that a booking notices one."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("workshops", sa.Column("setup_version", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("workshops", "setup_version")
