"""A payable for tests, and one payment desk over it: what its handler was told, and which payables are over."""

from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import func, select

from foundation.database import Database, UnitOfWork
from foundation.identity import Actor, Role
from foundation.money import Money
from parts_catalog.payments import Payable, Payment, Refund, start
from parts_catalog.payments.calling import look_after_one, run_due_calls
from parts_catalog.payments.sandbox import Sandbox, Secret
from parts_catalog.payments.tables import payments, refunds

BUYER = Actor("acc_buyer", "org_buyer", Role.OWNER, "Li Wei")
SELLER = Actor("acc_seller", "org_seller", Role.PARTS_MANAGER, "Zhang")
PRICE = Money(12_345, "CNY")
THING = Payable("thing", "thing_1")


@dataclass
class Things:
    """The handler: remembers what it was told; `over`: payables that take no money any more."""

    over: set[str] = field(default_factory=set)
    told: list[tuple[str, str]] = field(default_factory=list)

    def lock(self, unit: UnitOfWork, payable: str) -> None:
        unit.connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(payable, 0))))

    def on_paid(self, unit: UnitOfWork, payment: Payment) -> bool:
        self.told.append(("paid", payment.payable.id))
        return payment.payable.id not in self.over

    def on_failed(self, unit: UnitOfWork, payment: Payment) -> None:
        self.told.append((payment.state.value, payment.payable.id))

    def on_refund(self, unit: UnitOfWork, payment: Payment, refund: Refund) -> None:
        self.told.append((f"refund_{refund.state}", payment.payable.id))

    def answered_by(self, unit: UnitOfWork, organisation: str, payables: Collection[str]) -> Collection[str]:
        return payables if organisation == SELLER.organisation else ()


class Desk:
    """A database, a sandbox and a handler, and the steps that the background takes."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.things = Things()
        self.payables = {"thing": self.things}
        self.sandbox = Sandbox(database, Secret("a secret of the tests"))
        self.providers = {"sandbox": self.sandbox}

    def start(self, payable: Payable = THING, provider: str = "sandbox") -> Payment:
        with self.database.unit() as unit:
            return start(unit, BUYER, payable, PRICE, provider)

    def work(self) -> None:
        """Look after what is due, and ask what is queued."""
        while True:
            with self.database.unit() as unit:
                if not look_after_one(unit, self.payables):
                    break
        run_due_calls(self.database, self.providers, self.payables)

    def state(self, payment: Payment) -> tuple[str, int]:
        with self.database.unit() as unit:
            row = unit.connection.execute(select(payments).where(payments.c.id == payment.id)).one()
            return row.state, row.refunded

    def refunds(self) -> list[tuple[str, int, str]]:
        with self.database.unit() as unit:
            rows = unit.connection.execute(select(refunds).order_by(refunds.c.asked_at, refunds.c.id))
            return [(row.state, row.amount, row.reason) for row in rows]
