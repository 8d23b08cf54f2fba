"""The tables of webhooks: addresses, their old secrets, what each is to get, and every attempt."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from foundation.tables import NAMING

metadata = MetaData(naming_convention=NAMING)

# `after_xid` and `after_id` are the place in the log up to which deliveries were laid down. `failing_since` is the
# machine's time of the first failure since the last success. The secret signs, so it is kept as it is.
webhook_endpoints = Table(
    "webhook_endpoints",
    metadata,
    Column("id", Text),
    Column("organisation", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("kinds", JSONB, nullable=False),
    Column("state", Text, nullable=False),
    Column("why", Text),
    Column("after_xid", BigInteger, nullable=False),
    Column("after_id", BigInteger, nullable=False),
    Column("failing_since", DateTime(timezone=True)),
    Column("created_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("id"),
    CheckConstraint("state IN ('active', 'paused', 'disabled')", name="state"),
    Index(None, "organisation", "created_at", "id"),
)

# What signed before the secret was changed, and signs beside it until its end (the machine's time).
webhook_old_secrets = Table(
    "webhook_old_secrets",
    metadata,
    Column("endpoint", Text),
    Column("secret", Text),
    Column("until", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("endpoint", "secret"),
    ForeignKeyConstraint(["endpoint"], ["webhook_endpoints.id"], ondelete="CASCADE"),
)

# The event itself stays in the log: what is erased there is not sent from here. `id` is the order within a subject.
# `due_at` and `in_hand_until` are the machine's time.
webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("id", BigInteger, Identity(always=True)),
    Column("endpoint", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("event_xid", BigInteger, nullable=False),
    Column("event_id", BigInteger, nullable=False),
    Column("noun", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, server_default=text("'waiting'"), nullable=False),
    Column("attempts", Integer, server_default=text("0"), nullable=False),
    Column("replay_of", BigInteger),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("in_hand_until", DateTime(timezone=True)),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("id"),
    ForeignKeyConstraint(["endpoint"], ["webhook_endpoints.id"], ondelete="CASCADE"),
    CheckConstraint("state IN ('waiting', 'delivered', 'given_up', 'withdrawn')", name="state"),
    Index(None, "endpoint", "id"),
    Index("ix_webhook_deliveries_waiting", "endpoint", "subject", "id", postgresql_where=text("state = 'waiting'")),
)

webhook_attempts = Table(
    "webhook_attempts",
    metadata,
    Column("delivery", BigInteger),
    Column("number", Integer),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("took_ms", Integer, nullable=False),
    Column("status", Integer),
    Column("error", Text),
    PrimaryKeyConstraint("delivery", "number"),
    ForeignKeyConstraint(["delivery"], ["webhook_deliveries.id"], ondelete="CASCADE"),
)
