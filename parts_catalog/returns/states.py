"""The states of a return with their legal moves, and why pieces come back, on one screen.

asked ──▶ approved ──▶ received ──▶ inspected ──▶ refunded   (the provider says that the money is back)
  ├──▶ refused  │                       └──▶ closed          (nothing of it was taken back)
  └──▶ withdrawn ◀┘
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class ReturnState(StrEnum):
    ASKED = "asked"
    APPROVED = "approved"  # the buyer may send the pieces
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"  # the buyer keeps them after all
    RECEIVED = "received"  # they are with the seller, who has not looked at them yet
    INSPECTED = "inspected"  # on the shelf or scrapped; the money is on its way back
    REFUNDED = "refunded"
    CLOSED = "closed"


_R = ReturnState
MOVES: Mapping[ReturnState, frozenset[ReturnState]] = {
    _R.ASKED: frozenset({_R.APPROVED, _R.REFUSED, _R.WITHDRAWN}),
    _R.APPROVED: frozenset({_R.RECEIVED, _R.WITHDRAWN}),
    _R.REFUSED: frozenset(),
    _R.WITHDRAWN: frozenset(),
    _R.RECEIVED: frozenset({_R.INSPECTED, _R.CLOSED}),
    _R.INSPECTED: frozenset({_R.REFUNDED}),
    _R.REFUNDED: frozenset(),
    _R.CLOSED: frozenset(),
}
CALLED_OFF = frozenset({_R.REFUSED, _R.WITHDRAWN})  # its pieces may be asked for again


class ReturnReason(StrEnum):
    """Why pieces come back."""

    NOT_NEEDED = "not_needed"
    WRONG_PART = "wrong_part"
    DEFECTIVE = "defective"
    DAMAGED = "damaged"  # on its way
    CASE_DECLINED = "case_declined"  # bought for a visit that does not take place: taken back without a question


WITHOUT_REASON_FOR = timedelta(days=30)  # after delivery; the law asks for seven days of a shop at a distance
LABELS: Mapping[ReturnReason, tuple[str, str]] = {
    ReturnReason.NOT_NEEDED: ("Not needed", "不需要了"),
    ReturnReason.WRONG_PART: ("Wrong part", "发错或不适配"),
    ReturnReason.DEFECTIVE: ("Defective", "质量问题"),
    ReturnReason.DAMAGED: ("Damaged on its way", "运输损坏"),
    ReturnReason.CASE_DECLINED: ("The repair was declined", "维修已取消"),
}


@dataclass(frozen=True, slots=True)
class Move:
    """One move on the wire, by the buyer or the seller, and what the order's feed says of it."""

    name: str
    by_seller: bool
    target: ReturnState
    kind: str  # of the event
    en: str
    zh: str


_ASKED = Move("ask", False, _R.ASKED, "return_asked", "A return is asked for", "已申请退货")
_REFUNDED = Move("refund", True, _R.REFUNDED, "return_refunded", "The return has been refunded", "退货款项已退回")
_CLOSED = Move("close", True, _R.CLOSED, "return_closed", "None of the parts was taken back", "退货未被接受")
STEPS: Mapping[str, Move] = {
    move.name: move
    for move in (
        Move("approve", True, _R.APPROVED, "return_approved", "The parts may be sent back", "同意退货，请寄回配件"),
        Move("refuse", True, _R.REFUSED, "return_refused", "The return is refused", "退货申请未通过"),
        Move("withdraw", False, _R.WITHDRAWN, "return_withdrawn", "The return is called off", "退货已撤销"),
        Move("receive", True, _R.RECEIVED, "return_received", "The parts have come back", "退回的配件已收到"),
        Move("inspect", True, _R.INSPECTED, "return_inspected", "The parts have been looked at", "退回的配件已检验"),
    )
}
EVENTS: Mapping[ReturnState, Move] = {
    **{move.target: move for move in STEPS.values()},
    _R.ASKED: _ASKED,
    _R.REFUNDED: _REFUNDED,
    _R.CLOSED: _CLOSED,
}
