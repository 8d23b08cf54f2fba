"""The shop's pages without a script: what is refused is said in words, and what was typed stays."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from foundation.clock import FixedClock
from foundation.identity import Actor, Role
from parts_catalog.images import add_image, image_folder
from parts_catalog.search import PartHit, find
from parts_catalog.seed import CENTRAL_ORGANISATION, CENTRAL_WAREHOUSE
from parts_catalog.shop.carts import About, LineWish, open_cart
from parts_catalog.stock import offers
from parts_catalog.tables import prices
from parts_catalog.warehouse.deliveries import expect_delivery
from tests.access.prices import png
from tests.pages.forms import forms_of
from tests.pages.scene import Scene

Entrance = Callable[[Actor], TestClient]
ADDRESS = {"region": "CN-SH", "address": "Century Avenue 1", "name": "Li Wei <b>", "phone": "138"}


@pytest.fixture
def hit(scene: Scene) -> PartHit:
    """A part that fits the family's car, and of which the central warehouse has several."""
    with scene.database.unit() as unit:
        found = [one for one in find(unit, "发电机", None).items if one.price and one.available > 1]
    return found[0]


@pytest.fixture
def buyer(scene: Scene, signed_in: Entrance) -> TestClient:
    return signed_in(scene.owner)


def send(client: TestClient, page: str, action: str, **typed: str) -> tuple[int, str]:
    """Fill a form of a page and send it; gives the status, and the page or where it leads."""
    form = forms_of(client.get(page).text)[action]
    answer = client.post(action, data={**form, **typed})
    return answer.status_code, answer.headers.get("location") or answer.text


def put(client: TestClient, part: str, quantity: int) -> str:
    status, led = send(client, f"/parts/{part}", "/cart", quantity=str(quantity))
    assert status == 303, led
    return led.partition("?")[0]


def cheapen(scene: Scene, part: str, net: int) -> None:
    with scene.database.unit() as unit:
        unit.connection.execute(update(prices).where(prices.c.part == part).values(net_amount=net))


def test_the_same_form_twice_adds_once_and_another_adds_to_it(buyer: TestClient, hit: PartHit) -> None:
    page = f"/parts/{hit.part.id}"
    form = forms_of(buyer.get(page).text)["/cart"]
    first, again = (buyer.post("/cart", data={**form, "quantity": "1"}).headers["location"] for _ in range(2))
    assert first == again
    assert put(buyer, hit.part.id, 1) == first.partition("?")[0]
    shown = buyer.get("/cart", follow_redirects=True).text
    assert forms_of(shown)[f"{first.partition('?')[0]}/lines/{hit.part.id}"]["quantity"] == "2"


def test_more_than_there_is_is_said_and_may_come_later(scene: Scene, buyer: TestClient, hit: PartHit) -> None:
    here = (hit.part.id, CENTRAL_WAREHOUSE)
    with scene.database.unit() as unit:
        expect_delivery(unit, CENTRAL_ORGANISATION, "Velmora", here, 50, unit.now().date() + timedelta(days=5))
        offered = {one.location: one for one in offers(unit, [hit.part.id])[hit.part.id]}[CENTRAL_WAREHOUSE]
    more = str(offered.available + 3)
    status, page = send(buyer, f"/parts/{hit.part.id}", "/cart", quantity=more)
    assert status == 409
    assert f"Wanted: {more}, to be had: {offered.available}." in page
    assert "More can come from" in page
    assert forms_of(page)["/cart"]["quantity"] == more
    status, led = send(buyer, f"/parts/{hit.part.id}", "/cart", quantity=more, back_order="yes")
    assert status == 303
    assert "3 pieces come on" in buyer.get(led).text
    status, page = send(buyer, f"/parts/{hit.part.id}", "/cart", quantity="many")
    assert (status, forms_of(page)["/cart"]["quantity"]) == (422, "many")


def test_a_part_that_does_not_fit_is_said_before_it_is_bought(scene: Scene, buyer: TestClient) -> None:
    with scene.database.unit() as unit:
        other = next(one for one in find(unit, "2015 Golf alternator", None).items if one.price)
    page = buyer.get(f"/parts/{other.part.id}?vehicle=car-1").text
    assert "This part does not fit your car." in page
    assert "Add to cart all the same" in page


def test_a_price_that_changes_is_shown_before_it_is_charged(scene: Scene, buyer: TestClient, hit: PartHit) -> None:
    cart = put(buyer, hit.part.id, 1)
    status, page = send(buyer, f"{cart}/checkout", f"{cart}/checkout", **ADDRESS)
    assert status == 200
    assert "Li Wei &lt;b&gt;" in page
    form = forms_of(page)[f"{cart}/order"]
    cheapen(scene, hit.part.id, 100_000)
    refused = buyer.post(f"{cart}/order", data={**form, "provider": "sandbox"})
    assert refused.status_code == 409
    assert "it was" in refused.text
    assert "¥1,130.00" in refused.text
    again = forms_of(refused.text)[f"{cart}/order"]
    assert again["address"] == ADDRESS["address"]
    taken = buyer.post(f"{cart}/order", data={**again, "provider": "sandbox"})
    assert (taken.status_code, taken.headers["location"].startswith("/payments/")) == (303, True)
    assert buyer.post(f"{cart}/order", data={**again, "provider": "sandbox"}).headers == taken.headers
    assert "Waiting for payment" in buyer.get("/orders").text


def test_the_cart_says_what_a_piece_cost_before(scene: Scene, buyer: TestClient, hit: PartHit) -> None:
    cart = put(buyer, hit.part.id, 1)
    cheapen(scene, hit.part.id, 100_000)
    assert "¥1,000.00 now" in buyer.get(cart).text
    assert "¥1,000.00 now" not in buyer.get(cart).text


def test_what_ran_out_and_went_to_somebody_else_is_said_and_the_address_stays(
    scene: Scene, buyer: TestClient, hit: PartHit, person: Callable[..., Actor], clock: FixedClock
) -> None:
    cart = put(buyer, hit.part.id, 2)
    status, page = send(buyer, f"{cart}/checkout", f"{cart}/checkout", **ADDRESS)
    form = forms_of(page)[f"{cart}/order"]
    clock.advance(timedelta(minutes=16))
    assert "not held for you any more" in buyer.get(cart).text
    with scene.database.unit() as unit:
        there = sum(offer.available for offer in offers(unit, [hit.part.id])[hit.part.id])
        central = {one.location: one.available for one in offers(unit, [hit.part.id])[hit.part.id]}
        assert there >= central[CENTRAL_WAREHOUSE] > 1
        wish = LineWish(hit.part.id, central[CENTRAL_WAREHOUSE] - 1)
        open_cart(unit, person(Role.OWNER, "Wang Fang"), About(), [wish])
    refused = buyer.post(f"{cart}/order", data={**form, "provider": "sandbox"})
    assert refused.status_code == 409
    assert "Wanted: 2, to be had: 1." in refused.text
    assert forms_of(refused.text)[f"{cart}/checkout"]["address"] == ADDRESS["address"]
    status, page = send(buyer, cart, f"{cart}/holds")
    assert (status, "Wanted: 2, to be had: 1." in page) == (409, True)


def test_a_code_that_takes_nothing_off_says_why(buyer: TestClient, hit: PartHit) -> None:
    cart = put(buyer, hit.part.id, 1)
    status, led = send(buyer, cart, cart, code="<i>no</i>")
    assert (status, led) == (303, f"{cart}?done=saved")
    page = buyer.get(cart).text
    assert "There is no such code." in page
    assert "<i>" not in page.lower()


def test_a_part_shows_its_pictures(scene: Scene, buyer: TestClient, hit: PartHit, tmp_path: Path) -> None:
    with scene.database.unit() as unit:
        keeper = Actor("acc", CENTRAL_ORGANISATION, Role.PARTS_MANAGER)
        add_image(unit, keeper, hit.part.id, png(0), image_folder(tmp_path))
    page = buyer.get(f"/parts/{hit.part.id}").text
    address = page.partition('<img src="')[2].partition('"')[0]
    answer = buyer.get(address)
    assert answer.content == png(0)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "immutable" in answer.headers["cache-control"]


def test_what_is_another_s_is_not_there(
    buyer: TestClient, hit: PartHit, signed_in: Entrance, person: Callable[..., Actor]
) -> None:
    cart = put(buyer, hit.part.id, 1)
    stranger = signed_in(person(Role.OWNER, "Wang Fang"))
    assert {stranger.get(page).status_code for page in (cart, f"{cart}/checkout", "/orders/ord_1")} == {404}
    assert stranger.post(f"{cart}/order", data={}).status_code == 403
    assert stranger.get("/live?order=ord_1").status_code == 404
