"""The sweep and the tasks: what is to be asked of providers, and what the sandbox has to tell, one task each."""

from collections.abc import Mapping

from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import text

from forecourt.paying import Paying
from forecourt.sweeps import sweep_deadlines
from forecourt.tasks import build_tasks
from foundation.clock import FixedClock
from foundation.money import Money
from parts_catalog.payments import Reason, refund
from parts_catalog.payments.calling import charge_of
from parts_catalog.payments.http import callbacks
from parts_catalog.payments.outbox import LEASE
from parts_catalog.payments.sandbox import decide
from tests.parts_catalog.payments.scene import SELLER, Desk


def queued(desk: Desk) -> list[tuple[str, int]]:
    """Take the tasks that wait, in their order."""
    with desk.database.unit() as unit:
        rows = unit.connection.execute(
            text("DELETE FROM procrastinate_jobs WHERE task_name ~ 'payment|sandbox' RETURNING id, task_name, args")
        )
        return [(row.task_name, row.args["number"]) for row in sorted(rows)]


def test_an_approved_payment_and_its_refund_go_through_the_door_once(desk: Desk, clock: FixedClock) -> None:
    app = FastAPI()
    app.include_router(callbacks(desk.database, desk.providers, desk.payables))
    client, answers = TestClient(app), []

    def post(path: str, headers: Mapping[str, str], body: bytes) -> int:
        answers.append(client.post(path, headers=dict(headers), content=body).status_code if answers else 0)
        return answers[-1]

    paying = Paying(desk.providers, desk.payables, post)
    tasks = build_tasks(desk.database, paying=paying).tasks
    payment = desk.start()
    with desk.database.unit() as unit:
        decide(unit, charge_of(payment), "approve")
    sweep_deadlines(desk.database, paying)
    [(name, number)] = queued(desk)
    tasks[name](number=number)
    assert (answers, desk.state(payment)) == ([0], ("pending", 0)), "nobody answered"
    sweep_deadlines(desk.database, paying)
    assert queued(desk) == [], "it is sent again later, not at once"
    clock.advance(LEASE)  # by now the sweep asks how the payment stands, too
    sweep_deadlines(desk.database, paying)
    both = queued(desk)
    assert [it for it, _ in both] == ["call_payment_provider", "send_sandbox_notice"]
    for name, number in reversed(both + both):
        tasks[name](number=number)
    assert (answers, desk.things.told) == ([0, 204], [("paid", "thing_1")])
    with desk.database.unit() as unit:
        refund(unit, SELLER, payment.id, Money(45, "CNY"), Reason.RETURNED, "return_1")
    for _ in range(2):  # the refund is asked for; then the sandbox tells of it
        sweep_deadlines(desk.database, paying)
        for name, number in queued(desk):
            tasks[name](number=number)
    assert answers == [0, 204, 204]
    assert desk.state(payment) == ("partly_refunded", 45)
