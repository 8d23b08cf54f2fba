"""The tables of parts_catalog: reference rows are global; prices, stock and reservations have an owner.

Here is what the catalogue says: brands, parts, on which cars they fit, and how parts relate. The tables beside it are
in files of their own (`*_tables.py`), and known here by their names. Where a row has `removed_by`, an import took it
out: it answers nowhere, and stays for the undo of that import and for the orders of old.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    Numeric,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from parts_catalog.import_tables import brand_keepers, import_changes, import_findings, imports
from parts_catalog.metadata import metadata
from parts_catalog.payments.tables import (
    payment_calls,
    payment_notices,
    payments,
    refunds,
    sandbox_charges,
    sandbox_notices,
    sandbox_refunds,
)
from parts_catalog.pricing.tables import (
    customer_group_members,
    customer_groups,
    list_prices,
    price_lists,
    promotion_uses,
    promotions,
)
from parts_catalog.reference_tables import reference_codes, vehicle_configurations, vin_rules
from parts_catalog.returns.tables import return_lines, returns
from parts_catalog.search_tables import catalogue_version, part_words, search_vehicles, search_words
from parts_catalog.shop.tables import cart_lines, carts, order_lines, orders, shipment_lines, shipments
from parts_catalog.shown_tables import part_images, part_reviews
from parts_catalog.stock_tables import prices, reservations, stock
from parts_catalog.warehouse.tables import back_orders, counts, expected_deliveries, locations, stock_changes

__all__ = [
    "applications",
    "back_orders",
    "brand_keepers",
    "brands",
    "cart_lines",
    "carts",
    "catalogue_version",
    "completeness",
    "counts",
    "customer_group_members",
    "customer_groups",
    "expected_deliveries",
    "import_changes",
    "import_findings",
    "imports",
    "interchanges",
    "kit_components",
    "list_prices",
    "locations",
    "metadata",
    "order_lines",
    "orders",
    "part_details",
    "part_images",
    "part_numbers",
    "part_reviews",
    "part_words",
    "parts",
    "payment_calls",
    "payment_notices",
    "payments",
    "price_lists",
    "prices",
    "promotion_uses",
    "promotions",
    "reference_codes",
    "refunds",
    "reservations",
    "return_lines",
    "returns",
    "sandbox_charges",
    "sandbox_notices",
    "sandbox_refunds",
    "search_vehicles",
    "search_words",
    "shipment_lines",
    "shipments",
    "stock",
    "stock_changes",
    "supersessions",
    "vehicle_configurations",
    "vin_rules",
]

_MONTH = r"'^\d{4}-(0[1-9]|1[0-2])$'"
_CURRENT = text("removed_by IS NULL")
# Whatever names a part has an index of all its rows by it: when an undo deletes parts, PostgreSQL looks in each table
# for rows that name them, and an index of the current rows alone does not answer that.

# `rank` orders brands of equal fit: 1 is offered first. `code` names the brand in ACES and PIES files.
brands = Table(
    "brands",
    metadata,
    Column("name", Text),
    Column("name_zh", Text, nullable=False),
    Column("quality", Text, nullable=False),
    Column("rank", SmallInteger, nullable=False),
    Column("code", Text),
    PrimaryKeyConstraint("name"),
    UniqueConstraint("code"),
    CheckConstraint("quality IN ('original', 'aftermarket', 'economy')", name="quality"),
)

# `number` is the maker's own spelling, `number_key` its normal form; `search_text` holds the
# words that a hit may come by besides names, brand and type. `no` names the part where millions of rows do: in the
# index of words and in the snapshot.
parts = Table(
    "parts",
    metadata,
    Column("id", Text),
    Column("no", Integer, Identity(), nullable=False),
    Column("brand", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("number_key", Text, nullable=False),
    Column("part_type", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("name_zh", Text, nullable=False),
    Column("search_text", Text, nullable=False),
    Column("state", Text, nullable=False, server_default=text("'current'")),
    Column("first_import", Integer),  # NULL: from the seed
    Column("removed_by", Integer),
    Column("terminology", Integer),  # the part type's code in the file that told it
    PrimaryKeyConstraint("id"),
    UniqueConstraint("no"),
    UniqueConstraint("brand", "number_key"),
    UniqueConstraint("id", "part_type"),
    ForeignKeyConstraint(["brand"], ["brands.name"]),
    ForeignKeyConstraint(["first_import"], ["imports.id"]),
    ForeignKeyConstraint(["removed_by"], ["imports.id"]),
    CheckConstraint("number_key <> ''", name="number_key"),
    CheckConstraint("state IN ('current', 'discontinued')", name="state"),
    Index(None, "part_type"),
    Index("ix_parts_number_key_prefix", "number_key", postgresql_ops={"number_key": "text_pattern_ops"}),
    Index(
        "ix_parts_number_key_trigrams",
        "number_key",
        postgresql_using="gin",
        postgresql_ops={"number_key": "gin_trgm_ops"},
    ),
)

# The other numbers that a part is found by. `maker` is whose number it is, '' where the file does not say.
part_numbers = Table(
    "part_numbers",
    metadata,
    Column("id", BigInteger, Identity()),
    Column("part", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("maker", Text, nullable=False, server_default=text("''")),
    Column("number", Text, nullable=False),
    Column("number_key", Text, nullable=False),
    Column("import_id", Integer),
    Column("removed_by", Integer),
    PrimaryKeyConstraint("id"),
    ForeignKeyConstraint(["part"], ["parts.id"]),
    ForeignKeyConstraint(["import_id"], ["imports.id"]),
    ForeignKeyConstraint(["removed_by"], ["imports.id"]),
    CheckConstraint("kind IN ('oe', 'interchange', 'supplier', 'gtin', 'former')", name="kind"),
    CheckConstraint("number_key <> ''", name="number_key"),
    Index("uq_part_numbers_one", "part", "kind", "maker", "number_key", unique=True, postgresql_where=_CURRENT),
    Index(None, "part"),
    Index("ix_part_numbers_number_key_prefix", "number_key", postgresql_ops={"number_key": "text_pattern_ops"}),
    Index(
        "ix_part_numbers_number_key_trigrams",
        "number_key",
        postgresql_using="gin",
        postgresql_ops={"number_key": "gin_trgm_ops"},
    ),
)

# What a page tells of a part beyond its name: descriptions, packages, pictures, dangerous goods; as its file said it.
part_details = Table(
    "part_details",
    metadata,
    Column("id", BigInteger, Identity()),
    Column("part", Text, nullable=False),
    Column("details", JSONB, nullable=False),
    Column("import_id", Integer),
    Column("removed_by", Integer),
    PrimaryKeyConstraint("id"),
    ForeignKeyConstraint(["part"], ["parts.id"]),
    ForeignKeyConstraint(["import_id"], ["imports.id"]),
    ForeignKeyConstraint(["removed_by"], ["imports.id"]),
    CheckConstraint("jsonb_typeof(details) = 'object'", name="details"),
    Index("uq_part_details_one", "part", unique=True, postgresql_where=_CURRENT),
    Index(None, "part"),
)

# One catalogue line: an attribute that is NULL fits all, a stated one restricts. `make` and `model_line` are keys
# (`spelling.name_key`), the other words are canonical (`spelling.canonical`). `excludes` marks a negative rule.
# `base_vehicle` is the code that the file has; a line under a code which no reference table resolved has no `make`.
# `attributes` are the codes that were left as codes ({"engine_base": 123}), `qualifiers` are conditions as a list of
# {"id", "text", "params"}. `source` is written where `import_id` and `line` do not say it.
# Ten million rows: what takes no part in a search is NULL rather than empty, fixed widths come first, and the ids of
# imports have no foreign key, which a load would pay for row by row.
applications = Table(
    "applications",
    metadata,
    Column("id", BigInteger, Identity()),
    Column("base_vehicle", Integer),
    Column("import_id", Integer),
    Column("line", Integer),
    Column("removed_by", Integer),
    Column("year_from", SmallInteger),
    Column("year_to", SmallInteger),
    Column("cylinders", SmallInteger),
    Column("quantity", SmallInteger, nullable=False, server_default=text("1")),
    Column("excludes", Boolean, nullable=False, server_default=text("false")),
    Column("part", Text, nullable=False),
    Column("part_type", Text, nullable=False),
    Column("make", Text),
    Column("model_line", Text),
    Column("built_from", Text),
    Column("built_to", Text),
    Column("fuel", Text),
    Column("displacement_l", Numeric(3, 1)),
    Column("aspiration", Text),
    Column("transmission", Text),
    Column("drive", Text),
    Column("body", Text),
    Column("engine_code", Text),
    Column("region", Text),
    Column("position", Text),
    Column("equipment", JSONB),
    Column("attributes", JSONB),
    Column("qualifiers", JSONB),
    Column("note_en", Text),  # a note in one language only is shown in both
    Column("note_zh", Text),
    Column("source", Text),
    Column("position_code", Integer),
    Column("extras", JSONB),  # what an export gives back and no judge asks for: labels, assets, the orders of notes
    PrimaryKeyConstraint("id"),
    ForeignKeyConstraint(
        ["part", "part_type"], ["parts.id", "parts.part_type"], name="fk_applications_part", onupdate="CASCADE"
    ),
    CheckConstraint("model_line IS NULL OR make IS NOT NULL", name="model_of_a_make"),
    CheckConstraint("year_from <= year_to", name="years"),
    CheckConstraint(f"built_from ~ {_MONTH} AND built_to ~ {_MONTH}", name="months"),
    CheckConstraint("built_from <= built_to", name="months_in_order"),
    CheckConstraint("quantity > 0", name="quantity"),
    CheckConstraint("jsonb_typeof(equipment) = 'object'", name="equipment"),
    CheckConstraint("jsonb_typeof(attributes) = 'object'", name="attributes"),
    CheckConstraint("jsonb_typeof(qualifiers) = 'array'", name="qualifiers"),
    CheckConstraint("jsonb_typeof(extras) = 'object'", name="extras"),
    CheckConstraint("source IS NOT NULL OR (import_id IS NOT NULL AND line IS NOT NULL)", name="source"),
    Index(
        None,
        "make",
        "model_line",
        "part_type",
        postgresql_where=text("make IS NOT NULL AND removed_by IS NULL"),
    ),
    Index(
        "ix_applications_universal",
        "part_type",
        postgresql_where=text("make IS NULL AND base_vehicle IS NULL AND removed_by IS NULL"),
    ),
    Index(None, "part", "removed_by"),
    Index(
        None,
        "base_vehicle",
        "part_type",
        postgresql_where=text("base_vehicle IS NOT NULL AND removed_by IS NULL"),
    ),
    # An undo finds by these what its import wrote and took out: a summary of pages, and nothing at all in a load.
    Index(None, "import_id", postgresql_using="brin"),
    Index(None, "removed_by", postgresql_where=text("removed_by IS NOT NULL")),
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

# A part and the one that took its place. `two_way`: the old one may be fitted for the new one as well.
supersessions = Table(
    "supersessions",
    metadata,
    Column("id", Integer, Identity()),
    Column("part", Text, nullable=False),
    Column("replaced_by", Text, nullable=False),
    Column("from_date", Date),
    Column("two_way", Boolean, nullable=False, server_default=text("false")),
    Column("import_id", Integer),
    Column("removed_by", Integer),
    PrimaryKeyConstraint("id"),
    ForeignKeyConstraint(["part"], ["parts.id"]),
    ForeignKeyConstraint(["replaced_by"], ["parts.id"]),
    ForeignKeyConstraint(["import_id"], ["imports.id"]),
    ForeignKeyConstraint(["removed_by"], ["imports.id"]),
    CheckConstraint("part <> replaced_by", name="another_part"),
    Index("uq_supersessions_one", "part", "replaced_by", unique=True, postgresql_where=_CURRENT),
    Index(None, "part"),
    Index(None, "replaced_by"),
)

# Two parts that may be fitted for one another: written once, true both ways, and no succession.
interchanges = Table(
    "interchanges",
    metadata,
    Column("id", Integer, Identity()),
    Column("part", Text, nullable=False),
    Column("other", Text, nullable=False),
    Column("import_id", Integer),
    Column("removed_by", Integer),
    PrimaryKeyConstraint("id"),
    ForeignKeyConstraint(["part"], ["parts.id"]),
    ForeignKeyConstraint(["other"], ["parts.id"]),
    ForeignKeyConstraint(["import_id"], ["imports.id"]),
    ForeignKeyConstraint(["removed_by"], ["imports.id"]),
    CheckConstraint("part <> other", name="another_part"),
    Index("uq_interchanges_one", "part", "other", unique=True, postgresql_where=_CURRENT),
    Index(None, "part"),
    Index(None, "other"),
)

# What a kit consists of. A component may be a kit itself.
kit_components = Table(
    "kit_components",
    metadata,
    Column("id", Integer, Identity()),
    Column("kit", Text, nullable=False),
    Column("component", Text, nullable=False),
    Column("quantity", SmallInteger, nullable=False, server_default=text("1")),
    Column("required", Boolean, nullable=False, server_default=text("true")),
    Column("import_id", Integer),
    Column("removed_by", Integer),
    PrimaryKeyConstraint("id"),
    ForeignKeyConstraint(["kit"], ["parts.id"]),
    ForeignKeyConstraint(["component"], ["parts.id"]),
    ForeignKeyConstraint(["import_id"], ["imports.id"]),
    ForeignKeyConstraint(["removed_by"], ["imports.id"]),
    CheckConstraint("kit <> component", name="another_part"),
    CheckConstraint("quantity > 0", name="quantity"),
    Index("uq_kit_components_one", "kit", "component", unique=True, postgresql_where=_CURRENT),
    Index(None, "kit"),
    Index(None, "component"),
)
