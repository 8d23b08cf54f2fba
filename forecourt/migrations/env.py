"""Alembic's entry: runs the migrations on the connection that the caller opened."""

from alembic import context

from forecourt.migrations import package_metadata


def is_ours(_object: object, name: str | None, kind: str, *_: object) -> bool:
    """Leave procrastinate's own tables alone: its schema comes from its package."""
    return not (kind == "table" and (name or "").startswith("procrastinate_"))


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=package_metadata(),
    include_object=is_ours,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
