"""What the catalogue knows of vehicles, and what the licensee has loaded of the meaning of codes."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Identity,
    Index,
    Integer,
    Numeric,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from parts_catalog.metadata import metadata

vehicle_configurations = Table(
    "vehicle_configurations",
    metadata,
    Column("id", Text),
    Column("make", Text, nullable=False),
    Column("make_zh", Text, nullable=False),
    Column("make_key", Text, nullable=False),
    Column("model_line", Text, nullable=False),
    Column("model_line_zh", Text, nullable=False),
    Column("model_line_key", Text, nullable=False),
    Column("model_line_zh_key", Text, nullable=False),
    Column("year_from", SmallInteger, nullable=False),
    Column("year_to", SmallInteger, nullable=False),
    Column("fuel", Text, nullable=False),
    Column("displacement_l", Numeric(3, 1)),
    Column("cylinders", SmallInteger),
    Column("aspiration", Text),
    Column("transmission", Text, nullable=False),
    Column("drive", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("engine_code", Text),
    Column("region", Text, nullable=False),
    PrimaryKeyConstraint("id"),
    CheckConstraint("year_from <= year_to", name="years"),
    Index(None, "make_key", "model_line_key"),
    Index(None, "model_line_zh_key"),
)

# The licensee's own copy of a code list, never shipped. `canonical` says the code in the catalogue's words, such as
# {"make": "volkswagen", "model_line": "golf", "year": 2015} of a base vehicle or {"part_type": "alternator"}.
reference_codes = Table(
    "reference_codes",
    metadata,
    Column("kind", Text),
    Column("id", Integer),
    Column("name_en", Text, nullable=False),
    Column("name_zh", Text),
    Column("canonical", JSONB, nullable=False, server_default=text("'{}'")),
    PrimaryKeyConstraint("kind", "id"),
    CheckConstraint("jsonb_typeof(canonical) = 'object'", name="canonical"),
    Index(
        "ix_reference_codes_canonical",
        "canonical",
        postgresql_using="gin",
        postgresql_ops={"canonical": "jsonb_path_ops"},
    ),
)

# A maker's code and, behind it, a pattern over the signs that follow ('' = the maker's code alone says it).
# `fields` is what the VIN then tells of the car, as `VehicleConfig` names it.
vin_rules = Table(
    "vin_rules",
    metadata,
    Column("id", Integer, Identity()),
    Column("wmi", Text, nullable=False),
    Column("pattern", Text, nullable=False, server_default=text("''")),
    Column("year_from", SmallInteger),
    Column("year_to", SmallInteger),
    Column("fields", JSONB, nullable=False),
    Column("source", Text, nullable=False),
    PrimaryKeyConstraint("id"),
    CheckConstraint("year_from <= year_to", name="years"),
    CheckConstraint("jsonb_typeof(fields) = 'object'", name="fields"),
    Index(None, "wmi"),
)
