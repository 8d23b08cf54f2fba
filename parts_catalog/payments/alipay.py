"""Alipay by RSA2 keys, by `python-alipay-sdk`; amounts are decimal yuan there, integer fen here.

Notices are verified with Alipay's own public key. The SDK checks neither age nor merchant, takes a notice that names no
kind of signature, and writes the machine's local time where Alipay reads Chinese time: that is seen to here.
"""

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qsl

from alipay import AliPay
from alipay.exceptions import AliPayException, AliPayValidationError
from alipay.utils import AliPayConfig

from foundation.money import Money
from foundation.refusals import Invalid
from parts_catalog.payments.port import Answer, BadCallback, Charge, Fact, NeedsPerson, Notice, Told, Unreachable
from parts_catalog.payments.port import in_window as young
from parts_catalog.payments.states import ACKNOWLEDGED, Verdict

NAME = "alipay"
TIMEOUT_S = 15
_CHINA = timezone(timedelta(hours=8))
_STATES: Mapping[str, Told] = {
    "WAIT_BUYER_PAY": Told.PENDING,
    "TRADE_SUCCESS": Told.PAID,
    "TRADE_FINISHED": Told.PAID,
    "TRADE_CLOSED": Told.CLOSED,
}
_OK, _LATER = "10000", "20000"
_SYSTEM = frozenset({"ACQ.SYSTEM_ERROR", "AOP.ACQ.SYSTEM_ERROR", "isp.unknow-error"})
_UNKNOWN = "ACQ.TRADE_NOT_EXIST"
_STATUS_ERROR = "ACQ.TRADE_STATUS_ERROR"  # the answer to a close that came too late
_YUAN = re.compile(r"(\d{1,12})(?:\.(\d{1,2}))?", re.ASCII)


@dataclass(frozen=True)
class Merchant:
    """What Alipay knows the house by. Keys are PEM texts, and no part of what is printed."""

    app: str
    private_key: str = field(repr=False)
    public_key: str = field(repr=False)  # Alipay's own: what its notices are verified with
    gateway: str | None = None


def yuan(amount: Money) -> str:
    """Write fen as decimal yuan."""
    if amount.currency != "CNY":
        raise Invalid(
            f"Alipay does not take {amount.currency}", why="currency_not_taken", told={"currency": amount.currency}
        )
    return f"{amount.amount // 100}.{amount.amount % 100:02d}"


def fen(written: Any, currency: str = "CNY") -> Money:
    """Read decimal yuan as fen; raises ValueError for what is no amount of money."""
    found = _YUAN.fullmatch(str(written))
    if found is None:
        raise ValueError("this is no amount of yuan")
    return Money(int(found[1]) * 100 + int((found[2] or "0").ljust(2, "0")), currency)


class Alipay:
    """The adapter. `notify`: our callbacks' address as Alipay reaches it; `back`: where its page leads back to."""

    name = NAME

    def __init__(self, merchant: Merchant, notify: str, back: str, now: Callable[[], datetime]) -> None:
        self._app = merchant.app
        self._notify, self._back, self._now = notify, back, now
        self._sdk = AliPay(
            appid=merchant.app,
            app_notify_url=notify,
            app_private_key_string=merchant.private_key,
            alipay_public_key_string=merchant.public_key,
            sign_type="RSA2",
            config=AliPayConfig(timeout=TIMEOUT_S),
        )
        self._gateway = self._sdk._gateway = merchant.gateway or self._sdk._gateway  # noqa: SLF001 - it has no other
        logging.getLogger("python-alipay-sdk").handlers.clear()  # it sets up one of its own when it is imported

    def page(self, charge: Charge) -> str:
        content = {
            "subject": charge.title,
            "out_trade_no": charge.payment,
            "total_amount": yuan(charge.amount),
            "product_code": "QUICK_WAP_WAY",
            "time_expire": charge.due_at.astimezone(_CHINA).strftime("%Y-%m-%d %H:%M:%S"),
        }
        addresses = {"notify_url": self._notify, "return_url": self._back}
        signed = self._sdk.client_api("alipay.trade.wap.pay", content, timestamp=self._timestamp(), **addresses)
        return f"{self._gateway}?{signed}"

    def start(self, charge: Charge) -> str:
        return self.page(charge)

    def ask(self, charge: Charge) -> Fact:
        told = self._call("alipay.trade.query", {"out_trade_no": charge.payment})
        if told.get("sub_code") == _UNKNOWN:  # nobody has opened its page yet
            return Fact(Told.PENDING, charge.payment)
        return _payment(_need(told))

    def close(self, charge: Charge) -> Fact:
        told = self._call("alipay.trade.close", {"out_trade_no": charge.payment})
        if told.get("sub_code") == _STATUS_ERROR:
            return self.ask(charge)
        if told.get("sub_code") != _UNKNOWN:
            _need(told)
        return Fact(Told.CLOSED, charge.payment)

    def refund(self, charge: Charge, refund: str, amount: Money) -> Fact:
        content = {"out_trade_no": charge.payment, "refund_amount": yuan(amount), "out_request_no": refund}
        told = _need(self._call("alipay.trade.refund", content))
        # `fund_change` is N as well when the same was asked for before: whether money moved is asked for then.
        if told.get("fund_change") == "Y":
            return Fact(Told.REFUNDED, charge.payment, amount, told.get("trade_no"), refund)
        known = self.ask_refund(charge, refund, amount)
        return known or Fact(Told.PENDING, charge.payment, refund=refund)

    def ask_refund(self, charge: Charge, refund: str, amount: Money) -> Fact | None:  # noqa: ARG002 - of the port
        content = {"out_trade_no": charge.payment, "out_request_no": refund}
        told = self._call("alipay.trade.fastpay.refund.query", content)
        if told.get("sub_code") == _UNKNOWN:
            return None
        told = _need(told)
        if told.get("refund_status") != "REFUND_SUCCESS":
            return None
        back = _read_money(told.get("refund_amount"))
        return Fact(Told.REFUNDED, charge.payment, back, told.get("trade_no"), refund)

    def read_callback(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:  # noqa: ARG002
        told = _form(body)
        signature = told.pop("sign", "")
        if told.get("sign_type") != "RSA2" or not signature or "notify_time" not in told:
            raise BadCallback(Verdict.MALFORMED)
        try:
            verified = self._sdk.verify(dict(told), signature)
        except ValueError:  # a signature that is no base64
            verified = False
        if not verified:
            raise BadCallback(Verdict.BAD_SIGNATURE)
        try:
            sent = datetime.strptime(told["notify_time"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=_CHINA)
        except ValueError as error:
            raise BadCallback(Verdict.MALFORMED) from error
        if not young(sent.astimezone(UTC), now):
            raise BadCallback(Verdict.STALE)
        if told.get("app_id") != self._app:
            raise BadCallback(Verdict.ANOTHER_MERCHANT)
        try:
            return _notice(told)
        except (KeyError, ValueError, Invalid, NeedsPerson) as error:
            raise BadCallback(Verdict.MALFORMED) from error

    def answer(self, verdict: Verdict) -> Answer:
        return Answer(200, "text/plain", b"success" if verdict in ACKNOWLEDGED else b"fail")

    def _timestamp(self) -> str:
        return self._now().astimezone(_CHINA).strftime("%Y-%m-%d %H:%M:%S")

    def _call(self, method: str, content: dict[str, Any]) -> dict[str, Any]:
        """Call the gateway; gives what it answered, verified."""
        try:
            told = self._sdk.server_api(method, content, timestamp=self._timestamp())
        except (AliPayException, AliPayValidationError, OSError, ValueError, AttributeError) as error:
            # Unsigned, wrongly signed, no answer, or no JSON: nothing that one may go by.
            raise Unreachable from error
        if not isinstance(told, dict) or told.get("code") == _LATER or told.get("sub_code") in _SYSTEM:
            raise Unreachable
        return told


def _need(told: dict[str, Any]) -> dict[str, Any]:
    if told.get("code") == _OK:
        return told
    word = str(told.get("sub_code") or told.get("code") or "")
    raise NeedsPerson(word.lower() if re.fullmatch(r"[A-Za-z0-9_.-]{1,60}", word) else "refused")


def _form(body: bytes) -> dict[str, str]:
    """Read a form in which nothing stands twice; what is empty takes no part in the signature."""
    try:
        pairs = parse_qsl(body.decode(), strict_parsing=True, max_num_fields=200)
    except ValueError as error:
        raise BadCallback(Verdict.MALFORMED) from error
    told = dict(pairs)
    if len(told) != len(pairs):
        raise BadCallback(Verdict.MALFORMED)
    return told


def _notice(told: Mapping[str, str]) -> Notice:
    number = told["notify_id"]
    if not 1 <= len(number) <= 200:
        raise ValueError("an id has a length")
    if "refund_fee" not in told and "gmt_refund" not in told:
        return Notice(number, _payment(told))
    # TRADE_SUCCESS or TRADE_CLOSED with a refund in it tells of the refund; its amount is of all refunds so far.
    back = fen(told["refund_fee"], told.get("trans_currency", "CNY"))
    refund = told.get("out_biz_no") or told["out_request_no"]
    return Notice(number, Fact(Told.REFUNDED, told["out_trade_no"], back, told.get("trade_no"), refund, in_all=True))


def _payment(told: Mapping[str, Any]) -> Fact:
    said = _STATES.get(str(told["trade_status"]))
    if said is None:
        raise NeedsPerson("unknown_state")
    money = fen(told["total_amount"], told.get("trans_currency", "CNY")) if "total_amount" in told else None
    return Fact(said, str(told["out_trade_no"]), money, told.get("trade_no"))


def _read_money(written: Any) -> Money:
    try:
        return fen(written)
    except ValueError as error:
        raise NeedsPerson("no_amount") from error
