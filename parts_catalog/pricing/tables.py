"""What parts cost whom: price lists, customer groups and promotions of each seller, and what was used of them."""

from sqlalchemy import (
    Boolean,
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
    text,
)

from parts_catalog.metadata import metadata

_CHANNEL = "channel IN ('web', 'counter', 'b2b')"
_STATE = "state IN ('active', 'ended')"

# The buyers whom a seller prices alike. A buyer is in one group of a seller at most.
customer_groups = Table(
    "customer_groups",
    metadata,
    Column("id", Text),
    Column("organisation", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("created_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("organisation", "name"),
    UniqueConstraint("id", "organisation"),
)

customer_group_members = Table(
    "customer_group_members",
    metadata,
    Column("organisation", Text),
    Column("buyer", Text),
    Column("customer_group", Text, nullable=False),
    PrimaryKeyConstraint("organisation", "buyer"),
    ForeignKeyConstraint(
        ["customer_group", "organisation"],
        ["customer_groups.id", "customer_groups.organisation"],
        name="fk_customer_group_members_group",
    ),
    Index(None, "customer_group", "buyer"),
)

# A condition that is NULL fits every buyer; `valid_until` is the first instant at which the list is over.
price_lists = Table(
    "price_lists",
    metadata,
    Column("id", Text),
    Column("organisation", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("channel", Text),
    Column("customer_group", Text),
    Column("region", Text),
    Column("currency", Text, nullable=False),
    Column("valid_from", DateTime(timezone=True)),
    Column("valid_until", DateTime(timezone=True)),
    Column("priority", Integer, nullable=False, server_default=text("0")),
    Column("state", Text, nullable=False, server_default=text("'active'")),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("created_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("id"),
    ForeignKeyConstraint(
        ["customer_group", "organisation"],
        ["customer_groups.id", "customer_groups.organisation"],
        name="fk_price_lists_group",
    ),
    CheckConstraint(_CHANNEL, name="channel"),
    CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
    CheckConstraint("valid_from < valid_until", name="window"),
    CheckConstraint(_STATE, name="state"),
    Index("ix_price_lists_organisation", "organisation", "id"),
)

# Net per piece in minor units of the list's currency, for whoever takes `from_quantity` pieces or more.
list_prices = Table(
    "list_prices",
    metadata,
    Column("price_list", Text),
    Column("part", Text),
    Column("from_quantity", Integer, server_default=text("1")),
    Column("net_amount", Integer, nullable=False),
    Column("tax_basis_points", Integer, nullable=False),
    PrimaryKeyConstraint("price_list", "part", "from_quantity"),
    ForeignKeyConstraint(["price_list"], ["price_lists.id"]),
    ForeignKeyConstraint(["part"], ["parts.id"]),
    CheckConstraint("from_quantity >= 1", name="from_quantity"),
    CheckConstraint("net_amount >= 0", name="net_amount"),
    CheckConstraint("tax_basis_points BETWEEN 0 AND 10000", name="tax_basis_points"),
    Index(None, "part", "price_list"),
)

# `kind` percentage: `value` is basis points; amount: minor units of `currency`, once per order. `code` NULL: automatic.
# `used` counts the uses that stand, and the CHECK is the guarantee, whatever the code above it does.
promotions = Table(
    "promotions",
    metadata,
    Column("id", Text),
    Column("organisation", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("name_zh", Text, nullable=False),
    Column("code", Text),
    Column("kind", Text, nullable=False),
    Column("value", Integer, nullable=False),
    Column("currency", Text),
    Column("target", Text, nullable=False),
    Column("target_value", Text),
    Column("channel", Text),
    Column("customer_group", Text),
    Column("valid_from", DateTime(timezone=True)),
    Column("valid_until", DateTime(timezone=True)),
    Column("limit_total", Integer),
    Column("limit_per_buyer", Integer),
    Column("combinable", Boolean, nullable=False),
    Column("priority", Integer, nullable=False, server_default=text("0")),
    Column("used", Integer, nullable=False, server_default=text("0")),
    Column("state", Text, nullable=False, server_default=text("'active'")),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("created_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("id"),
    ForeignKeyConstraint(
        ["customer_group", "organisation"],
        ["customer_groups.id", "customer_groups.organisation"],
        name="fk_promotions_group",
    ),
    CheckConstraint("kind IN ('percentage', 'amount')", name="kind"),
    CheckConstraint("value > 0 AND (kind = 'amount' OR value <= 10000)", name="value"),
    CheckConstraint("(kind = 'amount') = (currency IS NOT NULL)", name="currency"),
    CheckConstraint("target IN ('part', 'brand', 'part_type', 'order')", name="target"),
    CheckConstraint("(target = 'order') = (target_value IS NULL)", name="target_value"),
    CheckConstraint(_CHANNEL, name="channel"),
    CheckConstraint("valid_from < valid_until", name="window"),
    CheckConstraint("limit_total > 0 AND limit_per_buyer > 0", name="limits"),
    CheckConstraint("used >= 0 AND (limit_total IS NULL OR used <= limit_total)", name="used"),
    CheckConstraint(_STATE, name="state"),
    Index("ix_promotions_organisation", "organisation", "id"),
    Index(
        "uq_promotions_code",
        "organisation",
        "code",
        unique=True,
        postgresql_where=text("state = 'active' AND code IS NOT NULL"),
    ),
)

# One row per order in which a promotion lowered a price; given back when the order comes to nothing.
promotion_uses = Table(
    "promotion_uses",
    metadata,
    Column("promotion", Text),
    Column("order", Text),
    Column("buyer", Text, nullable=False),
    Column("amount", Integer, nullable=False),
    Column("used_at", DateTime(timezone=True), nullable=False),
    Column("given_back_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("promotion", "order"),
    ForeignKeyConstraint(["promotion"], ["promotions.id"]),
    Index("ix_promotion_uses_buyer", "promotion", "buyer", postgresql_where=text("given_back_at IS NULL")),
    Index(None, "order"),
)
