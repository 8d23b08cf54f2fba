"""The pages of an approval link: its secret, its forms, what they refuse in words, and what the others see of it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from aftersales.permissions import APPROVING
from aftersales.repair.approval_links import new_approval_link
from aftersales.repair.decisions import list_approvals
from aftersales.repair.line_changes import Change, change
from aftersales.repair.photos import add_signature, list_photos
from aftersales.tables import messages
from aftersales.views import get_repair_order
from foundation.identity import Actor
from foundation.keys import add_approval_link
from tests.access.prices import png
from tests.pages.forms import forms_of
from tests.pages.scene import Scene
from tests.pages.test_repair_story import Floor

Browsers = Callable[[], TestClient]


@pytest.fixture
def floor(scene: Scene, tmp_path: Path) -> Floor:
    built = Floor(scene, tmp_path)
    built.step("check_in", mileage=84_210)
    built.look_over()
    return built


def opened(floor: Floor, stranger: TestClient, language: str = "en") -> str:
    """Open a new link in a browser; gives the address of its page."""
    scene = floor.scene
    with scene.database.unit() as unit:
        secret = new_approval_link(unit, scene.owner.account, floor.order)
    entered = stranger.post("/approve", data={"secret": f"http://forecourt.test/approve#{secret}"})
    path = f"/approve/{floor.order}"
    assert (entered.status_code, entered.headers["location"]) == (303, path)
    cookie = {one.strip() for one in entered.headers["set-cookie"].lower().split(";")}
    assert {"httponly", "samesite=strict", f"path={path}"} <= cookie
    stranger.cookies.set("lang", language)
    shown = stranger.get(path)
    assert secret is not None
    assert secret not in shown.text
    assert (shown.headers["referrer-policy"], shown.headers["cache-control"]) == ("same-origin", "no-store")
    return path


def decided(floor: Floor, line: str) -> list[tuple[str, str]]:
    with floor.scene.database.unit() as unit:
        every = list_approvals(unit, floor.scene.owner, floor.order)
    return [(one["decision"], one["channel"]) for one in every if one["line"] == line]


def form_of(client: TestClient, path: str, **choices: str) -> dict[str, str]:
    """Give the form as a person fills it in: `choices` by line, nothing ticked besides."""
    fields = forms_of(client.get(path).text)[path]
    asked = {name: choices.get(name.removeprefix("line-").partition(":")[0]) for name in fields if name[:5] == "line-"}
    return {name: value for name, value in (fields | asked).items() if value is not None}


def test_a_line_is_approved_one_declined_and_the_desk_sees_how(
    floor: Floor, browser: Browsers, signed_in: Callable[[Actor], TestClient]
) -> None:
    first, second = floor.find_more()
    stranger = browser()
    path = opened(floor, stranger)
    form = form_of(stranger, path, **{first: "approved", second: "declined"})
    for _ in range(2):  # a second tap acts once
        done = stranger.post(path, data=form)
        assert (done.status_code, done.headers["location"]) == (303, f"{path}?done=decided")
    assert (decided(floor, first), decided(floor, second)) == ([("approved", "link")], [("declined", "link")])
    after = stranger.get(done.headers["location"]).text
    assert 'id="done"' in after
    assert 'id="nothing-waits"' in after
    assert "testclient" not in after
    desk = signed_in(floor.scene.advisor).get(f"/board/{floor.order}").text
    assert "by a link · testclient" in " ".join(desk.split())


def test_nothing_is_decided_on_a_line_that_changed_and_the_page_says_what_it_was(
    floor: Floor, browser: Browsers
) -> None:
    first, second = floor.find_more()
    stranger = browser()
    path = opened(floor, stranger)
    form = form_of(stranger, path, **{first: "approved", second: "approved"})
    with floor.scene.database.unit() as unit:
        change(unit, floor.scene.advisor, floor.order, second, Change(unit_net=21_000))
    refused = stranger.post(path, data=form)
    assert refused.status_code == 409
    assert decided(floor, first) == decided(floor, second) == []
    said = refused.text.partition(f'id="was-{second}"')[2].partition("</p>")[0]
    assert "180.00" in said
    assert "210" not in said
    fields = refused.text.partition('id="decide"')[2]
    assert fields.count(" checked") == 1, "what has not changed is still ticked, and what has changed is not"
    assert form_of(stranger, path).keys() & form.keys() >= {"csrf", "key"}


def test_declining_everything_ends_the_visit_and_the_link_in_words(floor: Floor, browser: Browsers) -> None:
    scene, order = floor.scene, floor.order
    with scene.database.unit() as unit:
        for line in get_repair_order(unit, scene.advisor, order)["lines"]:
            change(unit, scene.advisor, order, line["id"], Change(unit_net=line["unit_price"]["amount"] + 100))
    stranger = browser()
    path = opened(floor, stranger)
    answer = stranger.post(path, data=form_of(stranger, path) | {"all": "declined"})
    assert (answer.status_code, "Your decision has been taken" in answer.text) == (200, True)
    with scene.database.unit() as unit:
        assert get_repair_order(unit, scene.owner, order)["state"] == "cancelled"
    assert stranger.get(path).status_code == 401


@pytest.mark.parametrize(("language", "words"), [("en", "This link has ended"), ("zh_CN", "此链接已失效")])
def test_a_link_that_its_owner_ended_is_refused_in_words(
    floor: Floor, browser: Browsers, signed_in: Callable[[Actor], TestClient], language: str, words: str
) -> None:
    first, _ = floor.find_more()
    stranger, owner = browser(), signed_in(floor.scene.owner)
    path = opened(floor, stranger, language)
    form = form_of(stranger, path, **{first: "approved"})
    page = f"/repair-orders/{floor.order}"
    ended = owner.post(f"{page}/links", data=forms_of(owner.get(page).text)[f"{page}/links"])
    assert ended.headers["location"] == f"{page}?done=links_ended"
    assert "approval-links" not in owner.get(page).text
    for answer in (stranger.post(path, data=form), stranger.get(path), stranger.get(f"{path}/now")):
        assert (answer.status_code, words in answer.text) == (401, True)
    assert decided(floor, first) == []
    assert stranger.get(f"{path}/live").status_code == 303, "who holds nothing follows nothing"


def test_a_form_of_another_link_of_another_site_or_with_nothing_ticked_decides_nothing(
    floor: Floor, browser: Browsers
) -> None:
    first, _ = floor.find_more()
    mine, other = browser(), browser()
    path = opened(floor, mine)
    assert opened(floor, other) == path
    form = form_of(mine, path, **{first: "approved"})
    answers = [
        (mine.post(path, data=form_of(mine, path)), 422),
        (other.post(path, data=form), 403),
        (mine.post(path, data={**form, "csrf": ""}), 403),
        (mine.post(path, data=form, headers={"Sec-Fetch-Site": "cross-site"}), 403),
        (mine.post("/approve", data={"secret": "x"}, headers={"Sec-Fetch-Site": "cross-site"}), 403),
        (browser().post(path, data=form), 401),
        (mine.post(path, data={**form, f"line-line_none:{'0' * 64}": "approved"}), 404),
    ]
    assert [answer.status_code for answer, _ in answers] == [status for _, status in answers]
    assert decided(floor, first) == []
    assert "another link" in answers[1][0].text
    assert mine.post(path, data=form).status_code == 303


def test_a_planted_link_shows_its_own_order_and_is_replaced_by_the_one_that_is_opened(
    floor: Floor, browser: Browsers, scene: Scene
) -> None:
    victim = browser()
    with scene.database.unit() as unit:
        other = get_repair_order(unit, scene.owner, floor.order)["case"]
        _, planted = add_approval_link(unit, scene.owner, other, 1, APPROVING)
    victim.cookies.set("forecourt_approval", planted, "forecourt.test", f"/approve/{floor.order}")
    assert victim.get(f"/approve/{floor.order}").status_code == 401
    opened(floor, victim)
    held = [one.value for one in victim.cookies.jar if one.name == "forecourt_approval"]
    assert planted not in held
    assert victim.get(f"/repair-orders/{floor.order}").headers["location"].startswith("/sign-in")


def test_by_a_link_one_sees_what_was_looked_at_and_no_papers(floor: Floor, browser: Browsers, scene: Scene) -> None:
    with scene.database.unit() as unit:
        add_signature(unit, scene.owner, floor.order, png(40), floor.photos)
    stranger = browser()
    path = opened(floor, stranger)
    shown = [one.partition('"')[0] for one in stranger.get(path).text.split(f'<img src="{path}/photos/')[1:]]
    assert len(shown) == 1
    assert stranger.get(f"{path}/photos/{shown[0]}").headers["content-type"] == "image/png"
    with scene.database.unit() as unit:
        hidden = {one["id"] for one in list_photos(unit, scene.owner, floor.order)} - set(shown)
    assert [stranger.get(f"{path}/photos/{one}").status_code for one in hidden] == [404]
    assert browser().get(f"{path}/photos/{shown[0]}").status_code == 303


def test_a_message_leads_to_where_it_asks(floor: Floor, signed_in: Callable[[Actor], TestClient], scene: Scene) -> None:
    floor.find_more()
    owner = signed_in(scene.owner)
    with scene.database.unit() as unit:
        asks = unit.connection.execute(select(messages.c.id).where(messages.c.order == floor.order)).scalars().first()
    form = forms_of(owner.get("/messages").text)[f"/messages/{asks}"]
    assert owner.post(f"/messages/{asks}", data=form | {"open": "yes"}).headers["location"] == (
        f"/repair-orders/{floor.order}"
    )
