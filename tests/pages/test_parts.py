"""The parts pages without JavaScript: one box, the reader's car, facets, the asked question, one part."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser

from foundation.identity import Actor, Role
from ingest.registry import Vehicles, add_vehicle
from ingest.vehicles import VehicleConfig
from parts_catalog.tables import part_details
from tests.pages.forms import forms_of
from tests.pages.people import Person, check
from tests.pages.scene import CONFIG, Scene
from tests.pages.served import Served
from tests.parts_catalog.rows import add_import

Entrance = Callable[[Actor], TestClient]
TABLET = {"width": 820, "height": 1180}
ANSWERS = "/cars/car-1/answers"


def search(client: TestClient, **query: str) -> str:
    answer = client.get("/parts", params=query)
    assert answer.status_code == 200, answer.text
    return answer.text


def configure(scene: Scene, config: VehicleConfig) -> None:
    with scene.database.unit() as unit:
        Vehicles().configure(unit, scene.owner, scene.vehicle, config)


def config_of(scene: Scene) -> VehicleConfig:
    with scene.database.unit() as unit:
        return Vehicles().get(unit, scene.owner, scene.vehicle).config


def test_the_only_car_is_chosen_until_the_reader_chooses_none(scene: Scene, signed_in: Entrance) -> None:
    owner = signed_in(scene.owner)
    mine = search(owner, q="发电机")
    assert forms_of(mine)["/parts"]["vehicle"] == "car-1"
    assert "For Toyota Etios 2014" in mine
    assert "Fits your car." in mine
    any_car = search(owner, q="发电机", vehicle="")
    assert "Fits your car." not in any_car
    assert forms_of(any_car)["/parts"]["vehicle"] == ""
    with scene.database.unit() as unit:
        add_vehicle(unit, scene.owner.organisation, "car-2", None, CONFIG, None, None)
    assert forms_of(search(owner, q="发电机"))["/parts"]["vehicle"] == ""


def test_the_page_says_how_it_understood_the_words(scene: Scene, signed_in: Entrance) -> None:
    owner = signed_in(scene.owner)
    assert "For Volkswagen Golf 2015 · shown for “alternator” instead of “altenator”" in search(
        owner, q="2015 Golf altenator"
    )
    assert "“水温高”: Thermostat" in search(owner, q="水温高")


def test_facets_lead_to_fewer_hits_and_back(scene: Scene, signed_in: Entrance) -> None:
    owner = signed_in(scene.owner)
    page = search(owner, q="belt", vehicle="")
    assert "1000+" not in page
    address = (
        page.partition("brand=")[0].rpartition('href="')[2] + "brand=" + page.partition("brand=")[2].partition('"')[0]
    )
    narrowed = owner.get(address.replace("&amp;", "&")).text
    assert narrowed.count('<li class="card">') > 0
    brand = address.rpartition("brand=")[2]
    assert forms_of(narrowed)["/parts"]["brand"] == brand
    assert narrowed.count(f"<p>{brand} <strong>") == narrowed.count('<li class="card">')
    assert "1000+" in search(owner, vehicle="")


def test_what_the_fit_depends_on_is_answered_on_the_spot(scene: Scene, signed_in: Entrance) -> None:
    configure(scene, replace(CONFIG, displacement_l=None))
    owner = signed_in(scene.owner)
    page = search(owner, q="发电机")
    assert "It depends: please tell us the displacement" in page
    form = forms_of(page)[ANSWERS]
    assert form["attribute"] == "displacement_l"
    refused = owner.post(ANSWERS, data={**form, "value": "a lot"})
    assert (refused.status_code, "cannot be read" in refused.text) == (422, True)
    assert owner.post(ANSWERS, data={**form, "attribute": "body", "value": "suv"}).status_code == 422
    answer = owner.post(ANSWERS, data={**form, "value": "1.5"})
    assert (answer.status_code, answer.headers["location"]) == (303, form["back"])
    assert config_of(scene).displacement_l == 1.5
    assert "Fits your car." in owner.get(answer.headers["location"]).text


def test_an_answer_goes_to_the_case_that_waits_for_it(scene: Scene, signed_in: Entrance) -> None:
    configure(scene, replace(CONFIG, displacement_l=None))
    scene.find_fault()
    owner = signed_in(scene.owner)
    form = forms_of(search(owner, q="发电机"))[ANSWERS]
    assert owner.post(ANSWERS, data={**form, "value": "1.5"}).status_code == 303
    assert "Pudong Workshop" in owner.get("/cars/car-1").text


def test_others_see_the_question_but_do_not_answer_it(
    scene: Scene, signed_in: Entrance, person: Callable[..., Actor]
) -> None:
    stranger = signed_in(person(Role.OWNER, "Stranger"))
    assert stranger.get("/parts", params={"vehicle": "car-1"}).status_code == 404
    form = forms_of(stranger.get("/parts").text)["/sign-out"]
    data = {**form, "part": "x", "attribute": "body", "value": "suv"}
    assert stranger.post(ANSWERS, data=data).status_code == 404
    configure(scene, replace(CONFIG, displacement_l=None))
    technician = signed_in(scene.technician)
    assert ANSWERS not in forms_of(search(technician, q="发电机"))


def test_one_part_shows_where_it_lies_and_what_it_is_made_for(scene: Scene, signed_in: Entrance) -> None:
    owner = signed_in(scene.owner)
    address = search(owner, q="发电机").partition('<h2><a href="')[2].partition('"')[0]
    page = owner.get(address).text
    for said in ("Central warehouse", "Pudong Workshop", "Made for", "Toyota Etios", "Fits your car.", "In stock"):
        assert said in page, said
    assert owner.get("/parts/nothing").status_code == 404


def test_one_part_shows_what_its_supplier_tells(scene: Scene, signed_in: Entrance) -> None:
    details = {
        "descriptions": [["DES", "en", "Name only"], ["MKT", "en", "Quiet at any speed"], ["MKT", "zh", "全速静音"]],
        "attributes": [["Material", "Steel", None], ["1024", "12", "mm"]],
        "packages": [{"Weights": {"UOM": "KG", "Weight": "5.2"}, "Dimensions": {"Length": "3"}}],
        "hazardous": "Y",
        "minimum_order": "2",
    }
    owner = signed_in(scene.owner)
    address = search(owner, q="发电机").partition('<h2><a href="')[2].partition('"')[0]
    with scene.database.unit() as unit:
        row = {
            "part": address.partition("/parts/")[2].partition("?")[0],
            "details": details,
            "import_id": add_import(unit),
        }
        unit.connection.execute(part_details.insert().values(**row))
    page = owner.get(address).text
    for said in ("Quiet at any speed", "Steel", "PAdb 1024", "12 mm", "5.2 KG", "Dangerous goods", "Smallest order"):
        assert said in page, said
    assert [said for said in ("Name only", "全速静音", "Size of its package") if said in page] == []


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_the_pages_fit_phone_and_tablet(chromium: Browser, served: Served, scene: Scene, language: str) -> None:
    configure(scene, replace(CONFIG, displacement_l=None))
    for viewport in (None, TABLET):
        more = {"viewport": viewport} if viewport else {}
        somebody = Person(chromium, served, scene, scene.owner, language, **more)
        page = somebody.goto("/parts?q=发电机")
        page.locator("summary").click()
        check(page)
        page.locator(".grid a").first.click()
        page.wait_for_url("**/parts/part_*")
        check(page)
        assert somebody.complaints == []
        somebody.close()
