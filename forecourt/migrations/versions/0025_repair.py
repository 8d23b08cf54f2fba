"""The repair made visible: holds, fees, sublet and warranty lines, inspections, photos, clock, findings."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
OLD_KIND = "kind IN ('labour', 'part') AND (kind = 'part') = (part IS NOT NULL)"
NEW_KIND = "kind IN ('labour', 'part', 'sublet') AND (kind = 'part') = (part IS NOT NULL)"
TABLES = ("part_returns", "repair_findings", "clock_entries", "order_photos", "inspection_points", "inspections")


def _texts(*names: str, nullable: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=nullable) for name in names]


def _of_order(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["order"], ["repair_orders.id"], name=op.f(f"fk_{table}_order"))


def _of_line(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["line"], ["estimate_lines.id"], name=op.f(f"fk_{table}_line"))


def upgrade() -> None:
    for column in (sa.Column("hold_reason", sa.Text()), sa.Column("inspection_fee", sa.BigInteger())):
        op.add_column("repair_orders", column)
    op.add_column("repair_orders", sa.Column("fee_outcome", sa.Text()))
    for name, check in (
        ("hold_reason", "(state = 'on_hold') = (hold_reason IS NOT NULL)"),
        ("fee_outcome", "(state = 'closed_declined') = (fee_outcome IS NOT NULL)"),
        ("fee", "fee_outcome IN ('settled', 'waived') AND inspection_fee >= 0"),
    ):
        op.create_check_constraint(op.f(f"ck_repair_orders_{name}"), "repair_orders", check)
    for name in ("ip", "given_by", "signature"):
        op.add_column("approvals", sa.Column(name, sa.Text()))
    for name in ("borne_by", "supplier"):
        op.add_column("estimate_lines", sa.Column(name, sa.Text()))
    issued = sa.Column("issued", sa.Integer(), server_default=sa.text("0"), nullable=False)
    op.add_column("estimate_lines", issued)
    op.add_column("estimate_lines", sa.Column("returned_at", MOMENT))
    op.drop_constraint(op.f("ck_estimate_lines_kind"), "estimate_lines")
    for name, check in (
        ("kind", NEW_KIND),
        ("supplier", "(kind = 'sublet') = (supplier IS NOT NULL)"),
        ("borne_by", "borne_by IN ('manufacturer', 'part_maker', 'workshop')"),
    ):
        op.create_check_constraint(op.f(f"ck_estimate_lines_{name}"), "estimate_lines", check)
    # What was handed out before is on file by order only; those were all of its parts that were approved last.
    op.execute(
        "UPDATE estimate_lines l SET issued = hundredths / 100 FROM repair_orders o WHERE o.estimate = l.estimate"
        " AND o.parts_issued_at IS NOT NULL AND l.part IS NOT NULL AND l.hash = (SELECT a.hash FROM approvals a"
        " WHERE a.line = l.id AND a.decision = 'approved' AND a.decided_at <= o.parts_issued_at"
        " ORDER BY a.number DESC LIMIT 1)"
    )
    _create_inspections()
    _create_photos()
    _create_work()


def _create_inspections() -> None:
    op.create_table(
        "inspections",
        *_texts("order", "stage", "organisation", "begun_by"),
        sa.Column("begun_at", MOMENT, nullable=False),
        *_texts("completed_by", nullable=True),
        sa.Column("completed_at", MOMENT),
        sa.CheckConstraint("stage IN ('check_in', 'pre_work', 'final')", name=op.f("ck_inspections_stage")),
        _of_order("inspections"),
        sa.PrimaryKeyConstraint("order", "stage", name=op.f("pk_inspections")),
    )
    op.create_table(
        "inspection_points",
        *_texts("order", "stage", "point", "organisation", "light"),
        *_texts("note", nullable=True),
        *_texts("looked_by"),
        sa.Column("looked_at", MOMENT, nullable=False),
        sa.CheckConstraint("light IN ('green', 'amber', 'red')", name=op.f("ck_inspection_points_light")),
        sa.ForeignKeyConstraint(
            ["order", "stage"],
            ["inspections.order", "inspections.stage"],
            name=op.f("fk_inspection_points_order_stage"),
        ),
        sa.PrimaryKeyConstraint("order", "stage", "point", name=op.f("pk_inspection_points")),
    )


def _create_photos() -> None:
    op.create_table(
        "order_photos",
        *_texts("id", "organisation", "order", "sha256", "media_type"),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("width", "height", "bytes")),
        *_texts("stage", "point", nullable=True),
        *_texts("taken_by"),
        sa.Column("taken_at", MOMENT, nullable=False),
        _of_order("order_photos"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_photos")),
        sa.UniqueConstraint("order", "sha256", name=op.f("uq_order_photos_order_sha256")),
    )


def _create_work() -> None:
    op.create_table(
        "clock_entries",
        *_texts("id", "organisation", "order", "technician", "started_by"),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("stopped_at", MOMENT),
        sa.CheckConstraint("stopped_at >= started_at", name=op.f("ck_clock_entries_span")),
        _of_order("clock_entries"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock_entries")),
    )
    op.create_index(op.f("ix_clock_entries_order"), "clock_entries", ["order"])
    running = sa.text("stopped_at IS NULL")
    op.create_index("ix_clock_entries_running", "clock_entries", ["technician"], unique=True, postgresql_where=running)
    op.create_table(
        "repair_findings",
        *_texts("order"),
        sa.Column("number", sa.Integer(), nullable=False),
        *_texts("organisation", "condition"),
        *_texts("cause", "correction", "confirmation", "line", nullable=True),
        *_texts("found_by"),
        *(sa.Column(name, MOMENT, nullable=False) for name in ("found_at", "changed_at")),
        _of_order("repair_findings"),
        _of_line("repair_findings"),
        sa.PrimaryKeyConstraint("order", "number", name=op.f("pk_repair_findings")),
    )
    op.create_table(
        "part_returns",
        *_texts("id", "organisation", "order", "line"),
        sa.Column("pieces", sa.Integer(), nullable=False),
        sa.Column("restocked", sa.Boolean(), nullable=False),
        *_texts("note", nullable=True),
        *_texts("returned_by"),
        sa.Column("returned_at", MOMENT, nullable=False),
        sa.CheckConstraint("pieces > 0", name=op.f("ck_part_returns_pieces")),
        _of_order("part_returns"),
        _of_line("part_returns"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_part_returns")),
    )
    op.create_index(op.f("ix_part_returns_order"), "part_returns", ["order"])


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    for name in ("kind", "supplier", "borne_by"):
        op.drop_constraint(op.f(f"ck_estimate_lines_{name}"), "estimate_lines")
    op.create_check_constraint(op.f("ck_estimate_lines_kind"), "estimate_lines", OLD_KIND)
    for name in ("returned_at", "issued", "supplier", "borne_by"):
        op.drop_column("estimate_lines", name)
    for name in ("signature", "given_by", "ip"):
        op.drop_column("approvals", name)
    for name in ("hold_reason", "fee_outcome", "fee"):
        op.drop_constraint(op.f(f"ck_repair_orders_{name}"), "repair_orders")
    for name in ("fee_outcome", "inspection_fee", "hold_reason"):
        op.drop_column("repair_orders", name)
