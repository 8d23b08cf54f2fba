"""What an account agreed to be told, and by which channel: given and withdrawn at instants that are kept."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert

from aftersales.tables import consents
from foundation.database import UnitOfWork, new_id
from foundation.identity import Actor
from foundation.refusals import Invalid


class Channel(StrEnum):
    INBOX = "inbox"  # the messages of the account itself, on its pages and over the API
    MAIL = "mail"


class Purpose(StrEnum):
    REMINDERS = "reminders"  # of a visit that is confirmed
    NOTICES = "notices"  # what happens to a visit; these are in the inbox anyway


def give(unit: UnitOfWork, actor: Actor, channel: Channel, purpose: Purpose) -> dict[str, Any]:
    """Note that the actor agrees to be told; again is no harm."""
    if (channel, purpose) == (Channel.INBOX, Purpose.NOTICES):
        raise Invalid("what happens to your visits is always in your inbox; no consent is needed for it")
    row = insert(consents).values(
        id=new_id("con"),
        organisation=actor.organisation,
        account=actor.account,
        channel=channel.value,
        purpose=purpose.value,
        given_at=unit.now(),
    )
    unit.connection.execute(row.on_conflict_do_nothing())
    mine = select(consents).where(*_in_force(actor.account, channel, purpose))
    return _view(unit.connection.execute(mine).one())


def withdraw(unit: UnitOfWork, actor: Actor, channel: Channel, purpose: Purpose) -> dict[str, Any]:
    """Note that the actor does not agree any more; from now on nothing more is sent. Again is no harm."""
    ended = update(consents).where(*_in_force(actor.account, channel, purpose)).values(withdrawn_at=unit.now())
    row = unit.connection.execute(ended.returning(consents)).one_or_none()
    if row is not None:
        return _view(row)
    return {"id": None, "channel": channel.value, "purpose": purpose.value, "given_at": None, "withdrawn_at": None}


def list_consents(unit: UnitOfWork, actor: Actor) -> list[dict[str, Any]]:
    """Give what the actor agreed to, ever, the oldest first."""
    mine = select(consents).where(consents.c.account == actor.account)
    return [_view(row) for row in unit.connection.execute(mine.order_by(consents.c.given_at, consents.c.id))]


def agreed(unit: UnitOfWork, accounts: Iterable[str], purpose: Purpose) -> Mapping[str, frozenset[Channel]]:
    """Give the channels by which each of the accounts agrees to be told now."""
    found: defaultdict[str, set[Channel]] = defaultdict(set)
    chosen = select(consents.c.account, consents.c.channel).where(
        consents.c.account.in_(sorted(accounts)),
        consents.c.purpose == purpose.value,
        consents.c.withdrawn_at.is_(None),
    )
    for account, channel in unit.connection.execute(chosen):
        found[account].add(Channel(channel))
    return defaultdict(frozenset, {account: frozenset(channels) for account, channels in found.items()})


def _in_force(account: str, channel: Channel, purpose: Purpose) -> list[Any]:
    return [
        consents.c.account == account,
        consents.c.channel == channel.value,
        consents.c.purpose == purpose.value,
        consents.c.withdrawn_at.is_(None),
    ]


def _view(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "channel": row.channel,
        "purpose": row.purpose,
        "given_at": row.given_at.isoformat(),
        "withdrawn_at": row.withdrawn_at.isoformat() if row.withdrawn_at else None,
    }
