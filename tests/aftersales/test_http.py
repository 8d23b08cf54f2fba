"""The desk over HTTP: who may reach which route, what is asked twice is done once, refusals are problem documents."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from foundation.identity import Role, add_account
from tests.aftersales.client import Person, build_app, served
from tests.aftersales.world import FAMILY, GARAGE, STEPS, STRANGERS, World


@dataclass
class House:
    world: World
    people: dict[str, Person]

    def __getattr__(self, name: str) -> Person:
        return self.people[name]


@pytest.fixture
def house(world: World) -> Iterator[House]:
    roles = {
        "fleet": (Role.FLEET_OPERATOR, FAMILY),
        "integrator": (Role.INTEGRATOR, FAMILY),
        "advisor": (Role.ADVISOR, GARAGE),
        "manager": (Role.WORKSHOP_MANAGER, GARAGE),
        "storekeeper": (Role.PARTS_MANAGER, GARAGE),
        "garage_owner": (Role.OWNER, GARAGE),
        "chief": (Role.ADMINISTRATOR, STRANGERS),
    }
    with world.database.unit() as unit:
        actors = {name: add_account(unit, f"{name}@x.example", role, home) for name, (role, home) in roles.items()}
    actors |= {"owner": world.owner, "stranger": world.stranger, "technician": world.technician}
    with served(build_app(world.database)) as base:
        people = {name: Person(base, world.database, actor) for name, actor in actors.items()}
        people["nobody"] = Person(base, world.database, None)
        yield House(world, people)
        for person in people.values():
            person.http.close()


def answer(response: httpx2.Response, status: int = 200) -> dict[str, Any]:
    assert response.status_code == status, response.text
    document: dict[str, Any] = response.json()
    return document


def problem(response: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    assert response.headers["content-type"] == "application/problem+json"
    document = answer(response, status)
    assert document["code"] == code
    return document


# route, body, the people who may, and those who see the object but may not. Everybody else does not see it, an owner of
# the house that works on it neither: a grant opens it to who works there.
OWNERS, BOOKERS, WORKERS = ("owner", "fleet"), ("owner", "fleet", "integrator"), ("technician", "advisor", "manager")
DESK = ("advisor", "manager")  # writes down what the owner says at the counter
SEEING = ("owner", "fleet", "integrator", "technician", "advisor", "manager", "storekeeper")
MATRIX: list[tuple[str, dict[str, Any] | None, tuple[str, ...]]] = [
    ("GET /v1/cases/{case}", None, SEEING),
    ("GET /v1/appointments/{appointment}", None, SEEING),
    ("GET /v1/repair-orders/{order}", None, SEEING),
    ("GET /v1/repair-orders/{order}/lines", None, SEEING),
    ("GET /v1/repair-orders/{order}/approvals", None, SEEING),
    ("GET /v1/repair-orders/{order}/steps", None, SEEING),
    ("POST /v1/appointments/{appointment}/confirm", {}, BOOKERS),
    ("POST /v1/appointments/{appointment}/reschedule", {"slot": "nonsense"}, BOOKERS),
    ("POST /v1/repair-orders/{order}/approvals", {"lines": ["x"], "decision": "approved"}, (*OWNERS, *DESK)),
    ("POST /v1/repair-orders/{order}/review", {"rating": 5}, OWNERS),
    ("POST /v1/repair-orders/{order}/steps", {"step": "start"}, WORKERS),
    ("POST /v1/repair-orders/{order}/lines", {"kind": "part", "part": "belt"}, WORKERS),
    ("POST /v1/repair-orders/{order}/settlement", {}, WORKERS),
    ("POST /v1/appointments/{appointment}/decline", {}, BOOKERS),
    ("POST /v1/cases/{case}/decline", {}, BOOKERS),
]


def test_everybody_reaches_what_is_his_and_nothing_else(house: House) -> None:
    case = house.world.open()
    appointment = case["appointment"]["id"]
    order = house.world.confirm(appointment)["repair_order"]
    for route, body, allowed in MATRIX:
        verb, _, path = route.format(case=case["id"], appointment=appointment, order=order).partition(" ")
        for name in sorted(house.people, key=lambda one: one in allowed):
            got = house.people[name].http.request(verb, path, json=body)
            told = f"{name} {route}: {got.status_code} {got.text}"
            if name == "nobody":
                assert got.status_code == 401, told
            elif name in allowed:
                assert got.status_code not in {401, 403}, told
                assert verb != "GET" or got.status_code == 200, told
            else:
                assert got.status_code == (403 if name in SEEING else 404), told


def test_lists_show_each_side_its_own(house: House) -> None:
    house.world.confirm(house.world.open()["appointment"]["id"])
    for path in ("/v1/cases", "/v1/appointments", "/v1/repair-orders"):
        for name, number in (("owner", 1), ("technician", 1), ("stranger", 0), ("chief", 0)):
            assert len(answer(house.people[name].get(path))["items"]) == number, (path, name)
    assert answer(house.owner.get("/v1/cases", state="declined"))["items"] == []


def test_another_familys_car_is_not_booked(house: House) -> None:
    slot = answer(house.stranger.get("/v1/slots", service="maintenance"))["items"][0]["id"]
    body = {"vehicle": "car-1", "slot": slot, "service": "maintenance"}
    problem(house.stranger.post("/v1/appointments", body), 404, "not_found")
    problem(house.technician.post("/v1/appointments", body), 404, "not_found")
    problem(house.stranger.get("/v1/slots", vehicle="car-1"), 404, "not_found")


def test_the_whole_way_by_http(house: House) -> None:
    assert [one["id"] for one in answer(house.owner.get("/v1/workshops", near="31.23,121.47"))["items"]] == ["wks_one"]
    asked = {"near": "31.23,121.47", "service": "repair", "vehicle": "car-1", "workshop": "", "case": ""}
    slot = answer(house.owner.get("/v1/slots", **asked))["items"][0]
    body = {"vehicle": "car-1", "slot": slot["id"], "service": "repair", "words": "it rattles"}
    visit = answer(house.owner.post("/v1/appointments", body, "once"), 201)
    assert answer(house.owner.post("/v1/appointments", body, "once"), 201) == visit
    problem(house.owner.post("/v1/appointments", body | {"words": "other"}, "once"), 422, "idempotency_key_reused")
    taken = problem(house.owner.post("/v1/appointments", body, "twice"), 409, "slot_taken")
    assert taken["slots"][0]["id"] != slot["id"]
    order = answer(house.owner.post(f"/v1/appointments/{visit['id']}/confirm", {}))["repair_order"]
    problem(house.technician.post(f"/v1/repair-orders/{order}/steps", {"step": "check_in"}), 422, "invalid")
    for number, step in enumerate(one for one in STEPS if one["step"] != "issue_parts"):
        for _ in range(2):
            answer(house.technician.post(f"/v1/repair-orders/{order}/steps", step, f"step-{number}"), 201)
    problem(house.owner.get(f"/v1/repair-orders/{order}/settlement"), 404, "not_found")
    sheet = answer(house.advisor.post(f"/v1/repair-orders/{order}/settlement", {"return_old_parts": True}), 201)
    assert sheet["totals"]["gross"] == {"amount": 33_900, "currency": "CNY"}
    assert answer(house.owner.get(f"/v1/repair-orders/{order}/settlement")) == sheet
    answer(house.owner.post(f"/v1/repair-orders/{order}/review", {"rating": 4, "words": "quiet now"}), 201)
    problem(house.owner.post(f"/v1/repair-orders/{order}/review", {"rating": 4}), 409, "already_reviewed")
    assert answer(house.owner.get(f"/v1/repair-orders/{order}/review"))["rating"] == 4
    assert answer(house.owner.get("/v1/workshops"))["items"][0]["rating"] == 4.0
    steps = answer(house.owner.get(f"/v1/repair-orders/{order}/steps"))["items"]
    assert [one["number"] for one in steps] == list(range(1, len(STEPS) + 1)), "doubled requests took no second step"


NONSENSE = [
    ("/v1/slots", {"near": "north"}),
    ("/v1/slots", {"near": "91,0"}),
    ("/v1/slots", {"near": "nan,nan"}),
    ("/v1/slots", {"service": "wash"}),
    ("/v1/slots", {"after": "2026-11-24T09:00:00"}),
    ("/v1/slots", {"after": "9999-12-31T00:00:00Z"}),
    ("/v1/cases", {"cursor": "x"}),
    ("/v1/cases", {"cursor": "WzEsMl0"}),
    ("/v1/cases", {"limit": "0"}),
    ("/v1/cases", {"state": "\0"}),
    ("/v1/cases/%00", {}),
    ("/v1/slots", {"workshop": "\0"}),
]


def test_nonsense_is_refused_in_words(house: House) -> None:
    for path, params in NONSENSE:
        problem(house.owner.get(path, **params), 422, "invalid")


def test_nonsense_in_a_body_is_refused_in_words(house: House) -> None:
    order = house.world.confirm(house.world.open()["appointment"]["id"])["repair_order"]
    path = f"/v1/repair-orders/{order}/steps"
    for body in (
        {},
        {"step": "check_in", "mileage_km": -1},
        {"step": "check_in", "mileage_km": 1.5},
        {"step": "check_in", "mileage_km": 10**9},
        {"step": "check_in", "mileage_km": True},
        {"step": "check_in", "mileage_km": 1, "price": 0},
        {"step": "check_in", "mileage_km": 1, "note": "\0"},
        {"step": "\0"},
        {"step": "inspect", "mileage_km": 5},
    ):
        problem(house.technician.post(path, body), 422, "invalid")
    assert answer(house.owner.get(path))["items"] == []


def test_pages_of_cases_follow_each_other_without_gaps(house: House) -> None:
    opened = [
        house.world.open(house.world.finding(fault=fault, key=fault))["id"] for fault in ("alternator", "starter")
    ]
    first = answer(house.owner.get("/v1/cases", limit="1"))
    second = answer(house.owner.get("/v1/cases", limit="1", cursor=first["next"]))
    assert {first["items"][0]["id"], second["items"][0]["id"]} == set(opened)
    assert second["next"] is None


def test_the_api_describes_itself_with_examples(house: House) -> None:
    schemas = answer(house.nobody.get("/openapi.json"))["components"]["schemas"]
    for body in ("Booking", "Move", "StepTaken", "Decision", "FoundLabour", "FoundPart", "SettlementWish", "Rating"):
        assert schemas[body]["examples"], body
