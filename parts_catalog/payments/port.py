"""The port of payment providers: what is asked of them, what they say, and how a conversation can fail.

    BadCallback      a notice that nobody vouches for; `verdict` says why
    Unreachable      no answer, or "not now": what came of it is unknown, and is asked for later
    NeedsPerson      the provider answered, and its answer is no; `word` is ours, safe to keep and to log

An adapter folds whatever its SDK raises into these. It converts at this edge: inside there are integer minor units,
ids of ours, and aware UTC. No method is called while a unit of work is open.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from foundation.money import Money
from parts_catalog.payments.states import Verdict

AGE = timedelta(minutes=5)  # how old, or how far ahead, a notice may be


class BadCallback(Exception):  # noqa: N818 - no error of ours
    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.value)
        self.verdict = verdict


class Unreachable(Exception):  # noqa: N818
    pass


class NeedsPerson(Exception):  # noqa: N818
    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


class Told(StrEnum):
    """What a provider can say of a payment or of a refund."""

    PENDING = "pending"
    PAID = "paid"
    FAILED = "failed"
    CLOSED = "closed"
    REFUNDED = "refunded"
    REFUND_FAILED = "refund_failed"
    REFUND_STUCK = "refund_stuck"  # somebody has to help it on at the provider


@dataclass(frozen=True, slots=True)
class Fact:
    """What a provider says, in a notice or when asked. `amount` is always there of what is paid or refunded.

    `in_all`: the amount is the sum of all that went back of the payment so far, not of this refund alone.
    """

    told: Told
    payment: str
    amount: Money | None = None
    reference: str | None = None
    refund: str | None = None
    in_all: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """A fact that came by itself; `id` is the provider's, and the same when the notice is sent again."""

    id: str
    fact: Fact


@dataclass(frozen=True, slots=True)
class Charge:
    """What a provider needs to know of a payment. `title`: what its page says is paid, without a word on the person."""

    payment: str
    amount: Money
    due_at: datetime
    title: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a callback is answered, in the provider's own words."""

    status: int
    media_type: str | None = None
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Provider(Protocol):
    """A payment provider. Every method but `page`, `read_callback` and `answer` may take seconds, and go out."""

    @property
    def name(self) -> str:
        """The name of its row in `payments/providers.py`, and of its callback's address."""

    def page(self, charge: Charge) -> str | None:
        """Give the address at which the charge is paid, if it can be put together without asking; no network."""

    def start(self, charge: Charge) -> str:
        """Announce the charge, again is no harm; gives the code or address at which it is paid."""

    def ask(self, charge: Charge) -> Fact:
        """Ask how the payment stands."""

    def close(self, charge: Charge) -> Fact:
        """See to it that the charge cannot be paid any more; PAID when it already was."""

    def refund(self, charge: Charge, refund: str, amount: Money) -> Fact:
        """Ask for money back, again with the same id is no harm."""

    def ask_refund(self, charge: Charge, refund: str, amount: Money) -> Fact | None:
        """Ask how a refund stands; None: the provider knows of none."""

    def read_callback(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        """Check and read a notice; `headers` by lower-case names. Raises `BadCallback`; no network."""

    def answer(self, verdict: Verdict) -> Answer:
        """Say in the provider's words what became of its notice: acknowledged or not."""


def in_window(at: datetime, now: datetime) -> bool:
    """Whether a notice of that instant is young enough, and not of the future."""
    return abs(now - at) <= AGE
