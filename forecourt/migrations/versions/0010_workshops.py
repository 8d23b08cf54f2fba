"""workshops: shifts, absences, services with buffers, loaner cars, and whose holidays are kept."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def _text(name: str, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def upgrade() -> None:
    op.add_column("workshops", _text("country", nullable=True))
    op.add_column("workshops", _text("subdivision", nullable=True))
    op.add_column("technicians", sa.Column("shifts", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    _loaners()
    _absences()
    _services()
    op.add_column("appointments", _text("loaner", nullable=True))
    for name in ("before_min", "after_min"):
        # The visits that there are were booked without buffers; no later row is stored without saying so.
        op.add_column("appointments", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
        op.alter_column("appointments", name, server_default=None)


def _loaners() -> None:
    op.create_table(
        "loaners",
        _text("id"),
        _text("organisation"),
        _text("workshop"),
        _text("name"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loaners")),
        sa.ForeignKeyConstraint(["workshop"], ["workshops.id"], name=op.f("fk_loaners_workshop")),
    )
    op.create_index(op.f("ix_loaners_workshop"), "loaners", ["workshop"])


def _absences() -> None:
    op.create_table(
        "absences",
        _text("id"),
        _text("organisation"),
        _text("workshop"),
        _text("resource"),
        sa.Column("during", postgresql.TSTZRANGE(), nullable=False),
        _text("reason"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absences")),
        sa.ForeignKeyConstraint(["workshop"], ["workshops.id"], name=op.f("fk_absences_workshop")),
        sa.CheckConstraint(
            "NOT isempty(during) AND NOT lower_inf(during) AND NOT upper_inf(during)", name=op.f("ck_absences_during")
        ),
    )
    for column in ("workshop", "resource"):
        op.create_index(op.f(f"ix_absences_{column}"), "absences", [column])


def _services() -> None:
    buffer = "{0} BETWEEN 0 AND 1440 AND {0} % 15 = 0"
    op.create_table(
        "services",
        _text("organisation"),
        _text("workshop"),
        _text("code"),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("before_min", sa.Integer(), nullable=False),
        sa.Column("after_min", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("workshop", "code", name=op.f("pk_services")),
        sa.ForeignKeyConstraint(["workshop"], ["workshops.id"], name=op.f("fk_services_workshop")),
        sa.CheckConstraint("minutes > 0 AND minutes % 15 = 0", name=op.f("ck_services_minutes")),
        sa.CheckConstraint(buffer.format("before_min"), name=op.f("ck_services_before_min")),
        sa.CheckConstraint(buffer.format("after_min"), name=op.f("ck_services_after_min")),
    )


def downgrade() -> None:
    for name in ("after_min", "before_min", "loaner"):
        op.drop_column("appointments", name)
    for table in ("services", "absences", "loaners"):
        op.drop_table(table)
    op.drop_column("technicians", "shifts")
    for name in ("subdivision", "country"):
        op.drop_column("workshops", name)
