"""The desk adds a part as its technicians do: searched for, among those that fit the car and are there."""

import re
from collections.abc import Callable

from fastapi.testclient import TestClient

from aftersales.views import get_repair_order
from foundation.identity import Actor
from tests.pages.forms import forms_of
from tests.pages.scene import Scene
from tests.pages.test_floor import Hand, hold_open

OFFER = re.compile(r'<form [^>]*id="offer-([^"]+)".*?</form>', re.DOTALL)


def test_a_part_is_found_by_words_and_asked_for(scene: Scene, signed_in: Callable[[Actor], TestClient]) -> None:
    order = hold_open(scene)
    Hand(signed_in(scene.technician), order).send("step-check_in", mileage_km="84210")
    desk = signed_in(scene.advisor)
    assert not OFFER.search(desk.get(f"/board/{order}").text), "nobody has searched yet"
    assert OFFER.search(desk.get(f"/board/{order}?q=").text), "what the fault often needs"
    found = OFFER.search(desk.get(f"/board/{order}", params={"q": "spark plug"}).text)
    assert found
    ((action, fields),) = forms_of(found[0]).items()
    assert desk.post(action, data=fields).status_code == 303
    with scene.database.unit() as unit:
        lines = get_repair_order(unit, scene.advisor, order)["lines"]
    assert [one["approval"] for one in lines if one["part"] == found[1]] == ["awaiting"]
    assert "No part in stock" in desk.get(f"/board/{order}", params={"q": "<nothing>"}).text
    assert desk.get(f"/board/{order}", params={"q": "x" * 201}).status_code == 422
