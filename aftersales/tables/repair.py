"""What is done to a car during a repair: looked at, photographed, timed, found out, and what goes back to the shelf."""

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

from aftersales.tables.metadata import metadata

inspections = Table(
    "inspections",
    metadata,
    Column("order", Text),
    Column("stage", Text),
    Column("organisation", Text, nullable=False),
    Column("begun_by", Text, nullable=False),
    Column("begun_at", DateTime(timezone=True), nullable=False),
    Column("completed_by", Text),
    Column("completed_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("order", "stage"),
    ForeignKeyConstraint(["order"], ["repair_orders.id"]),
    CheckConstraint("stage IN ('check_in', 'pre_work', 'final')", name="stage"),
)

inspection_points = Table(
    "inspection_points",
    metadata,
    Column("order", Text),
    Column("stage", Text),
    Column("point", Text),
    Column("organisation", Text, nullable=False),
    Column("light", Text, nullable=False),
    Column("note", Text),
    Column("looked_by", Text, nullable=False),
    Column("looked_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("order", "stage", "point"),
    ForeignKeyConstraint(["order", "stage"], ["inspections.order", "inspections.stage"]),
    CheckConstraint("light IN ('green', 'amber', 'red')", name="light"),
)

order_photos = Table(
    "order_photos",
    metadata,
    Column("id", Text),
    Column("organisation", Text, nullable=False),
    Column("order", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("stage", Text),
    Column("point", Text),
    Column("taken_by", Text, nullable=False),
    Column("taken_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("id"),
    ForeignKeyConstraint(["order"], ["repair_orders.id"]),
    UniqueConstraint("order", "sha256"),
)

clock_entries = Table(
    "clock_entries",
    metadata,
    Column("id", Text),
    Column("organisation", Text, nullable=False),
    Column("order", Text, nullable=False),
    Column("technician", Text, nullable=False),
    Column("started_by", Text, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("stopped_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("id"),
    ForeignKeyConstraint(["order"], ["repair_orders.id"]),
    CheckConstraint("stopped_at >= started_at", name="span"),
    Index(None, "order"),
    # Nobody works on two cars at once.
    Index("ix_clock_entries_running", "technician", unique=True, postgresql_where=text("stopped_at IS NULL")),
)

repair_findings = Table(
    "repair_findings",
    metadata,
    Column("order", Text),
    Column("number", Integer),
    Column("organisation", Text, nullable=False),
    Column("condition", Text, nullable=False),
    Column("cause", Text),
    Column("correction", Text),
    Column("confirmation", Text),
    Column("line", Text),
    Column("found_by", Text, nullable=False),
    Column("found_at", DateTime(timezone=True), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("order", "number"),
    ForeignKeyConstraint(["order"], ["repair_orders.id"]),
    ForeignKeyConstraint(["line"], ["estimate_lines.id"]),
)

part_returns = Table(
    "part_returns",
    metadata,
    Column("id", Text),
    Column("organisation", Text, nullable=False),
    Column("order", Text, nullable=False),
    Column("line", Text, nullable=False),
    Column("pieces", Integer, nullable=False),
    Column("restocked", Boolean, nullable=False),
    Column("note", Text),
    Column("returned_by", Text, nullable=False),
    Column("returned_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("id"),
    ForeignKeyConstraint(["order"], ["repair_orders.id"]),
    ForeignKeyConstraint(["line"], ["estimate_lines.id"]),
    CheckConstraint("pieces > 0", name="pieces"),
    Index(None, "order"),
)
