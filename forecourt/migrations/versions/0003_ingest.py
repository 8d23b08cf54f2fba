"""the tables of ingest."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "boots",
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("boot", sa.Text(), nullable=False),
        sa.Column("vehicle", sa.Text(), nullable=True),
        sa.Column("organisation", sa.Text(), nullable=True),
        sa.Column("partition", sa.SmallInteger(), nullable=False),
        sa.Column("through_seq", sa.BigInteger(), nullable=False),
        sa.Column("gaps", sa.BigInteger(), nullable=False),
        sa.Column("redelivered", sa.BigInteger(), nullable=False),
        sa.Column("first_arrived_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_arrived_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("device", "boot", name=op.f("pk_boots")),
    )
    op.create_index(op.f("ix_boots_organisation"), "boots", ["organisation"], unique=False)
    op.create_table(
        "device_states",
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("online", sa.Boolean(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("spool", sa.BigInteger(), nullable=True),
        sa.Column("dead", sa.BigInteger(), nullable=True),
        sa.Column("clock", sa.Text(), nullable=True),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("device", name=op.f("pk_device_states")),
    )
    op.create_table(
        "dtc_reports",
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("boot", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("vehicle", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("partition", sa.SmallInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("report", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("device", "boot", "seq", name=op.f("pk_dtc_reports")),
    )
    op.create_index(op.f("ix_dtc_reports_vehicle_at"), "dtc_reports", ["vehicle", "at"], unique=False)
    op.create_table(
        "last_values",
        sa.Column("vehicle", sa.Text(), nullable=False),
        sa.Column("signal", sa.Text(), nullable=False),
        sa.Column("partition", sa.SmallInteger(), nullable=False),
        sa.Column("value", sa.REAL(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("boot", sa.Text(collation="C"), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("quality", sa.SmallInteger(), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("vehicle", "signal", name=op.f("pk_last_values")),
    )
    op.create_table(
        "message_keys",
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("boot", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("partition", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("device", "boot", "seq", name=op.f("pk_message_keys")),
    )
    op.create_table(
        "rejected_messages",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=True),
        sa.Column("vehicle", sa.Text(), nullable=True),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("boot", sa.Text(), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rejected_messages")),
    )
    op.create_table(
        "segments",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_segments")),
    )
    op.create_index(op.f("ix_segments_worker"), "segments", ["worker"], unique=False)
    op.create_table(
        "trip_spans",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("vehicle", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("boot", sa.Text(), nullable=False),
        sa.Column("partition", sa.SmallInteger(), nullable=False),
        sa.Column("start_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("in_use_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_arrived_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("done_revision", sa.Integer(), nullable=False),
        sa.CheckConstraint("start_at <= end_at", name=op.f("ck_trip_spans_order")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trip_spans")),
    )
    op.create_index(
        op.f("ix_trip_spans_device_boot_start_at"), "trip_spans", ["device", "boot", "start_at"], unique=False
    )
    op.create_index(
        "ix_trip_spans_undone",
        "trip_spans",
        ["start_at"],
        unique=False,
        postgresql_where=sa.text("done_revision < revision"),
    )
    op.create_index(op.f("ix_trip_spans_vehicle_start_at"), "trip_spans", ["vehicle", "start_at"], unique=False)
    op.create_table(
        "vehicles",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("vin", sa.Text(), nullable=True),
        sa.Column("config", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vehicles")),
    )
    op.create_index(op.f("ix_vehicles_organisation"), "vehicles", ["organisation"], unique=False)
    op.create_index(op.f("ix_vehicles_vin"), "vehicles", ["vin"], unique=False)
    op.create_table(
        "devices",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("vehicle", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("partition", sa.SmallInteger(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("partition BETWEEN 0 AND 15", name=op.f("ck_devices_partition")),
        sa.ForeignKeyConstraint(["vehicle"], ["vehicles.id"], name=op.f("fk_devices_vehicle")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_devices")),
    )
    op.create_index(op.f("ix_devices_vehicle"), "devices", ["vehicle"], unique=False)
    op.create_table(
        "rejected",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("signal", sa.Text(), nullable=True),
        sa.Column("readings", sa.BigInteger(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["message"], ["rejected_messages.id"], name=op.f("fk_rejected_message")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rejected")),
    )
    op.create_index(op.f("ix_rejected_organisation_id"), "rejected", ["organisation", "id"], unique=False)
    op.create_table(
        "segment_contents",
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("boot", sa.Text(), nullable=False),
        sa.Column("vehicle", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("partition", sa.SmallInteger(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("readings", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["segment"], ["segments.name"], name=op.f("fk_segment_contents_segment")),
        sa.PrimaryKeyConstraint("segment", "device", "boot", name=op.f("pk_segment_contents")),
    )
    op.create_index(op.f("ix_segment_contents_device_boot"), "segment_contents", ["device", "boot"], unique=False)
    op.create_index(op.f("ix_segment_contents_organisation"), "segment_contents", ["organisation"], unique=False)
    op.create_index(
        op.f("ix_segment_contents_vehicle_last_at"), "segment_contents", ["vehicle", "last_at"], unique=False
    )


def downgrade() -> None:
    op.drop_table("segment_contents")
    op.drop_table("rejected")
    op.drop_table("devices")
    op.drop_table("vehicles")
    op.drop_table("trip_spans")
    op.drop_table("segments")
    op.drop_table("rejected_messages")
    op.drop_table("message_keys")
    op.drop_table("last_values")
    op.drop_table("dtc_reports")
    op.drop_table("device_states")
    op.drop_table("boots")
