"""Getting in: links that work once, passwords, cookies a script cannot read, and forms that other sites cannot send."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from forecourt.pages.readers import SESSION_COOKIE
from foundation.clock import FixedClock
from foundation.database import Database
from foundation.identity import SESSION_LIFE, Actor, Role, issue_link, session_of, start_session
from foundation.refusals import Unauthenticated
from tests.pages.forms import forms_of
from tests.passwords import kept_of

Person = Callable[..., Actor]
Browser = Callable[[], TestClient]
Entrance = Callable[[Actor], TestClient]


def test_a_link_opens_a_session_once(database: Database, person: Person, browser: Browser) -> None:
    with database.unit() as unit:
        link = issue_link(unit, person(Role.TECHNICIAN))
    mine = browser()
    answer = mine.post("/sign-in/link", data={"secret": f"http://forecourt.test/sign-in#{link}"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert mine.get("/").headers["location"] == "/jobs"
    again = browser().post("/sign-in/link", data={"secret": link})
    assert again.status_code == 401
    assert "has been used already" in again.text
    assert "set-cookie" not in again.headers


def test_a_password_opens_a_session_and_a_wrong_one_keeps_the_address(person: Person, browser: Browser) -> None:
    owner = person(Role.OWNER, password_hash=kept_of("correct horse"))
    address = f"owner.{owner.organisation}@example.com"
    client = browser()
    refused = client.post("/sign-in", data={"email": address, "password": "wrong", "next": "/parts?q=belt"})
    assert refused.status_code == 401
    assert "wrong" not in forms_of(refused.text)["/sign-in"].values()
    assert forms_of(refused.text)["/sign-in"]["email"] == address
    answer = client.post("/sign-in", data={"email": address, "password": "correct horse", "next": "/parts?q=belt"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/parts?q=belt")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_scripts_and_other_sites_do_not_get_the_cookie(
    database: Database, person: Person, browser: Browser, scheme: str
) -> None:
    with database.unit() as unit:
        link = issue_link(unit, person(Role.OWNER))
    client = browser()
    cookie = client.post(f"{scheme}://forecourt.test/sign-in/link", data={"secret": link}).headers["set-cookie"]
    flags = {flag.strip().lower() for flag in cookie.split(";")}
    assert {"httponly", "samesite=lax", "path=/"} <= flags
    assert ("secure" in flags) is (scheme == "https")


def test_a_session_ends_when_its_life_is_over(signed_in: Entrance, person: Person, clock: FixedClock) -> None:
    client = signed_in(person(Role.OWNER))
    assert client.get("/").headers["location"] == "/cars"
    clock.advance(SESSION_LIFE + timedelta(seconds=1))
    assert client.get("/").headers["location"] == "/sign-in"


def test_signing_in_as_somebody_else_ends_the_first_session(
    database: Database, signed_in: Entrance, person: Person
) -> None:
    client = signed_in(person(Role.OWNER))
    first = client.cookies[SESSION_COOKIE]
    with database.unit() as unit:
        link = issue_link(unit, person(Role.TECHNICIAN))
    client.post("/sign-in/link", data={"secret": link})
    with database.unit() as unit, pytest.raises(Unauthenticated):
        session_of(unit, first)


def test_a_session_that_somebody_planted_is_not_the_one_that_is_opened(
    database: Database, person: Person, browser: Browser
) -> None:
    attacker, victim = person(Role.OWNER, "Mallory"), person(Role.OWNER)
    with database.unit() as unit:
        planted, link = start_session(unit, attacker), issue_link(unit, victim)
    client = browser()
    client.cookies.set(SESSION_COOKIE, planted, domain="forecourt.test", path="/")
    opened = client.post("/sign-in/link", data={"secret": link})
    given = opened.headers["set-cookie"].partition("=")[2].partition(";")[0]
    assert given not in {"", planted}
    with database.unit() as unit:
        assert session_of(unit, given).actor.account == victim.account
        with pytest.raises(Unauthenticated):
            session_of(unit, planted)


def test_signing_out_ends_the_session_at_the_server(database: Database, signed_in: Entrance, person: Person) -> None:
    client = signed_in(person(Role.OWNER))
    secret = client.cookies[SESSION_COOKIE]
    form = forms_of(client.get("/sign-in").text)["/sign-out"]
    assert client.post("/sign-out", data={**form, "csrf": "guessed"}).status_code == 403
    assert client.post("/sign-out", data=form).status_code == 303
    with database.unit() as unit, pytest.raises(Unauthenticated):
        session_of(unit, secret)


def test_a_form_that_another_site_sends_is_refused(signed_in: Entrance, person: Person) -> None:
    client = signed_in(person(Role.OWNER))
    form = forms_of(client.get("/sign-in").text)["/sign-out"]
    for path in ("/sign-out", "/sign-in", "/sign-in/link", "/sign-in/resume", "/language"):
        assert client.post(path, data=form, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403, path
    assert client.get("/").headers["location"] == "/cars"


@pytest.mark.parametrize("elsewhere", ["https://evil.test/", "//evil.test/", "/\\evil.test", "javascript:alert(1)"])
def test_the_next_page_is_always_one_of_ours(
    database: Database, person: Person, browser: Browser, elsewhere: str
) -> None:
    with database.unit() as unit:
        link = issue_link(unit, person(Role.OWNER))
    answer = browser().post("/sign-in/link", data={"secret": link, "next": elsewhere})
    assert answer.headers["location"] == "/"


def test_a_form_of_a_lost_session_keeps_what_was_typed(person: Person, signed_in: Entrance) -> None:
    owner = person(Role.OWNER, password_hash=kept_of("correct horse"))
    address = f"owner.{owner.organisation}@example.com"
    client = signed_in(owner)
    client.cookies.delete(SESSION_COOKIE)
    typed = "<b>Klappert</b> beim Bremsen"
    lost = client.post("/sign-out", data={"csrf": "of the old session", "key": "k1", "words": typed})
    assert lost.status_code == 401
    assert "<b>" not in lost.text
    waiting = forms_of(lost.text)["/sign-in"]
    assert waiting["carried-words"] == typed

    wrong = client.post("/sign-in", data={**waiting, "email": address, "password": "no"})
    assert forms_of(wrong.text)["/sign-in"]["carried-words"] == typed
    back = client.post("/sign-in", data={**waiting, "email": address, "password": "correct horse"})
    ready = forms_of(back.text)["/sign-out"]
    assert (ready["words"], ready["key"]) == (typed, "k1")
    assert ready["csrf"] != "of the old session"


def test_a_form_waits_for_a_person_who_signs_in_by_link_in_another_tab(
    database: Database, person: Person, signed_in: Entrance
) -> None:
    owner = person(Role.OWNER)
    client = signed_in(owner)
    client.cookies.delete(SESSION_COOKIE)
    waiting = forms_of(client.post("/sign-out", data={"words": "rattles"}).text)["/sign-in"]
    assert client.post("/sign-in/resume", data=waiting).status_code == 401
    with database.unit() as unit:
        link = issue_link(unit, owner)
    client.post("/sign-in/link", data={"secret": link})
    ready = client.post("/sign-in/resume", data=waiting)
    assert ready.status_code == 200
    assert forms_of(ready.text)["/sign-out"]["words"] == "rattles"
