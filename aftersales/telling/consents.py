"""What an account agreed to be told, and by which channel: given and withdrawn at instants that are kept."""

import re
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
    SMS = "sms"


class Purpose(StrEnum):
    REMINDERS = "reminders"  # of a visit that is confirmed
    NOTICES = "notices"  # what happens to a visit; these are in the inbox anyway


# A number as it is dialled from anywhere (ITU-T E.164).
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")


def give(
    unit: UnitOfWork, actor: Actor, channel: Channel, purpose: Purpose, phone: str | None = None
) -> dict[str, Any]:
    """Note that the actor agrees to be told, by text message at this number; again is no harm, another number counts.

    Raises `Invalid` for text messages to no number, and for a number with any other channel.
    """
    if (channel, purpose) == (Channel.INBOX, Purpose.NOTICES):
        raise Invalid(
            "what happens to your visits is always in your inbox; no consent is needed for it", why="inbox_always"
        )
    dialled = re.sub(r"[ ()-]", "", phone or "") or None
    if (channel is Channel.SMS) != (dialled is not None) or (dialled and not _PHONE.fullmatch(dialled)):
        raise Invalid(
            "text messages need a number with its country, such as +86 138 0000 0000, and nothing else does",
            why="telephone_with_country",
        )
    in_force = _in_force(actor.account, channel, purpose)
    other = update(consents).where(*in_force, consents.c.phone.is_distinct_from(dialled))
    unit.connection.execute(other.values(withdrawn_at=unit.now()))
    row = insert(consents).values(
        id=new_id("con"),
        organisation=actor.organisation,
        account=actor.account,
        channel=channel.value,
        purpose=purpose.value,
        phone=dialled,
        given_at=unit.now(),
    )
    unit.connection.execute(row.on_conflict_do_nothing())
    mine = select(consents).where(*in_force)
    return _view(unit.connection.execute(mine).one())


def withdraw(unit: UnitOfWork, actor: Actor, channel: Channel, purpose: Purpose) -> dict[str, Any]:
    """Note that the actor does not agree any more; from now on nothing more is sent. Again is no harm."""
    ended = update(consents).where(*_in_force(actor.account, channel, purpose)).values(withdrawn_at=unit.now())
    row = unit.connection.execute(ended.returning(consents)).one_or_none()
    if row is not None:
        return _view(row)
    nothing = dict.fromkeys(("id", "phone", "given_at", "withdrawn_at"))
    return {**nothing, "channel": channel.value, "purpose": purpose.value}


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


def phone_of(unit: UnitOfWork, account: str) -> str | None:
    """Give the number at which an account agrees to get text messages; None: it does not, or no longer."""
    mine = consents.c.account == account, consents.c.channel == Channel.SMS, consents.c.withdrawn_at.is_(None)
    newest = select(consents.c.phone).where(*mine).order_by(consents.c.given_at.desc(), consents.c.id).limit(1)
    return unit.connection.execute(newest).scalar_one_or_none()


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
        "phone": row.phone,
        "given_at": row.given_at.isoformat(),
        "withdrawn_at": row.withdrawn_at.isoformat() if row.withdrawn_at else None,
    }
