"""What the tables stand on: PostgreSQL's extensions, and the task queue's own schema."""

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

EXTENSIONS = ("btree_gist", "pg_trgm", "unaccent")


def upgrade() -> None:
    for extension in EXTENSIONS:
        op.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
    connection = op.get_bind().connection.driver_connection
    if connection is None:
        raise RuntimeError("the first schema needs a live connection")
    connection.execute(SchemaManager.get_schema())


def downgrade() -> None:
    raise RuntimeError("the first schema is not taken back; drop the database instead")
