"""The scripted owner in the shop: a part that fits his car, a cart, an order, and the sandbox that says it is paid."""

from collections.abc import Callable
from typing import Any

from forecourt.demo.cast import Cast
from forecourt.demo.script import NotInTimeError, Player, await_for
from foundation.identity import Role

WANTED = ("wiper", "air filter", "brake pad", "battery", "")  # the first of these that there is
HOME = {"kind": "address", "name": "Li Wei", "phone": "+86 138 0000 0000", "address": "1 Century Avenue, Shanghai"}


def go_shopping(
    base_url: str, cast: Cast, approve: Callable[[str], None], deadline: float, tell: Callable[[str], None]
) -> None:
    """Buy one piece; `approve` stands for the page of the payment's provider. Raises `NotInTimeError`."""
    owner = Player(base_url, cast.members[Role.OWNER].token)
    cart = _filled(owner, cast.cars[0].vehicle)
    wish = {"cart": cart["id"], "delivery": {**HOME, "region": "CN-SH"}, "payment": {"provider": "sandbox"}}
    order = owner.post("/v1/orders", {**wish, "prices": cart["quote"]["digest"]})
    tell(f"owner ordered {cart['lines'][0]['name_en']}, promised for {order['promised_on']}")
    approve(order["payment"]["id"])
    path = f"/v1/orders/{order['id']}"
    await_for(lambda: owner.get(path)["state"] == "paid", deadline, "the payment of the order")
    tell(f"order {order['id']}: paid")


def _filled(owner: Player, vehicle: str) -> dict[str, Any]:
    for words in WANTED:
        for part in owner.get("/v1/parts", q=words, in_stock="true", vehicle=vehicle)["items"]:
            wish = {"vehicle": vehicle, "lines": [{"part": part["id"], "quantity": 1}]}
            if part["price"] is not None and owner.try_post("/v1/carts", wish):
                return dict(owner.get(f"/v1/carts/{owner.get('/v1/carts')['items'][0]['id']}"))
    raise NotInTimeError("there is nothing in the shop that can be bought")
