"""Search: by words and their places instead of pieces of one text; by which words makes and model lines are known."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("search_words", sa.Column("parts", sa.Integer(), nullable=False, server_default=sa.text("0")))
    op.create_index(op.f("ix_part_words_part"), "part_words", ["part"])
    op.create_table(
        "search_vehicles",
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("make", sa.Text(), nullable=False),
        sa.Column("model_line", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("word", "make", "model_line", name=op.f("pk_search_vehicles")),
    )
    op.drop_index("ix_parts_search_text_trigrams", table_name="parts")


def downgrade() -> None:
    op.create_index(
        "ix_parts_search_text_trigrams",
        "parts",
        ["search_text"],
        postgresql_using="gin",
        postgresql_ops={"search_text": "gin_trgm_ops"},
    )
    op.drop_table("search_vehicles")
    op.drop_index(op.f("ix_part_words_part"), table_name="part_words")
    op.drop_column("search_words", "parts")
