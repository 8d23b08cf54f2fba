"""One's own account on the pages: sessions, data taken along and erased; and an administrator's members."""

import io
import json
import zipfile
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from aftersales.views import get_appointment
from foundation.clock import FixedClock
from foundation.events import read
from foundation.identity import FRESH, Actor, Role, issue_link, issue_token
from tests.pages.forms import forms_of
from tests.pages.scene import Scene
from tests.pages.test_visit import post

Entrance = Callable[[Actor], TestClient]


def test_one_signs_out_everywhere_else(scene: Scene, signed_in: Entrance) -> None:
    here, there = signed_in(scene.owner), signed_in(scene.owner)
    assert here.get("/account").text.count("Browser") == 2
    assert "signed out everywhere else" in post(here, "/account", "/account/sessions")
    assert there.get("/account").headers["location"].startswith("/sign-in")
    assert "/account/sessions" not in forms_of(here.get("/account").text)


def test_one_takes_his_data_along(scene: Scene, signed_in: Entrance) -> None:
    scene.fail()
    owner = signed_in(scene.owner)
    answer = owner.post("/account/export", data=forms_of(owner.get("/account").text)["/account/export"])
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        told = packed.read("person.json").decode()
    assert "li.wei@example.com" in told
    assert json.loads(told)


def test_one_is_erased_only_when_he_means_it(scene: Scene, signed_in: Entrance) -> None:
    owner = signed_in(scene.owner)
    form = forms_of(owner.get("/account").text)["/account/erasure"]
    assert "vehicles" not in form  # what his cars went through stays, unless he ticks that
    for wrong in ({"password": "secret"}, {"sure": "yes", "password": "wrong"}):
        refused = owner.post("/account/erasure", data=form | wrong)
        assert refused.status_code == 403, wrong
        assert "Nothing was erased" in refused.text
    erased = owner.post("/account/erasure", data=form | {"sure": "yes", "password": "secret"})
    assert "You have been erased" in owner.get(erased.headers["location"]).text
    assert owner.get("/cars").headers["location"].startswith("/sign-in")
    with pytest.raises(AssertionError):
        signed_in(scene.owner)


def test_a_forgotten_password_is_replaced_after_a_link_and_ends_all_other_sign_ins(
    scene: Scene, signed_in: Entrance, browser: Callable[[], TestClient], clock: FixedClock
) -> None:
    there, here = signed_in(scene.owner), signed_in(scene.owner)
    with scene.database.unit() as unit:
        token, unused = issue_token(unit, scene.owner), issue_link(unit, scene.owner)
    form = forms_of(here.get("/account").text)["/account/password"]
    assert "current" not in form
    new = {"password": "  a long new one", "again": "  a long new one"}
    for wrong in ({"password": "short", "again": "short"}, new | {"again": "another long one"}):
        assert here.post("/account/password", data=form | wrong).status_code == 422
    assert here.post("/account/password", data=form | new).headers["location"] == "/account?done=password_set"
    assert there.get("/account").headers["location"].startswith("/sign-in")
    assert browser().get("/v1/cases", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    assert browser().post("/sign-in/link", data={"secret": unused}).status_code == 401
    credentials = {"email": "li.wei@example.com", "password": "a long new one"}
    assert browser().post("/v1/tokens", json=credentials).status_code == 201
    with scene.database.unit() as unit:
        assert "password_set" in [event.kind for event in read(unit, scene.owner.organisation)]
    clock.advance(FRESH)
    later = forms_of(here.get("/account").text)["/account/password"] | {"password": "x" * 10, "again": "x" * 10}
    for current, status in (("not it", 403), ("a long new one", 303)):
        assert here.post("/account/password", data=later | {"current": current}).status_code == status


def test_a_session_begun_by_a_password_is_asked_for_it_and_none_is_carried_over(
    scene: Scene, browser: Callable[[], TestClient]
) -> None:
    client = browser()
    client.post("/sign-in", data={"email": "li.wei@example.com", "password": "secret"})
    form = forms_of(client.get("/account").text)["/account/password"] | {"password": "needle in it", "again": "x"}
    assert "current" in form
    assert client.post("/account/password", data=form | {"again": "needle in it"}).status_code == 403
    client.cookies.clear()
    lost = client.post("/account/password", data=form)
    assert (lost.status_code, "needle" in lost.text) == (401, False)


def test_an_administrator_invites_and_closes_accounts(
    signed_in: Entrance, person: Callable[..., Actor], browser: Callable[[], TestClient]
) -> None:
    boss = person(Role.ADMINISTRATOR)
    stranger = person(Role.OWNER, "Stranger")
    client = signed_in(boss)
    form = forms_of(client.get("/members").text)["/members"]
    typed = form | {"email": "new@example.com", "name": "新人 <b>", "role": "technician"}
    made = client.post("/members", data=typed)
    assert "新人 &lt;b&gt;" in made.text
    secret = made.text.partition("sign-in#")[2].partition('"')[0]
    assert browser().post("/sign-in/link", data={"secret": secret}).headers["location"] == "/"
    again = forms_of(client.get("/members").text)["/members"] | {"email": "new@example.com", "role": "technician"}
    assert client.post("/members", data=again).status_code == 409
    close = next(action for action in forms_of(client.get("/members").text) if action.endswith("/revoke"))
    token = forms_of(client.get("/members").text)[close]
    assert "new@example.com" not in post(client, "/members", close)
    for account in (stranger.account, boss.account):
        assert client.post(f"/members/{account}/revoke", data=token | {"key": account}).status_code in {404, 409}


def test_an_administrator_makes_a_member_a_new_sign_in_link(
    signed_in: Entrance, person: Callable[..., Actor], browser: Callable[[], TestClient], scene: Scene
) -> None:
    boss, stranger = person(Role.ADMINISTRATOR), person(Role.OWNER, "Stranger")
    member = person(Role.TECHNICIAN, organisation=boss.organisation)
    client, path = signed_in(boss), f"/members/{member.account}/link"
    with scene.database.unit() as unit:
        lost = issue_link(unit, member)
    page = client.post(path, data=forms_of(client.get("/members").text)[path]).text
    secret = page.partition("sign-in#")[2].partition('"')[0]
    assert "void" in page
    tried = [browser().post("/sign-in/link", data={"secret": one}).status_code for one in (lost, secret, secret)]
    assert tried == [401, 303, 401]
    assert secret not in client.get("/members").text
    form = forms_of(client.get("/members").text)[path]
    for account, status in ((stranger.account, 404), (boss.account, 409)):
        assert client.post(f"/members/{account}/link", data=form | {"key": account}).status_code == status
    with scene.database.unit() as unit:
        told = [event for event in read(unit, boss.organisation) if event.kind == "link_renewed"]
    assert [(event.actor, event.data["account"]) for event in told] == [(boss.account, member.account)]


def test_what_is_refused_on_a_page_is_told_in_the_audit_trail(scene: Scene, signed_in: Entrance) -> None:
    assert signed_in(scene.owner).get("/members").status_code == 403
    with scene.database.unit() as unit:
        told = [event for event in read(unit, scene.owner.organisation) if event.kind == "access_refused"]
    assert [(event.actor, event.data["path"]) for event in told] == [(scene.owner.account, "/members")]


def test_an_administrator_makes_a_key_that_is_shown_once_and_ends_it(
    signed_in: Entrance, person: Callable[..., Actor], browser: Callable[[], TestClient]
) -> None:
    boss = signed_in(person(Role.ADMINISTRATOR))
    form = forms_of(boss.get("/keys").text)["/keys"]
    assert boss.post("/keys", data=form | {"name": "ERP"}).status_code == 422
    made = boss.post("/keys", data=form | {"key": "1", "name": "ERP", "scope-read": "yes"})
    secret = made.text.partition("readonly value=")[2].split('"')[1]
    page = boss.get("/keys").text
    assert "ERP" in page
    assert secret not in page
    outside = browser()
    key = {"Authorization": f"Bearer {secret}"}
    assert outside.get("/v1/cases", headers=key).status_code == 200
    end = next(action for action in forms_of(page) if action.endswith("/revoke"))
    post(boss, "/keys", end)
    assert outside.get("/v1/cases", headers=key).status_code == 401
    assert signed_in(person(Role.ADVISOR)).get("/keys").status_code == 403


def test_a_tracking_link_shows_one_case_and_nothing_else(
    scene: Scene, signed_in: Entrance, browser: Callable[[], TestClient]
) -> None:
    visit = scene.fail()
    with scene.database.unit() as unit:
        case = get_appointment(unit, scene.owner, visit)["case"]
        token = issue_token(unit, scene.owner)
    owner = signed_in(scene.owner)
    share = f"/cases/{case}/links"
    made = owner.post(share, data=forms_of(owner.get(f"/appointments/{visit}").text)[share]).text
    secret = made.partition("/track#")[2].partition('"')[0]
    stranger = browser()
    assert 'id="link"' in stranger.get("/track").text
    entered = stranger.post("/track", data={"secret": secret})
    assert (entered.status_code, entered.headers["location"]) == (303, f"/track/{case}")
    cookie = entered.headers["set-cookie"].lower()
    assert {"httponly", "samesite=strict", f"path=/track/{case}"} <= {one.strip() for one in cookie.split(";")}
    shown = stranger.get(f"/track/{case}").text
    assert secret not in shown
    assert "Pudong Workshop" in shown
    assert "Alternator" in shown
    assert "/appointments/" not in shown
    followed = stranger.get(f"/v1/appointments/{visit}", headers={"Authorization": f"Bearer {secret}"}).json()
    with scene.database.unit() as unit:
        whole = get_appointment(unit, scene.owner, visit)
    assert whole.keys() - followed.keys() == {"no_shows"}
    assert browser().get(f"/track/{case}").status_code == 401
    assert browser().get(f"/track/{case}/live").status_code == 303, "who holds nothing follows nothing"
    for wrong in ("nonsense", token):
        assert stranger.post("/track", data={"secret": wrong}).status_code == 401
    assert stranger.get(f"/appointments/{visit}").headers["location"].startswith("/sign-in")
