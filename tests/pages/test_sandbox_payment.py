"""The sandbox's page and what it sends: decided by a person, told through the door that is everybody's."""

from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import func, select, text

from forecourt.compose import build_app
from forecourt.paying import Paying, new_paying
from forecourt.settings import Settings
from foundation.clock import FixedClock
from foundation.database import Database, UnitOfWork
from foundation.identity import Actor, Role
from foundation.money import Money
from ingest.archive import Archive
from parts_catalog.payments import Payable, Payment, Refund, start
from parts_catalog.payments.sandbox import deliver
from parts_catalog.payments.tables import payments, sandbox_notices
from tests.pages.forms import forms_of

Entrance = Callable[[Actor], TestClient]


class Things:
    """A payable that takes whatever is paid."""

    def lock(self, unit: UnitOfWork, payable: str) -> None:
        unit.connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(payable, 0))))

    def on_paid(self, unit: UnitOfWork, payment: Payment) -> bool:
        return True

    def on_failed(self, unit: UnitOfWork, payment: Payment) -> None:
        pass

    def on_refund(self, unit: UnitOfWork, payment: Payment, refund: Refund) -> None:
        pass


@pytest.fixture
def paying(database: Database, tmp_path, monkeypatch: pytest.MonkeyPatch) -> Paying:
    monkeypatch.setattr("forecourt.paying.PAYABLES", {"thing": Things()})
    return new_paying(Settings(data=tmp_path), database)


@pytest.fixture
def application(paying: Paying, database: Database, archive: Archive, tmp_path: Path) -> FastAPI:
    """The application with these payables and this secret."""
    return build_app(Settings(data=tmp_path), database, archive)


def begin(database: Database, buyer: Actor) -> str:
    with database.unit() as unit:
        return start(unit, buyer, Payable("thing", "thing_1"), Money(12_345, "CNY"), "sandbox").id


def state(database: Database) -> str:
    with database.unit() as unit:
        return str(unit.connection.execute(select(payments.c.state)).scalar_one())


@pytest.mark.parametrize(
    ("language", "decision", "word", "ends"),
    [("en", "approve", "Paid", "paid"), ("zh_CN", "decline", "付款失败", "failed")],
)
def test_a_person_decides_and_the_house_hears_of_it_by_a_signed_notice(
    paying: Paying, database: Database, signed_in: Entrance, person: Callable[..., Actor],
    language: str, decision: str, word: str, ends: str,
) -> None:  # fmt: skip
    buyer = person(Role.OWNER, language=language)
    page = f"/payments/{begin(database, buyer)}/sandbox"
    client = signed_in(buyer)
    shown = client.get(page)
    assert "123.45" in shown.text
    form = forms_of(shown.text)[page]
    assert client.post(page, data={**form, "decision": decision}).status_code == 303
    assert state(database) == "pending", "nobody has told the house yet"
    with database.unit() as unit:
        queued = unit.connection.execute(text("SELECT args FROM procrastinate_jobs WHERE task_name LIKE 'send%'"))
        number = queued.scalar_one()["number"]
    post = lambda path, headers, body: client.post(path, headers=headers, content=body).status_code  # noqa: E731
    assert deliver(paying.providers["sandbox"], post, number)  # type: ignore[arg-type]
    assert state(database) == ends
    assert word in client.get(page).text


def test_notices_come_late_or_twice_when_one_wishes(
    paying: Paying, database: Database, signed_in: Entrance, person: Callable[..., Actor], clock: FixedClock
) -> None:
    buyer = person(Role.OWNER)
    client, page = signed_in(buyer), f"/payments/{begin(database, buyer)}/sandbox"
    form = forms_of(client.get(page).text)[page]
    assert client.post(page, data={**form, "decision": "silent"}).status_code == 303
    form = forms_of(client.get(page).text)[page]
    client.post(page, data={**form, "decision": "approve", "notice": "twice"})
    with database.unit() as unit:
        assert unit.connection.execute(select(func.count()).select_from(sandbox_notices)).scalar_one() == 2
    form = forms_of(client.get(page).text)[page]
    assert client.post(page, data={**form, "decision": "perhaps"}).status_code == 422
    assert client.post(page, data={"decision": "approve"}).status_code == 403, "a form without its token"


def test_another_buyers_payment_is_not_there(
    paying: Paying, database: Database, signed_in: Entrance, person: Callable[..., Actor]
) -> None:
    payment = begin(database, person(Role.OWNER))
    stranger = signed_in(person(Role.OWNER, "Wang Fang"))
    assert stranger.get(f"/payments/{payment}/sandbox").status_code == 404
