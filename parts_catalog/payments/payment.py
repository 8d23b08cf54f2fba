"""What a payment is, for those who ask for one, and what they are asked when it changes."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from foundation.database import UnitOfWork
from foundation.money import Money
from parts_catalog.payments.states import Reason, RefundState, State


@dataclass(frozen=True, slots=True)
class Payable:
    """What is paid: a kind that the composition root knows a handler of, and its id."""

    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class Payment:
    """One attempt to pay a payable. `refunded` counts what was asked back, done or not."""

    id: str
    payable: Payable
    organisation: str
    provider: str
    amount: Money
    state: State
    refunded: Money
    created_at: datetime
    due_at: datetime
    paid_at: datetime | None
    code_url: str | None
    provider_reference: str | None


@dataclass(frozen=True, slots=True)
class Refund:
    id: str
    payment: str
    amount: Money
    state: RefundState
    reason: Reason
    asked_at: datetime
    ended_at: datetime | None
    why: str | None = None  # it was refused, or nothing was heard of it in the end: it may be asked for again


class Handler(Protocol):
    """What a kind of payable does about its payments, in the unit of work of the change.

    Whoever changes a payable together with its payment locks the payable first: `lock` is how that is done here, so
    that a callback and the payable's own deadline never wait for each other in a circle. All of it may come again.
    """

    def lock(self, unit: UnitOfWork, payable: str) -> None:
        """Lock the payable's row until the unit ends."""

    def on_paid(self, unit: UnitOfWork, payment: Payment) -> bool:
        """Take the money, once; False: the payable can take it no more, and it goes back by itself."""

    def on_failed(self, unit: UnitOfWork, payment: Payment) -> None:
        """Nobody will pay by this payment: `state` says whether it failed, or was closed."""

    def on_refund(self, unit: UnitOfWork, payment: Payment, refund: Refund) -> None:
        """Take note that a refund ended: `state` says whether the money went back."""

    def answered_by(self, unit: UnitOfWork, organisation: str, payables: Collection[str]) -> Collection[str]:
        """Give those that a house answers for: what is refused of their refunds it may ask for again."""


Payables = Mapping[str, Handler]


def payment_of(row: Any) -> Payment:
    """Give the payment of a row."""
    return Payment(
        row.id,
        Payable(row.payable_kind, row.payable),
        row.organisation,
        row.provider,
        Money(row.amount, row.currency),
        State(row.state),
        Money(row.refunded, row.currency),
        row.created_at,
        row.due_at,
        row.paid_at,
        row.code_url,
        row.provider_reference,
    )


def refund_of(row: Any, currency: str) -> Refund:
    """Give the refund of a row; its currency is its payment's."""
    amount = Money(row.amount, currency)
    state, reason = RefundState(row.state), Reason(row.reason)
    return Refund(row.id, row.payment, amount, state, reason, row.asked_at, row.ended_at, row.why)
