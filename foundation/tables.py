"""The tables of the ground: who, what happened, idempotency keys and the clock's offset."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Identity,
    Index,
    Interval,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import UserDefinedType

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

metadata = MetaData(naming_convention=NAMING)


class TransactionId(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id, `xid8`."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "xid8"


organisations = Table(
    "organisations",
    metadata,
    Column("id", Text),
    Column("name", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("id"),
)

accounts = Table(
    "accounts",
    metadata,
    Column("id", Text),
    Column("email", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("language", Text),
    Column("password_hash", Text),
    Column("revoked_at", DateTime(timezone=True)),
    Column("created_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("email"),
    ForeignKeyConstraint(["organisation"], ["organisations.id"]),
)

# Bearer tokens, page sessions, one-time sign-in links, keys, tracking and approval links: only a secret's SHA-256 is
# kept. `id` names a key or link in lists; a tracking or approval link reaches one `subject`. `begun_by` says how the
# person of a session showed himself; in one that was turned he did not.
credentials = Table(
    "credentials",
    metadata,
    Column("digest", Text),
    Column("kind", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("csrf", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True)),
    Column("revoked_at", DateTime(timezone=True)),
    Column("id", Text),
    Column("name", Text),
    Column("scopes", JSONB),
    Column("subject", Text),
    Column("begun_by", Text),
    PrimaryKeyConstraint("digest"),
    UniqueConstraint("id"),
    ForeignKeyConstraint(["account"], ["accounts.id"]),
    CheckConstraint(
        "kind IN ('bearer', 'session', 'sign_in_link', 'key', 'tracking_link', 'approval_link')", name="kind"
    ),
    CheckConstraint("begun_by IN ('password', 'link', 'turn')", name="begun_by"),
    Index(None, "account"),
    Index("ix_credentials_approvals", "subject", postgresql_where=text("kind = 'approval_link'")),
)

grants = Table(
    "grants",
    metadata,
    Column("subject", Text),
    Column("organisation", Text),
    Column("role", Text, nullable=False),
    Column("granted_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("subject", "organisation"),
    ForeignKeyConstraint(["organisation"], ["organisations.id"]),
    Index(None, "organisation"),
)

event_subjects = Table(
    "event_subjects",
    metadata,
    Column("subject", Text),
    Column("last_number", BigInteger, nullable=False),
    Column("head", Text, nullable=False),  # the digest of the subject's last event
    PrimaryKeyConstraint("subject"),
)

# Each row's `digest` covers the one before it in its subject and everything of the row but `data`, for which
# `data_digest` stands: so a person's data can be replaced (`erased_at`) and the chain still holds.
events = Table(
    "events",
    metadata,
    Column("id", BigInteger, Identity(always=True)),
    Column("xid", TransactionId, nullable=False, server_default=text("pg_current_xact_id()")),
    Column("subject", Text, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("data", JSONB, nullable=False),
    Column("actor", Text),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    Column("data_digest", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("erased_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("subject", "number"),
    Index(None, "xid", "id"),
    Index("ix_events_actor", "actor", postgresql_where=text("actor IS NOT NULL")),
)

# A seal covers the heads that moved since the one before it (`sealed_heads`), and that one's digest.
seals = Table(
    "seals",
    metadata,
    Column("number", BigInteger),
    Column("sealed_at", DateTime(timezone=True), nullable=False),
    Column("heads", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),
    PrimaryKeyConstraint("number"),
)

sealed_heads = Table(
    "sealed_heads",
    metadata,
    Column("subject", Text),
    Column("number", BigInteger),
    Column("head", Text, nullable=False),
    Column("seal", BigInteger, nullable=False),
    PrimaryKeyConstraint("subject", "number"),
    ForeignKeyConstraint(["seal"], ["seals.number"]),
    Index(None, "seal"),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("account", Text),
    Column("route", Text),
    Column("key", Text),
    Column("body_digest", Text, nullable=False),
    Column("answer", JSONB),
    Column("created_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("account", "route", "key"),
)

clock_offset = Table(
    "clock_offset",
    metadata,
    Column("only_row", Boolean, server_default=text("true")),
    Column("offset", Interval, nullable=False),
    PrimaryKeyConstraint("only_row"),
    CheckConstraint("only_row", name="only_row"),
)
