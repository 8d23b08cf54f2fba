"""A payment that is scanned: its code is drawn, says just what the provider said, goes when it is over, and is nobody
else's. What is drawn is read by zxing's reader, whose writer is another house's code (zint).
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select
from zxingcpp import BarcodeFormat, read_barcodes

from aftersales.seed import WORKSHOP_ORGANISATION
from aftersales.settlement.paying import pay
from forecourt.compose import build_app
from forecourt.pages.qr import LEAST_PX, qr_svg
from forecourt.paying import PAYABLES, Paying
from forecourt.settings import Settings
from foundation.clock import FixedClock
from foundation.database import Database, new_id
from foundation.identity import Actor, Role
from ingest.archive import Archive
from parts_catalog.payments import accept
from parts_catalog.payments.calling import run_due_calls
from parts_catalog.payments.payment import payment_of
from parts_catalog.payments.port import Answer, Charge, Fact, Notice, Told
from parts_catalog.payments.states import Verdict
from parts_catalog.payments.tables import payments
from parts_catalog.shop.carriers import SimulatedCarrier
from parts_catalog.shop.carts import About, LineWish, open_cart
from parts_catalog.shop.ordering import Delivery, Wish, place
from tests.pages.bought import a_part
from tests.pages.people import DESK, Person, check
from tests.pages.scene import Scene
from tests.pages.served import Served
from tests.pages.test_repair_story import Floor

Entrance = Callable[[Actor], TestClient]
DRAWN = """async (one) => { await one.decode(); const box = document.createElement("canvas");
  box.width = one.width; box.height = one.height; const pen = box.getContext("2d");
  pen.drawImage(one, 0, 0, one.width, one.height);
  const dots = [...pen.getImageData(0, 0, one.width, one.height).data];
  return [one.width, one.height, dots.filter((_, at) => at % 4 === 0)]; }"""


class Scanned:
    """A provider that is asked first, and paid by a code."""

    name = "wechat_pay"

    def page(self, charge: Charge) -> str | None:
        return None

    def answer(self, verdict: Verdict) -> Answer:
        return Answer(204)

    def start(self, charge: Charge) -> str:
        return f"weixin://wxpay/bizpayurl?pr={charge.payment[-9:]}"


class Linked(Scanned):
    """A provider that is paid at a page of its own, and is not asked before."""

    name = "alipay"

    def page(self, charge: Charge) -> str:
        return f"https://pay.example/{charge.payment}"


PROVIDERS = {"wechat_pay": Scanned(), "alipay": Linked()}


def build(folder: Path, database: Database, archive: Archive) -> FastAPI:
    with pytest.MonkeyPatch.context() as patch:
        paying = Paying(PROVIDERS, PAYABLES)  # type: ignore[arg-type]
        patch.setattr("forecourt.compose.new_paying", lambda *_: paying)
        return build_app(Settings(data=folder), database, archive)


@pytest.fixture
def application(database: Database, archive: Archive, tmp_path: Path) -> FastAPI:
    return build(tmp_path, database, archive)


@pytest.fixture
def served(database: Database, archive: Archive, tmp_path: Path) -> Iterator[Served]:
    running = Served(lambda: build(tmp_path, database, archive))
    running.start()
    yield running
    running.close()


def order(scene: Scene, provider: str = "wechat_pay") -> str:
    with scene.database.unit() as unit:
        cart = open_cart(unit, scene.owner, About(), [LineWish(a_part(scene.database), 1)]).id
        return place(unit, scene.owner, SimulatedCarrier(), Wish(cart, Delivery("Li Wei", "138", "Street 1"), provider))


def prepare(scene: Scene) -> None:
    """Do the tasks process's part: the provider is asked for the code."""
    run_due_calls(scene.database, PROVIDERS, PAYABLES)  # type: ignore[arg-type]


def only(scene: Scene) -> tuple[str, str | None]:
    """Give id and code of the one payment there is."""
    with scene.database.unit() as unit:
        row = unit.connection.execute(select(payments)).one()
    return row.id, row.code_url


def pay_it(scene: Scene) -> None:
    with scene.database.unit() as unit:
        paid = payment_of(unit.connection.execute(select(payments)).one())
        accept(unit, PAYABLES, "wechat_pay", Notice(new_id("ntc"), Fact(Told.PAID, paid.id, paid.amount)))


def scanned(page: Page) -> str:
    """Read the code off the page as it is drawn there."""
    wide, high, dots = page.locator(".scan img").evaluate(DRAWN)
    assert min(wide, high) >= LEAST_PX
    [found] = read_barcodes(np.array(dots, np.uint8).reshape(high, wide), BarcodeFormat.QRCode)
    return str(found.text)


def test_a_buyer_scans_the_code_and_the_page_sees_it_paid(chromium: Browser, served: Served, scene: Scene) -> None:
    buyer = Person(chromium, served, scene, scene.owner, "zh_CN")
    page = buyer.goto(f"/orders/{order(scene)}")
    page.evaluate("window.stayed = true")
    expect(page.locator(".scan")).to_have_count(0)
    prepare(scene)
    expect(page.locator(".scan")).to_contain_text("请用微信扫码支付")
    _, code = only(scene)
    assert scanned(page) == code
    check(page)
    pay_it(scene)
    expect(page.locator("#order-state")).to_have_text("已付款")
    expect(page.locator(".scan")).to_have_count(0)
    assert page.evaluate("window.stayed"), "it was followed without loading the page anew"
    assert buyer.complaints == []
    buyer.close()


def test_the_owner_and_the_desk_show_the_code_of_a_bill(
    chromium: Browser, served: Served, scene: Scene, tmp_path: Path
) -> None:
    bill = settled(scene, tmp_path)
    owner = Person(chromium, served, scene, scene.owner, "en")
    desk = Person(chromium, served, scene, scene.advisor, "zh_CN", DESK)
    pages = owner.goto(f"/repair-orders/{bill}"), desk.goto(f"/board/{bill}")
    prepare(scene)
    _, code = only(scene)
    for page in pages:
        expect(page.locator("#bill .scan")).to_be_visible()
        assert scanned(page) == code
        check(page)
    expect(pages[0].locator(".scan")).to_contain_text("Scan with WeChat")
    pay_it(scene)
    for page in pages:
        expect(page.locator("#bill-state.good")).to_be_visible()
        expect(page.locator(".scan")).to_have_count(0)
    assert owner.complaints == desk.complaints == []
    owner.close()
    desk.close()


def settled(scene: Scene, data: Path) -> str:
    """Give a repair order whose bill waits to be paid by the code."""
    floor = Floor(scene, data)
    floor.step("check_in", mileage=84_210)
    floor.step("inspect", "start")
    floor.finish(data, "")
    with scene.database.unit() as unit:
        pay(unit, scene.owner, floor.order, "wechat_pay")
    return floor.order


def test_a_code_is_its_payers_alone_and_only_while_it_waits(
    scene: Scene, signed_in: Entrance, person: Callable[..., Actor], clock: FixedClock
) -> None:
    shown = f"/orders/{order(scene)}"
    payment, _ = only(scene)
    buyer, address = signed_in(scene.owner), f"/payments/{payment}/code"
    assert buyer.get(address).status_code == 409, "there is none yet"
    assert "does not wait to be scanned" in buyer.get(address).text
    prepare(scene)
    answer = buyer.get(address)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["content-security-policy"].startswith("default-src 'self'")
    _, code = only(scene)
    assert code is not None
    assert answer.content == qr_svg(code)
    assert code not in buyer.get(shown).text
    assert address in buyer.get(shown).text
    stranger = signed_in(person(Role.OWNER, "Wang Fang"))
    assert stranger.get(address).status_code == 404
    assert stranger.get("/payments/pay_none/code").status_code == 404
    clock.advance(timedelta(minutes=31))
    assert buyer.get(address).status_code == 409
    assert address not in buyer.get(shown).text


def test_the_desk_shows_the_code_of_its_own_orders_alone(
    scene: Scene, signed_in: Entrance, person: Callable[..., Actor], tmp_path: Path
) -> None:
    bill = settled(scene, tmp_path)
    prepare(scene)
    payment, code = only(scene)
    assert code is not None
    address = f"/board/{bill}/code?payment={payment}"
    desk = signed_in(scene.advisor)
    assert desk.get(address).content == qr_svg(code)
    assert address in desk.get(f"/board/{bill}").text
    assert desk.get(f"/payments/{payment}/code").status_code == 404, "it is the owner's"
    assert desk.get(f"/board/{bill}/code?payment=pay_other").status_code == 409
    assert signed_in(person(Role.ADVISOR, "Another house")).get(address).status_code == 404
    assert signed_in(scene.technician).get(address).status_code == 403
    assert signed_in(person(Role.WORKSHOP_MANAGER, "Wu", WORKSHOP_ORGANISATION)).get(address).status_code == 200
    pay_it(scene)
    assert desk.get(address).status_code == 409


def test_a_provider_with_a_page_of_its_own_is_linked(scene: Scene, signed_in: Entrance) -> None:
    shown, client = f"/orders/{order(scene, 'alipay')}", signed_in(scene.owner)
    payment, _ = only(scene)
    assert f'href="https://pay.example/{payment}"' in client.get(shown).text
    assert client.get(f"/payments/{payment}/code").status_code == 409


@pytest.mark.parametrize("length", [30, 62, 512])
def test_a_drawn_code_is_large_has_its_quiet_zone_and_is_read(length: int) -> None:
    text = f"weixin://wxpay/bizpayurl?pr={'Ab0_-' * 100}"[:length]
    svg = qr_svg(text).decode()
    whole = int(svg.partition('viewBox="0 0 ')[2].partition(" ")[0])
    pixels = int(svg.partition('width="')[2].partition('"')[0])
    assert pixels % whole == 0
    assert (whole - 8) * (pixels // whole) >= LEAST_PX
    page = np.full((whole, whole), 255, np.uint8)
    for one in svg.partition('<path d="')[2].partition('"')[0].split("M")[1:]:
        x, y = one.removesuffix("h1v1h-1z").split()
        page[int(y), int(x)] = 0
    assert page[:4].min() == page[-4:].min() == page[:, :4].min() == page[:, -4:].min() == 255
    [found] = read_barcodes(page.repeat(4, 0).repeat(4, 1), BarcodeFormat.QRCode)
    assert (found.text, found.ec_level) == (text, "M")
