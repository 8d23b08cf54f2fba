"""What belongs to a settlement beside its sheets: the bill, signatures, choices, accounts, and the record to report."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from aftersales.tables.metadata import metadata

# What is owed by the newest sheet, with its tax. `payment` is the one that it was paid by, or its rest; NULL of a paid
# one: all of it was taken at the counter.
bills = Table(
    "bills",
    metadata,
    Column("order", Text),
    Column("organisation", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("payment", Text),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("paid_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("order"),
    ForeignKeyConstraint(["order"], ["repair_orders.id"]),
    CheckConstraint("state IN ('open', 'paid', 'on_account', 'nothing_due', 'waived')", name="state"),
    CheckConstraint("amount >= 0", name="amount"),
    CheckConstraint("payment IS NULL OR state = 'paid'", name="payment"),
    CheckConstraint("(state = 'paid') = (paid_at IS NOT NULL)", name="paid"),
    Index(None, "organisation", "state"),
)

# Money taken at the counter, with its receipt; what was given back of one is a row of its own, below zero.
takings = Table(
    "takings",
    metadata,
    Column("id", Text),
    Column("organisation", Text, nullable=False),
    Column("order", Text, nullable=False),
    Column("workshop", Text, nullable=False),
    Column("way", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("receipt", Text, nullable=False),
    Column("gives_back", Text),
    Column("taken_by", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("order", "receipt"),
    ForeignKeyConstraint(["order"], ["bills.order"]),
    ForeignKeyConstraint(["gives_back"], ["takings.id"]),
    CheckConstraint("way IN ('cash', 'card')", name="way"),
    CheckConstraint("amount <> 0 AND (amount < 0) = (gives_back IS NOT NULL)", name="amount"),
    Index(None, "workshop", "at"),
)

sheet_signatures = Table(
    "sheet_signatures",
    metadata,
    Column("order", Text),
    Column("version", Integer),
    Column("organisation", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("ip", Text),
    Column("given_by", Text),  # by whom, when the workshop wrote it down
    Column("signature", Text),  # the SHA-256 of a photo of it
    Column("signed_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("order", "version"),
    ForeignKeyConstraint(["order", "version"], ["settlements.order", "settlements.version"]),
    CheckConstraint("channel IN ('app', 'counter')", name="channel"),
)

# Whether the customer wants his old parts back; his last word counts.
old_parts_choices = Table(
    "old_parts_choices",
    metadata,
    Column("order", Text),
    Column("organisation", Text, nullable=False),
    Column("choice", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("chosen_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("order"),
    ForeignKeyConstraint(["order"], ["repair_orders.id"]),
    CheckConstraint("choice IN ('give_back', 'leave')", name="choice"),
)

# Parts that the customer brought himself: on the sheet, without a price.
customer_parts = Table(
    "customer_parts",
    metadata,
    Column("order", Text),
    Column("position", Integer),
    Column("organisation", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("noted_by", Text, nullable=False),
    Column("noted_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("order", "position"),
    ForeignKeyConstraint(["order"], ["repair_orders.id"]),
    CheckConstraint("quantity > 0", name="quantity"),
)

# Organisations whose cars a workshop hands over before they are paid for.
account_customers = Table(
    "account_customers",
    metadata,
    Column("id", Text),
    Column("organisation", Text, nullable=False),  # the workshop's
    Column("workshop", Text, nullable=False),
    Column("customer", Text, nullable=False),
    Column("agreed_by", Text, nullable=False),
    Column("agreed_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("id"),
    ForeignKeyConstraint(["workshop"], ["workshops.id"]),
    Index("uq_account_customers_open", "workshop", "customer", unique=True, postgresql_where=text("ended_at IS NULL")),
)

# The outbox of electronic repair records. `plate` and `vin` are what the workshop read off the car.
repair_records = Table(
    "repair_records",
    metadata,
    Column("order", Text),
    Column("organisation", Text, nullable=False),
    Column("workshop", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("plate", Text),
    Column("vin", Text),
    Column("platform", Text),
    Column("reference", Text),  # what the platform calls it
    Column("why", Text),  # a word of ours: what it lacks, or why it was not taken
    Column("words", Text),  # the platform's own, of a record that it refused
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("order"),
    ForeignKeyConstraint(["order", "version"], ["settlements.order", "settlements.version"]),
    CheckConstraint("state IN ('waiting', 'lacking', 'refused', 'given_up', 'delivered', 'withdrawn')", name="state"),
    CheckConstraint("(state IN ('delivered', 'withdrawn')) = (ended_at IS NOT NULL)", name="ended"),
    Index("ix_repair_records_due", "workshop", "due_at", postgresql_where=text("state = 'waiting'")),
)

record_attempts = Table(
    "record_attempts",
    metadata,
    Column("order", Text),
    Column("number", Integer),
    Column("organisation", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("took_ms", Integer, nullable=False),
    Column("outcome", Text, nullable=False),
    PrimaryKeyConstraint("order", "number"),
    ForeignKeyConstraint(["order"], ["repair_records.order"]),
)
