"""What is asked of WeChat Pay and Alipay, over real HTTP to a stand-in that signs with the providers' own keys."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from foundation.money import Money
from parts_catalog.payments.alipay import Alipay, fen, yuan
from parts_catalog.payments.alipay import Merchant as AlipayMerchant
from parts_catalog.payments.port import Charge, Fact, NeedsPerson, Told, Unreachable
from parts_catalog.payments.wechat_pay import Merchant as WeChatMerchant
from parts_catalog.payments.wechat_pay import WeChat
from tests.parts_catalog.payments.senders import API_KEY, AlipaySender, WeChatSender, keys

NOW = datetime(2026, 11, 23, 16, 30, tzinfo=UTC)  # half past midnight in China
PRICE = Money(12_345, "CNY")
CHARGE = Charge("pay_1", PRICE, NOW, "order ord_1")
PAID = {
    "out_trade_no": "pay_1", "transaction_id": "42001", "trade_state": "SUCCESS",
    "amount": {"total": 12_345, "currency": "CNY"},
}  # fmt: skip
BACK = {
    "out_trade_no": "pay_1", "out_refund_no": "ref_1", "transaction_id": "42001", "status": "SUCCESS",
    "amount": {"total": 12_345, "refund": 500, "currency": "CNY"},
}  # fmt: skip


class Gateway:
    """A stand-in for both providers: it gives the answers that the test names, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, Any]] = []
        self.asked: list[tuple[str, str, Any]] = []
        self.signs_with = {"wechat": "wechat", "alipay": "alipay"}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.answer(b"")

            def do_POST(self) -> None:
                self.answer(self.rfile.read(int(self.headers["Content-Length"])))

            def answer(self, body: bytes) -> None:
                status, told = outer.answers.pop(0)
                if "gateway.do" in self.path:
                    query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
                    outer.asked.append((query["method"], query["timestamp"], json.loads(query["biz_content"])))
                    text = outer.alipay(query["method"], told)
                    headers = {"Content-Type": "text/html;charset=utf-8"}
                else:
                    outer.asked.append((self.command, self.path, json.loads(body) if body else None))
                    text, headers = outer.wechat(told)
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(text.encode()))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"

    def alipay(self, method: str, told: Any) -> str:
        content = json.dumps(told)
        name = method.replace(".", "_") + "_response"
        return f'{{"{name}":{content},"sign":"{keys(self.signs_with["alipay"]).sign(content)}"}}'

    def wechat(self, told: Any) -> tuple[str, dict[str, str]]:
        text = json.dumps(told) if told else ""  # a 204 has no body, and is signed as one
        headers = {
            "Content-Type": "application/json",
            "Wechatpay-Timestamp": "1",
            "Wechatpay-Nonce": "n",
            "Wechatpay-Serial": WeChatSender.key_id,
            "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
            "Wechatpay-Signature": keys(self.signs_with["wechat"]).sign(f"1\nn\n{text}\n"),
        }
        return text, headers


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    gateway = Gateway()
    thread = threading.Thread(target=gateway.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield gateway
    gateway.server.shutdown()
    gateway.server.server_close()
    thread.join()


@pytest.fixture
def wechat(gateway: Gateway) -> WeChat:
    private, public = keys("our wechat").private_pem, keys("wechat").public_pem
    house = WeChatMerchant("1900000001", "wx01", "SERIAL", private, API_KEY, public, WeChatSender.key_id)
    adapter = WeChat(house, "https://house.example/v1/payments/callbacks/wechat_pay")
    adapter._sdk._core._gate_way = gateway.address
    return adapter


@pytest.fixture
def alipay(gateway: Gateway) -> Alipay:
    private, public = keys("our alipay").private_pem, keys("alipay").public_pem
    house = AlipayMerchant(AlipaySender.app, private, public, f"{gateway.address}/gateway.do")
    return Alipay(house, "https://house.example/cb", "https://house.example/", lambda: NOW)


def test_wechat_pay_is_begun_with_fen_and_a_chinese_deadline(gateway: Gateway, wechat: WeChat) -> None:
    gateway.answers.append((200, {"code_url": "weixin://wxpay/bizpayurl?pr=1"}))
    assert wechat.start(CHARGE) == "weixin://wxpay/bizpayurl?pr=1"
    verb, path, body = gateway.asked[0]
    assert (verb, path) == ("POST", "/v3/pay/transactions/native")
    assert body["amount"] == {"total": 12_345, "currency": "CNY"}
    assert (body["out_trade_no"], body["time_expire"]) == ("pay_1", "2026-11-24T00:30:00+08:00")


@pytest.mark.parametrize(
    ("answer", "fact"),
    [
        ((200, PAID), Fact(Told.PAID, "pay_1", PRICE, "42001")),
        ((200, {"out_trade_no": "pay_1", "trade_state": "NOTPAY"}), Fact(Told.PENDING, "pay_1")),
        ((200, {"out_trade_no": "pay_1", "trade_state": "CLOSED"}), Fact(Told.CLOSED, "pay_1")),
        ((404, {"code": "ORDER_NOT_EXIST"}), Fact(Told.PENDING, "pay_1")),
    ],
)
def test_wechat_pay_says_how_a_payment_stands(
    gateway: Gateway, wechat: WeChat, answer: tuple[int, Any], fact: Fact
) -> None:
    gateway.answers.append(answer)
    assert wechat.ask(CHARGE) == fact


def test_wechat_pay_says_what_was_paid_when_a_close_comes_too_late(gateway: Gateway, wechat: WeChat) -> None:
    gateway.answers += [(400, {"code": "ORDERPAID"}), (200, PAID)]
    assert wechat.close(CHARGE).told is Told.PAID
    gateway.answers.append((204, {}))
    assert wechat.close(CHARGE).told is Told.CLOSED


def test_wechat_pay_refunds_a_part(gateway: Gateway, wechat: WeChat) -> None:
    gateway.answers += [(200, BACK), (404, {"code": "RESOURCE_NOT_EXISTS"}), (200, {**BACK, "status": "PROCESSING"})]
    wanted = Fact(Told.REFUNDED, "pay_1", Money(500, "CNY"), "42001", "ref_1")
    assert wechat.refund(CHARGE, "ref_1", Money(500, "CNY")) == wanted
    assert gateway.asked[0][2]["amount"] == {"refund": 500, "total": 12_345, "currency": "CNY"}
    assert wechat.ask_refund(CHARGE, "ref_1", Money(500, "CNY")) is None
    assert wechat.ask_refund(CHARGE, "ref_1", Money(500, "CNY")) == Fact(
        Told.PENDING, "pay_1", Money(500, "CNY"), "42001", "ref_1"
    )


def test_an_answer_that_somebody_else_signed_is_no_answer(gateway: Gateway, wechat: WeChat, alipay: Alipay) -> None:
    gateway.signs_with = {"wechat": "stranger", "alipay": "our alipay"}
    gateway.answers += [(200, PAID), (200, {"code": "10000", "trade_status": "TRADE_SUCCESS", "out_trade_no": "pay_1"})]
    for provider in (wechat, alipay):
        with pytest.raises(Unreachable):
            provider.ask(CHARGE)


@pytest.mark.parametrize(
    ("answer", "raised"),
    [
        ((500, {"code": "SYSTEM_ERROR"}), Unreachable),
        ((429, {"code": "FREQUENCY_LIMITED"}), Unreachable),
        ((403, {"code": "NOT_ENOUGH", "message": "a secret word"}), NeedsPerson),
    ],
)
def test_wechat_pay_s_no_is_later_or_for_a_person(
    gateway: Gateway, wechat: WeChat, answer: tuple[int, Any], raised: type[Exception]
) -> None:
    gateway.answers.append(answer)
    with pytest.raises(raised) as refused:
        wechat.refund(CHARGE, "ref_1", Money(500, "CNY"))
    assert "secret" not in str(refused.value)


def test_alipay_is_paid_at_an_address_that_is_put_together_here(gateway: Gateway, alipay: Alipay) -> None:
    address, _, query = alipay.page(CHARGE).partition("?")
    told = {name: values[0] for name, values in parse_qs(query).items()}
    assert address == f"{gateway.address}/gateway.do"
    assert json.loads(told["biz_content"])["total_amount"] == "123.45"
    assert told["timestamp"] == "2026-11-24 00:30:00"
    assert gateway.asked == []


@pytest.mark.parametrize(
    ("answer", "fact"),
    [
        (
            {"code": "10000", "trade_status": "TRADE_SUCCESS", "out_trade_no": "pay_1", "total_amount": "123.45"},
            Fact(Told.PAID, "pay_1", PRICE),
        ),
        ({"code": "40004", "sub_code": "ACQ.TRADE_NOT_EXIST"}, Fact(Told.PENDING, "pay_1")),
        ({"code": "10000", "trade_status": "WAIT_BUYER_PAY", "out_trade_no": "pay_1"}, Fact(Told.PENDING, "pay_1")),
    ],
)
def test_alipay_says_how_a_payment_stands(gateway: Gateway, alipay: Alipay, answer: Any, fact: Fact) -> None:
    gateway.answers.append((200, answer))
    assert alipay.ask(CHARGE) == fact


def test_alipay_refunds_a_part_and_says_so_when_asked_again(gateway: Gateway, alipay: Alipay) -> None:
    part = Money(500, "CNY")
    done = {"code": "10000", "refund_status": "REFUND_SUCCESS", "refund_amount": "5.00", "trade_no": "2026"}
    gateway.answers += [
        (200, {"code": "10000", "fund_change": "Y", "refund_fee": "5.00", "trade_no": "2026"}),
        (200, {"code": "10000", "fund_change": "N", "refund_fee": "5.00", "trade_no": "2026"}),
        (200, done),
        (200, {"code": "10000"}),
    ]
    wanted = Fact(Told.REFUNDED, "pay_1", part, "2026", "ref_1")
    assert alipay.refund(CHARGE, "ref_1", part) == wanted
    assert gateway.asked[0][2] == {"out_trade_no": "pay_1", "refund_amount": "5.00", "out_request_no": "ref_1"}
    assert alipay.refund(CHARGE, "ref_1", part) == wanted
    assert alipay.ask_refund(CHARGE, "ref_1", part) is None


def test_alipay_s_no_is_later_or_for_a_person(gateway: Gateway, alipay: Alipay) -> None:
    gateway.answers += [(200, {"code": "20000", "sub_code": "isp.unknow-error"})]
    with pytest.raises(Unreachable):
        alipay.close(CHARGE)
    gateway.answers += [(200, {"code": "40004", "sub_code": "ACQ.SELLER_BALANCE_NOT_ENOUGH"})]
    with pytest.raises(NeedsPerson, match=r"acq\.seller_balance_not_enough"):
        alipay.refund(CHARGE, "ref_1", Money(500, "CNY"))


def test_nobody_at_home_is_unknown(gateway: Gateway, wechat: WeChat, alipay: Alipay) -> None:
    wechat._sdk._core._gate_way = "http://127.0.0.1:9"
    alipay._sdk._gateway = "http://127.0.0.1:9/gateway.do"
    for provider in (wechat, alipay):
        with pytest.raises(Unreachable):
            provider.refund(CHARGE, "ref_1", Money(500, "CNY"))


@pytest.mark.parametrize(("amount", "written"), [(1, "0.01"), (100, "1.00"), (12_345, "123.45"), (7, "0.07")])
def test_yuan_are_written_and_read_to_the_fen(amount: int, written: str) -> None:
    assert yuan(Money(amount, "CNY")) == written
    assert fen(written) == Money(amount, "CNY")


@pytest.mark.parametrize("written", ["1.005", "-1.00", "1e3", "", "1,00", "٣.00", "NaN", None])
def test_what_is_no_amount_of_yuan_is_not_read(written: Any) -> None:
    with pytest.raises(ValueError, match="no amount"):
        fen(written)
