"""compaction: what a compacted file holds, where a vehicle lies in it, and how far keys were forgotten."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("segments", sa.Column("day", sa.Date(), nullable=True))
    op.add_column("segments", sa.Column("partition", sa.SmallInteger(), nullable=True))
    op.create_check_constraint(op.f("ck_segments_place"), "segments", "(day IS NULL) = (partition IS NULL)")
    op.create_index("ix_segments_fresh", "segments", ["written_at"], postgresql_where=sa.text("day IS NULL"))
    op.create_index(op.f("ix_segments_day_partition"), "segments", ["day", "partition"])
    op.add_column("segment_contents", sa.Column("row_group", sa.Integer(), nullable=True))
    op.drop_constraint(op.f("pk_segment_contents"), "segment_contents")
    op.create_primary_key(op.f("pk_segment_contents"), "segment_contents", ["segment", "device", "boot", "vehicle"])
    op.add_column("boots", sa.Column("forgotten_seq", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("boots", "forgotten_seq")
    op.drop_constraint(op.f("pk_segment_contents"), "segment_contents")
    op.create_primary_key(op.f("pk_segment_contents"), "segment_contents", ["segment", "device", "boot"])
    op.drop_column("segment_contents", "row_group")
    op.drop_index(op.f("ix_segments_day_partition"), "segments")
    op.drop_index("ix_segments_fresh", "segments")
    op.drop_constraint(op.f("ck_segments_place"), "segments")
    op.drop_column("segments", "partition")
    op.drop_column("segments", "day")
