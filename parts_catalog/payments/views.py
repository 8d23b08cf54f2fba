"""What is shown of a payment, for the API and the pages alike."""

from collections.abc import Sequence
from typing import Any

from parts_catalog.payments.calling import charge_of
from parts_catalog.payments.payment import Payment, Refund
from parts_catalog.payments.providers import Providers
from parts_catalog.payments.states import LABELS, REFUND_LABELS, State


def how_to_pay(payment: Payment, providers: Providers) -> dict[str, str | None] | None:
    """Give the page at which a pending payment is paid, or the code; None: it cannot be paid, or not yet."""
    provider = providers.get(payment.provider)
    if payment.state is not State.PENDING or provider is None:
        return None
    url = provider.page(charge_of(payment))
    return None if url is None and payment.code_url is None else {"url": url, "code": payment.code_url}


def show(payment: Payment, refunds: Sequence[Refund], providers: Providers) -> dict[str, Any]:
    """Show a payment with its refunds."""
    en, zh = LABELS[payment.state]
    return {
        "id": payment.id,
        "payable": {"kind": payment.payable.kind, "id": payment.payable.id},
        "provider": payment.provider,
        "amount": payment.amount.to_json(),
        "state": payment.state.value,
        "en": en,
        "zh": zh,
        "refunded": payment.refunded.to_json(),
        "due_at": payment.due_at,
        "paid_at": payment.paid_at,
        "pay": how_to_pay(payment, providers),
        "refunds": [show_refund(it) for it in refunds],
    }


def show_refund(refund: Refund) -> dict[str, Any]:
    """Show a refund to its two sides; why it was refused is between the house and its provider."""
    en, zh = REFUND_LABELS[refund.state]
    return {
        "id": refund.id,
        "amount": refund.amount.to_json(),
        "state": refund.state.value,
        "en": en,
        "zh": zh,
        "reason": refund.reason.value,
        "asked_at": refund.asked_at,
        "ended_at": refund.ended_at,
    }
