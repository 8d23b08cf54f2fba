"""The answers of the shop: a purchase, what is then too late, and a parcel on its way."""

from forecourt.paying import PAYABLES
from foundation.database import new_id
from foundation.money import Money
from parts_catalog.payments import accept
from parts_catalog.payments.port import Fact, Notice, Told
from tests.access.answers import Answers
from tests.access.shop import ORDER

OLD = {"If-Match": '"99"'}


def buying(answers: Answers) -> None:
    belt = {"lines": [{"part": "belt", "quantity": 1}]}
    cart = answers.ask("POST /v1/carts", 201, json=belt)["id"]
    answers.ask("POST /v1/carts", 409, json={"lines": [{"part": "belt", "quantity": 99}]})
    line = "/v1/carts/{cart}/lines/{part}"
    for verb, path, body in (("PUT", line, {"quantity": 2}), ("DELETE", line, None), ("PATCH", "/v1/carts/{cart}", {})):
        answers.ask(f"{verb} {path}", 412, cart=cart, json=body, headers=OLD)
        answers.ask(f"{verb} {path}", 200, cart=cart, json=body)
    answers.ask(f"PUT {line}", 200, cart=cart, json={"quantity": 1})
    wish = {"cart": cart, **ORDER}
    order = answers.ask("POST /v1/orders", 201, json=wish)
    answers.ask("POST /v1/orders", 409, json=wish)
    for verb, path, body in (("PUT", line, {"quantity": 2}), ("DELETE", line, None), ("PATCH", "/v1/carts/{cart}", {})):
        answers.ask(f"{verb} {path}", 409, cart=cart, json=body)
    again = {"provider": "sandbox"}
    answers.ask("POST /v1/orders/{order_id}/payments", 201, json=again, order_id=order["id"])
    paid = Fact(Told.PAID, order["payment"]["id"], Money(**order["gross"]))
    with answers.scene.world.database.unit() as unit:
        accept(unit, PAYABLES, "sandbox", Notice(new_id("ntc"), paid))
    answers.ask("POST /v1/orders/{order_id}/payments", 409, json=again, order_id=order["id"])
    [parcel] = order["shipments"]
    for move in ("pick", "pack", "ship", "deliver", "lose"):
        path = f"POST /v1/shipments/{{shipment}}/{move}"
        if move != "lose":
            answers.ask(path, 200, shipment=parcel["id"])
        answers.ask(path, 409, shipment=parcel["id"])
    answers.ask("POST /v1/orders/{order_id}/cancel", 409, order_id=order["id"])
    lost = answers.scene.ids
    for move in ("pick", "pack", "ship", "lose"):
        answers.ask(f"POST /v1/shipments/{{shipment}}/{move}", 200, shipment=lost["shipment"])
    other = answers.ask("POST /v1/carts", 201, json=belt)["id"]
    called_off = answers.ask("POST /v1/orders", 201, json={"cart": other, **ORDER})["id"]
    answers.ask("POST /v1/orders/{order_id}/cancel", 200, order_id=called_off)
