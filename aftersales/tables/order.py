"""Repair orders from the first step to the review."""

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
)
from sqlalchemy.dialects.postgresql import JSONB

from aftersales.tables.metadata import metadata

repair_orders = Table(
    "repair_orders",
    metadata,
    Column("id", Text),
    Column("organisation", Text, nullable=False),
    Column("workshop_organisation", Text, nullable=False),
    Column("case", Text, nullable=False),
    Column("appointment", Text, nullable=False),
    Column("estimate", Text, nullable=False),
    Column("vehicle", Text, nullable=False),
    Column("workshop", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("mileage_km", Integer),
    Column("parts_issued_at", DateTime(timezone=True)),
    Column("reworks", Integer, nullable=False),
    Column("ready_at", DateTime(timezone=True)),  # as the desk promised anew; NULL: as the visit says
    Column("hold_reason", Text),
    Column("inspection_fee", BigInteger),  # net; told before the owner decides, due if he declines everything
    Column("fee_outcome", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("id"),
    ForeignKeyConstraint(["case"], ["cases.id"]),
    ForeignKeyConstraint(["appointment"], ["appointments.id"]),
    ForeignKeyConstraint(["estimate"], ["estimates.id"]),
    UniqueConstraint("appointment"),
    # No mileage is ever invented: what needs one cannot be stored without it.
    CheckConstraint("state IN ('expected', 'cancelled') OR mileage_km IS NOT NULL", name="mileage"),
    CheckConstraint("(state = 'on_hold') = (hold_reason IS NOT NULL)", name="hold_reason"),
    CheckConstraint("(state = 'closed_declined') = (fee_outcome IS NOT NULL)", name="fee_outcome"),
    CheckConstraint("fee_outcome IN ('settled', 'waived') AND inspection_fee >= 0", name="fee"),
    Index(None, "case"),
    Index(None, "vehicle"),
    Index(None, "organisation", "created_at", "id"),
)

repair_steps = Table(
    "repair_steps",
    metadata,
    Column("order", Text),
    Column("number", Integer),
    Column("organisation", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("note", Text),
    Column("actor", Text, nullable=False),
    Column("taken_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("order", "number"),
    ForeignKeyConstraint(["order"], ["repair_orders.id"]),
)

# Appended, never edited; from where he said it is all that is erased of a person, the record stays whole.
approvals = Table(
    "approvals",
    metadata,
    Column("id", Text),
    Column("organisation", Text, nullable=False),
    Column("order", Text, nullable=False),
    Column("line", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("decision", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("ip", Text),
    Column("given_by", Text),  # by whom, when the workshop wrote down what it was told
    Column("signature", Text),  # the SHA-256 of a photo of it
    Column("decided_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("id"),
    ForeignKeyConstraint(["order"], ["repair_orders.id"]),
    ForeignKeyConstraint(["line"], ["estimate_lines.id"]),
    UniqueConstraint("line", "number"),
    CheckConstraint("decision IN ('approved', 'declined')", name="decision"),
    Index(None, "order"),
)

# Sheets are appended, never edited: one that corrects another has the next version, and the highest counts.
settlements = Table(
    "settlements",
    metadata,
    Column("order", Text),
    Column("version", Integer, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("sheet", JSONB, nullable=False),
    Column("net", BigInteger, nullable=False),
    Column("tax", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("settled_by", Text, nullable=False),
    Column("settled_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("order", "version"),
    ForeignKeyConstraint(["order"], ["repair_orders.id"]),
    UniqueConstraint("number"),
)

reviews = Table(
    "reviews",
    metadata,
    Column("order", Text),
    Column("organisation", Text, nullable=False),
    Column("workshop", Text, nullable=False),
    Column("rating", Integer, nullable=False),
    Column("words", Text, nullable=False),
    Column("reviewed_by", Text, nullable=False),
    Column("reviewed_at", DateTime(timezone=True), nullable=False),
    Column("answer", Text),  # the workshop's, once
    Column("answered_by", Text),
    Column("answered_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("order"),
    ForeignKeyConstraint(["order"], ["repair_orders.id"]),
    CheckConstraint("rating BETWEEN 1 AND 5", name="rating"),
    CheckConstraint("(answer IS NULL) = (answered_by IS NULL)", name="answer"),
    CheckConstraint("(answered_by IS NULL) = (answered_at IS NULL)", name="answered"),
    Index(None, "workshop"),
)

# What the workshop found of a finding. Appended: the highest number counts. Fault and predictor are kept beside it, so
# that precision can still be counted when the finding itself was erased with its car.
verdicts = Table(
    "verdicts",
    metadata,
    Column("finding", Text),
    Column("number", Integer),
    Column("organisation", Text, nullable=False),
    Column("order", Text, nullable=False),
    Column("workshop", Text, nullable=False),
    Column("fault", Text, nullable=False),
    Column("predictor", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("other", Text),  # the fault that it was instead, if the table of faults knows it
    Column("note", Text),
    Column("given_by", Text, nullable=False),
    Column("given_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("finding", "number"),
    ForeignKeyConstraint(["order"], ["repair_orders.id"]),
    CheckConstraint("verdict IN ('found', 'not_found', 'other_fault')", name="verdict"),
    CheckConstraint("other IS NULL OR (verdict = 'other_fault' AND other <> fault)", name="other"),
    Index(None, "order"),
    Index(None, "workshop", "given_at"),
)
