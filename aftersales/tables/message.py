"""What people agreed to be told, and what they were told."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from aftersales.tables.metadata import metadata

# What an account agreed to be told by which channel; withdrawn, never deleted, so that it can be shown later.
consents = Table(
    "consents",
    metadata,
    Column("id", Text),
    Column("organisation", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("given_at", DateTime(timezone=True), nullable=False),
    Column("withdrawn_at", DateTime(timezone=True)),
    Column("phone", Text),  # to which text messages go
    PrimaryKeyConstraint("id"),
    CheckConstraint("channel IN ('inbox', 'mail', 'sms')", name="channel"),
    CheckConstraint("phone IS NULL OR channel = 'sms'", name="phone"),
    CheckConstraint("purpose IN ('reminders', 'notices')", name="purpose"),
    CheckConstraint("withdrawn_at >= given_at", name="order"),
    Index(
        "uq_consents_in_force",
        "account",
        "channel",
        "purpose",
        unique=True,
        postgresql_where=text("withdrawn_at IS NULL"),
    ),
)

reminders = Table(
    "reminders",
    metadata,
    Column("id", Text),
    Column("organisation", Text, nullable=False),
    Column("appointment", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("state", Text, nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("id"),
    ForeignKeyConstraint(["appointment"], ["appointments.id"]),
    CheckConstraint("kind IN ('day_before', 'hours_before')", name="kind"),
    CheckConstraint("state IN ('due', 'sent', 'dropped') AND (state = 'due') = (ended_at IS NULL)", name="state"),
    Index("uq_reminders_due", "appointment", "kind", unique=True, postgresql_where=text("state = 'due'")),
    Index("ix_reminders_due_at", "due_at", postgresql_where=text("state = 'due'")),
)

# The outbox of what people are told: written with what it tells of, so that nothing goes out that was not committed.
messages = Table(
    "messages",
    metadata,
    Column("id", Text),
    Column("organisation", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("cause", Text, nullable=False),  # what it tells of: the same is told once
    Column("case", Text),
    Column("order", Text),  # the repair order of which something is to be decided: a letter has a link to it
    Column("title_en", Text, nullable=False),
    Column("title_zh", Text, nullable=False),
    Column("text_en", Text, nullable=False),
    Column("text_zh", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("taken_up_at", DateTime(timezone=True)),  # when the sending of a letter was last begun
    Column("delivered_at", DateTime(timezone=True)),
    Column("read_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("account", "channel", "kind", "cause"),
    ForeignKeyConstraint(["case"], ["cases.id"]),
    ForeignKeyConstraint(["order"], ["repair_orders.id"]),
    CheckConstraint("channel IN ('inbox', 'mail', 'sms')", name="channel"),
    CheckConstraint("state IN ('waiting', 'queued', 'delivered')", name="state"),
    CheckConstraint("(state = 'delivered') = (delivered_at IS NOT NULL)", name="delivered"),
    Index(None, "account", "created_at", "id"),
    Index("ix_messages_waiting", "created_at", postgresql_where=text("state = 'waiting'")),
)
