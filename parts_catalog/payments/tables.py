"""What is to be paid, what providers said of it, what went back, and what is still to be asked of providers."""

from collections.abc import Iterable
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from parts_catalog.metadata import metadata
from parts_catalog.payments.states import KEPT, Call, CallState, Reason, RefundState, State


def _one_of(column: str, words: Iterable[StrEnum]) -> str:
    return f"{column} IN ({', '.join(repr(word.value) for word in words)})"


# `organisation` pays. `refunded` is always the sum of its refunds that have not failed: its CHECK is the guarantee
# that never more goes back than came, whatever the code above it does. `code_url` is where a provider that has to be
# asked first is paid; `look_at`: when the sweep looks after a payment of which nothing was heard.
payments = Table(
    "payments",
    metadata,
    Column("id", Text),
    Column("payable_kind", Text, nullable=False),
    Column("payable", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("refunded", BigInteger, nullable=False, server_default=text("0")),
    Column("provider_reference", Text),
    Column("code_url", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("look_at", DateTime(timezone=True), nullable=False),
    Column("paid_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("id"),
    CheckConstraint("amount > 0", name="amount"),
    CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
    CheckConstraint(_one_of("state", State), name="state"),
    CheckConstraint("refunded >= 0 AND refunded <= amount", name="refunded"),
    CheckConstraint("refunded = 0 OR paid_at IS NOT NULL", name="refunded_when_paid"),
    CheckConstraint("(state IN ('paid', 'partly_refunded', 'refunded')) = (paid_at IS NOT NULL)", name="paid"),
    Index(
        "uq_payments_one_pending", "payable_kind", "payable", unique=True, postgresql_where=text("state = 'pending'")
    ),
    Index("ix_payments_payable", "payable_kind", "payable"),
    Index("ix_payments_look", "look_at", postgresql_where=text("state = 'pending'")),
)

# `key`: the same one asks for the same refund, once. `why`: a word of ours, of one that was refused or of which nothing
# was heard in the end; both may be asked for again. `closed` counts how often its provider closed it for good: it is
# asked for again under another number there.
refunds = Table(
    "refunds",
    metadata,
    Column("id", Text),
    Column("payment", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("asked_by", Text),  # the account; NULL: a late payment goes back by itself
    Column("asked_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    Column("why", Text),
    Column("closed", Integer, nullable=False, server_default=text("0")),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("payment", "key"),
    ForeignKeyConstraint(["payment"], ["payments.id"]),
    CheckConstraint("amount > 0", name="amount"),
    CheckConstraint(_one_of("state", RefundState), name="state"),
    CheckConstraint("(state = 'asked') = (ended_at IS NULL)", name="ended"),
    CheckConstraint(_one_of("reason", Reason), name="reason"),
    CheckConstraint("state <> 'failed' OR why IS NOT NULL", name="why"),
    CheckConstraint("closed >= 0", name="closed"),
    Index("ix_refunds_refused", "asked_at", "id", postgresql_where=text("why IS NOT NULL")),
)

# Written before anything is done about a notice. `digest` covers what it says, not how it was sent: a provider that
# sends again encrypts and signs anew.
payment_notices = Table(
    "payment_notices",
    metadata,
    Column("provider", Text),
    Column("notice", Text),
    Column("payment", Text),  # as the provider names it; there may be none of that name
    Column("kind", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("verdict", Text),  # NULL for as long as its unit of work lasts
    Column("deliveries", Integer, nullable=False, server_default=text("1")),
    Column("received_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("provider", "notice"),
    CheckConstraint(_one_of("verdict", sorted(KEPT)), name="verdict"),
    Index(None, "payment"),
)

# The outbox. `error` is a word of ours; what a provider answers is not kept.
payment_calls = Table(
    "payment_calls",
    metadata,
    Column("id", BigInteger, Identity()),
    Column("payment", Text, nullable=False),
    Column("refund", Text),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False, server_default=text("'waiting'")),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("error", Text),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("id"),
    ForeignKeyConstraint(["payment"], ["payments.id"]),
    ForeignKeyConstraint(["refund"], ["refunds.id"]),
    CheckConstraint(_one_of("kind", Call), name="kind"),
    CheckConstraint(_one_of("state", CallState), name="state"),
    CheckConstraint("(kind = 'refund') = (refund IS NOT NULL)", name="refund"),
    CheckConstraint("(state = 'waiting') = (ended_at IS NULL)", name="ended"),
    Index(
        "uq_payment_calls_one_waiting",
        "payment",
        "kind",
        text("coalesce(refund, '')"),
        unique=True,
        postgresql_where=text("state = 'waiting'"),
    ),
    Index("ix_payment_calls_due", "due_at", postgresql_where=text("state = 'waiting'")),
)

# The other side of the embedded sandbox: what a provider keeps in its own house. No code of ours but
# `payments/sandbox.py` reads it.
sandbox_charges = Table(
    "sandbox_charges",
    metadata,
    Column("reference", Text),  # what the merchant calls it
    Column("number", Text, nullable=False),  # what the sandbox calls it
    Column("amount", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("reference"),
    UniqueConstraint("number"),
    CheckConstraint("state IN ('open', 'approved', 'declined', 'closed')", name="state"),
)

sandbox_refunds = Table(
    "sandbox_refunds",
    metadata,
    Column("reference", Text),
    Column("charge", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    PrimaryKeyConstraint("reference"),
    ForeignKeyConstraint(["charge"], ["sandbox_charges.reference"]),
)

sandbox_notices = Table(
    "sandbox_notices",
    metadata,
    Column("id", BigInteger, Identity()),
    Column("body", Text, nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("delivered_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("id"),
    Index("ix_sandbox_notices_due", "due_at", postgresql_where=text("delivered_at IS NULL")),
)
