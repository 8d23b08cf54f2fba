"""The embedded sandbox: a provider of its own, in tables of its own, that moves no money and never asks who pays.

    page ──decide──▶ sandbox_charges ──▶ sandbox_notices ──deliver──▶ POST /v1/payments/callbacks/sandbox
                        (its books)        late, or twice, on demand       signed with the sandbox's secret

Merchant and provider live in one process here, and still talk as if they did not: our side learns what happened from
signed notices and by asking, never from these tables.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from foundation.database import Database, UnitOfWork, new_id
from foundation.money import Money
from foundation.refusals import Conflict, Invalid
from parts_catalog.payments.outbox import LEASE, again_at
from parts_catalog.payments.port import Answer, BadCallback, Charge, Fact, NeedsPerson, Notice, Told, in_window
from parts_catalog.payments.states import ACKNOWLEDGED, Verdict
from parts_catalog.payments.tables import sandbox_charges, sandbox_notices, sandbox_refunds

NAME = "sandbox"
MERCHANT = "forecourt"
CALLBACK = "/v1/payments/callbacks/sandbox"
TIMESTAMP, SIGNATURE = "sandbox-timestamp", "sandbox-signature"
MOST_ATTEMPTS = 12
DECISIONS: Mapping[str, str] = {"approve": "approved", "decline": "declined"}
LONGEST_DELAY_S = 3600
MOST_COPIES = 5
_TOLD = {"approved": Told.PAID, "declined": Told.FAILED, "closed": Told.CLOSED, "open": Told.PENDING}
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
Post = Callable[[str, Mapping[str, str], bytes], int]  # path, headers, body -> HTTP status


@dataclass(frozen=True)
class Sandbox:
    """The provider's side. `secret` signs its notices; it is no part of what is printed."""

    database: Database
    secret: "Secret"
    name: str = NAME

    def page(self, charge: Charge) -> str:
        return f"/payments/{charge.payment}/sandbox"

    def start(self, charge: Charge) -> str:
        return self.page(charge)

    def ask(self, charge: Charge) -> Fact:
        with self.database.unit() as unit:
            row = unit.connection.execute(_charge(charge.payment)).one_or_none()
        return Fact(Told.PENDING, charge.payment) if row is None else _fact(row)

    def close(self, charge: Charge) -> Fact:
        with self.database.unit() as unit:
            open_charge(unit, charge)
            return _fact(_change(unit, charge.payment, "closed"))

    def refund(self, charge: Charge, refund: str, amount: Money) -> Fact:
        with self.database.unit() as unit:
            row = unit.connection.execute(_charge(charge.payment).with_for_update()).one_or_none()
            if row is None or row.state != "approved":
                raise NeedsPerson("not_paid")
            if (known := _find_refund(unit, row, refund)) is not None:
                return known
            sums = select(func.coalesce(func.sum(sandbox_refunds.c.amount), 0)).where(
                sandbox_refunds.c.charge == row.reference
            )
            if unit.connection.execute(sums).scalar_one() + amount.amount > row.amount:
                raise NeedsPerson("more_than_paid")
            made = {"reference": refund, "charge": row.reference, "amount": amount.amount}
            unit.connection.execute(sandbox_refunds.insert().values(**made))
            fact = Fact(Told.REFUNDED, row.reference, amount, row.number, refund)
            _tell(unit, fact, timedelta(), 1)
            return fact

    def ask_refund(self, charge: Charge, refund: str, amount: Money) -> Fact | None:  # noqa: ARG002 - of the port
        with self.database.unit() as unit:
            row = unit.connection.execute(_charge(charge.payment)).one_or_none()
            return None if row is None else _find_refund(unit, row, refund)

    def read_callback(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        timestamp, signature = headers.get(TIMESTAMP, ""), headers.get(SIGNATURE, "")
        if not re.fullmatch(r"\d{1,12}", timestamp, re.ASCII) or not signature:
            raise BadCallback(Verdict.MALFORMED)
        if not hmac.compare_digest(self.secret.sign(timestamp, body).encode(), signature.encode()):
            raise BadCallback(Verdict.BAD_SIGNATURE)
        if not in_window(datetime.fromtimestamp(int(timestamp), UTC), now):
            raise BadCallback(Verdict.STALE)
        return _read(body)

    def answer(self, verdict: Verdict) -> Answer:
        if verdict in ACKNOWLEDGED:
            return Answer(204)
        status = 409 if verdict is Verdict.EARLY else 400
        return Answer(status, "application/json", json.dumps({"refused": verdict.value}).encode())


class Secret:
    """A signing secret that neither prints nor logs itself."""

    def __init__(self, word: str) -> None:
        self._word = word.encode()

    def __repr__(self) -> str:
        return "Secret(...)"

    def sign(self, timestamp: str, body: bytes) -> str:
        return hmac.new(self._word, f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()


def open_charge(unit: UnitOfWork, charge: Charge) -> Any:
    """Write a charge into the sandbox's books when it is first heard of, and give its row."""
    unit.connection.execute(
        insert(sandbox_charges)
        .values(
            reference=charge.payment,
            number=new_id("sbx"),
            amount=charge.amount.amount,
            currency=charge.amount.currency,
            state="open",
            changed_at=unit.now(),
        )
        .on_conflict_do_nothing(index_elements=[sandbox_charges.c.reference])
    )
    return unit.connection.execute(_charge(charge.payment)).one()


def decide(
    unit: UnitOfWork, charge: Charge, decision: str, delay: timedelta = timedelta(), copies: int = 1
) -> list[int]:
    """Approve or decline an open charge; gives the numbers of the notices that will tell of it.

    `delay` and `copies` make the notices late, and send them more than once.
    """
    if decision not in DECISIONS:
        raise Invalid(f"there is no decision {decision}", why="not_of_this_page")
    if not (timedelta() <= delay <= timedelta(seconds=LONGEST_DELAY_S) and 1 <= copies <= MOST_COPIES):
        raise Invalid(
            f"a notice comes at most {MOST_COPIES} times, and within {LONGEST_DELAY_S} s", why="not_of_this_page"
        )
    open_charge(unit, charge)
    state = DECISIONS[decision]
    row = _change(unit, charge.payment, state)
    if row.state != state:
        raise Conflict(f"this charge is {row.state} already", why="charge_decided")
    return _tell(unit, _fact(row), delay, copies)


def _change(unit: UnitOfWork, reference: str, state: str) -> Any:
    """Move an open charge; any other stays. Gives the row as it is now."""
    unit.connection.execute(
        update(sandbox_charges)
        .where(sandbox_charges.c.reference == reference, sandbox_charges.c.state == "open")
        .values(state=state, changed_at=unit.now())
    )
    return unit.connection.execute(_charge(reference)).one()


def _charge(reference: str) -> Any:
    return select(sandbox_charges).where(sandbox_charges.c.reference == reference)


def _fact(row: Any) -> Fact:
    return Fact(_TOLD[row.state], row.reference, Money(row.amount, row.currency), row.number)


def _find_refund(unit: UnitOfWork, charge: Any, refund: str) -> Fact | None:
    mine = sandbox_refunds.c.reference == refund, sandbox_refunds.c.charge == charge.reference
    row = unit.connection.execute(select(sandbox_refunds).where(*mine)).one_or_none()
    if row is None:
        return None
    return Fact(Told.REFUNDED, charge.reference, Money(row.amount, charge.currency), charge.number, refund)


def notice_of(fact: Fact, merchant: str = MERCHANT) -> bytes:
    """Write a notice as the sandbox sends it."""
    told: dict[str, Any] = {
        "id": new_id("ntc"),
        "told": fact.told.value,
        "merchant": merchant,
        "reference": fact.payment,
        "number": fact.reference,
        "amount": fact.amount.to_json() if fact.amount else None,
    }
    return json.dumps(told if fact.refund is None else {**told, "refund": fact.refund}).encode()


def _tell(unit: UnitOfWork, fact: Fact, delay: timedelta, copies: int) -> list[int]:
    body, due = notice_of(fact).decode(), unit.now() + delay
    rows = [{"body": body, "due_at": due}] * copies
    return sorted(
        unit.connection.execute(insert(sandbox_notices).values(rows).returning(sandbox_notices.c.id)).scalars()
    )


def _read(body: bytes) -> Notice:
    try:
        told = json.loads(body)
        amount = told["amount"]
        money = None if amount is None else Money(amount["amount"], amount["currency"])
        ids = [told["id"], told["reference"], *([told["refund"]] if "refund" in told else [])]
        fact = Fact(Told(told["told"]), told["reference"], money, told["number"], told.get("refund"))
        merchant, number = told["merchant"], told["id"]
    except (ValueError, TypeError, KeyError, Invalid, RecursionError) as error:
        raise BadCallback(Verdict.MALFORMED) from error
    if not all(isinstance(it, str) and _ID.fullmatch(it) for it in ids):
        raise BadCallback(Verdict.MALFORMED)
    if merchant != MERCHANT:
        raise BadCallback(Verdict.ANOTHER_MERCHANT)
    return Notice(number, fact)


def take_notices(unit: UnitOfWork, limit: int = 100) -> list[int]:
    """Take what is due to be sent, with a lease; gives the numbers of the notices."""
    now = unit.now()
    due = (
        select(sandbox_notices.c.id)
        .where(sandbox_notices.c.delivered_at.is_(None), sandbox_notices.c.due_at <= now)
        .where(sandbox_notices.c.attempts < MOST_ATTEMPTS)
        .order_by(sandbox_notices.c.due_at, sandbox_notices.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = unit.connection.execute(
        update(sandbox_notices)
        .where(sandbox_notices.c.id.in_(due.scalar_subquery()))
        .values(due_at=now + LEASE, attempts=sandbox_notices.c.attempts + 1)
        .returning(sandbox_notices.c.id)
    )
    return sorted(taken.scalars())


def deliver(sandbox: Sandbox, post: Post, number: int) -> bool:
    """Send one notice, signed now; one that is not acknowledged is sent again later. Gives whether it was."""
    with sandbox.database.unit() as unit:
        row = unit.connection.execute(select(sandbox_notices).where(sandbox_notices.c.id == number)).one()
        timestamp = str(int(unit.now().timestamp()))
    if row.delivered_at is not None:
        return True
    body = row.body.encode()
    headers = {
        TIMESTAMP: timestamp,
        SIGNATURE: sandbox.secret.sign(timestamp, body),
        "content-type": "application/json",
    }
    status = post(CALLBACK, headers, body)
    done = 200 <= status < 300
    with sandbox.database.unit() as unit:
        told = {"delivered_at": unit.now()} if done else {"due_at": again_at(unit.now(), row.attempts)}
        unit.connection.execute(update(sandbox_notices).where(sandbox_notices.c.id == number).values(**told))
    return done


def deliver_due(sandbox: Sandbox, post: Post) -> int:
    """Send whatever is due by now; gives how many notices were acknowledged."""
    with sandbox.database.unit() as unit:
        taken = take_notices(unit)
    return sum(deliver(sandbox, post, number) for number in taken)
