"""A seller's prices without JavaScript: a list is made and filled, a promotion made and ended, each as it was read."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from forecourt.pages.trade.prices import hundredths
from foundation.identity import Actor, Role
from foundation.refusals import Invalid
from parts_catalog.fitment import get_part
from parts_catalog.prices import Buyer, price_of
from parts_catalog.seed import CENTRAL_ORGANISATION
from tests.pages.bought import a_part
from tests.pages.forms import forms_of
from tests.pages.scene import Scene

Entrance = Callable[[Actor], TestClient]


@pytest.fixture
def client(scene: Scene, signed_in: Entrance, person: Callable[..., Actor]) -> TestClient:
    return signed_in(person(Role.PARTS_MANAGER, "Parts", CENTRAL_ORGANISATION, language="en"))


def test_a_list_is_made_and_its_price_is_what_buyers_see(client: TestClient, scene: Scene) -> None:
    part = a_part(scene.database)
    form = forms_of(client.get("/prices").text)["/prices/lists"]
    wrong = client.post("/prices/lists", data={**form, "name": "Autumn", "region": "Shanghai"})
    assert (wrong.status_code, 'value="Autumn"' in wrong.text, 'value="Shanghai"' in wrong.text) == (422, True, True)
    made = client.post("/prices/lists", data={**form, "name": "Autumn", "priority": "5"}).headers["location"]
    page = made.partition("?")[0]
    with scene.database.unit() as unit:
        number = get_part(unit, part).number
    form = forms_of(client.get(page).text)[page]
    assert client.post(page, data={**form, "do": "price", "number": "nothing", "net": "80"}).status_code == 422
    price = {**form, "do": "price", "number": number, "net": "80.5"}
    assert client.post(page, data=price).status_code == 303
    stale = client.post(page, data={**price, "key": "another", "net": "90"})
    assert (stale.status_code, 'value="90"' in stale.text) == (412, True), "what was typed stays"
    with scene.database.unit() as unit:
        assert price_of(unit, [part], buyer=Buyer.of(scene.owner))[part].net.amount == 8050
    form = forms_of(client.get(page).text)[page]
    assert client.post(page, data={**form, "do": "state", "state": "ended"}).status_code == 303
    with scene.database.unit() as unit:
        assert price_of(unit, [part], buyer=Buyer.of(scene.owner))[part].net.amount != 8050


def test_a_promotion_is_made_once_and_ended(client: TestClient, signed_in: Entrance, scene: Scene) -> None:
    form = forms_of(client.get("/prices").text)["/prices/promotions"]
    new = {**form, "name_en": "Autumn", "kind": "percentage", "value": "7.5", "target": "order", "code": "AUTUMN"}
    assert [client.post("/prices/promotions", data=new).status_code for _ in range(2)] == [303, 303]
    taken = client.post("/prices/promotions", data={**new, "key": "another"})
    assert (taken.status_code, "this code already" in taken.text) == (409, True)
    shown = client.get("/prices").text
    assert (shown.count("<h3>Autumn</h3>"), "7.50 %" in shown) == (1, True)
    brand = {"key": "third", "name_en": "Brand", "kind": "amount", "value": "20", "target": "brand"}
    last = {"target_value": "Velmora", "code": "", "until": "2026-12-31"}
    assert client.post("/prices/promotions", data={**new, **brand, **last}).status_code == 303
    assert "¥20.00" in client.get("/prices").text
    [path] = [action for action in forms_of(shown) if action.startswith("/prices/promotions/")]
    assert client.post(path, data={**forms_of(shown)[path], "state": "ended"}).status_code == 303
    assert "<h3>Autumn</h3>" in client.get("/prices?state=ended").text
    assert "<h3>Autumn</h3>" not in client.get("/prices").text
    assert client.get("/prices?state=x").status_code == 422
    assert signed_in(scene.owner).get("/prices").status_code == 403


@pytest.mark.parametrize(("written", "read"), [("80", 8000), ("80.5", 8050), ("0.05", 5), ("12.34", 1234)])
def test_money_is_read_without_floats(written: str, read: int) -> None:
    assert hundredths(written) == read


@pytest.mark.parametrize("written", ["", "8,5", "-1", "1.234", "1e3", "٣"])
def test_what_is_no_money_is_refused(written: str) -> None:
    with pytest.raises(Invalid):
        hundredths(written)
