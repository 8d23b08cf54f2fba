"""What a house of thousands of cars is looked at by: its open cases, its unpaid bills, its standing findings."""

from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

INDEXES = (
    ("appointments", "case"),
    ("bills", "organisation", "state"),
    ("cases", "organisation", "state"),
    ("cases", "vehicle"),
    ("findings", "organisation", "quiet_until"),
    ("repair_orders", "vehicle"),
)


def upgrade() -> None:
    for table, *columns in INDEXES:
        op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, columns)


def downgrade() -> None:
    for table, *columns in INDEXES:
        op.drop_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table)
