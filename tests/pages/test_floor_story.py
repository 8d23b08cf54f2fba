"""The technician's day on a tablet: his board, a car looked over, its evidence, more work asked for, and done again."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Locator, Route, expect
from sqlalchemy import select, update

from aftersales.repair.approvals import approve
from aftersales.tables import appointments, technicians
from aftersales.views import get_repair_order
from aftersales.visits.bookings import confirm
from foundation.identity import issue_link
from ingest.topics import Kind
from tests.access.repairs import PNG
from tests.pages.people import PHONE, Person, check, photograph
from tests.pages.scene import Scene
from tests.pages.served import Served
from tests.pages.test_codes import REPORT
from tests.pages.weighing import weighed

TABLET = {"width": 820, "height": 1180}
LANGUAGES = ["en", pytest.param("zh_CN", marks=pytest.mark.soak)]
WORDS = {
    "en": {
        "mine": "Yours",
        "worn": "Worn",
        "sent": "Not sent",
        "kept": "Kept on this tablet",
        "lost": "Your session has ended",
        "approved": "Approved",
        "waits": "Waits for the owner",
        "tests": "Charging voltage at idle and at 2000 rpm",
    },
    "zh_CN": {
        "mine": "您的",
        "worn": "磨损",
        "sent": "未发送",
        "kept": "保存在本平板上",
        "lost": "登录已失效",
        "approved": "已同意",
        "waits": "等待车主",
        "tests": "怠速和2000转充电电压",
    },
}
LOW = """[...document.querySelectorAll(".floor button, .floor a.button, .floor label.button, .tabs a, .floor summary")]
  .filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 48).map((one) => one.outerHTML)"""


class Floor:
    """A technician at his tablet, on one order whose owner answers."""

    def __init__(self, chromium: Browser, served: Served, scene: Scene, language: str) -> None:
        self.scene, self.served, self.words = scene, served, WORDS[language]
        visit = scene.fail()
        with scene.database.unit() as unit:
            self.order = str(confirm(unit, scene.owner, visit)["repair_order"])
            who = select(appointments.c.technician).where(appointments.c.id == visit).scalar_subquery()
            here = update(technicians).where(technicians.c.id == who).values(account=scene.technician.account)
            unit.connection.execute(here)
        self.person = Person(chromium, served, scene, scene.technician, language, TABLET)
        self.page = self.person.page

    def tab(self, name: str) -> None:
        self.page.goto(f"{self.served.url}/jobs/{self.order}" + (f"/{name}" if name else ""))
        check(self.page)
        assert self.page.evaluate(LOW) == []

    def tap(self, form: str, button: str = "button") -> None:
        """Tap a button of a form and wait for what it changes."""
        with self.page.expect_response(lambda one: one.request.method == "POST") as answer:
            self.page.locator(f"#{form} {button}").click()
        assert answer.value.status == 200, answer.value.text()[:300]

    def line(self) -> Locator:
        return self.page.locator(".line").last

    def answer(self, decision: str) -> None:
        with self.scene.database.unit() as unit:
            lines = get_repair_order(unit, self.scene.owner, self.order)["lines"]
            waiting = [line["id"] for line in lines if line["approval"] == "awaiting"]
            approve(unit, self.scene.owner, self.order, waiting, decision)


@pytest.fixture
def floor(chromium: Browser, served: Served, scene: Scene, request: pytest.FixtureRequest) -> Iterator[Floor]:
    scene.drive("b1", 600, 12.5, ago=timedelta(hours=2))
    scene.say(Kind.DTCS, seq=1, **REPORT)
    found = Floor(chromium, served, scene, getattr(request, "param", "en"))
    yield found
    assert found.person.complaints == []
    found.person.close()


@pytest.mark.parametrize("floor", LANGUAGES, indirect=True)
def test_a_car_goes_through_the_technician_s_hands(floor: Floor) -> None:
    page, words = floor.page, floor.words
    with weighed(page) as weight:
        page.goto(f"{floor.served.url}/jobs")
        expect(page.locator(".floor h2").first).to_have_text(words["mine"])
    weight.check()
    check(page)
    page.locator("main a.card").first.click()
    page.wait_for_url(f"**/jobs/{floor.order}")
    floor.person.step("check_in", mileage_km="84 210")
    floor.tap("clock")
    expect(page.locator("#clock button")).to_have_attribute("value", "stop")
    _look_over(floor)
    _see_what_the_car_shows(floor)
    _ask_for_more(floor)
    _check_it_and_do_it_again(floor)
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    for tab in ("", "looking", "car", "lines", "found"):
        floor.tab(tab)


def _look_over(floor: Floor) -> None:
    page = floor.page
    floor.tab("looking")
    for point in ("bodywork", "interior", "warning_lamps", "lights", "wipers"):
        floor.tap(f"green-check_in-{point}")
        expect(page.locator(f"#point-check_in-{point}")).to_have_class("card point green")
    tyres = page.locator("#point-check_in-tyres")
    tyres.locator("summary").click()
    tyres.locator(f"label:has-text('{floor.words['worn']}')").click()
    floor.tap("look-check_in-tyres", "[value=amber]")
    expect(tyres.locator("p").first).to_have_text(floor.words["worn"])
    with page.expect_response("**/photos") as sent:
        photo = {"name": "tyre.png", "mimeType": "image/png", "buffer": PNG}
        tyres.locator("input[type=file]").set_input_files(photo)  # type: ignore[arg-type]
    assert sent.value.status == 200
    expect(tyres.locator("img")).to_be_visible()
    floor.tap("close-check_in")
    expect(page.locator("#done")).to_be_visible()
    check(page)


def _see_what_the_car_shows(floor: Floor) -> None:
    page = floor.page
    with weighed(page) as weight:
        floor.tab("car")
        expect(page.locator("#job canvas").first).to_be_visible()
    weight.check()
    expect(page.locator("#job")).to_contain_text("12.6 V")
    expect(page.locator("#job")).to_contain_text(floor.words["tests"])
    expect(page.locator("#car-says")).to_contain_text("P0562")
    page.locator("#car-says details summary").first.click()
    expect(page.locator("#car-says details table").first).to_be_visible()
    if floor.words is WORDS["en"]:
        photograph(page, "technician.png")


def _ask_for_more(floor: Floor) -> None:
    """The owner's answer is seen without a reload, and what is typed meanwhile stays; also over a cut of the stream."""
    page = floor.page
    floor.tab("")
    floor.person.step("inspect")
    floor.person.step("start")
    floor.tab("lines")
    floor.tap("issue")
    page.fill("#ask-work [name=work]", "Clean poles: <b>now</b>")
    page.locator("#ask-work .pills label").nth(2).click()
    floor.tap("ask-work", "button.big")
    expect(floor.line()).to_contain_text("<b>now</b>")
    expect(floor.line()).to_contain_text(floor.words["waits"])
    expect(page.locator("#ask-work [name=work]")).to_have_value("")
    page.locator("summary").first.click()
    page.fill("#ask-work [name=work]", "and then")
    with page.expect_response("**/live?*"):
        floor.served.cut()
        floor.answer("approved")
        floor.served.start()
    expect(floor.line()).to_contain_text(floor.words["approved"])
    expect(page.locator("#ask-work [name=work]")).to_have_value("and then")
    expect(page.locator("details").first).to_have_attribute("open", "")
    page.locator("[id^=back-] [value=shelf]").first.click()
    expect(page.locator("#done")).to_be_visible()


def _check_it_and_do_it_again(floor: Floor) -> None:
    page = floor.page
    floor.tab("")
    form = page.locator("#step-hold")
    form.locator("[value=waiting_customer]").click()
    expect(page.locator("#step-resume")).to_be_visible()
    floor.person.step("resume")
    floor.person.step("quality_check")
    expect(page.locator("#clock button")).to_have_attribute("value", "start")
    floor.person.step("rework", note="belt squeals")
    floor.person.step("work", note="belt tightened")
    floor.person.step("quality_check")
    floor.tab("found")
    page.fill("#find [name=condition]", "12.1 V at idle")
    floor.tap("find", "button.big")
    verdict = page.locator("[id^=found-find]")
    verdict.locator("button").click()
    expect(verdict.locator("button")).to_have_attribute("aria-pressed", "true")
    floor.tab("")
    floor.person.step("complete")
    expect(page.locator("#step-complete")).to_have_count(0)


@pytest.mark.parametrize("floor", LANGUAGES, indirect=True)
def test_what_is_typed_outlives_the_server_and_the_session(floor: Floor) -> None:
    page, words = floor.page, floor.words
    floor.person.goto(f"/jobs/{floor.order}")
    floor.person.step("check_in", mileage_km="84210")
    floor.tab("found")
    typed = page.locator("#find [name=condition]")
    typed.fill("12.1 V at")
    expect(page.locator("#find .kept")).to_contain_text(words["kept"])
    floor.served.cut()
    typed.press_sequentially(" idle")
    page.locator("#find button").click()
    expect(page.locator("#find .unsent")).to_contain_text(words["sent"])
    expect(page.locator("#find .unsent")).to_be_in_viewport()
    expect(page.locator("#offline")).to_be_visible()
    floor.served.start()
    expect(page.locator("#offline")).to_be_hidden()
    expect(page.locator("#find .unsent")).to_contain_text(words["sent"])
    expect(typed).to_have_value("12.1 V at idle")

    page.context.clear_cookies(name="forecourt_session")
    page.fill("#find [name=cause]", "worn brushes")
    page.locator("#find button").click()
    expect(page.locator("#notice")).to_contain_text(words["lost"])
    expect(page.locator("#find .unsent")).to_contain_text(words["sent"])
    page.goto(f"{floor.served.url}/jobs/{floor.order}/found")
    page.wait_for_url("**/sign-in*")
    with floor.scene.database.unit() as unit:
        link = issue_link(unit, floor.scene.technician)
    page.goto(f"{floor.served.url}/sign-in#{link}")
    page.wait_for_url("**/jobs")
    floor.tab("found")
    expect(typed).to_have_value("12.1 V at idle")
    expect(page.locator("#find [name=cause]")).to_have_value("worn brushes")
    floor.tap("find", "button")
    expect(page.locator("#fault-1")).to_contain_text("worn brushes")
    expect(typed).to_have_value("")
    floor.tab("found")
    expect(typed).to_have_value("")


def test_a_page_of_an_earlier_session_is_renewed_with_what_was_typed(floor: Floor) -> None:
    page = floor.page
    floor.person.goto(f"/jobs/{floor.order}")
    floor.person.step("check_in", mileage_km="84210")
    floor.tab("found")
    page.fill("#find [name=condition]", "12.1 V at idle")
    with floor.scene.database.unit() as unit:
        link = issue_link(unit, floor.scene.technician)
    other = page.context.new_page()
    other.goto(f"{floor.served.url}/sign-in#{link}")
    other.wait_for_url("**/jobs")
    with page.expect_navigation():
        page.locator("#find button").click()
    expect(page.locator("#find [name=condition]")).to_have_value("12.1 V at idle")
    floor.tap("find", "button")
    expect(page.locator("#fault-1")).to_contain_text("12.1 V at idle")


def test_a_photo_that_could_not_be_sent_says_so_and_is_sent_again(floor: Floor) -> None:
    page = floor.page
    floor.person.goto(f"/jobs/{floor.order}")
    floor.person.step("check_in", mileage_km="84210")
    floor.tab("looking")
    camera = page.locator("#shoot-check_in-tyres")
    page.route("**/photos", lambda route: route.abort())
    photo = {"name": "tyre.png", "mimeType": "image/png", "buffer": PNG}
    camera.locator("input[type=file]").set_input_files(photo)  # type: ignore[arg-type]
    expect(camera.locator(".unsent")).to_be_visible()
    page.unroute("**/photos")
    floor.tap("shoot-check_in-tyres", "button.send")
    expect(page.locator("#point-check_in-tyres img")).to_be_visible()
    expect(camera.locator(".unsent")).to_have_count(0)


def test_what_was_taken_though_its_answer_was_lost_is_done_once(floor: Floor) -> None:
    page = floor.page
    floor.person.goto(f"/jobs/{floor.order}")
    floor.person.step("check_in", mileage_km="84210")
    floor.tab("found")

    def lose(route: Route) -> None:
        assert route.fetch().status == 200
        route.abort()

    page.route("**/findings", lose)
    page.fill("#find [name=condition]", "12.1 V at idle")
    page.locator("#find button").click()
    expect(page.locator("#find .unsent")).to_be_visible()
    expect(page.locator("#fault-1")).to_be_visible()  # the stream has told
    page.unroute("**/findings")
    floor.tap("find")
    expect(page.locator("#find .unsent")).to_have_count(0)
    expect(page.locator("[id^=fault-]")).to_have_count(1)


def test_the_board_moves_by_itself(floor: Floor) -> None:
    page = floor.person.goto("/jobs")
    card = page.locator("main a.card").first
    before = card.locator(".chip").inner_text()
    other = page.context.new_page()
    other.goto(f"{floor.served.url}/jobs/{floor.order}")
    other.fill("#step-check_in [name=mileage_km]", "84210")
    other.locator("#step-check_in button").click()
    expect(card.locator(".chip")).not_to_have_text(before)
    check(page)
