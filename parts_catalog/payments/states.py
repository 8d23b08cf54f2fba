"""States and legal moves of payments, refunds and what is asked of providers, on one screen.

pending ──▶ paid ──▶ partly_refunded ──▶ refunded
 │ │         ▲└──────────────────────────▲
 │ └▶ failed─┤      a late payment: the money came after all, so it is taken note of, and what cannot take it
 └──▶ closed─┘      any more has it sent back
"""

from collections.abc import Mapping
from enum import StrEnum


class State(StrEnum):
    """How a payment stands."""

    PENDING = "pending"
    PAID = "paid"
    FAILED = "failed"
    CLOSED = "closed"
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"


MOVES: Mapping[State, frozenset[State]] = {
    State.PENDING: frozenset({State.PAID, State.FAILED, State.CLOSED}),
    State.PAID: frozenset({State.PARTLY_REFUNDED, State.REFUNDED}),
    State.FAILED: frozenset({State.PAID}),
    State.CLOSED: frozenset({State.PAID}),
    State.PARTLY_REFUNDED: frozenset({State.PARTLY_REFUNDED, State.REFUNDED}),
    State.REFUNDED: frozenset(),
}
MONEY_IS_HERE = frozenset({State.PAID, State.PARTLY_REFUNDED, State.REFUNDED})
LABELS: Mapping[State, tuple[str, str]] = {
    State.PENDING: ("Waiting for payment", "等待付款"),
    State.PAID: ("Paid", "已付款"),
    State.FAILED: ("Payment failed", "付款失败"),
    State.CLOSED: ("Payment closed", "付款已关闭"),
    State.PARTLY_REFUNDED: ("Partly refunded", "部分退款"),
    State.REFUNDED: ("Refunded", "已退款"),
}


class RefundState(StrEnum):
    """How a refund stands: it is asked for once, and the provider ends it."""

    ASKED = "asked"
    DONE = "done"
    FAILED = "failed"


REFUND_LABELS: Mapping[RefundState, tuple[str, str]] = {
    RefundState.ASKED: ("Asked for", "已申请"),
    RefundState.DONE: ("Given back", "已退回"),
    RefundState.FAILED: ("Refused", "被拒绝"),
}


class Reason(StrEnum):
    """Why money goes back; people's own words stay with the return or the case."""

    RETURNED = "returned"
    CANCELLED = "cancelled"
    LATE_PAYMENT = "late_payment"
    NOT_DELIVERED = "not_delivered"
    GOODWILL = "goodwill"
    CORRECTED = "corrected"  # a settlement came to less


class Call(StrEnum):
    """What is asked of a provider: queued with its cause, done in a unit of its own."""

    START = "start"
    ASK = "ask"
    CLOSE = "close"
    REFUND = "refund"


class CallState(StrEnum):
    WAITING = "waiting"
    DONE = "done"
    GIVEN_UP = "given_up"  # a person has to look


class Verdict(StrEnum):
    """What became of a provider's notice."""

    ACTED = "acted"
    IGNORED = "ignored"  # true, and nothing to do: a failure told after the money came
    EARLY = "early"  # it speaks of what is not known yet: asked, and judged again when it comes again
    # Refused; those above the line are not even kept, for nobody vouches for them.
    MALFORMED = "malformed"
    BAD_SIGNATURE = "bad_signature"
    STALE = "stale"
    ANOTHER_MERCHANT = "another_merchant"
    # ----
    UNKNOWN_PAYMENT = "unknown_payment"
    UNKNOWN_REFUND = "unknown_refund"
    WRONG_AMOUNT = "wrong_amount"
    WRONG_CURRENCY = "wrong_currency"
    CHANGED = "changed"  # an id that came before, with other words


ACKNOWLEDGED = frozenset({Verdict.ACTED, Verdict.IGNORED})
KEPT = frozenset(Verdict) - {Verdict.MALFORMED, Verdict.BAD_SIGNATURE, Verdict.STALE, Verdict.ANOTHER_MERCHANT}


# Why a refund was refused, by our word; providers have many more, which are shown as they are.
WHY: Mapping[str, tuple[str, str]] = {
    "closed": ("The provider has closed it", "支付平台已关闭该笔退款"),
    "unreachable": ("The provider did not answer", "支付平台没有响应"),
    "pending": ("The provider has not decided for too long", "支付平台长时间未处理"),
    "refund_stuck": ("Somebody has to help it on at the provider", "需要在支付平台人工处理"),
    "not_offered": ("This provider is not set up here any more", "本店已停用该支付方式"),
    "not_paid": ("The provider knows of no such payment", "支付平台没有这笔付款"),
    "more_than_paid": ("The provider says that less was paid", "支付平台称退款超过付款金额"),
    "not_enough": ("There is too little money on our account with the provider", "商户账户余额不足"),
    "no_balance": ("There is too little money on our account with the provider", "商户账户余额不足"),
    "acq.seller_balance_not_enough": (
        "There is too little money on our account with the provider",
        "商户账户余额不足",
    ),
    "user_account_abnormal": ("The buyer's account takes no money", "买家账户异常，无法收款"),
    "wrong_amount": ("The provider names another amount", "支付平台通知的金额不符"),
    "wrong_currency": ("The provider names another currency", "支付平台通知的币种不符"),
    "unknown_state": ("The provider's answer was not understood", "无法识别支付平台的答复"),
}


def why_words(word: str) -> tuple[str, str]:
    """Give in both languages why a refund was refused."""
    return WHY.get(word, (f"The provider refused it ({word})", f"支付平台拒绝（{word}）"))


def may_become(state: State, new: State) -> bool:
    """Whether a payment may go from one state to the other."""
    return new in MOVES[state]
