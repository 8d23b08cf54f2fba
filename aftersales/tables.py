"""The tables of aftersales."""

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
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSTZRANGE, ExcludeConstraint

from foundation.tables import NAMING

metadata = MetaData(naming_convention=NAMING)

# Workshops, their bays and technicians are a directory that every signed-in account may read.
workshops = Table(
    "workshops",
    metadata,
    Column("id", Text),
    Column("organisation", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("name_zh", Text, nullable=False),
    Column("latitude", Float, nullable=False),
    Column("longitude", Float, nullable=False),
    Column("zone", Text, nullable=False),  # IANA
    Column("currency", Text, nullable=False),
    Column("labour_rate", BigInteger, nullable=False),  # minor units per hour, net
    Column("tax_basis_points", Integer, nullable=False),  # of labour
    Column("opening_hours", JSONB, nullable=False),  # {"mon": [["08:30", "12:00"], ...], ...}, local
    Column("special_days", JSONB, nullable=False),  # {"2027-01-01": []}: replaces the weekday's hours and any holiday
    Column("stock_location", Text, nullable=False),
    Column("country", Text),  # ISO 3166-1: whose public holidays are kept; null: none
    Column("subdivision", Text),  # ISO 3166-2, without the country
    PrimaryKeyConstraint("id"),
    CheckConstraint("labour_rate >= 0", name="labour_rate"),
)

bays = Table(
    "bays",
    metadata,
    Column("id", Text),
    Column("organisation", Text, nullable=False),
    Column("workshop", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("equipment", ARRAY(Text), nullable=False),
    PrimaryKeyConstraint("id"),
    ForeignKeyConstraint(["workshop"], ["workshops.id"]),
    Index(None, "workshop"),
)

technicians = Table(
    "technicians",
    metadata,
    Column("id", Text),
    Column("organisation", Text, nullable=False),
    Column("workshop", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("name_zh", Text, nullable=False),
    Column("skills", ARRAY(Text), nullable=False),
    Column("account", Text),
    Column("shifts", JSONB(none_as_null=True)),  # as opening_hours, and a date replaces its weekday; null: all of them
    PrimaryKeyConstraint("id"),
    ForeignKeyConstraint(["workshop"], ["workshops.id"]),
    Index(None, "workshop"),
)

# Cars that are lent to owners while theirs is in the workshop.
loaners = Table(
    "loaners",
    metadata,
    Column("id", Text),
    Column("organisation", Text, nullable=False),
    Column("workshop", Text, nullable=False),
    Column("name", Text, nullable=False),
    PrimaryKeyConstraint("id"),
    ForeignKeyConstraint(["workshop"], ["workshops.id"]),
    Index(None, "workshop"),
)

# When a technician, bay or loaner cannot be put to work.
absences = Table(
    "absences",
    metadata,
    Column("id", Text),
    Column("organisation", Text, nullable=False),
    Column("workshop", Text, nullable=False),
    Column("resource", Text, nullable=False),
    Column("during", TSTZRANGE, nullable=False),
    Column("reason", Text, nullable=False),
    PrimaryKeyConstraint("id"),
    ForeignKeyConstraint(["workshop"], ["workshops.id"]),
    CheckConstraint("NOT isempty(during) AND NOT lower_inf(during) AND NOT upper_inf(during)", name="during"),
    Index(None, "workshop"),
    Index(None, "resource"),
)

# What a workshop times its own way: an operation, or the buffers of all visits for a wish.
services = Table(
    "services",
    metadata,
    Column("organisation", Text, nullable=False),
    Column("workshop", Text),
    Column("code", Text),
    Column("minutes", Integer),  # null: by the labour time
    Column("before_min", Integer, nullable=False),  # the bay is taken before the work and after it
    Column("after_min", Integer, nullable=False),
    PrimaryKeyConstraint("workshop", "code"),
    ForeignKeyConstraint(["workshop"], ["workshops.id"]),
    CheckConstraint("minutes > 0 AND minutes % 15 = 0", name="minutes"),
    CheckConstraint("before_min BETWEEN 0 AND 1440 AND before_min % 15 = 0", name="before_min"),
    CheckConstraint("after_min BETWEEN 0 AND 1440 AND after_min % 15 = 0", name="after_min"),
)

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
    Column("hash", Text, nullable=False),  # of exactly what is shown; an approval of another hash is void
    PrimaryKeyConstraint("id"),
    ForeignKeyConstraint(["estimate"], ["estimates.id"]),
    UniqueConstraint("estimate", "position"),
    CheckConstraint("kind IN ('labour', 'part') AND (kind = 'part') = (part IS NOT NULL)", name="kind"),
    CheckConstraint("hundredths > 0 AND unit_net >= 0", name="amount"),
)

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
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("id"),
    ForeignKeyConstraint(["case"], ["cases.id"]),
    ForeignKeyConstraint(["appointment"], ["appointments.id"]),
    ForeignKeyConstraint(["estimate"], ["estimates.id"]),
    UniqueConstraint("appointment"),
    # No mileage is ever invented: what needs one cannot be stored without it.
    CheckConstraint("state IN ('expected', 'cancelled') OR mileage_km IS NOT NULL", name="mileage"),
    Index(None, "case"),
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

# Appended, never edited; ids and hashes only, so that a person can be erased without breaking the record.
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
    Column("decided_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("id"),
    ForeignKeyConstraint(["order"], ["repair_orders.id"]),
    ForeignKeyConstraint(["line"], ["estimate_lines.id"]),
    UniqueConstraint("line", "number"),
    CheckConstraint("decision IN ('approved', 'declined')", name="decision"),
    Index(None, "order"),
)

settlements = Table(
    "settlements",
    metadata,
    Column("order", Text),
    Column("organisation", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("sheet", JSONB, nullable=False),
    Column("net", BigInteger, nullable=False),
    Column("tax", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("settled_by", Text, nullable=False),
    Column("settled_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("order"),
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
    PrimaryKeyConstraint("order"),
    ForeignKeyConstraint(["order"], ["repair_orders.id"]),
    CheckConstraint("rating BETWEEN 1 AND 5", name="rating"),
    Index(None, "workshop"),
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
    PrimaryKeyConstraint("id"),
    CheckConstraint("channel IN ('inbox', 'mail')", name="channel"),
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
    Column("title_en", Text, nullable=False),
    Column("title_zh", Text, nullable=False),
    Column("text_en", Text, nullable=False),
    Column("text_zh", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("delivered_at", DateTime(timezone=True)),
    Column("read_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("account", "channel", "kind", "cause"),
    ForeignKeyConstraint(["case"], ["cases.id"]),
    CheckConstraint("channel IN ('inbox', 'mail')", name="channel"),
    CheckConstraint("state IN ('waiting', 'queued', 'delivered')", name="state"),
    CheckConstraint("(state = 'delivered') = (delivered_at IS NOT NULL)", name="delivered"),
    Index(None, "account", "created_at", "id"),
    Index("ix_messages_waiting", "created_at", postgresql_where=text("state = 'waiting'")),
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
