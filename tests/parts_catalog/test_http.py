"""The HTTP door of the catalogue, and the views behind it."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from forecourt import http as problems
from foundation.database import Database, UnitOfWork
from foundation.identity import Actor, Role
from foundation.refusals import NotFound, Unauthenticated
from ingest.vehicles import Vehicle, VehicleConfig
from parts_catalog.applications import Application
from parts_catalog.http import router
from parts_catalog.tables import supersessions
from parts_catalog.views import fit_parts
from tests.parts_catalog.rows import add_brand, add_part, add_stock

ETIOS = VehicleConfig.from_json(
    {"make": "Toyota", "model_line": "Etios", "model_year": 2014, "fuel": "petrol", "displacement_l": 1.5}
)


class OneCar:
    """A register of one car, which only its own organisation sees."""

    def get(self, unit: UnitOfWork, actor: Actor, vehicle: str) -> Vehicle:
        if (vehicle, actor.organisation) != ("car_1", "org_owner"):
            raise NotFound(f"there is no vehicle {vehicle}")
        return Vehicle("car_1", "org_owner", None, ETIOS)


Door = Callable[..., TestClient]


@pytest.fixture
def door(catalogue: Database) -> Iterator[Door]:
    clients: list[TestClient] = []

    def open_door(organisation: str | None = "org_owner") -> TestClient:
        def current_actor() -> Actor:
            if organisation is None:
                raise Unauthenticated("this needs a bearer token")
            return Actor("acc_1", organisation, Role.OWNER)

        app = FastAPI()
        problems.install(app)
        app.include_router(router(catalogue, current_actor, OneCar()))
        clients.append(TestClient(app))
        return clients[-1]

    yield open_door
    for client in clients:
        client.close()


def get(client: TestClient, path: str, status: int = 200, **query: Any) -> Any:
    answer = client.get(path, params=query or None)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_search_answers_in_both_languages_whether_each_part_fits(door: Door) -> None:
    page = get(door(), "/v1/parts", q="发电机", vehicle="car_1", limit=5)
    first = page["items"][0]
    assert first["fit"]["verdict"] == "fits"
    assert (first["fit"]["text_en"], first["fit"]["text_zh"]) == ("Fits your car.", "适合您的车。")
    assert first["price"]["net"]["currency"] == "CNY"
    assert first["available"] == sum(offer["available"] for offer in first["offers"]) > 0
    assert (first["part_type"], first["part_type_zh"]) == ("alternator", "发电机")


def test_a_search_is_read_page_by_page(door: Door) -> None:
    client = door()
    one = get(client, "/v1/parts", q="spark plug", limit=3)
    two = get(client, "/v1/parts", q="spark plug", limit=3, cursor=one["next"])
    assert len({item["id"] for item in one["items"] + two["items"]}) == 6


def test_a_search_says_how_it_understood_the_words(door: Door) -> None:
    client = door()
    understood = get(client, "/v1/parts", q="2014 Toyota Etios altenator")["understood"]
    assert understood["car"] == {"en": "Toyota Etios 2014", "zh": "丰田伊蒂奥斯2014", "year": 2014}
    assert understood["corrected"] == {"altenator": "alternator"}
    assert understood["text_en"] == "For Toyota Etios 2014 · shown for “alternator” instead of “altenator”"
    assert understood["text_zh"] == "适用于丰田伊蒂奥斯2014 · 已按“alternator”搜索，您写的是“altenator”"
    symptom = get(client, "/v1/parts", q="水温高")["understood"]
    assert (symptom["symptom"], symptom["part_types"][0]["zh"]) == ("水温高", "节温器")
    assert symptom["text_zh"].startswith("“水温高”：节温器、水泵、")
    assert get(client, "/v1/parts", q="发电机")["understood"] == {
        "car": None,
        "part_types": [{"name": "alternator", "en": "Alternator", "zh": "发电机"}],
        "symptom": None,
        "corrected": {},
        "text_en": "",
        "text_zh": "",
    }
    assert get(client, "/v1/parts", q="...")["understood"] is None


def test_facets_are_chosen_from(door: Door) -> None:
    client = door()
    facets = get(client, "/v1/parts/facets", q="etios alternator", vehicle="car_1")
    brand, band = facets["brands"][0], facets["price_bands"][0]
    assert (facets["hits"], facets["more"]) == (sum(one["count"] for one in facets["brands"]), False)
    assert facets["understood"]["car"]["en"] == "Toyota Etios"
    kept = get(client, "/v1/parts", q="etios alternator", brand=brand["value"], limit=50)["items"]
    assert ({one["brand"] for one in kept}, len(kept)) == ({brand["value"]}, brand["count"])
    bounds = {"price_from": band["price_from"]["amount"], "price_below": band["price_below"]["amount"]}
    assert len(get(client, "/v1/parts", q="etios alternator", limit=50, **bounds)["items"]) == band["count"]
    assert (
        get(client, "/v1/parts/facets", q="水泵", part_type="水泵", quality="original")["qualities"][0]["zh"]
        == "原厂件"
    )


def test_one_part_is_shown_with_its_fit(door: Door) -> None:
    client = door()
    found = get(client, "/v1/parts", q="etios alternator", vehicle="car_1")["items"][0]
    assert get(client, f"/v1/parts/{found['id']}", vehicle="car_1") == found
    assert get(client, f"/v1/parts/{found['id']}")["fit"] is None


def test_fitment_tells_conditions_and_questions(door: Door) -> None:
    fitment = get(door(), "/v1/fitment", vehicle="car_1", part_type="alternator")
    verdicts = [answer["fit"]["verdict"] for answer in fitment["items"]]
    assert verdicts[0] == "fits"
    conditional = fitment["items"][verdicts.index("fits_if")]["fit"]
    assert conditional["question"] == "stop_start"
    assert "stop-start system" in conditional["text_en"]
    assert "自动启停" in conditional["text_zh"]


def test_positions_are_asked_for_one_by_one(door: Door) -> None:
    front = get(door(), "/v1/fitment", vehicle="car_1", part_type="制动片", position="front")
    assert {answer["fit"]["position_zh"] for answer in front["items"]} == {"前"}


@pytest.mark.parametrize(
    "path",
    [
        "/v1/parts?vehicle=car_1",
        "/v1/fitment?vehicle=car_1&part_type=alternator",
        "/v1/fitment?vehicle=nobodys&part_type=alternator",
        "/v1/parts/nothing",
    ],
)
def test_what_is_anothers_or_not_there_is_not_found(door: Door, path: str) -> None:
    assert get(door("org_stranger"), path, 404)["code"] == "not_found"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/fitment?vehicle=car_1&part_type=flux_capacitor", 404),
        ("/v1/fitment?vehicle=car_1", 422),
        ("/v1/parts?limit=0", 422),
        ("/v1/parts?limit=501", 422),
        ("/v1/parts?cursor=nonsense", 422),
        ("/v1/parts/%00", 422),
        ("/v1/parts?quality=best", 422),
        ("/v1/parts/facets?price_from=2147483648", 422),
        ("/v1/parts/facets?part_type=flux_capacitor", 404),
        ("/v1/parts/facets?brand=%00", 200),
        ("/v1/parts?q=%00", 200),
        ("/v1/parts?q=%25", 200),
        ("/v1/parts?q=%ff%fe", 200),
    ],
)
def test_bad_input_is_refused_in_words_and_never_a_fault(door: Door, path: str, status: int) -> None:
    get(door(), path, status)


def test_a_stranger_to_the_house_is_sent_away(door: Door) -> None:
    assert get(door(None), "/v1/parts", 401)["code"] == "unauthenticated"


def test_fitment_tells_what_replaces_a_part_and_what_stays_open(database: Database) -> None:
    with database.unit() as unit:
        add_brand(unit)
        line = Application(
            "acme.csv, line 7", make="toyota", model_line="etios", year_from=2010, position="front", quantity=2
        )
        for number in ("a", "b"):
            add_part(unit, number, line)
        add_part(unit, "new")
        add_stock(unit, "new", on_hand=3)
        unit.connection.execute(supersessions.insert().values(part="a", replaced_by="new", from_date=date(2026, 3, 1)))
        first, second = fit_parts(unit, ETIOS, "alternator")["items"]
    fit = first["fit"]
    assert (fit["verdict"], fit["position_zh"], fit["quantity"], fit["source"]) == ("fits", "前", 2, "acme.csv, line 7")
    assert (fit["ambiguous"], second["fit"]["ambiguous"], second["fit"]["related"]) == (True, True, [])
    assert "目录列有多个配件" in fit["text_zh"]
    [hop] = fit["related"]
    assert (hop["relation"], hop["number"], hop["since"], hop["available"]) == ("replaced_by", "new", "2026-03-01", 3)
    assert hop["text_en"] == "Replaced by Testmark new since 2026-03-01, 3 in stock."
