"""The tables of ingest. `partition` is one of sixteen by vehicle: a worker owns a set of them, whole vehicles each."""

from sqlalchemy import (
    REAL,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from foundation.tables import NAMING

metadata = MetaData(naming_convention=NAMING)

vehicles = Table(
    "vehicles",
    metadata,
    Column("id", Text),
    Column("organisation", Text, nullable=False),
    Column("vin", Text),
    Column("vin_reported", Text),  # as the car itself told it last; it never replaces a registered one
    Column("vin_reported_at", DateTime(timezone=True)),
    Column("config", JSONB, nullable=False),
    Column("latitude", Double),
    Column("longitude", Double),
    Column("created_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("id"),
    Index(None, "organisation"),
    Index(None, "vin"),
)

devices = Table(
    "devices",
    metadata,
    Column("id", Text),
    Column("vehicle", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("partition", SmallInteger, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("revoked_at", DateTime(timezone=True)),
    Column("dialect", Text, nullable=False),
    Column("wire_partition", SmallInteger, nullable=False),  # where the broker puts what it sends
    PrimaryKeyConstraint("id"),
    ForeignKeyConstraint(["vehicle"], ["vehicles.id"]),
    CheckConstraint("partition BETWEEN 0 AND 15", name="partition"),
    CheckConstraint("wire_partition BETWEEN 0 AND 15", name="wire_partition"),
    Index(None, "vehicle"),
)

# What a device last said of itself.
device_states = Table(
    "device_states",
    metadata,
    Column("device", Text),
    Column("online", Boolean, nullable=False),
    Column("agent", Text),
    Column("spool", BigInteger),
    Column("dead", BigInteger),
    Column("clock", Text),
    Column("dropped", BigInteger),
    Column("disk", Text),
    Column("adapter", Text),
    Column("reported_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("device"),
)

# The identity of every message that was handled, stored or rejected: the one thing that tells a redelivery.
message_keys = Table(
    "message_keys",
    metadata,
    Column("device", Text),
    Column("boot", Text),
    Column("seq", BigInteger),
    Column("partition", SmallInteger, nullable=False),
    PrimaryKeyConstraint("device", "boot", "seq"),
)

# Per start-up of a device: what was handled without a gap (`through_seq`), and what never came (`gaps`).
boots = Table(
    "boots",
    metadata,
    Column("device", Text),
    Column("boot", Text),
    Column("vehicle", Text),
    Column("organisation", Text),
    Column("partition", SmallInteger, nullable=False),
    Column("through_seq", BigInteger, nullable=False),
    Column("gaps", BigInteger, nullable=False),
    Column("redelivered", BigInteger, nullable=False),
    Column("first_arrived_at", DateTime(timezone=True), nullable=False),
    Column("last_arrived_at", DateTime(timezone=True), nullable=False),
    Column("forgotten_seq", BigInteger),  # up to here the keys were deleted: what comes again is known all the same
    PrimaryKeyConstraint("device", "boot"),
    Index(None, "organisation"),
)

# The archive's manifest: a segment that is not listed here does not exist. `day` and `partition` are those of a
# compacted file; a fresh one has none. `row_group` is where a compacted file holds the vehicle.
segments = Table(
    "segments",
    metadata,
    Column("name", Text),
    Column("worker", Text, nullable=False),
    Column("written_at", DateTime(timezone=True), nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("day", Date),
    Column("partition", SmallInteger),
    PrimaryKeyConstraint("name"),
    CheckConstraint("(day IS NULL) = (partition IS NULL)", name="place"),
    Index(None, "worker"),
    Index("ix_segments_fresh", "written_at", postgresql_where=text("day IS NULL")),
    Index(None, "day", "partition"),
)

segment_contents = Table(
    "segment_contents",
    metadata,
    Column("segment", Text),
    Column("device", Text),
    Column("boot", Text),
    Column("vehicle", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("partition", SmallInteger, nullable=False),
    Column("first_at", DateTime(timezone=True), nullable=False),
    Column("last_at", DateTime(timezone=True), nullable=False),
    Column("readings", BigInteger, nullable=False),
    Column("row_group", Integer),
    PrimaryKeyConstraint("segment", "device", "boot", "vehicle"),
    ForeignKeyConstraint(["segment"], ["segments.name"]),
    Index(None, "vehicle", "last_at"),
    Index(None, "device", "boot"),
    Index(None, "organisation"),
)

# Cars whose readings are still in a file that the manifest no longer says they are in; and files that nobody lists any
# more, to be deleted. Both are work that a killed process leaves to the next one.
segment_erasures = Table(
    "segment_erasures",
    metadata,
    Column("segment", Text),
    Column("vehicle", Text),
    PrimaryKeyConstraint("segment", "vehicle"),
    ForeignKeyConstraint(["segment"], ["segments.name"]),
)

segment_removals = Table("segment_removals", metadata, Column("name", Text), PrimaryKeyConstraint("name"))

# The newest reading per vehicle and signal, by (at, boot, seq, position); boots compare byte by byte, as in numpy.
last_values = Table(
    "last_values",
    metadata,
    Column("vehicle", Text),
    Column("signal", Text),
    Column("partition", SmallInteger, nullable=False),
    Column("value", REAL, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("boot", Text(collation="C"), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("position", Integer, nullable=False),
    Column("quality", SmallInteger, nullable=False),
    Column("arrived_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("vehicle", "signal"),
)

dtc_reports = Table(
    "dtc_reports",
    metadata,
    Column("device", Text),
    Column("boot", Text),
    Column("seq", BigInteger),
    Column("vehicle", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("partition", SmallInteger, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("arrived_at", DateTime(timezone=True), nullable=False),
    Column("report", JSONB, nullable=False),
    PrimaryKeyConstraint("device", "boot", "seq"),
    Index(None, "vehicle", "at"),
)

# The newest word of each ECU on one thing (`fact`: stored, pending or permanent codes, freeze, readiness, monitors), as
# each device told it: NULL is no answer. Beside it the last real answer, which a later silence does not wipe out.
ecu_answers = Table(
    "ecu_answers",
    metadata,
    Column("device", Text),
    Column("ecu", Text),
    Column("fact", Text),
    Column("vehicle", Text, nullable=False),
    Column("partition", SmallInteger, nullable=False),
    Column("told_at", DateTime(timezone=True), nullable=False),
    Column("told_boot", Text(collation="C"), nullable=False),
    Column("told_seq", BigInteger, nullable=False),
    Column("told", JSONB(none_as_null=True)),
    Column("answered_at", DateTime(timezone=True)),
    Column("answered_boot", Text(collation="C")),
    Column("answered_seq", BigInteger),
    Column("answered", JSONB(none_as_null=True)),
    PrimaryKeyConstraint("device", "ecu", "fact"),
    CheckConstraint("(answered IS NULL) = (answered_at IS NULL)", name="answered"),
    Index(None, "vehicle"),
)

# What people ask of a car. `due_at`: when it is to be sent, or sent again; `expires_at`: when it is too late.
commands = Table(
    "commands",
    metadata,
    Column("id", Text),
    Column("vehicle", Text, nullable=False),
    Column("organisation", Text, nullable=False),  # the vehicle's owner
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("device", Text),  # the one that was asked for, or that it was sent to first
    Column("plan", JSONB(none_as_null=True)),
    Column("requested_by", Text, nullable=False),
    Column("requested_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("sends", Integer, nullable=False),
    Column("sent_at", DateTime(timezone=True)),
    Column("result", JSONB(none_as_null=True)),
    Column("result_at", DateTime(timezone=True)),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("id"),
    ForeignKeyConstraint(["vehicle"], ["vehicles.id"]),
    CheckConstraint("kind IN ('snapshot', 'poll_plan', 'clear_dtcs')", name="kind"),
    CheckConstraint("(sends > 0) = (sent_at IS NOT NULL) AND (sends = 0 OR device IS NOT NULL)", name="sent"),
    CheckConstraint("(result IS NULL) = (state NOT IN ('done', 'refused', 'failed', 'unknown'))", name="result"),
    Index(None, "vehicle", "requested_at", "id"),
    Index("ix_commands_due", "due_at", postgresql_where=text("state IN ('approved', 'sent')")),
    Index(
        "ix_commands_open",
        "expires_at",
        postgresql_where=text("state IN ('awaiting_owner', 'awaiting_workshop', 'approved', 'sent')"),
    ),
    # Codes are cleared by one command at a time, so that nobody's yes meets another's question.
    Index(
        "uq_commands_vehicle_clearing",
        "vehicle",
        unique=True,
        postgresql_where=text(
            "kind = 'clear_dtcs' AND state IN ('awaiting_owner', 'awaiting_workshop', 'approved', 'sent')"
        ),
    ),
)

# Appended, never edited; ids only. One yes per side, and never both by one account.
command_approvals = Table(
    "command_approvals",
    metadata,
    Column("command", Text),
    Column("side", Text),
    Column("account", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("approved_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("command", "side"),
    ForeignKeyConstraint(["command"], ["commands.id"]),
    UniqueConstraint("command", "account"),
    CheckConstraint("side IN ('owner', 'workshop')", name="side"),
)

# Stretches of event time without 300 s of silence, per start-up of a device; due when `done_revision` is behind.
trip_spans = Table(
    "trip_spans",
    metadata,
    Column("id", BigInteger, Identity(always=True)),
    Column("vehicle", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("device", Text, nullable=False),
    Column("boot", Text, nullable=False),
    Column("partition", SmallInteger, nullable=False),
    Column("start_at", DateTime(timezone=True), nullable=False),
    Column("end_at", DateTime(timezone=True), nullable=False),
    Column("in_use_until", DateTime(timezone=True)),
    Column("last_arrived_at", DateTime(timezone=True), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("done_revision", Integer, nullable=False),
    PrimaryKeyConstraint("id"),
    CheckConstraint("start_at <= end_at", name="order"),
    Index(None, "device", "boot", "start_at"),
    Index(None, "vehicle", "start_at"),
    Index("ix_trip_spans_undone", "start_at", postgresql_where=text("done_revision < revision")),
)

rejected_messages = Table(
    "rejected_messages",
    metadata,
    Column("id", Text),
    Column("organisation", Text),
    Column("vehicle", Text),
    Column("device", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("boot", Text),
    Column("seq", BigInteger),
    Column("arrived_at", DateTime(timezone=True), nullable=False),
    Column("size", Integer, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    PrimaryKeyConstraint("id"),
)

# One row per message, signal and reason. `readings` is 0 where a message could not be read far enough to count them.
rejected = Table(
    "rejected",
    metadata,
    Column("id", BigInteger, Identity(always=True)),
    Column("message", Text, nullable=False),
    Column("organisation", Text),
    Column("reason", Text, nullable=False),
    Column("signal", Text),
    Column("readings", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),
    PrimaryKeyConstraint("id"),
    ForeignKeyConstraint(["message"], ["rejected_messages.id"]),
    Index(None, "organisation", "id"),
)
