"""The outbox of what people are told: rows of the same unit as what they tell of, delivered after it has committed.

    inbox:     delivered as it is written; shown on the owner's pages and by GET /v1/messages
    mail, sms: waiting ──take_mail──▶ queued, with a task behind it ──take_up, sent──▶ delivered

What happens to a visit is always in the inbox; the others go only to who agreed to them (`consents.py`).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, func, select, update
from sqlalchemy.dialects.postgresql import insert

from aftersales.listing import newest_first
from aftersales.tables import cases, messages
from aftersales.telling.consents import Channel, Purpose, agreed
from aftersales.telling.notices import NOTICES, Words, local_words
from aftersales.workshop.workshops import Workshop
from foundation.database import UnitOfWork, new_id
from foundation.identity import OWNER_ROLES, Actor, Role, members, open_account
from foundation.paging import DEFAULT_LIMIT, Page
from foundation.refusals import NotFound

DESK_ROLES = frozenset({Role.ADVISOR, Role.WORKSHOP_MANAGER})
MAIL_BATCH = 50
STALE = timedelta(days=1)  # a letter that found no way out by then is of no use any more
IN_HAND = timedelta(minutes=5)  # longer than any sending: a letter that was taken up so long ago was dropped
_VEHICLE = select(cases.c.vehicle).where(cases.c.id == messages.c.case).scalar_subquery().label("vehicle")


class LetterInHandError(Exception):
    """Somebody else is sending this letter; worth another try when his time is over."""


@dataclass(frozen=True, slots=True)
class Mail:
    """One letter to an account, in both languages; `id` is the same however often its sending is tried.

    With an `order` it asks for a decision on it, and goes out with a `link` of its own, which is kept nowhere; so is
    what its reader calls the `car` that it tells of, whose id is `vehicle`.
    """

    id: str
    account: str
    title: Words
    text: Words
    channel: Channel = Channel.MAIL
    order: str | None = None
    link: str | None = None
    vehicle: str | None = None
    car: str | None = None


def owners_of(unit: UnitOfWork, visit: Row[Any]) -> list[Actor]:
    """Give who is told of a visit on the owner's side: who booked it himself, else everybody who may decide on it."""
    return himself_or_owners(unit, visit.booked_by, visit.organisation)


def himself_or_owners(unit: UnitOfWork, account: str, organisation: str) -> list[Actor]:
    """Give the person of the organisation who did something; for another house, software or the desk: its owners."""
    person = open_account(unit, account)
    if person is not None and person.organisation == organisation and person.role is not Role.INTEGRATOR:
        return [person]
    return members(unit, organisation, OWNER_ROLES)


def desk_people(unit: UnitOfWork, workshop: Workshop) -> list[Actor]:
    """Give who is told on the workshop's side."""
    return members(unit, workshop.organisation, DESK_ROLES)


def notify(
    unit: UnitOfWork,
    people: Sequence[Actor],
    kind: str,
    cause: str,
    case: str | None,
    order: str | None = None,
    /,
    **fields: Words | str,
) -> None:
    """Tell people what happened, in the unit in which it happens; the same `cause` is told once.

    `order` is the repair order on which they are asked to decide.
    """
    agree = agreed(unit, [one.account for one in people], Purpose.NOTICES)
    for person in people:
        post(unit, person, {Channel.INBOX, *agree[person.account]}, kind, cause, case, order, **fields)


def post(
    unit: UnitOfWork,
    person: Actor,
    channels: Collection[Channel],
    kind: str,
    cause: str,
    case: str | None,
    order: str | None = None,
    /,
    **fields: Words | str,
) -> None:
    """Write one message per channel. A field is a text for both languages, or one for each."""
    notice = NOTICES[kind]
    en = {name: one.en if isinstance(one, Words) else one for name, one in fields.items()}
    zh = {name: one.zh if isinstance(one, Words) else one for name, one in fields.items()}
    for channel in sorted(channels):
        here = channel is Channel.INBOX
        row = insert(messages).values(
            id=new_id("msg"),
            organisation=person.organisation,
            account=person.account,
            channel=channel.value,
            kind=kind,
            cause=cause,
            case=case,
            order=order,
            title_en=notice.title.en,
            title_zh=notice.title.zh,
            text_en=notice.text.en.format(**en),
            text_zh=notice.text.zh.format(**zh),
            state="delivered" if here else "waiting",
            created_at=unit.now(),
            delivered_at=unit.now() if here else None,
        )
        unit.connection.execute(row.on_conflict_do_nothing())


def place_and_time(workshop: Workshop, **instants: datetime) -> dict[str, Words | str]:
    """Give the fields of a notice that say where and when, by the workshop's own clock."""
    named: dict[str, Words | str] = {"workshop": Words(workshop.name_en, workshop.name_zh)}
    return named | {name: local_words(at, workshop.zone) for name, at in instants.items()}


def list_messages(
    unit: UnitOfWork, actor: Actor, *, unread: bool = False, limit: int = DEFAULT_LIMIT, cursor: str | None = None
) -> Page[dict[str, Any]]:
    """Give a page of the actor's own inbox, the newest first."""
    query = select(messages, _VEHICLE).where(*_inbox(actor))
    if unread:
        query = query.where(messages.c.read_at.is_(None))
    rows = newest_first(unit, query, (messages.c.created_at, messages.c.id), limit, cursor)
    return Page([_view(row) for row in rows.items], rows.next)


def count_unread(unit: UnitOfWork, actor: Actor) -> int:
    chosen = select(func.count()).select_from(messages).where(*_inbox(actor), messages.c.read_at.is_(None))
    number: int = unit.connection.execute(chosen).scalar_one()
    return number


def mark_read(unit: UnitOfWork, actor: Actor, message: str) -> dict[str, Any]:
    """Note that the actor has read a message of his; again is no harm."""
    seen = update(messages).where(*_inbox(actor), messages.c.id == message)
    row = unit.connection.execute(
        seen.values(read_at=func.coalesce(messages.c.read_at, unit.now())).returning(messages, _VEHICLE)
    ).one_or_none()
    if row is None:
        raise NotFound(f"there is no message {message}")
    return _view(row)


def count_letters(unit: UnitOfWork) -> int:
    """Count the letters that wait to be sent, or are being sent."""
    waiting = messages.c.state.in_(["waiting", "queued"])
    return unit.connection.execute(select(func.count()).select_from(messages).where(waiting)).scalar_one()


def take_mail(unit: UnitOfWork, channels: Collection[Channel]) -> list[str]:
    """Take letters that wait for one of these channels, to be queued for sending in this same unit; gives their ids."""
    by = messages.c.channel.in_([channel.value for channel in channels])
    waiting = (
        select(messages.c.id)
        .where(messages.c.state == "waiting", by, messages.c.created_at > unit.now() - STALE)
        .order_by(messages.c.created_at)
        .limit(MAIL_BATCH)
        .with_for_update(skip_locked=True)
    )
    taken = list(unit.connection.execute(waiting).scalars())
    unit.connection.execute(update(messages).where(messages.c.id.in_(taken)).values(state="queued"))
    return taken


def take_up(unit: UnitOfWork, message: str) -> Mail | None:
    """Take up the sending of a letter that was taken, and give it; None: it was delivered before.

    Whoever takes it up has it for `IN_HAND`: until then, or until `put_down`, it raises `LetterInHandError` for others.
    """
    now = unit.now()
    row = unit.connection.execute(
        select(messages, _VEHICLE).where(messages.c.id == message, messages.c.state == "queued").with_for_update()
    ).one_or_none()
    if row is None:
        return None
    if row.taken_up_at is not None and now < row.taken_up_at + IN_HAND:
        raise LetterInHandError("this letter is being sent, or its sender died a moment ago")
    unit.connection.execute(update(messages).where(messages.c.id == message).values(taken_up_at=now))
    title, text = Words(row.title_en, row.title_zh), Words(row.text_en, row.text_zh)
    return Mail(row.id, row.account, title, text, Channel(row.channel), row.order, vehicle=row.vehicle)


def put_down(unit: UnitOfWork, message: str) -> None:
    """Note that a letter which was taken up could not be handed over: it may be taken up again at once."""
    mine = messages.c.id == message, messages.c.state == "queued"
    unit.connection.execute(update(messages).where(*mine).values(taken_up_at=None))


def delivered(unit: UnitOfWork, message: str) -> None:
    """Note that a letter has been handed over."""
    unit.connection.execute(
        update(messages).where(messages.c.id == message).values(state="delivered", delivered_at=unit.now())
    )


def _inbox(actor: Actor) -> list[Any]:
    return [messages.c.account == actor.account, messages.c.channel == Channel.INBOX.value]


def _view(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": row.kind,
        "case": row.case,
        "repair_order": row.order,
        "vehicle": row.vehicle,
        "title_en": row.title_en,
        "title_zh": row.title_zh,
        "text_en": row.text_en,
        "text_zh": row.text_zh,
        "created_at": row.created_at.isoformat(),
        "read_at": row.read_at.isoformat() if row.read_at else None,
    }
