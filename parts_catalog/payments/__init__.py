"""Payments: what is owed is paid at a provider, and goes back from there; `docs/payments.md` draws the way.

The functions here are those that payables use: orders of the shop, and settlements of the desk.
"""

from parts_catalog.payments.accepting import accept
from parts_catalog.payments.payment import Handler, Payable, Payables, Payment, Refund
from parts_catalog.payments.providers import Providers, offered
from parts_catalog.payments.refunding import NotRefundable, refund
from parts_catalog.payments.refused import RefusedRefund, ask_again, refused
from parts_catalog.payments.starting import PaymentPending, close, find, payments_of, refunds_of, start
from parts_catalog.payments.states import Reason, RefundState, State
from parts_catalog.payments.views import show, show_refund

__all__ = [
    "Handler",
    "NotRefundable",
    "Payable",
    "Payables",
    "Payment",
    "PaymentPending",
    "Providers",
    "Reason",
    "Refund",
    "RefundState",
    "RefusedRefund",
    "State",
    "accept",
    "ask_again",
    "close",
    "find",
    "offered",
    "payments_of",
    "refund",
    "refunds_of",
    "refused",
    "show",
    "show_refund",
    "start",
]
