"""What the event log of a payable is told of its payments, in both languages; that it is paid, its handler tells."""

from collections.abc import Mapping
from typing import Any

from foundation.database import UnitOfWork
from foundation.events import append
from parts_catalog.payments.states import RefundState, Verdict

_REFUNDS: Mapping[str, tuple[str, str]] = {
    RefundState.ASKED: ("A refund has been asked for", "已申请退款"),
    RefundState.DONE: ("The refund has been made", "退款已完成"),
    RefundState.FAILED: ("The refund failed; we look into it", "退款失败，正在处理"),
}
LATE = ("A payment came too late and goes back", "付款到账过晚，将自动退回")
STUCK = ("The provider asks for help with a refund", "退款需要在支付平台人工处理")
_DISPUTES: Mapping[Verdict, tuple[str, str]] = {
    Verdict.WRONG_AMOUNT: ("The provider names another amount", "支付平台通知的金额不符"),
    Verdict.WRONG_CURRENCY: ("The provider names another currency", "支付平台通知的币种不符"),
    Verdict.UNKNOWN_REFUND: (
        "The provider tells of a refund that nobody here asked for",
        "支付平台通知了一笔未申请的退款",
    ),
}


def tell_late(unit: UnitOfWork, payable: str, payment: str) -> None:
    _tell(unit, payable, "payment_late", LATE, payment=payment)


def tell_dispute(unit: UnitOfWork, payable: str, payment: str, verdict: Verdict) -> None:
    _tell(unit, payable, "payment_disputed", _DISPUTES[verdict], payment=payment, state=verdict)


def tell_refund(unit: UnitOfWork, payable: str, refund: Any, by: str | None) -> None:
    told = {"payment": refund.payment, "refund": refund.id, "state": refund.state}
    append(unit, payable, f"refund_{refund.state}", {**_words(_REFUNDS[refund.state]), **told}, by)


def tell_stuck(unit: UnitOfWork, payable: str, payment: str, refund: str) -> None:
    _tell(unit, payable, "refund_stuck", STUCK, payment=payment, refund=refund)


def _tell(unit: UnitOfWork, payable: str, kind: str, words: tuple[str, str], **told: str) -> None:
    append(unit, payable, kind, {**_words(words), **told})


def _words(words: tuple[str, str]) -> dict[str, str]:
    return dict(zip(("en", "zh"), words, strict=True))
