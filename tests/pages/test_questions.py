"""What a case asks of the car is answered on the owner's page, without JavaScript; the visit is then proposed."""

from collections.abc import Callable
from dataclasses import replace

from fastapi.testclient import TestClient

from foundation.identity import Actor
from ingest.registry import Vehicles
from tests.pages.forms import forms_of
from tests.pages.scene import CONFIG, Scene
from tests.pages.test_visit import post

Entrance = Callable[[Actor], TestClient]


def test_the_owner_answers_and_a_visit_is_proposed(scene: Scene, signed_in: Entrance) -> None:
    with scene.database.unit() as unit:
        Vehicles().configure(unit, scene.owner, scene.vehicle, replace(CONFIG, displacement_l=None))
    case = scene.find_fault()
    owner = signed_in(scene.owner)
    assert "Needs your answer" in owner.get("/cars").text
    assert "Please tell us the displacement" in owner.get("/messages").text
    page, action = "/cars/car-1", f"/cases/{case}/answers"
    assert "Please tell us the displacement" in owner.get(page).text
    form = forms_of(owner.get(page).text)[action]
    refused = owner.post(action, data={**form, "value": "a lot"})
    assert (refused.status_code, "cannot be read" in refused.text) == (422, True)
    answered = post(owner, page, action, value="1.5")
    assert "Pudong Workshop" in answered or "Pudong Workshop" in owner.get(page).text
    assert action not in forms_of(owner.get(page).text)
