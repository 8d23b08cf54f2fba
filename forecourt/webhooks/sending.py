"""Sending one delivery: taken up in one unit of work, sent in none, and what was answered written down in another.

The first that waits of a subject is the only one that may be taken, so that a receiver gets a subject's events in their
order. One that was taken and not ended within its lease is taken again: at worst it arrives twice, under the same
`webhook-id`. All times here are the machine's: retries are no business.
"""

import asyncio
import json
import ssl
import time
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx2
from standardwebhooks import Webhook

from forecourt.webhooks.addresses import AddressRefusedError, Target, target_of
from forecourt.webhooks.audience import audiences
from forecourt.webhooks.tables import webhook_deliveries
from foundation.clock import Clock
from foundation.database import UnitOfWork
from foundation.events import Event, read

LEASE = timedelta(minutes=1)  # longer than any sending may take
TIMEOUT_S = 15.0  # for all of a sending: look-up, connection, answer
SIDE_BY_SIDE = 4  # of one address at a time; of one that fails, one
USER_AGENT = "Forecourt-Webhooks/1"


@dataclass(frozen=True, slots=True)
class Letter:
    """One delivery in hand: this is its `attempt`-th."""

    delivery: int
    endpoint: str
    attempt: int
    url: str
    secrets: tuple[str, ...]  # the newest first: each signs
    message: str  # the `webhook-id`, the same for every attempt and replay
    body: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of an attempt: a status, or the word for why there is none."""

    at: datetime
    took_ms: int
    status: int | None = None
    error: str | None = None
    retry_after: timedelta | None = None

    @property
    def taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


_TAKE = f"""
    WITH heads AS (
        SELECT DISTINCT ON (d.endpoint, d.subject)
            d.id, d.endpoint, d.due_at, d.in_hand_until > %(now)s AS in_hand, e.failing_since
        FROM webhook_deliveries d
        JOIN webhook_endpoints e ON e.id = d.endpoint AND e.state = 'active'
        WHERE d.state = 'waiting'
        ORDER BY d.endpoint, d.subject, d.id
    ),
    ranked AS (
        SELECT *, row_number() OVER (PARTITION BY endpoint ORDER BY in_hand IS TRUE DESC, due_at, id) AS place
        FROM heads
        WHERE in_hand IS TRUE OR due_at <= %(now)s
    ),
    chosen AS (
        SELECT id FROM ranked
        WHERE in_hand IS NOT TRUE AND place <= CASE WHEN failing_since IS NULL THEN {SIDE_BY_SIDE} ELSE 1 END
        ORDER BY due_at, id LIMIT %(limit)s
    )
    UPDATE webhook_deliveries AS d SET in_hand_until = %(until)s, attempts = d.attempts + 1
    FROM webhook_endpoints e
    WHERE d.id IN (SELECT id FROM chosen) AND e.id = d.endpoint
        AND d.state = 'waiting' AND d.due_at <= %(now)s AND (d.in_hand_until IS NULL OR d.in_hand_until <= %(now)s)
    RETURNING d.id, d.endpoint, d.attempts, d.subject, d.number, d.event_id, e.organisation, e.url,
        e.secret || ARRAY(
            SELECT o.secret FROM webhook_old_secrets o
            WHERE o.endpoint = e.id AND o.until > %(now)s ORDER BY o.until DESC
        ) AS secrets
"""  # noqa: S608 - put together from constants


def take(unit: UnitOfWork, clock: Clock, limit: int) -> list[Letter]:
    """Take up what is due, the longest first; what its organisation may not see any more is withdrawn."""
    now = clock.now()
    rows = unit.rows(_TAKE, {"now": now, "until": now + LEASE, "limit": limit})
    heard = audiences(unit, sorted({row.subject for row in rows}))
    letters = []
    for row in sorted(rows, key=lambda row: row.id):
        told = read(unit, row.subject, row.number - 1, limit=1)
        if row.subject not in heard or row.organisation not in heard[row.subject].organisations or not told:
            gone = webhook_deliveries.update().where(webhook_deliveries.c.id == row.id)
            unit.connection.execute(gone.values(state="withdrawn", in_hand_until=None, ended_at=now))
            continue
        body = body_of(heard[row.subject].noun, told[0])
        message = f"evt_{row.event_id}"
        letters.append(Letter(row.id, row.endpoint, row.attempts, row.url, tuple(row.secrets), message, body))
    return letters


def body_of(noun: str, event: Event) -> str:
    """Write what a receiver gets of an event: its type, its instant, and what a stream tells of it."""
    told = {"type": f"{noun}.{event.kind}", "timestamp": event.occurred_at.isoformat(), "data": event.to_json()}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


async def send(client: httpx2.AsyncClient, threads: Executor, letter: Letter, clock: Clock, *, private: bool) -> Answer:
    """Send a letter; whatever happens is an answer. Names are looked up in `threads`: that may take its time."""
    at, began = clock.now(), time.monotonic()

    def answer(status: int | None = None, error: str | None = None, later: timedelta | None = None) -> Answer:
        return Answer(at, round(1000 * (time.monotonic() - began)), status, error, later)

    try:
        async with asyncio.timeout(TIMEOUT_S):
            loop = asyncio.get_running_loop()
            target = await loop.run_in_executor(threads, lambda: target_of(letter.url, private=private))
            response = await client.send(_request(client, target, letter, at), stream=True)
            await response.aclose()  # what the receiver has to say is of no interest
    except (AddressRefusedError, httpx2.InvalidURL, TimeoutError, ssl.SSLError, httpx2.HTTPError) as failure:
        return answer(error=_word_of(failure))
    return answer(response.status_code, later=_retry_after(response.headers.get("retry-after", ""), clock.now()))


def _word_of(failure: Exception) -> str:
    if isinstance(failure, AddressRefusedError):
        return str(failure)
    if isinstance(failure, httpx2.InvalidURL):
        return "no_address"
    if isinstance(failure, TimeoutError | httpx2.TimeoutException):
        return "timeout"
    if isinstance(failure, ssl.SSLError) or "certificate" in str(failure).lower():
        return "tls"
    return "unreachable" if isinstance(failure, httpx2.ConnectError) else "broken_off"


def _request(client: httpx2.AsyncClient, target: Target, letter: Letter, at: datetime) -> httpx2.Request:
    headers = {
        "Host": target.host_header,
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        "webhook-id": letter.message,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(
            Webhook(secret).sign(letter.message, at, letter.body) for secret in letter.secrets
        ),
    }
    # The certificate is asked for, and checked, under the name and not the address.
    extensions = {"sni_hostname": target.host}
    return client.build_request(
        "POST", target.url, headers=headers, content=letter.body.encode(), extensions=extensions
    )


def _retry_after(words: str, now: datetime) -> timedelta | None:
    """Give how long a receiver asks us to wait: it says seconds, or an instant as HTTP writes them."""
    if words.isascii() and words.isdecimal() and len(words) < 7:
        return timedelta(seconds=int(words))
    try:
        return parsedate_to_datetime(words).astimezone(UTC) - now
    except (ValueError, OverflowError):
        return None


def new_client() -> httpx2.AsyncClient:
    """Give the client that sends: no proxy of the environment, no redirect, no connection kept for another name."""
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=0)
    return httpx2.AsyncClient(trust_env=False, follow_redirects=False, timeout=TIMEOUT_S, limits=limits)
