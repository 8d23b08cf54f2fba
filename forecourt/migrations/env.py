"""Alembic's entry: runs the migrations on the connection that the caller opened."""

from typing import Any

from alembic import context
from sqlalchemy.dialects.postgresql.base import ischema_names

from forecourt.migrations import package_metadata
from foundation.tables import TransactionId

ischema_names["xid8"] = TransactionId  # SQLAlchemy does not know this type of PostgreSQL's


def is_ours(_object: Any, name: str | None, kind: str, *_: Any) -> bool:
    """Leave procrastinate's own tables alone: its schema comes from its package."""
    return not (kind == "table" and (name or "").startswith("procrastinate_"))


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes.get("metadata", package_metadata()),
    include_object=context.config.attributes.get("include_object", is_ours),
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
