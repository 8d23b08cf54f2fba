"""the tables of diagnostics."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "findings",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("vehicle", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("fault", sa.Text(), nullable=False),
        sa.Column("probability", sa.Double(), nullable=False),
        sa.Column("severity", sa.Double(), nullable=False),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("quiet_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("predictor", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("vehicle"), "="),
            (sa.column("fault"), "="),
            (sa.text("tstzrange(confirmed_at, quiet_until)"), "&&"),
            using="gist",
            name="ex_findings_once_in_quiet_time",
        ),
        sa.CheckConstraint("urgency IN ('S0', 'S1', 'S2', 'S3')", name=op.f("ck_findings_urgency")),
        sa.CheckConstraint("probability BETWEEN 0 AND 1", name=op.f("ck_findings_probability")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_findings")),
    )
    op.create_index(op.f("ix_findings_vehicle_confirmed_at"), "findings", ["vehicle", "confirmed_at"], unique=False)
    op.create_table(
        "trip_votes",
        sa.Column("vehicle", sa.Text(), nullable=False),
        sa.Column("boot", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fault", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("observed_s", sa.Double(), nullable=False),
        sa.Column("measures", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("probability", sa.Double(), nullable=True),
        sa.Column("severity", sa.Double(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "evidence", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column("stop_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stop_evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("predictor", sa.Text(), nullable=True),
        sa.Column("stale", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.CheckConstraint("probability BETWEEN 0 AND 1", name=op.f("ck_trip_votes_probability")),
        sa.CheckConstraint("started_at <= ended_at", name=op.f("ck_trip_votes_span")),
        sa.PrimaryKeyConstraint("vehicle", "fault", "started_at", "boot", name=op.f("pk_trip_votes")),
    )


def downgrade() -> None:
    op.drop_table("trip_votes")
    op.drop_table("findings")
