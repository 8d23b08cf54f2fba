"""devices: the dialect that each speaks, and the partition in which the broker puts what it sends."""

import sqlalchemy as sa
from alembic import op

from ingest.partitions import wire_partition

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("devices", sa.Column("dialect", sa.Text(), nullable=False, server_default="forecourt"))
    op.alter_column("devices", "dialect", server_default=None)
    op.add_column("devices", sa.Column("wire_partition", sa.SmallInteger(), nullable=True))
    connection = op.get_bind()
    for (device,) in connection.execute(sa.text("SELECT id FROM devices")).all():
        connection.execute(
            sa.text("UPDATE devices SET wire_partition = :partition WHERE id = :device"),
            {"partition": wire_partition(device), "device": device},
        )
    op.alter_column("devices", "wire_partition", nullable=False)
    op.create_check_constraint(op.f("ck_devices_wire_partition"), "devices", "wire_partition BETWEEN 0 AND 15")


def downgrade() -> None:
    op.drop_constraint(op.f("ck_devices_wire_partition"), "devices")
    op.drop_column("devices", "wire_partition")
    op.drop_column("devices", "dialect")
