"""The tables of parts_catalog: reference rows are global; prices, stock and reservations have an owner."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Numeric,
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

_MONTH = r"'^\d{4}-(0[1-9]|1[0-2])$'"

# `rank` orders brands of equal fit: 1 is offered first.
brands = Table(
    "brands",
    metadata,
    Column("name", Text),
    Column("name_zh", Text, nullable=False),
    Column("quality", Text, nullable=False),
    Column("rank", SmallInteger, nullable=False),
    PrimaryKeyConstraint("name"),
    CheckConstraint("quality IN ('original', 'aftermarket', 'economy')", name="quality"),
)

# `number` is the maker's own spelling, `number_key` its normal form; `search_text` holds, in plain
# spelling, every word that a hit may come by, `number_key` too.
parts = Table(
    "parts",
    metadata,
    Column("id", Text),
    Column("brand", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("number_key", Text, nullable=False),
    Column("part_type", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("name_zh", Text, nullable=False),
    Column("search_text", Text, nullable=False),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("brand", "number_key"),
    UniqueConstraint("id", "part_type"),
    ForeignKeyConstraint(["brand"], ["brands.name"]),
    CheckConstraint("number_key <> ''", name="number_key"),
    Index(None, "part_type"),
    Index("ix_parts_number_key_prefix", "number_key", postgresql_ops={"number_key": "text_pattern_ops"}),
    Index(
        "ix_parts_search_text_trigrams",
        "search_text",
        postgresql_using="gin",
        postgresql_ops={"search_text": "gin_trgm_ops"},
    ),
)

# One catalogue line: an attribute that is NULL fits all, a stated one restricts. `make` and `model_line` are keys
# (`spelling.name_key`), the other words are canonical (`spelling.canonical`). `excludes` marks a negative rule.
applications = Table(
    "applications",
    metadata,
    Column("id", Text),
    Column("part", Text, nullable=False),
    Column("part_type", Text, nullable=False),
    Column("make", Text),
    Column("model_line", Text),
    Column("year_from", SmallInteger),
    Column("year_to", SmallInteger),
    Column("built_from", Text),
    Column("built_to", Text),
    Column("fuel", Text),
    Column("displacement_l", Numeric(3, 1)),
    Column("cylinders", SmallInteger),
    Column("aspiration", Text),
    Column("transmission", Text),
    Column("drive", Text),
    Column("body", Text),
    Column("engine_code", Text),
    Column("region", Text),
    Column("position", Text),
    Column("quantity", SmallInteger, nullable=False, server_default=text("1")),
    Column("equipment", JSONB, nullable=False, server_default=text("'{}'")),
    Column("note_en", Text),
    Column("note_zh", Text),
    Column("excludes", Boolean, nullable=False, server_default=text("false")),
    Column("source", Text, nullable=False),
    PrimaryKeyConstraint("id"),
    ForeignKeyConstraint(["part", "part_type"], ["parts.id", "parts.part_type"], name="fk_applications_part"),
    CheckConstraint("model_line IS NULL OR make IS NOT NULL", name="model_of_a_make"),
    CheckConstraint("year_from <= year_to", name="years"),
    CheckConstraint(f"built_from ~ {_MONTH} AND built_to ~ {_MONTH}", name="months"),
    CheckConstraint("built_from <= built_to", name="months_in_order"),
    CheckConstraint("quantity > 0", name="quantity"),
    CheckConstraint("(note_en IS NULL) = (note_zh IS NULL)", name="note_in_both_languages"),
    CheckConstraint("jsonb_typeof(equipment) = 'object'", name="equipment"),
    Index(None, "make", "model_line", "part_type"),
    Index(None, "part"),
)

# A brand that lists every vehicle its parts of this type fit: here, and only here, no line means "does not fit".
completeness = Table(
    "completeness",
    metadata,
    Column("brand", Text),
    Column("part_type", Text),
    Column("source", Text, nullable=False),
    PrimaryKeyConstraint("brand", "part_type"),
    ForeignKeyConstraint(["brand"], ["brands.name"]),
)

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

# Net prices in minor units; `price_list` 'base' is what everybody pays until lists per channel exist.
prices = Table(
    "prices",
    metadata,
    Column("price_list", Text),
    Column("part", Text),
    Column("currency", Text),
    Column("organisation", Text, nullable=False),
    Column("net_amount", Integer, nullable=False),
    Column("tax_basis_points", Integer, nullable=False),
    PrimaryKeyConstraint("price_list", "part", "currency"),
    ForeignKeyConstraint(["part"], ["parts.id"]),
    CheckConstraint("net_amount >= 0", name="net_amount"),
    CheckConstraint("tax_basis_points BETWEEN 0 AND 10000", name="tax_basis_points"),
)

# The CHECK on `reserved` is the guarantee that nothing is promised twice, whatever the code above it does.
stock = Table(
    "stock",
    metadata,
    Column("part", Text),
    Column("location", Text),
    Column("organisation", Text, nullable=False),
    Column("on_hand", Integer, nullable=False),
    Column("reserved", Integer, nullable=False, server_default=text("0")),
    Column("expected", Date),
    PrimaryKeyConstraint("part", "location"),
    ForeignKeyConstraint(["part"], ["parts.id"]),
    CheckConstraint("reserved >= 0 AND reserved <= on_hand", name="reserved"),
    Index(None, "location"),
)

reservations = Table(
    "reservations",
    metadata,
    Column("id", Text),
    Column("part", Text, nullable=False),
    Column("location", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("holder", Text, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("reserved_until", DateTime(timezone=True)),
    Column("expected", Date),  # these very pieces turned out to come on that day only
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("id"),
    ForeignKeyConstraint(["part", "location"], ["stock.part", "stock.location"], name="fk_reservations_stock"),
    CheckConstraint("quantity > 0", name="quantity"),
    CheckConstraint("state IN ('held', 'released', 'expired', 'issued')", name="state"),
    CheckConstraint("(state = 'held') = (ended_at IS NULL)", name="ended"),
    Index(
        "uq_reservations_one_hold", "holder", "part", "location", unique=True, postgresql_where=text("state = 'held'")
    ),
    Index("ix_reservations_held", "part", "location", postgresql_where=text("state = 'held'")),
    Index("ix_reservations_due", "reserved_until", postgresql_where=text("state = 'held'")),
)
