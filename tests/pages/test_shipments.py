"""The seller's side of the shop without JavaScript: parcels by their promise, and returns with their words."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from foundation.identity import Actor, Role
from parts_catalog.seed import CENTRAL_ORGANISATION, CENTRAL_WAREHOUSE
from parts_catalog.warehouse.deliveries import expect_delivery
from tests.pages.bought import a_part, buy, deliver, figures, send_back
from tests.pages.forms import forms_of
from tests.pages.scene import Scene

Entrance = Callable[[Actor], TestClient]


@pytest.fixture
def seller(scene: Scene, person: Callable[..., Actor]) -> Actor:
    return person(Role.PARTS_MANAGER, "Parts", CENTRAL_ORGANISATION, language="en")


def test_late_parcels_come_first_and_what_has_not_come_is_not_picked(
    scene: Scene, seller: Actor, signed_in: Entrance
) -> None:
    database, part = scene.database, a_part(scene.database)
    on_hand, _ = figures(database, part)
    with database.unit() as unit:
        day = unit.now().date() + timedelta(days=9)
        expect_delivery(unit, CENTRAL_ORGANISATION, "Velmora", (part, CENTRAL_WAREHOUSE), 5, day)
    _, waiting = buy(database, scene.owner, part, on_hand + 2, back_order=True)
    other = a_part(database)
    _, late = buy(database, scene.owner, other, 1)
    with database.unit() as unit:
        past = {"day": unit.now().date() - timedelta(days=1), "id": late}
        unit.rows("UPDATE shipments SET promised_on = %(day)s WHERE id = %(id)s", past)
    client = signed_in(seller)
    shown = client.get("/shipments").text
    assert shown.index(late) < shown.index(waiting)
    assert ("Late" in shown, "Waits for pieces until" in shown) == (True, True)
    picks = shown[shown.index("To pick now") : shown.index("</section>")]
    assert part not in picks
    assert other in picks
    path = f"/shipments/{waiting}/moves"
    form = forms_of(client.get(f"/shipments/{waiting}").text)[path]
    refused = client.post(path, data={**form, "move": "pick"})
    assert (refused.status_code, "have not come yet" in refused.text) == (409, True)
    assert client.post(path, data={**form, "key": "k", "move": "ship"}).status_code == 409
    slip = client.get(f"/shipments/{late}/slip").text
    assert "Century Avenue 1" in slip
    assert (client.get("/shipments?state=lost").status_code, late in client.get("/shipments?state=lost").text) == (
        200,
        False,
    )


def test_a_return_is_refused_with_words_and_inspected_piece_by_piece(
    scene: Scene, seller: Actor, signed_in: Entrance, person: Callable[..., Actor]
) -> None:
    database, part = scene.database, a_part(scene.database)
    order, parcel = buy(database, scene.owner, part, 3)
    deliver(database, seller, parcel)
    back = send_back(database, scene.owner, order, 2)
    client, page = signed_in(seller), f"/returns/{back}"
    assert back in client.get("/returns").text
    form = forms_of(client.get(page).text)[f"{page}/steps"]
    assert client.post(f"{page}/steps", data={**form, "step": "refuse", "answer": " "}).status_code == 422
    for key, step in (("a", "approve"), ("b", "receive")):
        assert client.post(f"{page}/steps", data={**form, "key": key, "step": step}).status_code == 303
    form = forms_of(client.get(page).text)[f"{page}/inspection"]
    assert form["restock_1"] == "2"
    wrong = client.post(f"{page}/inspection", data={**form, "scrap_1": "1", "answer": "One is bent."})
    assert (wrong.status_code, "One is bent." in wrong.text) == (422, True)
    kept = forms_of(wrong.text)[f"{page}/inspection"]
    assert (kept["restock_1"], kept["scrap_1"]) == ("2", "1"), "what was typed stays"
    on_hand, _ = figures(database, part)
    told = client.post(f"{page}/inspection", data={**kept, "restock_1": "1"})
    assert "1 back on the shelf, 1 scrapped" in client.get(told.headers["location"]).text
    assert figures(database, part)[0] == on_hand + 1
    assert signed_in(scene.owner).get(page).status_code == 403
    assert signed_in(person(Role.PARTS_MANAGER)).get(page).status_code == 404
