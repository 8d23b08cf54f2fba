"""The tables of diagnostics: what each trip said of each fault, and the findings shown to owners."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint

from foundation.tables import NAMING

metadata = MetaData(naming_convention=NAMING)

# One row per (vehicle, trip, fault); a trip is a span of one boot. `measures` are of the trip alone; probability,
# severity and evidence also depend on the vehicle's earlier trips and are worked out again when `stale`.
trip_votes = Table(
    "trip_votes",
    metadata,
    Column("vehicle", Text),
    Column("boot", Text),
    Column("started_at", DateTime(timezone=True)),
    Column("fault", Text),
    Column("organisation", Text, nullable=False),
    Column("ended_at", DateTime(timezone=True), nullable=False),
    Column("observed_s", Double, nullable=False),
    Column("measures", JSONB, nullable=False),
    Column("probability", Double),
    Column("severity", Double, nullable=False, server_default=text("0")),
    Column("lead_days", JSONB(none_as_null=True)),
    Column("evidence", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    Column("stop_at", DateTime(timezone=True)),
    Column("stop_evidence", JSONB),
    Column("predictor", Text),
    Column("stale", Boolean, nullable=False, server_default=text("true")),
    PrimaryKeyConstraint("vehicle", "fault", "started_at", "boot"),
    CheckConstraint("started_at <= ended_at", name="span"),
    CheckConstraint("probability BETWEEN 0 AND 1", name="probability"),
)

# `quiet_until` is 30 days after the trouble's last sign: until then what shows of it belongs to this finding and is not
# raised again; the exclusion keeps two workers from doing so even without their lock.
findings = Table(
    "findings",
    metadata,
    Column("id", Text),
    Column("vehicle", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("fault", Text, nullable=False),
    Column("probability", Double, nullable=False),
    Column("severity", Double, nullable=False),
    Column("urgency", Text, nullable=False),
    Column("first_seen", DateTime(timezone=True), nullable=False),
    Column("confirmed_at", DateTime(timezone=True), nullable=False),
    Column("quiet_until", DateTime(timezone=True), nullable=False),
    Column("evidence", JSONB, nullable=False),
    Column("lead_days", JSONB(none_as_null=True)),
    Column("predictor", Text, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("id"),
    CheckConstraint("urgency IN ('S0', 'S1', 'S2', 'S3')", name="urgency"),
    CheckConstraint("probability BETWEEN 0 AND 1", name="probability"),
    Index(None, "vehicle", "confirmed_at"),
    Index(None, "organisation", "quiet_until"),
)
findings.append_constraint(
    ExcludeConstraint(
        (findings.c.vehicle, "="),
        (findings.c.fault, "="),
        (func.tstzrange(findings.c.confirmed_at, findings.c.quiet_until), "&&"),
        name="ex_findings_once_in_quiet_time",
        using="gist",
    )
)
