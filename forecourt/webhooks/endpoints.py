"""The addresses of an organisation: made, listed, changed, paused and taken away by those in `permissions.NAMING`."""

import re
import secrets
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, func, select, update

from forecourt.webhooks.addresses import check_url
from forecourt.webhooks.audience import NOUNS
from forecourt.webhooks.tables import webhook_endpoints
from foundation.audit import tell
from foundation.database import UnitOfWork, new_id
from foundation.events import end_of_log
from foundation.identity import Actor, digest_of
from foundation.refusals import Conflict, Invalid, NotFound

MOST = 20  # of one organisation
_SECRET_BYTES = 32
_KIND = re.compile(r"[a-z][a-z0-9_]{0,59}")


class TooManyWebhooks(Conflict):
    code = "too_many_webhooks"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address as it is listed: never its secret. Without `kinds` it gets everything its organisation may see."""

    id: str
    url: str
    kinds: tuple[str, ...]
    state: str
    why: str | None
    failing_since: datetime | None
    created_at: datetime


def add_endpoint(
    unit: UnitOfWork, actor: Actor, url: str, kinds: Sequence[str], *, private: bool
) -> tuple[Endpoint, str]:
    """Give a new address and its secret, which is shown this once; it gets what happens from now on."""
    check_url(url, private=private)
    unit.connection.execute(
        select(func.pg_advisory_xact_lock(func.hashtextextended(f"webhooks {actor.organisation}", 0)))
    )
    count = select(func.count()).select_from(webhook_endpoints).where(_own(actor))
    if unit.connection.execute(count).scalar_one() >= MOST:
        raise TooManyWebhooks(f"an organisation has at most {MOST} webhooks")
    secret = new_secret()
    after = end_of_log(unit)
    row = unit.connection.execute(
        webhook_endpoints.insert()
        .values(
            id=new_id("webhook"),
            organisation=actor.organisation,
            account=actor.account,
            url=url,
            secret=secret,
            kinds=_checked(kinds),
            state="active",
            after_xid=after.xid,
            after_id=after.id,
            created_at=unit.now(),
        )
        .returning(webhook_endpoints)
    ).one()
    _tell(unit, actor, row.id, url)
    return _endpoint(row), secret


def new_secret() -> str:
    """Make a secret as Standard Webhooks writes them."""
    return f"whsec_{b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()}"


def list_endpoints(unit: UnitOfWork, actor: Actor) -> list[Endpoint]:
    """Give the addresses of the actor's organisation, the newest first."""
    newest = webhook_endpoints.c.created_at.desc(), webhook_endpoints.c.id
    return [
        _endpoint(row)
        for row in unit.connection.execute(select(webhook_endpoints).where(_own(actor)).order_by(*newest))
    ]


def find_endpoint(unit: UnitOfWork, actor: Actor, endpoint: str, *, lock: bool = False) -> Row[Any]:
    """Give the row of an address of the actor's organisation; raises `NotFound` for any other."""
    query = select(webhook_endpoints).where(_own(actor), webhook_endpoints.c.id == endpoint)
    row = unit.connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound(f"there is no webhook {endpoint}")
    return row


def get_endpoint(unit: UnitOfWork, actor: Actor, endpoint: str) -> Endpoint:
    return _endpoint(find_endpoint(unit, actor, endpoint))


def change_endpoint(
    unit: UnitOfWork,
    actor: Actor,
    endpoint: str,
    *,
    url: str | None = None,
    kinds: Sequence[str] | None = None,
    active: bool | None = None,
    private: bool,
) -> Endpoint:
    """Change what is given. Made active again, it goes on where it stood: nothing of the meantime is lost."""
    find_endpoint(unit, actor, endpoint, lock=True)
    values: dict[str, Any] = {}
    if url is not None:
        check_url(url, private=private)
        values["url"] = url
        _tell(unit, actor, endpoint, url)
    if kinds is not None:
        values["kinds"] = _checked(kinds)
    if active is not None:
        values |= {"state": "active" if active else "paused", "why": None, "failing_since": None}
    if not values:
        raise Invalid("say what is to be changed: url, kinds or active", why="say_what_changes")
    changed = update(webhook_endpoints).where(webhook_endpoints.c.id == endpoint).values(**values)
    return _endpoint(unit.connection.execute(changed.returning(webhook_endpoints)).one())


def remove_endpoint(unit: UnitOfWork, actor: Actor, endpoint: str) -> None:
    """Take an address away, with its log of deliveries."""
    find_endpoint(unit, actor, endpoint, lock=True)
    unit.connection.execute(delete(webhook_endpoints).where(webhook_endpoints.c.id == endpoint))
    _tell(unit, actor, endpoint, None)


def wants(kinds: Sequence[str], noun: str, kind: str) -> bool:
    """Whether an address with these kinds gets an event: `case` means all of cases, `case.case_opened` only that."""
    return not kinds or noun in kinds or f"{noun}.{kind}" in kinds


def _tell(unit: UnitOfWork, actor: Actor, endpoint: str, url: str | None) -> None:
    """Tell the audit trail where what happens goes from now on; None: nowhere."""
    address = digest_of(url) if url is not None else None
    tell(unit, actor.organisation, "webhook_named", actor.account, webhook=endpoint, address=address)


def _checked(kinds: Sequence[str]) -> list[str]:
    wanted = sorted(set(kinds))
    for one in wanted:
        noun, dot, kind = one.partition(".")
        if noun not in NOUNS or (dot and not _KIND.fullmatch(kind)):
            raise Invalid(
                f"{one!r} is no kind of event: it is one of {', '.join(NOUNS)}, or one with a dot and a kind",
                why="no_event_kind",
                told={"written": one},
            )
    return wanted


def _own(actor: Actor) -> ColumnElement[bool]:
    return webhook_endpoints.c.organisation == actor.organisation


def _endpoint(row: Row[Any]) -> Endpoint:
    return Endpoint(row.id, row.url, tuple(row.kinds), row.state, row.why, row.failing_since, row.created_at)
