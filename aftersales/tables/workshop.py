"""Workshops and what they can put to work."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Float,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSTZRANGE

from aftersales.tables.metadata import metadata

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
    Column("setup_version", Integer, nullable=False, server_default="0"),  # counts the changes of all that is set up
    # Of all its reviews, kept as they come: the search for times reads every workshop and counts no reviews.
    Column("stars", BigInteger, nullable=False, server_default="0"),
    Column("reviews", Integer, nullable=False, server_default="0"),
    # What stands on its sheets beside its name; `licence`: by which the authority knows it, or its record number.
    *(Column(name, Text, nullable=False, server_default="") for name in ("address", "telephone", "licence")),
    PrimaryKeyConstraint("id"),
    CheckConstraint("labour_rate >= 0", name="labour_rate"),
    CheckConstraint("stars BETWEEN reviews AND 5 * reviews", name="stars"),
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
