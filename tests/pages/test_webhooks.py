"""Webhooks on pages: the secret once, the log with its attempts, sending again, and none of another's."""

from collections.abc import Callable

from fastapi.testclient import TestClient
from sqlalchemy import insert, text

from forecourt.webhooks.collecting import collect
from forecourt.webhooks.endpoints import add_endpoint
from forecourt.webhooks.secret_changes import MOST_OLD
from forecourt.webhooks.tables import webhook_attempts
from foundation.clock import SystemClock
from foundation.events import append
from foundation.identity import Actor, Role
from tests.pages.forms import forms_of
from tests.pages.scene import Scene

Entrance = Callable[[Actor], TestClient]
URL = "https://hooks.example/<b>us</b>"


def test_an_address_is_made_read_and_replayed(scene: Scene, signed_in: Entrance, person: Callable[..., Actor]) -> None:
    boss = person(Role.ADMINISTRATOR, "Chief", scene.owner.organisation)
    client = signed_in(boss)
    form = forms_of(client.get("/webhooks").text)["/webhooks"]
    refused = client.post("/webhooks", data={**form, "url": "http://127.0.0.1/x"})
    assert refused.status_code == 422
    assert forms_of(refused.text)["/webhooks"]["url"] == "http://127.0.0.1/x"
    made = client.post("/webhooks", data={**form, "key": "k2", "url": URL, "kind-vehicle": "yes"}).text
    secret = made.partition('value="whsec_')[2].partition('"')[0]
    assert len(secret) > 20
    assert "<b>us" not in made
    listed = client.get("/webhooks").text
    assert secret not in listed
    address = listed.partition('href="/webhooks/')[2].partition('"')[0]
    page = f"/webhooks/{address}"

    with scene.database.unit() as unit:
        append(unit, scene.vehicle, "finding", {})
    with scene.database.unit() as unit:
        collect(unit, SystemClock())
        number = unit.connection.execute(text("SELECT id FROM webhook_deliveries")).scalar_one()
        tried = {"delivery": number, "number": 1, "at": unit.now(), "took_ms": 17, "status": 503}
        unit.connection.execute(insert(webhook_attempts).values(**tried))
        failed = {**tried, "number": 2, "status": None, "error": "tls"}
        unit.connection.execute(insert(webhook_attempts).values(**failed))
    shown = client.get(page).text
    assert "vehicle.finding" in shown
    assert "503 · 17 ms" in shown
    assert "Its certificate is not to be trusted · 17 ms" in shown
    forms = forms_of(shown)
    again = client.post(f"{page}/replays", data={**forms[f"{page}/replays"], "delivery": str(number)})
    assert again.headers["location"].endswith("done=replayed")
    assert f"again, of {number}" not in client.get(page).text, "it waited, and goes itself"
    with scene.database.unit() as unit:
        unit.connection.execute(text("UPDATE webhook_deliveries SET state = 'delivered', ended_at = due_at"))
    client.post(f"{page}/replays", data={**forms[f"{page}/replays"], "key": "k9", "delivery": str(number)})
    assert f"again, of {number}" in client.get(page).text
    assert (
        client.post(f"{page}/replays", data={**forms[f"{page}/replays"], "key": "k3", "since": "x"}).status_code == 422
    )
    for do, said in (("pause", "Paused"), ("resume", "On")):
        client.post(page, data={**forms_of(client.get(page).text)[page], "do": do})
        assert f">{said}</span>" in client.get(page).text
    stranger = signed_in(person(Role.ADMINISTRATOR, "Other"))
    assert stranger.get(page).status_code == 404
    assert signed_in(scene.owner).get("/webhooks").status_code == 403
    gone = client.post(page, data={**forms_of(client.get(page).text)[page], "do": "remove"})
    assert gone.headers["location"] == "/webhooks?done=webhook_gone"
    assert client.get(page).status_code == 404


def test_a_secret_is_changed_shown_once_and_the_old_one_ended(
    scene: Scene, signed_in: Entrance, person: Callable[..., Actor]
) -> None:
    boss = person(Role.ADMINISTRATOR, "Chief", scene.owner.organisation)
    with scene.database.unit() as unit:
        made, first = add_endpoint(unit, boss, URL, [], private=False)
    client, page = signed_in(boss), f"/webhooks/{made.id}"
    shown = client.get(page).text
    assert 'id="old-secret"' not in shown
    assert 'value="end_old"' not in shown
    form = forms_of(shown)[page]
    changed = client.post(page, data={**form, "do": "secret"}).text
    secret = changed.partition('value="whsec_')[2].partition('"')[0]
    assert len(secret) > 20
    assert secret not in first
    assert "The old secret still signs, until" in changed
    again = client.post(page, data={**form, "do": "secret"}).text
    assert "whsec_" not in again, "the same form sent again changes nothing and shows nothing"
    assert "whsec_" not in client.get(page).text + client.get("/webhooks").text
    ended = client.post(page, data={**forms_of(changed)[page], "do": "end_old"})
    assert ended.headers["location"].endswith("done=saved")
    assert 'id="old-secret"' not in client.get(page).text
    for number in range(MOST_OLD):
        assert client.post(page, data={**form, "key": f"k{number}", "do": "secret"}).status_code == 200
    refused = client.post(page, data={**form, "key": "one more", "do": "secret"})
    assert refused.status_code == 409
    assert "Too many old secrets of this webhook still sign" in refused.text
    stranger = signed_in(person(Role.ADMINISTRATOR, "Other"))
    strange = forms_of(stranger.get("/webhooks").text)["/webhooks"]
    assert stranger.post(page, data={**strange, "do": "secret"}).status_code == 404
    owner = signed_in(scene.owner)
    theirs = forms_of(owner.get("/account").text)["/account/password"]
    assert owner.post(page, data={**theirs, "do": "secret"}).status_code == 403
