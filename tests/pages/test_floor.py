"""The technician's pages without their script: every form of an order's tabs, and a hostile word in each field."""

import re
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from aftersales.repair.approvals import approve
from aftersales.repair.inspections import Stage, points_of
from aftersales.tables import appointments
from aftersales.views import get_repair_order
from aftersales.visits.bookings import confirm
from diagnostics.confirming import CONFIRMING
from diagnostics.faults import FAULTS
from foundation.identity import Actor, Role
from tests.access.repairs import PNG
from tests.pages.forms import forms_of
from tests.pages.scene import Scene
from tests.pages.test_visit import HOSTILE

Entrance = Callable[[Actor], TestClient]
ESCAPED = "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &#34;quotes&#34; &#39;n&#39; {{ 7*7 }}"
FORM = re.compile(r"<form [^>]*?>.*?</form>", re.DOTALL)
TABS = ("", "/looking?stage=check_in", "/car", "/lines", "/found")


def hold_open(scene: Scene) -> str:
    """Let a visit be confirmed; gives its order."""
    visit = scene.fail()
    with scene.database.unit() as unit:
        return str(confirm(unit, scene.owner, visit)["repair_order"])


class Hand:
    """A technician's browser on one order."""

    def __init__(self, client: TestClient, order: str) -> None:
        self.client, self.base = client, f"/jobs/{order}"

    def look(self, tab: str = "") -> str:
        answer = self.client.get(self.base + tab)
        assert answer.status_code == 200, answer.text
        return answer.text

    def send(self, key: str, tab: str = "", wanted: int = 303, **typed: str) -> str:
        """Send the form of this id with what is typed; gives the page it leads to, or the one that refuses."""
        form = next(one for one in FORM.findall(self.look(tab)) if f'id="{key}"' in one)
        ((action, fields),) = forms_of(form).items()
        answer = self.client.post(action, data={**fields, **typed})
        assert answer.status_code == wanted, (key, typed)
        return self.client.get(answer.headers["location"]).text if wanted == 303 else answer.text


@pytest.fixture
def hand(scene: Scene, signed_in: Entrance) -> Hand:
    return Hand(signed_in(scene.technician), hold_open(scene))


def test_every_fault_has_tests_in_both_languages() -> None:
    assert set(CONFIRMING) == set(FAULTS)
    for tests in CONFIRMING.values():
        assert len(tests) >= 2
        for english, chinese in tests:
            assert english.isascii()
            assert re.search(r"[\u4e00-\u9fff]", chinese)


def test_a_hostile_word_in_every_field_is_shown_and_does_nothing(scene: Scene, hand: Hand) -> None:
    order = hand.base.rpartition("/")[2]
    hand.send("step-check_in", mileage_km="84 210", note=HOSTILE)
    for point in points_of(Stage.CHECK_IN):
        hand.send(f"look-check_in-{point.code}", "/looking", light="amber", phrase=HOSTILE[:60], note=HOSTILE)
    hand.send("close-check_in", "/looking")
    hand.send("step-inspect", note=HOSTILE)
    for told in ("condition", "cause", "correction", "confirmation"):
        hand.send("find", "/found", 303, **{"condition": "–", told: HOSTILE})
    hand.send("say-1", "/found", cause=HOSTILE)
    finding = re.search(r'id="verdict-([^"]+)"', hand.look("/found"))
    assert finding is not None
    hand.send(f"other-{finding[1]}", "/found", verdict="other_fault", other="", note=HOSTILE)
    hand.send("ask-work", "/lines", work=HOSTILE, hours="0.5")
    found = hand.look("/lines?q=" + "%3Cscript%3Ealert%281%29%3C/script%3E")
    assert 'value="&lt;script&gt;alert(1)&lt;/script&gt;"' in found
    with scene.database.unit() as unit:
        line = next(one for one in get_repair_order(unit, scene.owner, order)["lines"] if one["approval"] == "awaiting")
        approve(unit, scene.owner, order, [line["id"]], "approved")
    hand.send("step-start")
    hand.send("issue", "/lines")
    part = re.search(r'id="back-([^"]+)"', hand.look("/lines"))
    assert part is not None
    hand.send(f"back-{part[1]}", "/lines", pieces="1", where="shelf", note=HOSTILE)
    hand.send("step-hold", reason="waiting_customer", note=HOSTILE)
    pages = [hand.look(tab) for tab in TABS]
    assert [page for page in pages if "<script>alert" in page] == []
    for shown, page in zip((True, True, False, True, True), pages, strict=True):
        assert (ESCAPED in page) is shown
    refused = hand.send("find", "/found", 422, condition=" ", cause=HOSTILE)
    assert ESCAPED in refused
    assert "<script>alert" not in refused


def test_a_photo_is_kept_and_what_is_no_photo_is_refused(scene: Scene, hand: Hand, signed_in: Entrance) -> None:
    hand.send("step-check_in", mileage_km="84210")
    form = forms_of(hand.look("/looking"))[f"{hand.base}/photos"]
    data = {"csrf": form["csrf"], "stage": "check_in", "point": "tyres"}
    taken = hand.client.post(f"{hand.base}/photos", data=data, files={"photo": ("a.png", PNG, "image/png")})
    assert taken.status_code == 303
    source = re.search(r'<img src="([^"]+)"', hand.look("/looking"))
    assert source is not None
    assert hand.client.get(source[1]).content == PNG
    assert signed_in(scene.owner).get(source[1]).content == PNG
    for content, told in ((b"<svg onload=alert(1)>", "a.png"), (b"", "a.png"), (b"x" * (5 << 20 | 1), "b.png")):
        refused = hand.client.post(f"{hand.base}/photos", data=data, files={"photo": (told, content, "image/png")})
        assert refused.status_code == 422


def test_what_cannot_be_done_says_why_and_keeps_what_was_typed(hand: Hand) -> None:
    hand.send("step-check_in", mileage_km="84210")
    for key, tab, typed in (
        ("look-check_in-tyres", "/looking", {"light": "red", "phrase": "", "note": ""}),
        ("look-check_in-tyres", "/looking", {"light": "blue"}),
        ("look-check_in-tyres", "/looking", {"light": "red", "note": "x\x00"}),
        ("look-check_in-tyres", "/looking", {"light": "red", "note": "x" * 2001}),
        ("look-check_in-tyres", "/looking", {"light": "red", "stage": "nowhere"}),
        ("ask-work", "/lines", {"work": "weld it", "hours": "many"}),
        ("ask-work", "/lines", {"work": "weld it", "hours": "nan"}),
        ("ask-work", "/lines", {"work": "weld it", "hours": ""}),
        ("find", "/found", {"condition": "x", "line": "of another"}),
    ):
        refused = hand.send(key, tab, 404 if key == "find" else 422, **typed)
        assert key == "find" or "weld it" in refused or "look-check_in-tyres" in refused, typed
    hand.client.cookies.set("lang", "zh_CN")
    refused = hand.send("close-check_in", "/looking", 409).partition('id="refused">')[2].partition("</p>")[0]
    assert "尚未检查：" in refused
    assert re.search(r"[A-Za-z]{3}", refused) is None, refused


def test_a_technician_says_who_he_is_once_and_his_clock_runs(
    scene: Scene, hand: Hand, signed_in: Entrance, person: Callable[..., Actor]
) -> None:
    with scene.database.unit() as unit:
        who = unit.connection.execute(select(appointments.c.technician)).scalars().first()
    assert "Yours" not in hand.client.get("/jobs").text
    crew = forms_of(hand.client.get("/jobs").text)["/jobs/crew"]
    assert hand.client.post("/jobs/crew", data={**crew, "technician": "nobody"}).status_code == 404
    assert hand.client.post("/jobs/crew", data={**crew, "technician": str(who)}).status_code == 303
    board = hand.client.get("/jobs").text
    assert "Yours" in board
    assert "/jobs/crew" not in forms_of(board)
    assert "That is not me" in board
    other = signed_in(person(Role.TECHNICIAN, "Other", scene.technician.organisation))
    form = forms_of(other.get("/jobs").text)["/jobs/crew"]
    assert other.post("/jobs/crew", data={**form, "technician": str(who)}).status_code == 409
    assert 'id="clock"' not in hand.look()
    hand.send("step-check_in", mileage_km="84210")
    assert "Your clock runs." in hand.send("clock", turn="start")
    assert "Stop the clock" in hand.client.get("/jobs").text
    assert "Stop the clock" in hand.look("/car")
    assert "Your clock has stopped." in hand.send("clock", "/found", turn="stop")
    hand.send("clock", wanted=422, turn="back")


def test_who_is_which_technician_is_undone_by_himself_and_by_the_desk(
    scene: Scene, hand: Hand, signed_in: Entrance, person: Callable[..., Actor]
) -> None:
    with scene.database.unit() as unit:
        who = str(unit.connection.execute(select(appointments.c.technician)).scalars().first())
    other = signed_in(person(Role.TECHNICIAN, "Other", scene.technician.organisation))
    desk = signed_in(scene.advisor)

    def leave(client: TestClient) -> int:
        form = forms_of(client.get("/jobs").text)["/jobs/crew/leave"]
        return client.post("/jobs/crew/leave", data={**form, "technician": who}).status_code

    def claim(client: TestClient) -> None:
        crew = forms_of(client.get("/jobs").text)["/jobs/crew"]
        assert client.post("/jobs/crew", data={**crew, "technician": who}).status_code == 303

    claim(hand.client)
    hand.send("step-check_in", mileage_km="84210")
    hand.send("clock", turn="start")
    crew = forms_of(other.get("/jobs").text)["/jobs/crew"]
    assert other.post("/jobs/crew/leave", data={**crew, "technician": who}).status_code == 403
    assert leave(hand.client) == 303
    board = hand.client.get("/jobs").text
    assert "Yours" not in board
    assert "Stop the clock" not in board
    claim(other)
    assert "Other" in desk.get("/jobs").text
    assert leave(desk) == 303
    claim(hand.client)


def test_completing_asks_of_each_finding_whether_it_was_so(hand: Hand, scene: Scene, signed_in: Entrance) -> None:
    hand.send("step-check_in", mileage_km="84210")
    for step in ("inspect", "start", "issue_parts", "quality_check"):
        hand.send(f"step-{step}")
    asked = re.search(r'id="ask-([^"]+)"', hand.look())
    assert asked
    key, order = asked[1], hand.base.rpartition("/")[2]
    refused = hand.send("step-complete", wanted=422, **{f"verdict-{key}": "other_fault"})
    assert re.search(rf'name="verdict-{key}" value="other_fault" required checked', refused), "what was tapped stays"
    hand.send("step-complete", **{f"verdict-{key}": "later"})
    advisor = signed_in(scene.advisor)
    assert "1 finding without a verdict" in advisor.get("/board").text
    assert 'id="verdicts-waiting"' in advisor.get(f"/board/{order}").text


def test_a_verdict_that_is_given_with_the_last_step_is_the_orders(hand: Hand, scene: Scene) -> None:
    hand.send("step-check_in", mileage_km="84210")
    for step in ("inspect", "start", "issue_parts", "quality_check"):
        hand.send(f"step-{step}")
    key = re.search(r'id="ask-([^"]+)"', hand.look())[1]  # type: ignore[index]
    hand.send("step-complete", **{f"verdict-{key}": "not_found", f"note-{key}": HOSTILE})
    assert ESCAPED in hand.look("/found")
    with scene.database.unit() as unit:
        view = get_repair_order(unit, scene.technician, hand.base.rpartition("/")[2])
    assert (view["state"], view["verdicts_waiting"]) == ("completed", 0)
