"""access: keys with scopes, and tracking links to one case."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("credentials", sa.Column("id", sa.Text(), nullable=True))
    op.add_column("credentials", sa.Column("name", sa.Text(), nullable=True))
    op.add_column("credentials", sa.Column("scopes", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("credentials", sa.Column("subject", sa.Text(), nullable=True))
    op.create_unique_constraint(op.f("uq_credentials_id"), "credentials", ["id"])
    _kinds("'bearer', 'session', 'sign_in_link', 'key', 'tracking_link'")


def downgrade() -> None:
    op.execute("DELETE FROM credentials WHERE kind IN ('key', 'tracking_link')")
    _kinds("'bearer', 'session', 'sign_in_link'")
    op.drop_constraint(op.f("uq_credentials_id"), "credentials", type_="unique")
    for name in ("subject", "scopes", "name", "id"):
        op.drop_column("credentials", name)


def _kinds(kinds: str) -> None:
    op.drop_constraint(op.f("ck_credentials_kind"), "credentials", type_="check")
    op.create_check_constraint(op.f("ck_credentials_kind"), "credentials", f"kind IN ({kinds})")
