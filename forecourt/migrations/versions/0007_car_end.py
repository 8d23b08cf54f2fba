"""what the car end brings: answers of each ECU, commands to the car, codes of a case."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

OPEN = "state IN ('awaiting_owner', 'awaiting_workshop', 'approved', 'sent')"


def upgrade() -> None:
    op.add_column("vehicles", sa.Column("vin_reported", sa.Text(), nullable=True))
    op.add_column("vehicles", sa.Column("vin_reported_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("device_states", sa.Column("dropped", sa.BigInteger(), nullable=True))
    op.add_column("device_states", sa.Column("disk", sa.Text(), nullable=True))
    op.add_column("device_states", sa.Column("adapter", sa.Text(), nullable=True))
    op.create_table(
        "ecu_answers",
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("ecu", sa.Text(), nullable=False),
        sa.Column("fact", sa.Text(), nullable=False),
        sa.Column("vehicle", sa.Text(), nullable=False),
        sa.Column("partition", sa.SmallInteger(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_boot", sa.Text(collation="C"), nullable=False),
        sa.Column("told_seq", sa.BigInteger(), nullable=False),
        sa.Column("told", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_boot", sa.Text(collation="C"), nullable=True),
        sa.Column("answered_seq", sa.BigInteger(), nullable=True),
        sa.Column("answered", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.CheckConstraint("(answered IS NULL) = (answered_at IS NULL)", name=op.f("ck_ecu_answers_answered")),
        sa.PrimaryKeyConstraint("device", "ecu", "fact", name=op.f("pk_ecu_answers")),
    )
    op.create_index(op.f("ix_ecu_answers_vehicle"), "ecu_answers", ["vehicle"], unique=False)
    op.execute(ANSWERS_SO_FAR)
    op.create_table(
        "commands",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("vehicle", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("device", sa.Text(), nullable=True),
        sa.Column("plan", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sends", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("result_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('snapshot', 'poll_plan', 'clear_dtcs')", name=op.f("ck_commands_kind")),
        sa.CheckConstraint(
            "(sends > 0) = (sent_at IS NOT NULL) AND (sends = 0 OR device IS NOT NULL)", name=op.f("ck_commands_sent")
        ),
        sa.CheckConstraint(
            "(result IS NULL) = (state NOT IN ('done', 'refused', 'failed', 'unknown'))",
            name=op.f("ck_commands_result"),
        ),
        sa.ForeignKeyConstraint(["vehicle"], ["vehicles.id"], name=op.f("fk_commands_vehicle")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commands")),
    )
    op.create_index(
        op.f("ix_commands_vehicle_requested_at_id"), "commands", ["vehicle", "requested_at", "id"], unique=False
    )
    op.create_index(
        "ix_commands_due",
        "commands",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('approved', 'sent')"),
    )
    op.create_index("ix_commands_open", "commands", ["expires_at"], unique=False, postgresql_where=sa.text(OPEN))
    op.create_index(
        "uq_commands_vehicle_clearing",
        "commands",
        ["vehicle"],
        unique=True,
        postgresql_where=sa.text(f"kind = 'clear_dtcs' AND {OPEN}"),
    )
    op.create_table(
        "command_approvals",
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("side IN ('owner', 'workshop')", name=op.f("ck_command_approvals_side")),
        sa.ForeignKeyConstraint(["command"], ["commands.id"], name=op.f("fk_command_approvals_command")),
        sa.PrimaryKeyConstraint("command", "side", name=op.f("pk_command_approvals")),
        sa.UniqueConstraint("command", "account", name=op.f("uq_command_approvals_command_account")),
    )
    op.create_table(
        "case_codes",
        sa.Column("case", sa.Text(), nullable=False),
        sa.Column("ecu", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("freeze", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("first_seen_at <= seen_at AND gone_at > seen_at", name=op.f("ck_case_codes_order")),
        sa.ForeignKeyConstraint(["case"], ["cases.id"], name=op.f("fk_case_codes_case")),
        sa.PrimaryKeyConstraint("case", "ecu", "kind", "code", name=op.f("pk_case_codes")),
    )


# Of the reports that are stored already: each ECU's newest word, its last real answer, and each device's newest lamp.
ANSWERS_SO_FAR = """
    WITH words AS (
        SELECT r.device, e.key AS ecu, f.fact, r.vehicle, r.partition, r.at, r.boot COLLATE "C" AS boot, r.seq,
            nullif(e.value -> f.fact, 'null') AS word
        FROM dtc_reports r, jsonb_each(r.report -> 'ecus') e,
            unnest(ARRAY['stored', 'pending', 'permanent']) AS f (fact)
        UNION ALL
        SELECT r.device, '*', 'mil', r.vehicle, r.partition, r.at, r.boot COLLATE "C", r.seq,
            nullif(r.report -> 'mil', 'null')
        FROM dtc_reports r
    ), newest AS (
        SELECT DISTINCT ON (device, ecu, fact) * FROM words ORDER BY device, ecu, fact, at DESC, boot DESC, seq DESC
    ), answered AS (
        SELECT DISTINCT ON (device, ecu, fact) * FROM words WHERE word IS NOT NULL
        ORDER BY device, ecu, fact, at DESC, boot DESC, seq DESC
    )
    INSERT INTO ecu_answers (device, ecu, fact, vehicle, partition, told_at, told_boot, told_seq, told,
        answered_at, answered_boot, answered_seq, answered)
    SELECT n.device, n.ecu, n.fact, n.vehicle, n.partition, n.at, n.boot, n.seq, n.word, a.at, a.boot, a.seq, a.word
    FROM newest n LEFT JOIN answered a USING (device, ecu, fact)
"""


def downgrade() -> None:
    op.drop_table("case_codes")
    op.drop_table("command_approvals")
    op.drop_table("commands")
    op.drop_table("ecu_answers")
    op.drop_column("device_states", "adapter")
    op.drop_column("device_states", "disk")
    op.drop_column("device_states", "dropped")
    op.drop_column("vehicles", "vin_reported_at")
    op.drop_column("vehicles", "vin_reported")
