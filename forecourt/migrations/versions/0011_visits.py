"""visits: no-shows, the waitlist, other times on offer, consents, reminders, messages and assistance."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_LIVE = "state IN ('held', 'confirmed', 'arrived')"


def _instant(name: str, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def upgrade() -> None:
    op.add_column("reservations", sa.Column("expected", sa.Date(), nullable=True))
    _waitlist()
    _appointments()
    _telling()
    op.create_table(
        "assistances",
        _text("id"),
        _text("organisation"),
        _text("case"),
        _text("kind"),
        _text("workshop"),
        _text("words", nullable=True),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        _text("asked_by"),
        _instant("asked_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assistances")),
        sa.ForeignKeyConstraint(["case"], ["cases.id"], name=op.f("fk_assistances_case")),
        sa.ForeignKeyConstraint(["workshop"], ["workshops.id"], name=op.f("fk_assistances_workshop")),
        sa.UniqueConstraint("case", "kind", name=op.f("uq_assistances_case_kind")),
        sa.CheckConstraint("kind IN ('towing', 'mobile_service')", name=op.f("ck_assistances_kind")),
        sa.CheckConstraint("(latitude IS NULL) = (longitude IS NULL)", name=op.f("ck_assistances_place")),
    )


def _waitlist() -> None:
    op.create_table(
        "waits",
        _text("id"),
        _text("organisation"),
        _text("account"),
        _text("case"),
        _text("workshop"),
        sa.Column("latest_day", sa.Date(), nullable=True),
        _text("state"),
        sa.Column("lapses", sa.Integer(), nullable=False),
        _instant("joined_at"),
        _instant("ended_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waits")),
        sa.ForeignKeyConstraint(["case"], ["cases.id"], name=op.f("fk_waits_case")),
        sa.ForeignKeyConstraint(["workshop"], ["workshops.id"], name=op.f("fk_waits_workshop")),
        sa.CheckConstraint("state IN ('waiting', 'offered', 'served', 'left', 'lapsed')", name=op.f("ck_waits_state")),
        sa.CheckConstraint("(state IN ('waiting', 'offered')) = (ended_at IS NULL)", name=op.f("ck_waits_ended")),
    )
    op.create_index("uq_waits_case_open", "waits", ["case"], unique=True, postgresql_where=sa.text("ended_at IS NULL"))
    op.create_index(
        "ix_waits_queue", "waits", ["workshop", "joined_at", "id"], postgresql_where=sa.text("state = 'waiting'")
    )
    op.create_index(op.f("ix_waits_organisation_joined_at_id"), "waits", ["organisation", "joined_at", "id"])
    op.create_table(
        "vacancies",
        _text("id"),
        _text("workshop"),
        _instant("freed_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vacancies")),
        sa.ForeignKeyConstraint(["workshop"], ["workshops.id"], name=op.f("fk_vacancies_workshop")),
    )
    op.create_index(op.f("ix_vacancies_freed_at"), "vacancies", ["freed_at"])


def _appointments() -> None:
    op.add_column("appointments", _text("replaces", nullable=True))
    op.add_column("appointments", _text("wait", nullable=True))
    op.create_foreign_key(op.f("fk_appointments_replaces"), "appointments", "appointments", ["replaces"], ["id"])
    op.create_foreign_key(op.f("fk_appointments_wait"), "appointments", "waits", ["wait"], ["id"])
    op.create_check_constraint(
        op.f("ck_appointments_replaces"),
        "appointments",
        "replaces IS NULL OR state NOT IN ('confirmed', 'arrived', 'no_show')",
    )
    op.drop_index("uq_appointments_case_live", "appointments")
    op.create_index(
        "uq_appointments_case_live",
        "appointments",
        ["case"],
        unique=True,
        postgresql_where=sa.text(f"{_LIVE} AND replaces IS NULL"),
    )
    op.create_index(
        "uq_appointments_alternative",
        "appointments",
        ["replaces"],
        unique=True,
        postgresql_where=sa.text("state = 'held'"),
    )
    op.create_index("ix_appointments_wait", "appointments", ["wait"], postgresql_where=sa.text("wait IS NOT NULL"))
    op.create_index(
        "ix_appointments_expected",
        "appointments",
        [sa.text("lower(during)")],
        postgresql_where=sa.text("state = 'confirmed'"),
    )


def _telling() -> None:
    op.create_table(
        "consents",
        _text("id"),
        _text("organisation"),
        _text("account"),
        _text("channel"),
        _text("purpose"),
        _instant("given_at"),
        _instant("withdrawn_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
        sa.CheckConstraint("channel IN ('inbox', 'mail')", name=op.f("ck_consents_channel")),
        sa.CheckConstraint("purpose IN ('reminders', 'notices')", name=op.f("ck_consents_purpose")),
        sa.CheckConstraint("withdrawn_at >= given_at", name=op.f("ck_consents_order")),
    )
    op.create_index(
        "uq_consents_in_force",
        "consents",
        ["account", "channel", "purpose"],
        unique=True,
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )
    op.create_table(
        "reminders",
        _text("id"),
        _text("organisation"),
        _text("appointment"),
        _text("kind"),
        _instant("due_at"),
        _text("state"),
        _instant("ended_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminders")),
        sa.ForeignKeyConstraint(["appointment"], ["appointments.id"], name=op.f("fk_reminders_appointment")),
        sa.CheckConstraint("kind IN ('day_before', 'hours_before')", name=op.f("ck_reminders_kind")),
        sa.CheckConstraint(
            "state IN ('due', 'sent', 'dropped') AND (state = 'due') = (ended_at IS NULL)",
            name=op.f("ck_reminders_state"),
        ),
    )
    due = sa.text("state = 'due'")
    op.create_index("uq_reminders_due", "reminders", ["appointment", "kind"], unique=True, postgresql_where=due)
    op.create_index("ix_reminders_due_at", "reminders", ["due_at"], postgresql_where=due)
    op.create_table(
        "messages",
        _text("id"),
        _text("organisation"),
        _text("account"),
        _text("channel"),
        _text("kind"),
        _text("cause"),
        _text("case", nullable=True),
        _text("title_en"),
        _text("title_zh"),
        _text("text_en"),
        _text("text_zh"),
        _text("state"),
        _instant("created_at"),
        _instant("delivered_at", nullable=True),
        _instant("read_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint("account", "channel", "kind", "cause", name=op.f("uq_messages_account_channel_kind_cause")),
        sa.ForeignKeyConstraint(["case"], ["cases.id"], name=op.f("fk_messages_case")),
        sa.CheckConstraint("channel IN ('inbox', 'mail')", name=op.f("ck_messages_channel")),
        sa.CheckConstraint("state IN ('waiting', 'queued', 'delivered')", name=op.f("ck_messages_state")),
        sa.CheckConstraint("(state = 'delivered') = (delivered_at IS NOT NULL)", name=op.f("ck_messages_delivered")),
    )
    op.create_index(op.f("ix_messages_account_created_at_id"), "messages", ["account", "created_at", "id"])
    op.create_index("ix_messages_waiting", "messages", ["created_at"], postgresql_where=sa.text("state = 'waiting'"))


def downgrade() -> None:
    for table in ("assistances", "messages", "reminders", "consents"):
        op.drop_table(table)
    for index in ("ix_appointments_expected", "ix_appointments_wait", "uq_appointments_alternative"):
        op.drop_index(index, "appointments")
    op.drop_index("uq_appointments_case_live", "appointments")
    for column in ("wait", "replaces"):
        op.drop_column("appointments", column)
    op.create_index("uq_appointments_case_live", "appointments", ["case"], unique=True, postgresql_where=sa.text(_LIVE))
    op.drop_table("vacancies")
    op.drop_table("waits")
    op.drop_column("reservations", "expected")
