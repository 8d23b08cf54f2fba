"""Imports: what files say of parts and lines beyond what fits, codes of brands, and how far an import has come."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

CURRENT = sa.text("removed_by IS NULL")


def upgrade() -> None:
    op.add_column("brands", sa.Column("code", sa.Text(), nullable=True))
    op.create_unique_constraint(op.f("uq_brands_code"), "brands", ["code"])
    op.add_column("parts", sa.Column("terminology", sa.Integer(), nullable=True))
    op.add_column("applications", sa.Column("position_code", sa.Integer(), nullable=True))
    op.add_column("applications", sa.Column("extras", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.create_check_constraint(op.f("ck_applications_extras"), "applications", "jsonb_typeof(extras) = 'object'")
    _refer_to_parts(onupdate="CASCADE")  # a file corrects the type of a part, and lines of old go with it
    op.create_table(
        "part_details",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True),
        sa.Column("removed_by", sa.Integer(), nullable=True),
        sa.CheckConstraint("jsonb_typeof(details) = 'object'", name=op.f("ck_part_details_details")),
        sa.ForeignKeyConstraint(["part"], ["parts.id"], name=op.f("fk_part_details_part")),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_part_details_import_id")),
        sa.ForeignKeyConstraint(["removed_by"], ["imports.id"], name=op.f("fk_part_details_removed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_part_details")),
    )
    op.create_index("uq_part_details_one", "part_details", ["part"], unique=True, postgresql_where=CURRENT)
    facts = sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False)
    op.add_column("imports", facts)
    op.add_column("imports", sa.Column("bytes", sa.BigInteger(), server_default=sa.text("0"), nullable=False))
    op.add_column("imports", sa.Column("bytes_read", sa.BigInteger(), server_default=sa.text("0"), nullable=False))
    op.drop_constraint(op.f("ck_imports_state"), "imports")
    op.create_check_constraint(
        op.f("ck_imports_state"),
        "imports",
        "state IN ('waiting', 'running', 'dry', 'done', 'undone', 'failed')",
    )


def downgrade() -> None:
    op.execute("UPDATE imports SET state = 'failed' WHERE state IN ('waiting', 'running')")
    op.drop_constraint(op.f("ck_imports_state"), "imports")
    op.create_check_constraint(op.f("ck_imports_state"), "imports", "state IN ('dry', 'done', 'undone', 'failed')")
    for column in ("bytes_read", "bytes", "facts"):
        op.drop_column("imports", column)
    op.drop_table("part_details")
    _refer_to_parts(onupdate=None)
    op.drop_constraint(op.f("ck_applications_extras"), "applications")
    op.drop_column("applications", "extras")
    op.drop_column("applications", "position_code")
    op.drop_column("parts", "terminology")
    op.drop_constraint(op.f("uq_brands_code"), "brands")
    op.drop_column("brands", "code")


def _refer_to_parts(onupdate: str | None) -> None:
    op.drop_constraint("fk_applications_part", "applications")
    op.create_foreign_key(
        "fk_applications_part", "applications", "parts", ["part", "part_type"], ["id", "part_type"], onupdate=onupdate
    )
