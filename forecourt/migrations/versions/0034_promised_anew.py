"""When a car in the workshop will be ready after all, as its desk has told the owner."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("repair_orders", sa.Column("ready_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("repair_orders", "ready_at")
