"""the days that are left until the car's own monitor tells of a fault: low, middle, high."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("trip_votes", "findings"):
        op.add_column(table, sa.Column("lead_days", postgresql.JSONB(astext_type=sa.Text()), nullable=True))


def downgrade() -> None:
    for table in ("findings", "trip_votes"):
        op.drop_column(table, "lead_days")
