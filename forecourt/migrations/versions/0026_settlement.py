"""Settlement in full: versions of sheets, bills, signatures, choices, accounts, and the record that is reported."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
BILLS = "'open', 'paid', 'on_account', 'nothing_due', 'waived'"
RECORDS = "'waiting', 'lacking', 'refused', 'given_up', 'delivered', 'withdrawn'"
OLD_REASONS = "'returned', 'cancelled', 'late_payment', 'not_delivered', 'goodwill'"
TABLES = (
    "record_attempts",
    "repair_records",
    "account_customers",
    "customer_parts",
    "old_parts_choices",
    "sheet_signatures",
    "bills",
)


def _texts(*names: str, nullable: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=nullable) for name in names]


def _moments(*names: str, nullable: bool = False) -> list[sa.Column[object]]:
    return [sa.Column(name, MOMENT, nullable=nullable) for name in names]


def _of_order(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["order"], ["repair_orders.id"], name=op.f(f"fk_{table}_order"))


def _of_sheet(table: str) -> sa.ForeignKeyConstraint:
    there = ["settlements.order", "settlements.version"]
    return sa.ForeignKeyConstraint(["order", "version"], there, name=op.f(f"fk_{table}_order_version"))


def _check(table: str, name: str, check: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(check, name=op.f(f"ck_{table}_{name}"))


def upgrade() -> None:
    op.add_column("settlements", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.alter_column("settlements", "version", server_default=None)
    op.drop_constraint(op.f("pk_settlements"), "settlements")
    op.create_primary_key(op.f("pk_settlements"), "settlements", ["order", "version"])
    op.create_table(
        "bills",
        *_texts("order", "organisation", "state"),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        *_texts("currency"),
        *_texts("payment", nullable=True),
        *_moments("opened_at"),
        *_moments("paid_at", nullable=True),
        _check("bills", "state", f"state IN ({BILLS})"),
        _check("bills", "amount", "amount >= 0"),
        _check("bills", "payment", "(state = 'paid') = (payment IS NOT NULL)"),
        _check("bills", "paid", "(state = 'paid') = (paid_at IS NOT NULL)"),
        _of_order("bills"),
        sa.PrimaryKeyConstraint("order", name=op.f("pk_bills")),
    )
    # What was settled before there were bills was paid outside of this house, if it was.
    op.execute(
        'INSERT INTO bills ("order", organisation, state, amount, currency, opened_at)'
        " SELECT \"order\", organisation, 'on_account', net + tax, currency, settled_at FROM settlements"
    )
    _allow_reasons(f"{OLD_REASONS}, 'corrected'")
    _create_choices()
    _create_records()


def _allow_reasons(reasons: str) -> None:
    op.drop_constraint(op.f("ck_refunds_reason"), "refunds")
    op.create_check_constraint(op.f("ck_refunds_reason"), "refunds", f"reason IN ({reasons})")


def _create_choices() -> None:
    op.create_table(
        "sheet_signatures",
        *_texts("order"),
        sa.Column("version", sa.Integer(), nullable=False),
        *_texts("organisation", "account", "channel"),
        *_texts("ip", "given_by", "signature", nullable=True),
        *_moments("signed_at"),
        _check("sheet_signatures", "channel", "channel IN ('app', 'counter')"),
        _of_sheet("sheet_signatures"),
        sa.PrimaryKeyConstraint("order", "version", name=op.f("pk_sheet_signatures")),
    )
    op.create_table(
        "old_parts_choices",
        *_texts("order", "organisation", "choice", "account"),
        *_moments("chosen_at"),
        _check("old_parts_choices", "choice", "choice IN ('give_back', 'leave')"),
        _of_order("old_parts_choices"),
        sa.PrimaryKeyConstraint("order", name=op.f("pk_old_parts_choices")),
    )
    op.create_table(
        "customer_parts",
        *_texts("order"),
        sa.Column("position", sa.Integer(), nullable=False),
        *_texts("organisation", "name"),
        sa.Column("quantity", sa.Integer(), nullable=False),
        *_texts("noted_by"),
        *_moments("noted_at"),
        _check("customer_parts", "quantity", "quantity > 0"),
        _of_order("customer_parts"),
        sa.PrimaryKeyConstraint("order", "position", name=op.f("pk_customer_parts")),
    )
    op.create_table(
        "account_customers",
        *_texts("id", "organisation", "workshop", "customer", "agreed_by"),
        *_moments("agreed_at"),
        *_moments("ended_at", nullable=True),
        sa.ForeignKeyConstraint(["workshop"], ["workshops.id"], name=op.f("fk_account_customers_workshop")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_customers")),
    )
    op.create_index(
        "uq_account_customers_open",
        "account_customers",
        ["workshop", "customer"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def _create_records() -> None:
    op.create_table(
        "repair_records",
        *_texts("order", "organisation", "workshop"),
        sa.Column("version", sa.Integer(), nullable=False),
        *_texts("state"),
        *_texts("plate", "vin", "platform", "reference", "why", "words", nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        *_moments("due_at", "created_at"),
        *_moments("ended_at", nullable=True),
        _check("repair_records", "state", f"state IN ({RECORDS})"),
        _check("repair_records", "ended", "(state IN ('delivered', 'withdrawn')) = (ended_at IS NOT NULL)"),
        _of_sheet("repair_records"),
        sa.PrimaryKeyConstraint("order", name=op.f("pk_repair_records")),
    )
    waiting = sa.text("state = 'waiting'")
    op.create_index("ix_repair_records_due", "repair_records", ["workshop", "due_at"], postgresql_where=waiting)
    op.create_table(
        "record_attempts",
        *_texts("order"),
        sa.Column("number", sa.Integer(), nullable=False),
        *_texts("organisation"),
        *_moments("at"),
        sa.Column("took_ms", sa.Integer(), nullable=False),
        *_texts("outcome"),
        sa.ForeignKeyConstraint(["order"], ["repair_records.order"], name=op.f("fk_record_attempts_order")),
        sa.PrimaryKeyConstraint("order", "number", name=op.f("pk_record_attempts")),
    )


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    op.execute("UPDATE refunds SET reason = 'goodwill' WHERE reason = 'corrected'")
    _allow_reasons(OLD_REASONS)
    # The first sheet is the one that was signed; what corrected it has no place in the older table.
    op.execute("DELETE FROM settlements WHERE version > 1")
    op.drop_constraint(op.f("pk_settlements"), "settlements")
    op.drop_column("settlements", "version")
    op.create_primary_key(op.f("pk_settlements"), "settlements", ["order"])
