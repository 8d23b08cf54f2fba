"""Refunds that came to nothing: what was refused and why, for the house that answers for it, which may ask again."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update

from foundation.database import UnitOfWork
from foundation.identity import Actor
from foundation.refusals import Conflict, NotFound
from parts_catalog.payments.outbox import call
from parts_catalog.payments.payment import Payable, Payables, Refund, refund_of
from parts_catalog.payments.refunding import NotRefundable, take
from parts_catalog.payments.starting import locked
from parts_catalog.payments.states import Call, RefundState, why_words
from parts_catalog.payments.tables import payments, refunds
from parts_catalog.payments.telling import tell_refund
from parts_catalog.payments.views import show_refund

MOST = 200


class AlreadyBack(Conflict):
    """The money of this refund has gone back; it is not asked for again."""

    code = "already_refunded"


@dataclass(frozen=True, slots=True)
class RefusedRefund:
    """A refund that was refused, or of which nothing was heard in the end, with what was paid."""

    refund: Refund
    payable: Payable
    provider: str

    def shown(self) -> dict[str, Any]:
        """Give it as the API and the pages show it."""
        word = self.refund.why or ""
        en, zh = why_words(word)
        return {
            **show_refund(self.refund),
            "payment": self.refund.payment,
            "payable": {"kind": self.payable.kind, "id": self.payable.id},
            "provider": self.provider,
            "why": word,
            "why_en": en,
            "why_zh": zh,
        }


def refused(unit: UnitOfWork, actor: Actor, payables: Payables, kind: str | None = None) -> list[RefusedRefund]:
    """Give what was refused of that for which the actor's house answers, the oldest first; of one kind, or of all."""
    of = payments.c
    chosen = select(refunds, of.payable_kind, of.payable, of.provider, of.currency).join(payments)
    chosen = chosen.where(refunds.c.why.is_not(None)).order_by(refunds.c.asked_at, refunds.c.id)
    rows = unit.connection.execute(chosen if kind is None else chosen.where(of.payable_kind == kind)).all()
    asked = defaultdict(set)
    for row in rows:
        asked[row.payable_kind].add(row.payable)
    ours = {
        (name, one)
        for name, ids in asked.items()
        if name in payables
        for one in payables[name].answered_by(unit, actor.organisation, ids)
    }
    return [
        RefusedRefund(refund_of(row, row.currency), Payable(row.payable_kind, row.payable), row.provider)
        for row in rows
        if (row.payable_kind, row.payable) in ours
    ][:MOST]


def ask_again(unit: UnitOfWork, actor: Actor, payables: Payables, refund: str) -> Refund:
    """Ask for a refund again that was refused; one that is being asked for stays as it is, so again is no harm.

    Its money is set aside anew, if nothing else was asked back in its place meanwhile. Raises `NotFound` where the
    actor's house does not answer for it, `AlreadyBack`, `NotRefundable`.
    """
    of = payments.c
    seen = select(of.id, of.payable_kind, of.payable, of.currency).join(refunds).where(refunds.c.id == refund)
    paid = unit.connection.execute(seen).one_or_none()
    handler = payables.get(paid.payable_kind) if paid is not None else None
    if paid is None or handler is None or not handler.answered_by(unit, actor.organisation, [paid.payable]):
        raise NotFound(f"there is no refund {refund}")
    handler.lock(unit, paid.payable)
    payment = locked(unit, paid.id)
    row = unit.connection.execute(select(refunds).where(refunds.c.id == refund)).one()
    if row.state == RefundState.DONE:
        raise AlreadyBack("the money of this refund has gone back")
    if row.why is None:
        return refund_of(row, paid.currency)
    if row.state == RefundState.FAILED and not take(unit, paid.id, row.amount):
        left = payment.amount - payment.refunded
        raise NotRefundable("other money of this payment was asked back in its place", left=left)
    anew = {"state": RefundState.ASKED, "asked_by": actor.account, "asked_at": unit.now(), "ended_at": None}
    asked = unit.connection.execute(
        update(refunds).where(refunds.c.id == refund).values(**anew, why=None).returning(refunds)
    ).one()
    call(unit, paid.id, Call.REFUND, refund)
    tell_refund(unit, paid.payable, asked, actor.account)
    return refund_of(asked, paid.currency)
