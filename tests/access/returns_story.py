"""The answers of returns: asked for, called off, refused, and seen to their end."""

from forecourt.paying import PAYABLES
from foundation.database import new_id
from foundation.money import Money
from parts_catalog.payments import Payable, accept, payments_of
from parts_catalog.payments.port import Fact, Notice, Told
from tests.access.answers import Answers
from tests.access.returns import RETURN_BODIES

PATH = "/v1/returns/{return_id}"
INSPECTED = RETURN_BODIES[f"POST {PATH}/inspect"]


def sending_back(answers: Answers) -> None:
    ids = answers.scene.ids
    back = {**RETURN_BODIES["POST /v1/returns"], "order": ids["delivered"]}
    first, second = (answers.ask("POST /v1/returns", 201, json=back)["id"] for _ in range(2))
    answers.ask("POST /v1/returns", 409, json=back)
    answers.ask(f"POST {PATH}/withdraw", 200, return_id=first)
    answers.ask(f"POST {PATH}/refuse", 200, return_id=second, json={"answer": "worn"})
    for step in ("withdraw", "refuse", "approve", "receive"):
        answers.ask(f"POST {PATH}/{step}", 409, return_id=second, json={"answer": "worn"})
    for step in ("approve", "receive"):
        answers.ask(f"POST {PATH}/{step}", 200)
    answers.ask(f"POST {PATH}/inspect", 409, return_id=second, json=INSPECTED)
    answers.ask(f"POST {PATH}/inspect", 200, json=INSPECTED)
    answers.ask("GET /v1/refunds", 200)
    answers.ask("POST /v1/refunds/{refund}/again", 200)
    with answers.scene.world.database.unit() as unit:
        payment = payments_of(unit, [Payable("order", ids["delivered"])])[0]
        done = Fact(Told.REFUNDED, payment.id, Money(1, "CNY"), "1", f"{ids['refund']}-1")
        accept(unit, PAYABLES, payment.provider, Notice(new_id("ntc"), done))
    answers.ask("POST /v1/refunds/{refund}/again", 409)
