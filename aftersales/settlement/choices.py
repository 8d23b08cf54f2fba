"""What the customer brings, wants back and signs: his own parts, his old parts, and the sheet."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, delete, select
from sqlalchemy.dialects.postgresql import insert

from aftersales.cases import RepairOrderState
from aftersales.permissions import Act, require
from aftersales.repair.decisions import Heard, Way
from aftersales.scope import lock_order
from aftersales.tables import customer_parts, old_parts_choices, order_photos, settlements, sheet_signatures
from foundation.database import UnitOfWork
from foundation.identity import Actor
from foundation.refusals import Conflict, Forbidden, Invalid, NotFound

MOST_PARTS = 50
BEFORE_SETTLEMENT = frozenset(RepairOrderState) - {
    RepairOrderState.SETTLED,
    RepairOrderState.RELEASED,
    RepairOrderState.CLOSED_DECLINED,
    RepairOrderState.CANCELLED,
}


class AlreadySigned(Conflict):
    code = "already_signed"


def note_customer_parts(unit: UnitOfWork, actor: Actor, order: str, parts: Sequence[tuple[str, int]]) -> None:
    """Write down which parts (name, pieces) the customer brought himself, in place of what was noted before."""
    row = _before_settlement(unit, actor, order, Act.NOTE_CUSTOMER_PARTS)
    if len(parts) > MOST_PARTS:
        raise Invalid(
            f"at most {MOST_PARTS} parts of the customer's own stand on a sheet",
            why="too_many_own_parts",
            told={"most": MOST_PARTS},
        )
    unit.connection.execute(delete(customer_parts).where(customer_parts.c.order == row.id))
    who = {"order": row.id, "organisation": row.organisation, "noted_by": actor.account, "noted_at": unit.now()}
    noted = [
        {**who, "position": position, "name": name, "quantity": quantity}
        for position, (name, quantity) in enumerate(parts, 1)
    ]
    if noted:
        unit.connection.execute(insert(customer_parts), noted)


def choose_old_parts(unit: UnitOfWork, actor: Actor, order: str, *, give_back: bool) -> None:
    """Take down whether the customer wants his old parts back; he says so himself, or the desk does for him."""
    row = _before_settlement(unit, actor, order, Act.CHOOSE_OLD_PARTS)
    said = {"choice": "give_back" if give_back else "leave", "account": actor.account, "chosen_at": unit.now()}
    chosen = insert(old_parts_choices).values(order=row.id, organisation=row.organisation, **said)
    unit.connection.execute(chosen.on_conflict_do_update(index_elements=["order"], set_=said))


def sign(unit: UnitOfWork, actor: Actor, order: str, heard: Heard) -> None:
    """Take down that the customer signed the sheet that counts.

    Himself with his account; at the counter the desk names who signed, and shows the photo of it if there is one.
    """
    _, row = lock_order(unit, actor, order)
    require(actor, Act.SIGN_SHEET, owner=row.organisation)
    _check_signer(unit, actor, row, heard)
    version = unit.connection.execute(
        select(settlements.c.version).where(settlements.c.order == row.id).order_by(settlements.c.version.desc())
    ).scalar()
    if version is None:
        raise Conflict("there is no sheet to sign before the settlement", why="no_sheet_to_sign", state=row.state)
    signed = unit.connection.execute(
        insert(sheet_signatures)
        .values(
            order=row.id,
            version=version,
            organisation=row.organisation,
            account=actor.account,
            channel=heard.way.value,
            ip=heard.ip,
            given_by=heard.given_by,
            signature=heard.signature,
            signed_at=unit.now(),
        )
        .on_conflict_do_nothing()
        .returning(sheet_signatures.c.order)
    ).one_or_none()
    if signed is None:
        raise AlreadySigned("this sheet is signed already")


def customer_parts_of(unit: UnitOfWork, order: str) -> list[dict[str, Any]]:
    chosen = select(customer_parts).where(customer_parts.c.order == order).order_by(customer_parts.c.position)
    return [{"name": row.name, "quantity": row.quantity} for row in unit.connection.execute(chosen)]


def wants_old_parts(unit: UnitOfWork, order: str) -> str | None:
    """Give the customer's choice, `give_back` or `leave`; None: he has not been asked."""
    chosen = select(old_parts_choices.c.choice).where(old_parts_choices.c.order == order)
    return unit.connection.execute(chosen).scalar_one_or_none()


def signatures_of(unit: UnitOfWork, order: str) -> dict[int, dict[str, Any]]:
    """Give the signatures of an order's sheets, by version."""
    chosen = select(sheet_signatures).where(sheet_signatures.c.order == order)
    return {
        row.version: {
            "channel": row.channel,
            "given_by": row.given_by,
            "signature": row.signature,
            "signed_at": row.signed_at.isoformat(),
        }
        for row in unit.connection.execute(chosen)
    }


def _before_settlement(unit: UnitOfWork, actor: Actor, order: str, act: Act) -> Row[Any]:
    _, row = lock_order(unit, actor, order)
    require(actor, act, owner=row.organisation, workshop=row.workshop_organisation)
    if row.state not in BEFORE_SETTLEMENT:
        raise Conflict(f"the repair order is {row.state}; its sheet is written", why="sheet_written", state=row.state)
    return row


def _check_signer(unit: UnitOfWork, actor: Actor, order: Row[Any], heard: Heard) -> None:
    counter = heard.way is Way.COUNTER
    if actor.organisation == order.organisation:
        if counter or heard.given_by is not None or heard.signature is not None:
            raise Invalid("a signature at the counter is taken down by the workshop", why="signature_by_workshop")
        return
    if actor.organisation != order.workshop_organisation:
        raise Forbidden("this is for the owner to sign")
    if not counter or not (heard.given_by or "").strip():
        raise Invalid("say who signed at the counter", why="who_signed")
    mine = select(order_photos.c.id).where(order_photos.c.order == order.id, order_photos.c.sha256 == heard.signature)
    if heard.signature is not None and unit.connection.execute(mine).one_or_none() is None:
        raise NotFound("this repair order has no photo of that signature")
