"""Where a workshop is, how it is reached, and by which number the authority knows it: printed on its sheets."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

NAMES = ("address", "telephone", "licence")


def upgrade() -> None:
    for name in NAMES:
        op.add_column("workshops", sa.Column(name, sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    for name in reversed(NAMES):
        op.drop_column("workshops", name)
