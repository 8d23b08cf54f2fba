"""Verdicts of the workshop on findings, answers to reviews, and each workshop's ratings kept with it."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
ANSWERED = {
    "answer": "(answer IS NULL) = (answered_by IS NULL)",
    "answered": "(answered_by IS NULL) = (answered_at IS NULL)",
}


def upgrade() -> None:
    names = ("finding", "organisation", "order", "workshop", "fault", "predictor", "verdict", "given_by")
    op.create_table(
        "verdicts",
        *(sa.Column(name, sa.Text(), nullable=False) for name in names),
        sa.Column("number", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Text()) for name in ("other", "note")),
        sa.Column("given_at", MOMENT, nullable=False),
        sa.CheckConstraint("verdict IN ('found', 'not_found', 'other_fault')", name=op.f("ck_verdicts_verdict")),
        sa.CheckConstraint(
            "other IS NULL OR (verdict = 'other_fault' AND other <> fault)", name=op.f("ck_verdicts_other")
        ),
        sa.ForeignKeyConstraint(["order"], ["repair_orders.id"], name=op.f("fk_verdicts_order")),
        sa.PrimaryKeyConstraint("finding", "number", name=op.f("pk_verdicts")),
    )
    op.create_index(op.f("ix_verdicts_order"), "verdicts", ["order"])
    op.create_index(op.f("ix_verdicts_workshop_given_at"), "verdicts", ["workshop", "given_at"])
    for column in (sa.Column("answer", sa.Text()), sa.Column("answered_by", sa.Text())):
        op.add_column("reviews", column)
    op.add_column("reviews", sa.Column("answered_at", MOMENT))
    for name, check in ANSWERED.items():
        op.create_check_constraint(op.f(f"ck_reviews_{name}"), "reviews", check)
    op.add_column("workshops", sa.Column("stars", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("workshops", sa.Column("reviews", sa.Integer(), server_default="0", nullable=False))
    op.execute(
        "UPDATE workshops w SET stars = r.stars, reviews = r.many FROM"
        " (SELECT workshop, sum(rating) AS stars, count(*) AS many FROM reviews GROUP BY workshop) r"
        " WHERE r.workshop = w.id"
    )
    op.create_check_constraint(op.f("ck_workshops_stars"), "workshops", "stars BETWEEN reviews AND 5 * reviews")


def downgrade() -> None:
    op.drop_constraint(op.f("ck_workshops_stars"), "workshops")
    for name in ("reviews", "stars"):
        op.drop_column("workshops", name)
    for name in ANSWERED:
        op.drop_constraint(op.f(f"ck_reviews_{name}"), "reviews")
    for name in ("answered_at", "answered_by", "answer"):
        op.drop_column("reviews", name)
    op.drop_table("verdicts")
