"""The answers of the door of payments: a notice that is taken, one that is too early, and one of nobody's."""

from foundation.database import new_id
from foundation.money import Money
from parts_catalog.payments.port import Fact, Told
from parts_catalog.payments.sandbox import SIGNATURE, TIMESTAMP, notice_of
from tests.access.answers import Answers
from tests.access.shop import ORDER

DOOR = "POST /v1/payments/callbacks/{provider}"
PRICE = Money(100, "CNY")


def being_told_of_payments(answers: Answers) -> None:
    world, sandbox = answers.scene.world, answers.scene.app.state.paying.providers["sandbox"]
    cart = answers.ask("POST /v1/carts", 201, json={"lines": [{"part": "belt", "quantity": 1}]})["id"]
    payment = answers.ask("POST /v1/orders", 201, json={"cart": cart, **ORDER})["payment"]["id"]
    timestamp = str(int(world.database.clock.now().timestamp()))

    def tell(status: int, fact: Fact, signature: str | None = None) -> None:
        body = notice_of(fact)
        signed = {TIMESTAMP: timestamp, SIGNATURE: signature or sandbox.secret.sign(timestamp, body)}
        answers.ask(DOOR, status, "", provider="sandbox", content=body, headers=signed)

    closed = Fact(Told.CLOSED, payment, PRICE, "1")
    tell(400, closed, signature="nobody's")
    tell(409, Fact(Told.REFUNDED, payment, PRICE, "1", new_id("ref")))
    tell(204, closed)
