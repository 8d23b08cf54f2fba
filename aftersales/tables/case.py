"""Cases with what they rest on and what they would cost."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from aftersales.tables.metadata import metadata

cases = Table(
    "cases",
    metadata,
    Column("id", Text),
    Column("organisation", Text, nullable=False),  # the vehicle's owner
    Column("vehicle", Text, nullable=False),
    Column("finding", Text),  # the first one; later ones of the same fault are in case_findings
    Column("fault", Text),
    Column("wish", Text, nullable=False),
    Column("words", Text),
    Column("urgency", Text),
    Column("probability", Float),
    Column("state", Text, nullable=False),
    Column("latest_day", Date),  # the urgency's last day for the visit
    Column("reasons", JSONB, nullable=False),  # why no visit is proposed, or what is left out: [{code, en, zh}]
    Column("questions", JSONB, nullable=False),  # what would settle which part fits: [{part_type, attribute, en, zh}]
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("finding"),
    Index(
        "uq_cases_vehicle_fault_open",
        "vehicle",
        "fault",
        unique=True,
        postgresql_where=text("state NOT IN ('settled', 'declined')"),
    ),
    Index(None, "organisation", "opened_at", "id"),
    Index(None, "organisation", "state"),
    Index(None, "vehicle"),
    CheckConstraint("(finding IS NULL) = (fault IS NULL)", name="source"),
)

case_findings = Table(
    "case_findings",
    metadata,
    Column("finding", Text),
    Column("organisation", Text, nullable=False),
    Column("case", Text, nullable=False),
    Column("document", JSONB, nullable=False),
    Column("merged_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("finding"),
    ForeignKeyConstraint(["case"], ["cases.id"]),
    Index(None, "case"),
)

# The car's own trouble codes that belong to a case's fault. Kept when the car no longer reports them (`gone_at`).
case_codes = Table(
    "case_codes",
    metadata,
    Column("case", Text),
    Column("ecu", Text),
    Column("kind", Text),
    Column("code", Text),
    Column("organisation", Text, nullable=False),
    Column("first_seen_at", DateTime(timezone=True), nullable=False),
    Column("seen_at", DateTime(timezone=True), nullable=False),
    Column("gone_at", DateTime(timezone=True)),
    Column("freeze", JSONB(none_as_null=True)),
    Column("joined_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("case", "ecu", "kind", "code"),
    ForeignKeyConstraint(["case"], ["cases.id"]),
    CheckConstraint("first_seen_at <= seen_at AND gone_at > seen_at", name="order"),
)

estimates = Table(
    "estimates",
    metadata,
    Column("id", Text),
    Column("organisation", Text, nullable=False),
    Column("case", Text, nullable=False),
    Column("workshop", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("id"),
    ForeignKeyConstraint(["case"], ["cases.id"]),
    Index(None, "case"),
)

estimate_lines = Table(
    "estimate_lines",
    metadata,
    Column("id", Text),
    Column("organisation", Text, nullable=False),
    Column("estimate", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("settlement_group", Text, nullable=False),
    Column("operation", Text),
    Column("part", Text),
    Column("part_type", Text),
    Column("part_location", Text),
    Column("text_en", Text, nullable=False),
    Column("text_zh", Text, nullable=False),
    Column("hundredths", BigInteger, nullable=False),  # quantity x 100: hours of labour, pieces of a part
    Column("unit_net", BigInteger, nullable=False),  # minor units
    Column("tax_basis_points", Integer, nullable=False),
    Column("required", Boolean, nullable=False),
    Column("evidence", JSONB, nullable=False),
    Column("borne_by", Text),  # under warranty: who pays in the owner's place
    Column("supplier", Text),  # of work that is done elsewhere
    Column("issued", Integer, nullable=False, server_default=text("0")),  # pieces that were handed out
    Column("returned_at", DateTime(timezone=True)),  # every piece went back
    Column("hash", Text, nullable=False),  # of exactly what is shown; an approval of another hash is void
    PrimaryKeyConstraint("id"),
    ForeignKeyConstraint(["estimate"], ["estimates.id"]),
    UniqueConstraint("estimate", "position"),
    CheckConstraint("kind IN ('labour', 'part', 'sublet') AND (kind = 'part') = (part IS NOT NULL)", name="kind"),
    CheckConstraint("(kind = 'sublet') = (supplier IS NOT NULL)", name="supplier"),
    CheckConstraint("borne_by IN ('manufacturer', 'part_maker', 'workshop')", name="borne_by"),
    CheckConstraint("hundredths > 0 AND unit_net >= 0", name="amount"),
)
