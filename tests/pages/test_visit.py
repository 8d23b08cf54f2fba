"""A visit through the pages without a line of JavaScript: proposed, moved, confirmed, repaired, settled, reviewed."""

from collections.abc import Callable

from fastapi.testclient import TestClient

from foundation.identity import Actor
from tests.pages.forms import forms_of
from tests.pages.scene import Scene

Entrance = Callable[[Actor], TestClient]
HOSTILE = "<script>alert(1)</script> & \"quotes\" 'n' {{ 7*7 }}"


def post(client: TestClient, page: str, action: str, **typed: str) -> str:
    """Send the form of a page and follow to where it leads; gives that page."""
    form = forms_of(client.get(page).text)[action]
    answer = client.post(action, data={**form, **typed})
    assert answer.status_code == 303, answer.text
    return client.get(answer.headers["location"]).text


def step(client: TestClient, order: str, name: str, **typed: str) -> str:
    forms = forms_of(client.get(f"/jobs/{order}").text)
    answer = client.post(f"/jobs/{order}/steps", data={**forms[f"/jobs/{order}/steps"], "step": name, **typed})
    assert answer.status_code == 303, answer.text
    return client.get(answer.headers["location"]).text


def order_of(client: TestClient) -> str:
    return client.get("/jobs").text.partition('href="/jobs/')[2].partition('"')[0]


def test_from_the_proposal_to_the_review(scene: Scene, signed_in: Entrance) -> None:
    visit = scene.fail()
    owner, technician = signed_in(scene.owner), signed_in(scene.technician)
    assert "Needs your answer" in owner.get("/cars").text
    proposal = owner.get("/cars/car-1").text
    assert "Pudong Workshop" in proposal
    assert "Alternator" in proposal

    moved = post(owner, f"/appointments/{visit}/move", f"/appointments/{visit}/move")
    assert "The visit has been moved." in moved
    confirmed = post(owner, "/cars/car-1", f"/appointments/{visit}/confirm")
    assert "The workshop expects you" in confirmed

    order = order_of(technician)
    step(technician, order, "check_in", mileage_km="84 210")
    for name in ("inspect", "start", "issue_parts"):
        step(technician, order, name)
    step(technician, order, "work", note=HOSTILE)
    assert "Work begun" in technician.get(f"/jobs/{order}").text
    assert "Repair started" in owner.get(f"/repair-orders/{order}").text, "each side reads its own words"
    repair = owner.get("/cars/car-1/visits").text
    assert "<script>alert" not in repair
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &#34;quotes&#34; &#39;n&#39; {{ 7*7 }}" in repair
    step(technician, order, "quality_check")
    step(technician, order, "complete")

    advisor = signed_in(scene.advisor)
    assert f"/board/{order}" in advisor.get("/board").text
    assert "/settlement" not in advisor.get(f"/jobs/{order}").text, "the desk settles, in one place"
    settled = post(advisor, f"/board/{order}", f"/board/{order}/settlement", return_old_parts="yes")
    assert "The repair order is settled." in settled
    assert "Settled, sheet" in technician.get(f"/jobs/{order}").text
    sheet = owner.get(f"/repair-orders/{order}/sheet").text
    for group in ("维修诊断费", "检测费", "材料费", "工时费", "加工费", "其他费用"):
        assert group in sheet
    assert "84,210 km" in sheet

    review = f"/repair-orders/{order}/review"
    thanks = post(owner, f"/repair-orders/{order}", review, rating="5", words=HOSTILE)
    assert "Your review: 5 of 5" in thanks
    assert review not in forms_of(thanks)


def test_a_form_sent_twice_acts_once(scene: Scene, signed_in: Entrance) -> None:
    scene.fail()
    client = signed_in(scene.owner)
    form = forms_of(client.get("/cars/car-1/book?service=inspection").text)["/cars/car-1/book"]
    for _ in range(2):
        assert client.post("/cars/car-1/book", data=form).status_code == 303
    assert client.get("/cars/car-1/visits").text.count("<h2>Inspection</h2>") == 1


def test_a_wish_needs_words_and_keeps_what_was_typed(scene: Scene, signed_in: Entrance) -> None:
    client = signed_in(scene.owner)
    page = client.get("/cars/car-1/book?service=repair").text
    form = forms_of(page)["/cars/car-1/book"]
    empty = client.post("/cars/car-1/book", data={**form, "words": "  "})
    assert empty.status_code == 422
    wrong = client.post("/cars/car-1/book", data={**form, "words": HOSTILE, "slot": "nonsense"})
    assert wrong.status_code == 422
    again = forms_of(wrong.text)["/cars/car-1/book"]
    assert again["words"] == HOSTILE
    held = client.post("/cars/car-1/book", data={**again, "slot": form["slot"]})
    assert held.status_code == 303
    mine = client.get("/cars/car-1").text
    assert "&lt;script&gt;" in mine
    assert "<script>alert" not in mine


def test_a_time_that_somebody_has_taken_is_refused_with_others_to_choose(scene: Scene, signed_in: Entrance) -> None:
    client = signed_in(scene.owner)
    page = "/cars/car-1/book?service=inspection"
    forms = [forms_of(client.get(page).text)["/cars/car-1/book"] for _ in range(6)]
    codes = [client.post("/cars/car-1/book", data=form).status_code for form in forms]
    assert codes[0] == 303
    assert set(codes[1:]) == {409}
    refused = client.post("/cars/car-1/book", data=forms[-1])
    assert "choose another one" in refused.text
    assert forms_of(refused.text)["/cars/car-1/book"]["slot"] != forms[0]["slot"]


def test_a_step_without_its_mileage_keeps_the_page(scene: Scene, signed_in: Entrance) -> None:
    visit = scene.fail()
    owner, technician = signed_in(scene.owner), signed_in(scene.technician)
    post(owner, "/cars/car-1", f"/appointments/{visit}/confirm")
    order = order_of(technician)
    form = forms_of(technician.get(f"/jobs/{order}").text)[f"/jobs/{order}/steps"]
    refused = technician.post(f"/jobs/{order}/steps", data={**form, "mileage_km": "many"})
    assert refused.status_code == 422
    assert forms_of(refused.text)[f"/jobs/{order}/steps"]["mileage_km"] == "many"
    assert owner.get(f"/jobs/{order}").status_code == 403


def test_every_form_is_refused_without_its_token(scene: Scene, signed_in: Entrance) -> None:
    visit = scene.fail()
    client = signed_in(scene.owner)
    for page in ("/cars/car-1", "/cars/car-1/book", f"/appointments/{visit}/move"):
        for action, fields in forms_of(client.get(page).text).items():
            if action == "/language":
                continue
            assert fields["csrf"], action
            for token in ({}, {"csrf": ""}, {"csrf": "x" * len(fields["csrf"])}):
                sent = {name: value for name, value in fields.items() if name != "csrf"} | token
                assert client.post(action, data=sent).status_code == 403, action
    assert "Waiting for your answer" in client.get("/cars/car-1").text


def test_declining_lets_everything_go(scene: Scene, signed_in: Entrance) -> None:
    visit = scene.fail()
    client = signed_in(scene.owner)
    page = post(client, "/cars/car-1", f"/appointments/{visit}/decline")
    assert "has been released" in page
    assert f"/appointments/{visit}/confirm" not in forms_of(page)
