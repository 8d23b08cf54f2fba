"""How often one may ask: the same answer for known and unknown addresses, and a proxy's word only from ours."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pwdlib import PasswordHash

from forecourt.compose import build_app
from forecourt.pages.readers import SESSION_COOKIE
from forecourt.rate_limits import UNCOUNTED
from forecourt.settings import Settings
from foundation.database import Database
from foundation.identity import (
    Role,
    actor_of_token,
    add_account,
    add_organisation,
    issue_token,
    start_session,
)
from ingest.archive import Archive
from tests.passwords import kept_of


def client(database: Database, folder: Path, here: str = "10.0.0.9", **limits: object) -> TestClient:
    settings = Settings.model_validate({"data": folder, **limits})
    return TestClient(build_app(settings, database, Archive(folder)), client=(here, 1), follow_redirects=False)


@pytest.fixture
def owner(database: Database) -> str:
    with database.unit() as unit:
        home = add_organisation(unit, "Li")
        actor = add_account(unit, "li@example.com", Role.OWNER, home, password_hash=kept_of("right enough"))
        return issue_token(unit, actor)


@pytest.mark.parametrize("email", ["li@example.com", "nobody@example.com"])
def test_one_address_is_tried_so_often_whether_or_not_it_exists(
    database: Database, tmp_path: Path, owner: str, email: str
) -> None:
    api = client(database, tmp_path, limit_sign_ins_address=2)
    body = {"email": email, "password": "wrong"}
    assert [api.post("/v1/tokens", json=body).status_code for _ in range(3)] == [401, 401, 429]
    late = api.post("/v1/tokens", json=body | {"email": email.upper(), "password": "right enough"})
    assert (late.status_code, late.json()["code"]) == (429, "too_many_requests")
    assert 0 < int(late.headers["retry-after"]) <= 15 * 60 + 1
    page = api.post("/sign-in", data=body)
    assert (page.status_code, "retry-after" in page.headers) == (429, True)


def test_one_client_tries_so_many_addresses(database: Database, tmp_path: Path) -> None:
    api = client(database, tmp_path, limit_sign_ins_client=3)
    bodies = [{"email": f"{number}@example.com", "password": "x"} for number in range(4)]
    assert [api.post("/v1/tokens", json=body).status_code for body in bodies] == [401, 401, 401, 429]


def test_an_account_writes_so_often_and_reads_on(database: Database, tmp_path: Path, owner: str) -> None:
    api = client(database, tmp_path, limit_writes=2)
    headers = {"Authorization": f"Bearer {owner}"}
    consent = {"channel": "mail", "purpose": "reminders"}
    said = [api.post("/v1/consents", json=consent, headers=headers).status_code for _ in range(3)]
    assert (said[0] < 429, said[2]) == (True, 429)
    assert api.get("/v1/vehicles", headers=headers).status_code == 200


def test_nobody_in_particular_asks_so_often_but_health_is_free(database: Database, tmp_path: Path, owner: str) -> None:
    api = client(database, tmp_path, limit_anonymous=2)
    assert [api.get("/sign-in").status_code for _ in range(3)] == [200, 200, 429]
    assert api.get("/health/live").status_code == 200
    assert api.get("/v1/vehicles", headers={"Authorization": f"Bearer {owner}"}).status_code == 200


def test_junk_that_looks_like_a_credential_is_counted_as_nobodys(
    database: Database, tmp_path: Path, owner: str
) -> None:
    api = client(database, tmp_path, limit_anonymous=3)
    with database.unit() as unit:
        session = start_session(unit, actor_of_token(unit, owner))
    mine, cookie = {"Authorization": f"Bearer {owner}"}, f"{SESSION_COOKIE}="
    junk = (
        {"Authorization": "Bearer junk"},
        {"Authorization": f"Bearer {session}"},
        {"Cookie": f"{cookie}junk"},
        mine | {"Cookie": f"{cookie}junk"},
        {"Authorization": "Basic junk", "Cookie": cookie + session},
    )
    assert api.get("/account", headers={"Cookie": cookie + session}).status_code == 200
    said = [api.post("/sign-in/link", data={"secret": "guess"}, headers=one).status_code for one in junk]
    assert said == [401, 401, 401, 429, 429]
    assert api.get("/v1/vehicles", headers=mine).status_code == 200
    assert api.get("/account", headers={"Cookie": cookie + session}).status_code == 200


def test_links_are_tried_so_often_even_by_somebody_signed_in(database: Database, tmp_path: Path, owner: str) -> None:
    api = client(database, tmp_path, limit_sign_ins_client=2)
    with database.unit() as unit:
        api.cookies[SESSION_COOKIE] = start_session(unit, actor_of_token(unit, owner))
    tried = [api.post("/sign-in/link", data={"secret": "guess"}).status_code for _ in range(3)]
    assert tried == [401, 401, 429]


def test_tracking_links_are_tried_so_often_even_by_somebody_signed_in(
    database: Database, tmp_path: Path, owner: str
) -> None:
    api = client(database, tmp_path, limit_anonymous=2)
    with database.unit() as unit:
        api.cookies[SESSION_COOKIE] = start_session(unit, actor_of_token(unit, owner))
    tried = [api.post("/track", data={"secret": "guess"}).status_code for _ in range(3)]
    assert tried == [401, 401, 429]
    assert api.get("/account").status_code == 200


def test_approval_links_are_tried_so_often_by_form_and_by_cookie_even_by_somebody_signed_in(
    database: Database, tmp_path: Path, owner: str
) -> None:
    api = client(database, tmp_path, limit_sign_ins_client=2)
    with database.unit() as unit:
        api.cookies[SESSION_COOKIE] = session = start_session(unit, actor_of_token(unit, owner))
    assert [api.post("/approve", data={"secret": "guess"}).status_code for _ in range(3)] == [401, 401, 429]
    pages = client(database, tmp_path, limit_anonymous=2)
    guess = {"Cookie": f"{SESSION_COOKIE}={session}; forecourt_approval=guess"}
    tried = [
        pages.get("/approve/ro_1", headers=guess),
        pages.post("/approve/ro_1", data={"all": "approved"}, headers=guess),
    ]
    tried += [pages.get("/approve/ro_1/now", headers=guess)]
    assert [one.status_code for one in tried] == [401, 401, 429]


def test_a_password_is_not_guessed_by_asking_for_an_erasure(database: Database, tmp_path: Path, owner: str) -> None:
    api = client(database, tmp_path, limit_sign_ins_address=2)
    api.headers["Authorization"] = f"Bearer {owner}"
    tried = [api.post("/v1/me/erasure", json={"password": "guess"}).status_code for _ in range(3)]
    assert tried == [403, 403, 429]
    assert api.post("/v1/me/password", json={"password": "0123456789", "current": "right enough"}).status_code == 429


def test_no_connection_is_held_while_a_password_is_hashed(
    database: Database, tmp_path: Path, owner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = client(database, tmp_path)
    held: list[int] = []

    def note(self: PasswordHash, *_: object) -> bool:
        held.append(database.engine.pool.checkedout())  # type: ignore[attr-defined]
        return True

    monkeypatch.setattr(PasswordHash, "verify", note)
    monkeypatch.setattr(PasswordHash, "hash", lambda self, password: str(note(self)))
    body = {"email": "li@example.com", "password": "right enough"}
    token = api.post("/v1/tokens", json=body).json()["token"]
    assert api.post("/sign-in", data=body).status_code == 303
    api.headers["Authorization"] = f"Bearer {token}"
    change = {"password": "another long one", "current": "right enough"}
    assert api.post("/v1/me/password", json=change).status_code == 204
    assert api.post("/v1/me/erasure", json={"password": "another long one"}).status_code == 202
    assert held == [0] * 5


@pytest.mark.parametrize(("trusted", "second"), [("10.0.0.0/24", 200), ("", 429), ("10.9.9.9", 429)])
def test_who_stands_behind_a_proxy_is_believed_from_ours_only(
    database: Database, tmp_path: Path, trusted: str, second: int
) -> None:
    api = client(database, tmp_path, limit_anonymous=1, trusted_proxies=trusted)
    seen = [api.get("/sign-in", headers={"X-Forwarded-For": f"203.0.113.{n}"}).status_code for n in (1, 2)]
    assert seen == [200, second]


def test_the_answer_is_documented(database: Database, tmp_path: Path) -> None:
    paths = client(database, tmp_path).get("/openapi.json").json()["paths"]
    assert [
        (path, verb)
        for path, verbs in paths.items()
        for verb in verbs
        if ("429" in verbs[verb]["responses"]) is path.startswith(UNCOUNTED)
    ] == []
