"""WeChat Pay v3 in public-key mode, by `wechatpayv3`; amounts are integer fen there as here.

What its SDK leaves open is closed here: it takes a notice of any age, raises bare exceptions for a header that is
missing, and fetches certificates from the network for a serial number that it does not know.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import requests
from wechatpayv3 import WeChatPay, WeChatPayType

from foundation.money import Money
from foundation.refusals import Invalid
from parts_catalog.payments.port import Answer, BadCallback, Charge, Fact, NeedsPerson, Notice, Told, Unreachable
from parts_catalog.payments.port import in_window as young
from parts_catalog.payments.states import ACKNOWLEDGED, Verdict

NAME = "wechat_pay"
TIMEOUT_S = (5, 15)  # to connect, to answer
SIGNED_BY = "WECHATPAY2-SHA256-RSA2048"
_CHINA = timezone(timedelta(hours=8))
_STATES: Mapping[str, Told] = {
    "SUCCESS": Told.PAID,
    "REFUND": Told.PAID,  # paid, and something of it went back since: of which the refunds tell
    "NOTPAY": Told.PENDING,
    "USERPAYING": Told.PENDING,
    "CLOSED": Told.CLOSED,
    "REVOKED": Told.CLOSED,
    "PAYERROR": Told.FAILED,
}
_REFUNDS: Mapping[str, Told] = {
    "SUCCESS": Told.REFUNDED,
    "PROCESSING": Told.PENDING,
    "CLOSED": Told.REFUND_FAILED,
    "ABNORMAL": Told.REFUND_STUCK,
}
_LATER = frozenset({"SYSTEM_ERROR", "SYSTEMERROR", "FREQUENCY_LIMITED", "FREQUENCY_LIMIT_EXCEED", "BANK_ERROR"})
_PAID = "ORDERPAID"  # the answer to a close that came too late
_UNKNOWN = frozenset({"ORDER_NOT_EXIST", "ORDERNOTEXIST", "RESOURCE_NOT_EXISTS"})


@dataclass(frozen=True)
class Merchant:
    """What WeChat Pay knows the house by. Keys are PEM texts, and no part of what is printed."""

    merchant: str
    app: str
    certificate_serial: str
    private_key: str = field(repr=False)
    api_key: str = field(repr=False)
    public_key: str = field(repr=False)  # WeChat Pay's own: what its notices are verified with
    public_key_id: str


class WeChat:
    """The adapter. `notify`: the address of our callbacks as WeChat Pay reaches it."""

    name = NAME

    def __init__(self, merchant: Merchant, notify: str) -> None:
        self._merchant = merchant
        self._sdk = WeChatPay(
            wechatpay_type=WeChatPayType.NATIVE,
            mchid=merchant.merchant,
            private_key=merchant.private_key,
            cert_serial_no=merchant.certificate_serial,
            appid=merchant.app,
            apiv3_key=merchant.api_key,
            notify_url=notify,
            timeout=TIMEOUT_S,
            public_key=merchant.public_key,
            public_key_id=merchant.public_key_id,
        )

    def page(self, charge: Charge) -> str | None:  # noqa: ARG002 - of the port
        return None

    def start(self, charge: Charge) -> str:
        status, told = self._call(
            self._sdk.pay,
            description=charge.title,
            out_trade_no=charge.payment,
            amount={"total": charge.amount.amount, "currency": charge.amount.currency},
            time_expire=charge.due_at.astimezone(_CHINA).isoformat(timespec="seconds"),
        )
        code = _need(status, told).get("code_url")
        if not isinstance(code, str):
            raise NeedsPerson("no_code")
        return code

    def ask(self, charge: Charge) -> Fact:
        status, told = self._call(self._sdk.query, out_trade_no=charge.payment)
        if told.get("code") in _UNKNOWN:
            return Fact(Told.PENDING, charge.payment)
        return self._payment(_need(status, told))

    def close(self, charge: Charge) -> Fact:
        status, told = self._call(self._sdk.close, out_trade_no=charge.payment)
        if told.get("code") == _PAID:
            return self.ask(charge)
        if told.get("code") not in _UNKNOWN:
            _need(status, told)
        return Fact(Told.CLOSED, charge.payment)

    def refund(self, charge: Charge, refund: str, amount: Money) -> Fact:
        status, told = self._call(
            self._sdk.refund,
            out_refund_no=refund,
            out_trade_no=charge.payment,
            amount={"refund": amount.amount, "total": charge.amount.amount, "currency": amount.currency},
        )
        return self._refund(_need(status, told))

    def ask_refund(self, charge: Charge, refund: str, amount: Money) -> Fact | None:  # noqa: ARG002 - of the port
        status, told = self._call(self._sdk.query_refund, out_refund_no=refund)
        return None if told.get("code") in _UNKNOWN else self._refund(_need(status, told))

    def read_callback(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        self._check_headers(headers)
        try:
            told = self._sdk.callback(headers, body)
        except Exception as error:  # the SDK raises bare ones, for whatever it dislikes
            raise BadCallback(Verdict.MALFORMED) from error
        if not told:
            raise BadCallback(Verdict.BAD_SIGNATURE)
        if not young(datetime.fromtimestamp(int(headers["wechatpay-timestamp"]), UTC), now):
            raise BadCallback(Verdict.STALE)
        try:
            return self._read(told)
        except (KeyError, TypeError, ValueError, AttributeError, NeedsPerson, Invalid) as error:
            raise BadCallback(Verdict.MALFORMED) from error

    def answer(self, verdict: Verdict) -> Answer:
        if verdict in ACKNOWLEDGED:
            return Answer(204)
        status = 409 if verdict is Verdict.EARLY else 400
        return Answer(status, "application/json", json.dumps({"code": "FAIL", "message": verdict.value}).encode())

    def _check_headers(self, headers: Mapping[str, str]) -> None:
        """Refuse what the SDK would take in its stride, or go to the network for."""
        if not re.fullmatch(r"[0-9]{1,12}", headers.get("wechatpay-timestamp", "")):
            raise BadCallback(Verdict.MALFORMED)
        wanted = ("wechatpay-signature", "wechatpay-nonce", "wechatpay-serial")
        if not all(headers.get(name) for name in wanted) or headers.get("wechatpay-signature-type") != SIGNED_BY:
            raise BadCallback(Verdict.MALFORMED)
        if headers["wechatpay-serial"] != self._merchant.public_key_id:
            raise BadCallback(Verdict.BAD_SIGNATURE)

    def _read(self, told: Mapping[str, Any]) -> Notice:
        resource, number, kind = told["resource"], told["id"], str(told["event_type"])
        # A refund's notice has no application in it.
        ours = resource["mchid"] == self._merchant.merchant and resource.get("appid") in {None, self._merchant.app}
        if not ours:
            raise BadCallback(Verdict.ANOTHER_MERCHANT)
        if not isinstance(number, str) or not 1 <= len(number) <= 64:
            raise BadCallback(Verdict.MALFORMED)
        return Notice(number, self._refund(resource) if kind.startswith("REFUND.") else self._payment(resource))

    def _payment(self, told: Mapping[str, Any]) -> Fact:
        said = _STATES.get(str(told["trade_state"]))
        if said is None:
            raise NeedsPerson("unknown_state")
        amount = told.get("amount")
        money = Money(amount["total"], amount["currency"]) if amount else None
        return Fact(said, str(told["out_trade_no"]), money, told.get("transaction_id"))

    def _refund(self, told: Mapping[str, Any]) -> Fact:
        # The state's name differs between a notice and an answer, and only an answer names the currency.
        said = _REFUNDS.get(str(told["refund_status"] if "refund_status" in told else told["status"]))
        if said is None:
            raise NeedsPerson("unknown_state")
        amount = told["amount"]
        money = Money(amount["refund"], amount.get("currency", "CNY"))
        return Fact(said, str(told["out_trade_no"]), money, told.get("transaction_id"), str(told["out_refund_no"]))

    def _call(self, ask: Callable[..., tuple[int, Any]], **arguments: Any) -> tuple[int, dict[str, Any]]:
        """Call the SDK; gives the HTTP status and the answer, verified where it is a success."""
        try:
            status, text = ask(**arguments)
            told = json.loads(text) if text else {}
        except (requests.RequestException, ValueError) as error:
            raise Unreachable from error
        except Exception as error:  # "failed to verify the signature" is a bare one: whoever answered, it was not they
            raise Unreachable from error
        if not isinstance(told, dict):
            raise Unreachable
        return status, told


def _need(status: int, told: dict[str, Any]) -> dict[str, Any]:
    """Give the answer of a success; anything else is "later", or a no that a person has to see."""
    if 200 <= status < 300:
        return told
    word = str(told.get("code", ""))
    if status >= 500 or status == 429 or word in _LATER:
        raise Unreachable
    raise NeedsPerson(word.lower() if re.fullmatch(r"[A-Z_]{1,40}", word) else f"status_{status}")
