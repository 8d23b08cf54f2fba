"""The answers that need a scene of their own: what is done, and what is then too late to be done again."""

import tempfile
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest import mock

from diagnostics.findings import Urgency
from foundation import passwords
from foundation.access import Relation
from foundation.identity import Role, add_account, add_organisation
from foundation.tables import accounts
from ingest.registry import add_vehicle
from ingest.tables import commands
from parts_catalog.imports.http import AT_ONCE
from parts_catalog.imports.running import Wanted, import_file
from tests.access.answers import Answers
from tests.access.payments_story import being_told_of_payments
from tests.access.prices_story import keeping_prices, showing_parts
from tests.access.repairs_story import at_the_car
from tests.access.requests import BODIES, QUERIES
from tests.access.returns_story import sending_back
from tests.access.scene import KEPT, NEW
from tests.access.settlement_story import at_the_till
from tests.access.shop_story import buying
from tests.access.stock_story import keeping_stock
from tests.access.webhooks_story import being_told
from tests.aftersales.world import GOLF, STEPS
from tests.parts_catalog.imports.files import BRAND, aces, app, saved


def people_and_keys(answers: Answers) -> None:
    new = {"email": "lin@x.example", "role": "owner"}
    answers.ask("POST /v1/accounts", 201, json=new)
    answers.ask("POST /v1/accounts", 409, json=new)
    answers.ask("DELETE /v1/accounts/{account}", 204)
    boss = answers.somebody("DELETE /v1/accounts/{account}")
    answers.ask("DELETE /v1/accounts/{account}", 409, boss, account=boss.account)
    answers.ask("POST /v1/keys", 201, json=BODIES["POST /v1/keys"])
    answers.ask("DELETE /v1/keys/{key}", 204)


def oneself(answers: Answers) -> None:
    with answers.scene.world.database.unit() as unit:
        house = add_organisation(unit, "a house of one")
        someone = add_account(unit, "own@x.example", Role.OWNER, house)
        wish = {"vehicle": add_vehicle(unit, house, "car-own", config=GOLF).id, "service": "maintenance"}
    token, password = answers.token(someone), "correct horse"
    answers.ask("POST /v1/me/password", 204, token, json={"password": password})
    answers.ask("POST /v1/tokens", 401, "", json={"email": "own@x.example", "password": "wrong horse"})
    shown = answers.ask("POST /v1/tokens", 201, "", json={"email": "own@x.example", "password": password})
    answers.ask("DELETE /v1/tokens/current", 204, token)
    meanwhile(answers, password)
    booking = wish | {"slot": free(answers, service="maintenance")[0]["id"]}
    visit = answers.ask("POST /v1/appointments", 201, someone, json=booking)["id"]
    order = answers.ask("POST /v1/appointments/{appointment}/confirm", 200, someone, appointment=visit)["repair_order"]
    answers.ask("POST /v1/repair-orders/{order}/steps", 201, json=STEPS[0], order=order)
    answers.ask("POST /v1/me/erasure", 409, shown["token"], json={"password": password})  # his car is at work
    answers.ask("POST /v1/me/erasure", 202, answers.scene.people[Relation.NONE, Role.FLEET_OPERATOR], json={})
    answers.ask("POST /v1/consents", 201, json=BODIES["POST /v1/consents"])
    answers.ask("DELETE /v1/consents", 200, params=QUERIES["DELETE /v1/consents"])


def meanwhile(answers: Answers, password: str) -> None:
    """Let a password be changed by another request while the one that was chosen is being hashed."""
    someone = answers.stranger("POST /v1/me/password")

    def slowly(chosen: str) -> str:
        with answers.scene.world.database.unit() as unit:
            mine = accounts.update().where(accounts.c.id == someone.account)
            unit.connection.execute(mine.values(password_hash="another"))
        return chosen

    with mock.patch.object(passwords, "hash_of", slowly):
        answers.ask("POST /v1/me/password", 409, someone, json={"password": password})


def commands_to_a_car(answers: Answers) -> None:
    owner, path = answers.somebody("POST /v1/vehicles/{vehicle}/commands"), "/v1/commands/{command}"
    mechanic = answers.scene.people[Relation.GRANTED, Role.TECHNICIAN]
    clear = {"kind": "clear_dtcs"}
    asked = answers.ask("POST /v1/vehicles/{vehicle}/commands", 201, owner, json=clear)["id"]
    answers.ask("POST /v1/vehicles/{vehicle}/commands", 409, owner, json=clear)
    answers.ask(f"POST {path}/approve", 200, mechanic, command=asked)
    answers.ask(f"POST {path}/decline", 200, mechanic, command=asked)
    answers.ask(f"POST {path}/approve", 409, mechanic, command=asked)
    with answers.scene.world.database.unit() as unit:
        unit.connection.execute(commands.update().where(commands.c.id == asked).values(state="expired"))
    answers.ask(f"POST {path}/decline", 409, mechanic, command=asked)


def free(answers: Answers, **params: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answers.ask("GET /v1/slots", 200, params={"limit": 40, **params})["items"]
    return found


def a_visit(answers: Answers) -> None:
    """Hold, move, confirm, be offered another time, and give up; then one to which the car does not come."""
    car, path = answers.scene.world.another_car("car-a").id, "/v1/appointments/{appointment}"
    wish = {"vehicle": car, "service": "maintenance"}
    booking = wish | {"slot": free(answers, **wish)[0]["id"]}
    visit = answers.ask("POST /v1/appointments", 201, json=booking)
    answers.ask("POST /v1/appointments", 409, json=booking)
    ids = {"appointment": visit["id"]}
    answers.ask(f"POST {path}/reschedule", 200, json={"slot": free(answers, case=visit["case"])[1]["id"]}, **ids)
    confirmed = answers.ask(f"POST {path}/confirm", 200, **ids)
    answers.ask(f"POST {path}/no-show", 409, **ids)
    later = next(one for one in free(answers, case=visit["case"]) if one["start"] > confirmed["end"])
    offer = answers.ask(f"POST {path}/arrange", 200, json=place(later), **ids)["offer"]["id"]
    answers.ask(f"POST {path}/arrange", 409, json=place(confirmed), appointment=offer)
    answers.ask(f"GET {path}/calendar", 409, appointment=offer)
    answers.ask(f"POST {path}/decline", 200, **ids)
    answers.ask(f"POST {path}/confirm", 409, **ids)
    answers.ask(f"POST {path}/reschedule", 409, json={"slot": booking["slot"]}, **ids)
    answers.ask(f"POST {path}/decline", 409)  # the car is there
    answers.ask("GET /v1/slots", 409, params={"case": answers.scene.ids["case"]})
    read = "/v1/messages/{message}/read"
    message = answers.ask("GET /v1/messages", 200, answers.somebody(f"POST {read}"))["items"][0]["id"]
    answers.ask(f"POST {read}", 200, message=message)


def place(slot: Mapping[str, Any]) -> dict[str, Any]:
    return {"bay": slot["bay"]["id"], "technician": slot["technician"]["id"], "start": slot["start"]}


def a_repair(answers: Answers) -> None:
    """Do the work on the car that is there, beside one that is settled."""
    path, settled = "/v1/repair-orders/{order}", {"order": answers.scene.ids["settled"]}
    answers.ask(f"POST {path}/settlement", 409)
    answers.ask(f"POST {path}/review", 409, json={"rating": 5})
    labour = BODIES[f"POST {path}/lines"]
    for number, step in enumerate(STEPS[1:], 1):
        answers.ask(f"POST {path}/steps", 201, json=step)
        if number == 3:
            answers.ask(f"DELETE {path}/links/{{approval_link}}", 204)
            answers.ask(f"POST {path}/lines", 201, json=labour)
            found = answers.ask(f"GET {path}/lines", 200)["items"][-1]["id"]
            decision = {"lines": [found], "decision": "declined"}
            answers.ask(f"POST {path}/approvals", 201, json=decision)
    answers.ask(f"POST {path}/settlement", 201)
    answers.ask(f"POST {path}/review", 201, json={"rating": 5})
    answers.ask(f"POST {path}/lines", 409, json=labour, **settled)
    answers.ask(f"POST {path}/approvals", 409, json=decision)
    answers.ask(f"POST {path}/steps", 409, json=STEPS[0])


def a_case(answers: Answers) -> None:
    """Wait, say no, and be stopped on the road."""
    world, path = answers.scene.world, "/v1/cases/{case}"
    answers.ask(f"POST {path}/decline", 409)
    answers.ask(f"POST {path}/assistance", 409, json={"kind": "towing"})
    answers.ask(f"POST {path}/links", 201)
    answers.ask(f"DELETE {path}/links/{{link}}", 204)
    car = world.another_car("car-b")
    case = world.open(world.finding("f_b", car), car)["id"]
    wait = answers.ask("POST /v1/waitlist", 201, json={"case": case})["id"]
    answers.ask("DELETE /v1/waitlist/{wait}", 200, wait=wait)
    answers.ask(f"POST {path}/decline", 200, case=case)
    answers.ask("POST /v1/waitlist", 409, json={"case": case})
    answers.ask(f"POST {path}/answers", 409, json={"attribute": "drive", "value": "awd"}, case=case)
    asked = world.another_car("car-asked")
    case = world.open(world.finding("f_asked", asked, fault="starter"), asked)["id"]
    answers.ask(f"POST {path}/answers", 200, json={"attribute": "drive", "value": "awd"}, case=case)
    stopped = world.another_car("car-c")
    case = world.open(world.finding("f_c", stopped, urgency=Urgency.S0), stopped)["id"]
    answers.ask(f"POST {path}/assistance", 201, json={"kind": "towing"}, case=case)


def a_workshop(answers: Answers) -> None:
    """Put in, change and take out of a workshop what it has; what is booked stays."""
    path = "/v1/workshops/{workshop}"
    answers.ask(f"PATCH {path}", 200, json={})
    answers.ask("POST /v1/parts/{part}/expected", 200, json=BODIES["POST /v1/parts/{part}/expected"])
    for many, one in KEPT.items():
        made = answers.ask(f"POST {path}/{many}", 201, json=NEW[many])
        new = {one: NEW[many].get("code", made["id"])}
        change = f"PATCH {path}/{many}/{{{one}}}"
        answers.ask(change, 200, json=BODIES[change], **new)
        answers.ask(f"DELETE {path}/{many}/{{{one}}}", 200, **new)
    wish = {"vehicle": answers.scene.world.another_car("car-d").id, "service": "maintenance"}
    slot = free(answers, loaner=True, **wish)[0]
    answers.ask("POST /v1/appointments", 201, json=wish | {"slot": slot["id"]})
    answers.ask(f"DELETE {path}/loaners/{{loaner}}", 409, loaner=slot["loaner"]["id"])
    answers.ask(f"DELETE {path}/bays/{{bay}}", 409, bay=slot["bay"]["id"])
    answers.ask(f"DELETE {path}/technicians/{{technician}}", 409, technician=slot["technician"]["id"])


def devices_and_what_they_upload(answers: Answers) -> None:
    """Fit devices, and let two of them upload: to a service without a broker, and to one that commits."""
    path, car = "/v1/devices/{device}", answers.scene.ids["vehicle"]
    made = answers.ask("POST /v1/devices", 201, json={"vehicle": car, "id": "torque-1", "dialect": "torque"})
    answers.ask("POST /v1/devices", 409, json={"vehicle": car, "id": "torque-1"})
    answers.ask("POST /v1/devices", 201, json={"vehicle": car, "id": "traccar-1", "dialect": "traccar"})
    password = answers.ask(f"POST {path}/password", 200, device=made["id"])["password"]
    time = int(answers.scene.world.clock.now().timestamp() * 1000)
    trip = {"eml": f"torque-1:{password}", "session": time, "id": "x", "time": time, "kc": 800}
    attributes = {"rpm": 900}
    position = {"id": 7, "deviceTime": "2026-11-23T03:59:00.000+00:00", "protocol": "x", "attributes": attributes}
    forwarded = {"position": position, "device": {"id": 1, "uniqueId": "traccar-1"}}
    for verb in ("GET", "POST"):
        answers.ask(f"{verb} /v1/ingest/torque", 401, "", params=trip | {"eml": "wrong"})
        answers.ask(f"{verb} /v1/ingest/torque", 503, "", params=trip)
    answers.ask("POST /v1/ingest/traccar", 503, json=forwarded)
    with tempfile.TemporaryDirectory() as name:
        committing = answers.through(Path(name))
        for verb in ("GET", "POST"):
            committing.ask(f"{verb} /v1/ingest/torque", 200, "", params=trip)
            committing.ask(f"{verb} /v1/ingest/torque", 422, "", params=trip | {"time": "soon"})
        committing.ask("POST /v1/ingest/traccar", 204, json=forwarded)
    answers.ask(f"POST {path}/revoke", 200, device=made["id"])


def suppliers_files(answers: Answers) -> None:
    """Let a house import a small file, and a large one in the background, as both are undone; and not a second time."""
    path, tried = "/v1/parts/imports", {"dry_run": True}
    made = answers.ask(f"POST {path}", 201, content=aces(app(1)))
    assert (made["state"], made["counts"]["accepted"], made["brands"]) == ("done", 1, [BRAND])
    answers.ask(f"POST {path}", 202, content=aces(app(2), "<!--" + " " * AT_ONCE + "-->", count=1), params=tried)
    answers.ask(f"POST {path}/{{import_id}}/undo", 200, import_id=made["id"])
    answers.ask(f"POST {path}/{{import_id}}/undo", 409, import_id=made["id"])
    with tempfile.TemporaryDirectory() as name:
        large = saved(Path(name), aces(app(3), "<!--" + " " * AT_ONCE + "-->", count=1))
        wanted = Wanted(large, "large.xml", answers.somebody(f"POST {path}").organisation)
        number = import_file(answers.scene.world.database, wanted).import_id
    undoing = answers.ask(f"POST {path}/{{import_id}}/undo", 202, import_id=str(number))
    assert undoing["state"] == "undoing"


def nobody_comes(answers: Answers) -> None:
    """Let a visit begin without its car; the clock goes on, so this is the last."""
    world, path = answers.scene.world, "/v1/appointments/{appointment}"
    wish = {"vehicle": world.another_car("car-e").id, "service": "maintenance"}
    slot = free(answers, **wish)[0]
    visit = answers.ask("POST /v1/appointments", 201, json=wish | {"slot": slot["id"]})["id"]
    answers.ask(f"POST {path}/confirm", 200, appointment=visit)
    world.clock.advance(datetime.fromisoformat(slot["start"]) - world.clock.now())
    answers.ask(f"POST {path}/no-show", 200, appointment=visit)


STORIES: tuple[Callable[[Answers], None], ...] = (
    people_and_keys,
    being_told,
    oneself,
    commands_to_a_car,
    a_case,
    a_visit,
    a_repair,
    at_the_car,
    at_the_till,
    a_workshop,
    devices_and_what_they_upload,
    suppliers_files,
    buying,
    sending_back,
    being_told_of_payments,
    keeping_stock,
    keeping_prices,
    showing_parts,
    nobody_comes,
)
