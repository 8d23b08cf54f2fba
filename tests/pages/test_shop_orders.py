"""An order's page without a script: paid in another way, called off, sent back, and what is refused of that."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from forecourt.paying import PAYABLES
from foundation.database import new_id
from foundation.identity import Actor, Role
from foundation.money import Money
from parts_catalog.payments import accept
from parts_catalog.payments.port import Fact, Notice, Told
from parts_catalog.search import find
from parts_catalog.seed import CENTRAL_ORGANISATION
from parts_catalog.shop.carriers import SimulatedCarrier
from parts_catalog.shop.carts import About, LineWish, open_cart
from parts_catalog.shop.ordering import Delivery, Wish, place
from parts_catalog.shop.shipments import take_move
from parts_catalog.shop.views import order_view
from tests.pages.forms import forms_of
from tests.pages.scene import Scene

Entrance = Callable[[Actor], TestClient]


@pytest.fixture
def order(scene: Scene) -> str:
    """An order of two pieces that waits for its payment."""
    with scene.database.unit() as unit:
        part = next(hit.part.id for hit in find(unit, "发电机", None).items if hit.price and hit.available > 1)
        cart = open_cart(unit, scene.owner, About(), [LineWish(part, 2)]).id
        to = Delivery("Li Wei", "138", "<b>Century</b> Avenue 1", "CN-SH")
        return place(unit, scene.owner, SimulatedCarrier(), Wish(cart, to, "sandbox"))


def deliver(scene: Scene, order: str) -> str:
    """Let an order be paid and come; gives its part."""
    with scene.database.unit() as unit:
        view = order_view(unit, scene.owner, order)
        paid = Fact(Told.PAID, view["payment"]["id"], Money(**view["gross"]))
        accept(unit, PAYABLES, "sandbox", Notice(new_id("ntc"), paid))
        seller = Actor("acc", CENTRAL_ORGANISATION, Role.PARTS_MANAGER)
        for move in ("pick", "pack", "ship", "deliver"):
            take_move(unit, seller, view["shipments"][0]["id"], move, "SIM1")
    return str(view["lines"][0]["part"])


def test_an_order_is_called_off_once_and_then_not_paid(scene: Scene, signed_in: Entrance, order: str) -> None:
    client, page = signed_in(scene.owner), f"/orders/{order}"
    shown = client.get(page).text
    assert "&lt;b&gt;Century" in shown
    assert "/sandbox" in shown
    assert client.post(f"{page}/cancel", data={}).status_code == 403, "a form without its token"
    forms = forms_of(shown)
    for _ in range(2):
        answer = client.post(f"{page}/cancel", data=forms[f"{page}/cancel"])
        assert answer.headers["location"] == f"{page}?done=order_cancelled"
    again = client.post(f"{page}/payments", data={**forms[f"{page}/payments"], "provider": "sandbox"})
    assert again.status_code == 409
    now = client.get(f"{page}/now").text
    assert f"{page}/cancel" not in now
    assert now.count("The order is cancelled") == 1


def test_only_what_came_goes_back_and_what_was_typed_stays(scene: Scene, signed_in: Entrance, order: str) -> None:
    client, page = signed_in(scene.owner), f"/orders/{order}/return"
    assert "Nothing of this order can be sent back." in client.get(page).text
    deliver(scene, order)
    form = forms_of(client.get(page).text)[page]
    asked = {"pieces_1": "3", "reason": "defective", "words": "it <hums>"}
    for wrong, status in ((asked, 409), ({**asked, "pieces_1": "0"}, 422), ({**asked, "pieces_1": "-1"}, 422)):
        refused = client.post(page, data={**form, **wrong})
        assert refused.status_code == status, refused.text
        assert forms_of(refused.text)[page]["words"] == "it <hums>"
        assert 'value="defective" required checked' in refused.text
    assert client.post(page, data={**form, **asked, "pieces_1": "2"}).status_code == 303
    shown = client.get(f"/orders/{order}").text
    assert "it &lt;hums&gt;" in shown
    assert page not in shown, "nothing is left to be sent back"
    withdraw = next(action for action in forms_of(shown) if action.endswith("/withdraw"))
    assert client.post(withdraw, data=forms_of(shown)[withdraw]).status_code == 303
    assert page in client.get(f"/orders/{order}").text


def test_a_part_is_reviewed_when_it_has_come_and_once(scene: Scene, signed_in: Entrance, order: str) -> None:
    client, action = signed_in(scene.owner), f"/orders/{order}/reviews"
    shown = client.get(f"/orders/{order}").text
    token = forms_of(shown)[f"/orders/{order}/cancel"]["csrf"]
    part = deliver(scene, order)
    form = forms_of(client.get(f"/orders/{order}").text)[action]
    assert form["part"] == part
    assert client.post(action, data={**form, "rating": "6"}).status_code == 422
    assert client.post(action, data={**form, "rating": "5", "words": "quiet"}).status_code == 303
    assert client.post(action, data={"csrf": token, "part": part, "rating": "1"}).status_code == 409
    assert "Your review: 5 of 5" in client.get(f"/orders/{order}").text
    assert "quiet" in client.get(f"/parts/{part}").text
