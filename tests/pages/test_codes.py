"""What the car says, on both sides' pages; and its codes cleared only when technician and owner both want it."""

import json
from collections.abc import Callable
from datetime import timedelta

from fastapi.testclient import TestClient

from aftersales.codes import LastAnswer, SeenCode, join_codes
from foundation.clock import FixedClock
from foundation.identity import Actor
from ingest.sending import send_due
from ingest.topics import Kind
from tests.pages.forms import forms_of
from tests.pages.scene import Scene
from tests.pages.test_visit import order_of, post

Entrance = Callable[[Actor], TestClient]
FREEZE = {"7E8": {"frame": 0, "dtc": "P0562", "signals": {"coolant_temperature": 91.0, "engine_speed": 1726.0}}}
MONITORS = {
    "misfire": {"supported": True, "complete": True},
    "catalyst": {"supported": True, "complete": False},
    "egr": {"supported": False, "complete": True},
}
REPORT = {
    "ecus": {
        "7E8": {"stored": ["P0562", "P0301"], "pending": [], "permanent": None},
        "7E9": {"stored": None, "pending": None, "permanent": None},
    },
    "mil": True,
    "freeze": FREEZE,
    "readiness": {"7E8": {"mil": True, "dtc_count": 2, "ignition": "spark", "monitors": MONITORS}},
    "monitors": {
        "7E8": [{"mid": "21", "tid": "80", "uas": "0A", "value": 0.4, "minimum": None, "maximum": 0.5, "unit": "V"}]
    },
}


def in_repair(scene: Scene, signed_in: Entrance) -> tuple[TestClient, TestClient, str]:
    """Let a visit be confirmed, so that the car is open to the workshop; gives both sides and the order's page."""
    visit = scene.fail()
    owner, technician = signed_in(scene.owner), signed_in(scene.technician)
    post(owner, "/cars/car-1", f"/appointments/{visit}/confirm")
    return owner, technician, f"/jobs/{order_of(technician)}"


def text(page: str, beginning: str, end: str) -> str:
    """Give the words of a stretch of a page, without its tags and line breaks."""
    stretch = page.partition(beginning)[2].partition(end)[0]
    return " ".join(" ".join(piece.partition(">")[2] for piece in f">{stretch}".split("<")).split())


def says(page: str) -> str:
    return text(page, 'id="car-says"', "</section>")


def test_the_technician_reads_what_the_car_says(scene: Scene, signed_in: Entrance, clock: FixedClock) -> None:
    _, technician, order = in_repair(scene, signed_in)
    assert "That does not mean that there are none." in says(technician.get(f"{order}/car").text)
    scene.say(Kind.DTCS, seq=1, **REPORT)
    with scene.database.unit() as unit:
        join_codes(unit, "car-1", [SeenCode("7E8", "stored", "P0562", clock.now())], [])
    clock.advance(timedelta(minutes=5))
    page = says(technician.get(f"{order}/car").text)
    for words in (
        "Engine warning lamp: on 5 minutes ago",
        "Control unit 7E8",
        "P0562 · Alternator, 12 V battery in this case",
        "P0301 · Misfire other code",
        "Pending codes none",
        "Permanent codes no answer It never answered this.",
        "Control unit 7E9",
        "Freeze frame P0562",
        "Coolant 91.00 °C",
        "1 of 2 monitors complete",
        "Catalyst not complete yet",
        "Exhaust gas recirculation not fitted",
        "21 80 0.400 V – … 0.500",
    ):
        assert words in page, (words, page)
    technician.post("/language", data={"language": "zh_CN"})
    chinese = says(technician.get(f"{order}/car").text)
    for words in (
        "发动机故障灯： 亮",
        "P0562 · 发电机故障, 12V蓄电池老化 属于本服务单",
        "待定故障码 无故障码",
        "永久故障码 无应答",
    ):
        assert words in chinese, (words, chinese)


def test_no_answer_is_never_none(scene: Scene, signed_in: Entrance, clock: FixedClock) -> None:
    owner = signed_in(scene.owner)
    fragment = "/cars/car-1/codes"
    silent, none = {"7E8": {"stored": None, "pending": None, "permanent": None}}, {"7E8": {"stored": []}}

    def stored() -> str:
        return text(owner.get(fragment).text, "Stored codes", "<dt>")

    scene.say(Kind.DTCS, seq=1, ecus={"7E8": {"stored": ["P0301"]}}, mil=None)
    assert stored() == "P0301 · Misfire"
    assert "Engine warning lamp: no answer" in text(owner.get(fragment).text, "reports", "Control")
    clock.advance(timedelta(hours=2))
    scene.say(Kind.DTCS, seq=2, ecus=silent)
    assert stored() == "no answer Last answer 2 hours ago: P0301 · Misfire"
    clock.advance(timedelta(minutes=1))
    scene.say(Kind.DTCS, seq=3, ecus=none)
    assert stored() == "none"
    clock.advance(timedelta(minutes=1))
    scene.say(Kind.DTCS, seq=4, ecus={})
    assert stored() == "no answer Last answer 1 minute ago: none"


def test_the_codes_are_cleared_when_both_want_it(scene: Scene, signed_in: Entrance) -> None:
    owner, technician, order = in_repair(scene, signed_in)
    scene.say(Kind.DTCS, seq=1, **REPORT)
    scene.say(Kind.STATUS, online=True)
    asked = post(technician, f"{order}/car", f"{order}/commands", kind="clear_dtcs")
    assert "Waiting for the owner's answer" in asked
    for _ in range(4):  # what is asked later does not push the question off the page
        post(technician, f"{order}/car", f"{order}/commands", kind="snapshot")
    assert "Needs your answer" in owner.get("/cars").text
    question = owner.get("/cars/car-1").text
    assert "The workshop asks to clear the trouble codes" in question
    action = next(it for it in forms_of(question) if it.startswith("/cars/car-1/commands/cmd_"))
    with scene.database.unit() as unit:
        sent = [json.loads(it.payload)["kind"] for it in send_due(unit)]
    assert sent == ["snapshot"] * 4, "codes are not cleared before the owner has answered"
    allowed = post(owner, "/cars/car-1", action, answer="approve")
    assert "Your answer has been noted." in allowed
    assert "The workshop asks to clear" not in allowed
    with scene.database.unit() as unit:
        (told,) = [it for it in map(json.loads, (it.payload for it in send_due(unit))) if it["kind"] == "clear_dtcs"]
    assert told["authority"] == {"owner": scene.owner.account, "technician": scene.technician.account}
    assert "Sent to the car" in says(technician.get(f"{order}/car").text)
    result = {"id": told["id"], "kind": "clear_dtcs", "outcome": "refused", "detail": "Conditions are not met."}
    scene.say(Kind.RESULT, seq=2, **result, ecus={"7E8": "refused 22"})
    refused = says(technician.get(f"{order}/car").text)
    assert "The car refused" in refused
    assert "7E8: refused (22): switch the ignition on and the engine off" in refused
    owner.post("/language", data={"language": "zh_CN"})
    assert "车辆拒绝执行" in owner.get("/cars/car-1/codes").text


def test_the_owner_says_no_and_the_technician_may_take_it_back(scene: Scene, signed_in: Entrance) -> None:
    owner, technician, order = in_repair(scene, signed_in)
    post(technician, f"{order}/car", f"{order}/commands", kind="clear_dtcs")
    (action,) = [it for it in forms_of(technician.get(f"{order}/car").text) if it.startswith(f"{order}/commands/")]
    post(technician, f"{order}/car", action, answer="decline")
    assert "The workshop asks" not in owner.get("/cars/car-1").text
    post(technician, f"{order}/car", f"{order}/commands", kind="clear_dtcs")
    again = technician.post(
        f"{order}/commands",
        data={**forms_of(technician.get(f"{order}/car").text)[f"{order}/commands"], "kind": "clear_dtcs"},
    )
    assert again.status_code == 409
    (action,) = [it for it in forms_of(owner.get("/cars/car-1").text) if it.startswith("/cars/car-1/commands/")]
    for refused in ("maybe", ""):
        form = {**forms_of(owner.get("/cars/car-1").text)[action], "answer": refused}
        assert owner.post(action, data=form).status_code == 422
    post(owner, "/cars/car-1", action, answer="decline")
    assert says(technician.get(f"{order}/car").text).count("Declined") == 2


def test_read_again_now_asks_for_a_snapshot_from_either_side(scene: Scene, signed_in: Entrance) -> None:
    owner, technician, order = in_repair(scene, signed_in)
    page = post(technician, f"{order}/car", f"{order}/commands", kind="snapshot")
    assert "Read the car again" in says(page)
    assert "Waiting until the car is awake" in says(page)
    post(owner, "/cars/car-1", "/cars/car-1/commands", kind="snapshot")
    scene.say(Kind.STATUS, online=True)
    with scene.database.unit() as unit:
        kinds = [json.loads(it.payload)["kind"] for it in send_due(unit)]
    assert kinds == ["snapshot", "snapshot"]
    form = forms_of(owner.get("/cars/car-1").text)["/cars/car-1/commands"]
    assert owner.post("/cars/car-1/commands", data={**form, "kind": "poll_plan"}).status_code == 422


def test_the_advisor_sees_the_codes_and_cannot_ask_to_clear_them(scene: Scene, signed_in: Entrance) -> None:
    _, technician, order = in_repair(scene, signed_in)
    post(technician, f"{order}/car", f"{order}/commands", kind="clear_dtcs")
    advisor = signed_in(scene.advisor)
    page = advisor.get(f"{order}/car").text
    assert "Ask to clear the codes" not in page
    assert "Take back" not in page
    form = {**forms_of(page)[f"{order}/commands"], "kind": "clear_dtcs"}
    assert advisor.post(f"{order}/commands", data=form).status_code == 403


def test_what_is_gone_stays_on_the_order_and_another_vin_is_told(
    scene: Scene, signed_in: Entrance, clock: FixedClock
) -> None:
    _, technician, order = in_repair(scene, signed_in)
    scene.say(Kind.DTCS, seq=1, ecus={}, vin="1C4RJFBG8FC123456")
    assert "another VIN" not in says(technician.get(f"{order}/car").text)
    scene.say(Kind.DTCS, seq=2, ecus={"7E8": {"stored": []}}, vin="9BWZZZ377VT004251")
    with scene.database.unit() as unit:
        seen = SeenCode("7E8", "stored", "P0562", clock.now() - timedelta(hours=1))
        join_codes(unit, "car-1", [seen], [LastAnswer("7E8", "stored", clock.now(), ())])
    page = says(technician.get(f"{order}/car").text)
    assert "another VIN than the registered one: 9BWZZZ377VT004251" in page
    assert "Stored codes none" in page
    assert "No longer reported P0562 Stored codes, 7E8 · first" in page
