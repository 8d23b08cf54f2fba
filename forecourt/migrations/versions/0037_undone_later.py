"""An undo deletes parts without reading whole tables for each, and a large one is done in the background."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

CURRENT = sa.text("removed_by IS NULL")
NEW = (
    ("part_numbers", "part"),
    ("part_details", "part"),
    ("supersessions", "part"),
    ("interchanges", "part"),
    ("kit_components", "kit"),
    ("part_images", "part"),
    ("cart_lines", "part"),
    ("prices", "part"),
)
WIDENED = (("supersessions", "replaced_by"), ("interchanges", "other"), ("kit_components", "component"))
STATES = ("waiting", "running", "dry", "done", "undoing", "undone", "failed")


def upgrade() -> None:
    op.add_column("imports", sa.Column("undo_refused", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    _states(STATES)
    for table, column in WIDENED:
        op.drop_index(op.f(f"ix_{table}_{column}"), table)
    for table, column in (*NEW, *WIDENED):
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])
    op.drop_index(op.f("ix_applications_part"), "applications")
    op.create_index(op.f("ix_applications_part_removed_by"), "applications", ["part", "removed_by"])
    op.create_index(op.f("ix_applications_import_id"), "applications", ["import_id"], postgresql_using="brin")
    removed = sa.text("removed_by IS NOT NULL")
    op.create_index(op.f("ix_applications_removed_by"), "applications", ["removed_by"], postgresql_where=removed)


def downgrade() -> None:
    for columns in ("removed_by", "import_id", "part_removed_by"):
        op.drop_index(op.f(f"ix_applications_{columns}"), "applications")
    op.create_index(op.f("ix_applications_part"), "applications", ["part"], postgresql_where=CURRENT)
    for table, column in (*NEW, *WIDENED):
        op.drop_index(op.f(f"ix_{table}_{column}"), table)
    for table, column in WIDENED:
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column], postgresql_where=CURRENT)
    op.execute("UPDATE imports SET state = 'done' WHERE state = 'undoing'")
    _states(tuple(state for state in STATES if state != "undoing"))
    op.drop_column("imports", "undo_refused")


def _states(states: tuple[str, ...]) -> None:
    op.drop_constraint(op.f("ck_imports_state"), "imports")
    op.create_check_constraint(op.f("ck_imports_state"), "imports", f"state IN {states}")
