"""Visits, what they occupy, and who waits for one."""

from sqlalchemy import (
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
from sqlalchemy.dialects.postgresql import ARRAY, TSTZRANGE, ExcludeConstraint

from aftersales.tables.metadata import metadata

appointments = Table(
    "appointments",
    metadata,
    Column("id", Text),
    Column("organisation", Text, nullable=False),
    Column("case", Text, nullable=False),
    Column("vehicle", Text, nullable=False),
    Column("workshop", Text, nullable=False),
    Column("workshop_organisation", Text, nullable=False),
    Column("estimate", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("during", TSTZRANGE, nullable=False),
    Column("minutes", Integer, nullable=False),  # working time; `during` also spans the breaks inside it
    Column("skills", ARRAY(Text), nullable=False),
    Column("equipment", ARRAY(Text), nullable=False),
    Column("bay", Text, nullable=False),
    Column("technician", Text, nullable=False),
    Column("loaner", Text),
    Column("before_min", Integer, nullable=False),  # the bay is taken before `during` and after it
    Column("after_min", Integer, nullable=False),
    Column("parts_ready_at", DateTime(timezone=True)),
    Column("reason_en", Text, nullable=False),
    Column("reason_zh", Text, nullable=False),
    Column("booked_by", Text, nullable=False),
    Column("expires_at", DateTime(timezone=True)),
    Column("sequence", Integer, nullable=False),
    Column("replaces", Text),  # another time held for this visit, which stays as it is until its owner accepts
    Column("wait", Text),  # the place in the waitlist that this time was offered to
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("id"),
    ForeignKeyConstraint(["case"], ["cases.id"]),
    ForeignKeyConstraint(["workshop"], ["workshops.id"]),
    ForeignKeyConstraint(["estimate"], ["estimates.id"]),
    ForeignKeyConstraint(["replaces"], ["appointments.id"]),
    ForeignKeyConstraint(["wait"], ["waits.id"]),
    CheckConstraint("replaces IS NULL OR state NOT IN ('confirmed', 'arrived', 'no_show')", name="replaces"),
    CheckConstraint("NOT isempty(during)", name="during"),
    CheckConstraint("(state <> 'held') OR expires_at IS NOT NULL", name="hold_expires"),
    # A case never has two live visits, nor a visit two other times on offer; these, not the code that checks it first,
    # are the guarantee.
    Index(
        "uq_appointments_case_live",
        "case",
        unique=True,
        postgresql_where=text("state IN ('held', 'confirmed', 'arrived') AND replaces IS NULL"),
    ),
    Index("uq_appointments_alternative", "replaces", unique=True, postgresql_where=text("state = 'held'")),
    Index("ix_appointments_wait", "wait", postgresql_where=text("wait IS NOT NULL")),
    Index("ix_appointments_expected", text("lower(during)"), postgresql_where=text("state = 'confirmed'")),
    Index(None, "organisation", "created_at", "id"),
    Index(None, "case"),
    Index("ix_appointments_due", "expires_at", postgresql_where=text("state = 'held'")),
)

# Expired holds are switched off before each insert: the constraint's predicate cannot look at a clock, and an
# empty range would slip past it.
occupancies = Table(
    "occupancies",
    metadata,
    Column("id", Text),
    Column("organisation", Text, nullable=False),  # the workshop's
    Column("resource", Text, nullable=False),  # id of a bay, a technician or a loaner
    Column("during", TSTZRANGE, nullable=False),
    Column("appointment", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    PrimaryKeyConstraint("id"),
    ForeignKeyConstraint(["appointment"], ["appointments.id"]),
    CheckConstraint("NOT isempty(during)", name="during"),
    ExcludeConstraint(
        ("resource", "="), ("during", "&&"), name="ex_occupancies_no_overlap", using="gist", where=text("active")
    ),
    Index(None, "appointment"),
)

# Who waits for an earlier time at a workshop. A wish that has no visit yet waits as an open case of its own.
waits = Table(
    "waits",
    metadata,
    Column("id", Text),
    Column("organisation", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("case", Text, nullable=False),
    Column("workshop", Text, nullable=False),
    Column("latest_day", Date),
    Column("state", Text, nullable=False),
    Column("lapses", Integer, nullable=False),  # offers that he let run out
    Column("joined_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("id"),
    ForeignKeyConstraint(["case"], ["cases.id"]),
    ForeignKeyConstraint(["workshop"], ["workshops.id"]),
    CheckConstraint("state IN ('waiting', 'offered', 'served', 'left', 'lapsed')", name="state"),
    CheckConstraint("(state IN ('waiting', 'offered')) = (ended_at IS NULL)", name="ended"),
    Index("uq_waits_case_open", "case", unique=True, postgresql_where=text("ended_at IS NULL")),
    Index("ix_waits_queue", "workshop", "joined_at", "id", postgresql_where=text("state = 'waiting'")),
    Index(None, "organisation", "joined_at", "id"),
)

# A workshop where something has become free, for the sweep that offers it to who waits there.
vacancies = Table(
    "vacancies",
    metadata,
    Column("id", Text),
    Column("workshop", Text, nullable=False),
    Column("freed_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("id"),
    ForeignKeyConstraint(["workshop"], ["workshops.id"]),
    Index(None, "freed_at"),
)

# What the owner of a stopped car asked for, beside the visit that is held for it.
assistances = Table(
    "assistances",
    metadata,
    Column("id", Text),
    Column("organisation", Text, nullable=False),
    Column("case", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("workshop", Text, nullable=False),
    Column("words", Text),
    Column("latitude", Float),
    Column("longitude", Float),
    Column("asked_by", Text, nullable=False),
    Column("asked_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("id"),
    ForeignKeyConstraint(["case"], ["cases.id"]),
    ForeignKeyConstraint(["workshop"], ["workshops.id"]),
    UniqueConstraint("case", "kind"),
    CheckConstraint("kind IN ('towing', 'mobile_service')", name="kind"),
    CheckConstraint("(latitude IS NULL) = (longitude IS NULL)", name="place"),
)
