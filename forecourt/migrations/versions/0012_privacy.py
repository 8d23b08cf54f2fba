"""privacy: the event log as a hash chain with seals, and files of the archive that are to be deleted."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("event_subjects", sa.Column("head", sa.Text(), nullable=True))
    op.add_column("events", sa.Column("data_digest", sa.Text(), nullable=True))
    op.add_column("events", sa.Column("digest", sa.Text(), nullable=True))
    op.add_column("events", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    _chain_what_is_there()
    op.alter_column("event_subjects", "head", nullable=False)
    op.alter_column("events", "data_digest", nullable=False)
    op.alter_column("events", "digest", nullable=False)
    op.create_index("ix_events_actor", "events", ["actor"], postgresql_where=sa.text("actor IS NOT NULL"))
    op.create_table(
        "seals",
        sa.Column("number", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("heads", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_seals")),
    )
    op.create_table(
        "sealed_heads",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("seal", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "number", name=op.f("pk_sealed_heads")),
        sa.ForeignKeyConstraint(["seal"], ["seals.number"], name=op.f("fk_sealed_heads_seal")),
    )
    op.create_index(op.f("ix_sealed_heads_seal"), "sealed_heads", ["seal"])
    op.create_table(
        "segment_erasures",
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("vehicle", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("segment", "vehicle", name=op.f("pk_segment_erasures")),
        sa.ForeignKeyConstraint(["segment"], ["segments.name"], name=op.f("fk_segment_erasures_segment")),
    )
    op.create_table(
        "segment_removals",
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_segment_removals")),
    )


def downgrade() -> None:
    op.drop_table("segment_removals")
    op.drop_table("segment_erasures")
    op.drop_table("sealed_heads")
    op.drop_table("seals")
    op.drop_index("ix_events_actor", "events")
    for column in ("erased_at", "digest", "data_digest"):
        op.drop_column("events", column)
    op.drop_column("event_subjects", "head")


def _hash(words: str) -> str:
    return f"encode(sha256(convert_to(CAST({words} AS text), 'UTF8')), 'hex')"


def _link(previous: str) -> str:
    micros = "CAST(extract(epoch FROM e.occurred_at) * 1000000 AS bigint)"
    return _hash(f"jsonb_build_array({previous}, e.subject, e.number, e.kind, e.data_digest, e.actor, {micros})")


def _chain_what_is_there() -> None:
    """Chain the rows that were written before there was a chain; what they vouch for begins here."""
    op.execute(f"UPDATE events SET data_digest = {_hash('data')}")  # noqa: S608 - put together from constants
    op.execute(
        f"""
        WITH RECURSIVE chain AS (
            SELECT e.id, e.subject, e.number, {_link("CAST('' AS text)")} AS digest FROM events e WHERE e.number = 1
            UNION ALL
            SELECT e.id, e.subject, e.number, {_link("chain.digest")}
            FROM chain JOIN events e ON e.subject = chain.subject AND e.number = chain.number + 1
        )
        UPDATE events SET digest = chain.digest FROM chain WHERE chain.id = events.id
        """  # noqa: S608 - as above
    )
    op.execute(
        """
        UPDATE event_subjects SET head = events.digest FROM events
        WHERE events.subject = event_subjects.subject AND events.number = event_subjects.last_number
        """
    )
