"""The providers as they would send: each signs with a key of its own, which is not the one that we hold.

One `Sender` for each: it writes what the provider tells, and can spoil it in every way that the door has to notice.
"""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from foundation.money import Money
from parts_catalog.payments.port import Fact, Told
from parts_catalog.payments.sandbox import MERCHANT, SIGNATURE, TIMESTAMP, Secret, notice_of

CHINA = timezone(timedelta(hours=8))
API_KEY = "0123456789abcdef0123456789abcdef"
SECRET = "the sandbox's own secret, of the tests"


@dataclass(frozen=True)
class Sent:
    """What arrives at the door."""

    headers: Mapping[str, str]
    body: bytes

    def without(self, name: str) -> "Sent":
        return replace(self, headers={key: value for key, value in self.headers.items() if key != name})


@dataclass(frozen=True)
class Keys:
    private: rsa.RSAPrivateKey

    @property
    def private_pem(self) -> str:
        return self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    @property
    def public_pem(self) -> str:
        return self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def sign(self, text: str) -> str:
        return base64.b64encode(self.private.sign(text.encode(), padding.PKCS1v15(), SHA256())).decode()


@cache
def keys(name: str) -> Keys:
    """Give the key pair of that name, the same for the whole run."""
    return Keys(rsa.generate_private_key(public_exponent=65537, key_size=2048))


class SandboxSender:
    name = "sandbox"
    signature = SIGNATURE
    currencies = ("USD",)
    acknowledged = (204, b"")

    def tell(self, fact: Fact, now: datetime, number: str, merchant: str = MERCHANT) -> Sent:
        told = json.loads(notice_of(fact, merchant))
        return self.sign(json.dumps({**told, "id": number}).encode(), now)

    def sign(self, body: bytes, now: datetime) -> Sent:
        timestamp = str(int(now.timestamp()))
        return Sent({TIMESTAMP: timestamp, SIGNATURE: Secret(SECRET).sign(timestamp, body)}, body)

    def tampered(self, sent: Sent) -> Sent:
        return replace(sent, body=sent.body.replace(b"12345", b"1"))

    def strange(self) -> str:
        return "another house"


class WeChatSender:
    name = "wechat_pay"
    signature = "wechatpay-signature"
    currencies = ("USD",)
    acknowledged = (204, b"")
    merchant, app, key_id = "1900000001", "wx0123456789abcdef", "PUB_KEY_ID_0119000000012026"

    def tell(self, fact: Fact, now: datetime, number: str, merchant: str = merchant) -> Sent:
        kind, resource = self._resource(fact, merchant)
        nonce, data = "abcdefghijkl", json.dumps(resource).encode()
        sealed = AESGCM(API_KEY.encode()).encrypt(nonce.encode(), data, b"transaction")
        told = {
            "id": number,
            "create_time": now.astimezone(CHINA).isoformat(),
            "event_type": kind,
            "resource_type": "encrypt-resource",
            "summary": "told",
            "resource": {
                "algorithm": "AEAD_AES_256_GCM",
                "ciphertext": base64.b64encode(sealed).decode(),
                "nonce": nonce,
                "associated_data": "transaction",
                "original_type": "transaction",
            },
        }
        return self.sign(json.dumps(told).encode(), now)

    def sign(self, body: bytes, now: datetime) -> Sent:
        timestamp, nonce = str(int(now.timestamp())), "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"
        headers = {
            "wechatpay-timestamp": timestamp,
            "wechatpay-nonce": nonce,
            "wechatpay-serial": self.key_id,
            "wechatpay-signature-type": "WECHATPAY2-SHA256-RSA2048",
            "wechatpay-signature": keys("wechat").sign(f"{timestamp}\n{nonce}\n{body.decode()}\n"),
        }
        return Sent(headers, body)

    def tampered(self, sent: Sent) -> Sent:
        return replace(sent, body=sent.body.replace(b'"summary": "told"', b'"summary": "sold"'))

    def strange(self) -> str:
        return "1900000002"

    def _resource(self, fact: Fact, merchant: str) -> tuple[str, dict[str, Any]]:
        money = fact.amount or Money(1, "CNY")
        if fact.refund is not None:
            amount = {"total": 12_345, "refund": money.amount, "payer_total": 12_345, "payer_refund": money.amount}
            back = {"mchid": merchant, "out_trade_no": fact.payment, "transaction_id": "42001", "amount": amount}
            return "REFUND.SUCCESS", {**back, "out_refund_no": fact.refund, "refund_status": "SUCCESS"}
        state = {Told.PAID: "SUCCESS", Told.FAILED: "PAYERROR", Told.CLOSED: "CLOSED"}[fact.told]
        amount = {
            "total": money.amount,
            "payer_total": money.amount,
            "currency": money.currency,
            "payer_currency": "CNY",
        }
        told = {"mchid": merchant, "appid": self.app, "out_trade_no": fact.payment, "trade_state": state}
        return "TRANSACTION.SUCCESS", {**told, "transaction_id": "42001", "trade_type": "NATIVE", "amount": amount}


class AlipaySender:
    name = "alipay"
    signature = "sign"
    currencies = ("USD",)
    acknowledged = (200, b"success")
    app = "2021000000000001"

    def tell(self, fact: Fact, now: datetime, number: str, merchant: str = app) -> Sent:
        money = fact.amount or Money(1, "CNY")
        yuan = f"{money.amount / 100:.2f}"
        state = {Told.FAILED: "TRADE_CLOSED", Told.CLOSED: "TRADE_CLOSED"}.get(fact.told, "TRADE_SUCCESS")
        told = {
            "notify_id": number,
            "notify_time": now.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S"),
            "notify_type": "trade_status_sync",
            "charset": "utf-8",
            "app_id": merchant,
            "out_trade_no": fact.payment,
            "trade_no": "2026112622001",
            "trade_status": state,
            "total_amount": "123.45" if fact.refund else yuan,
            "subject": "配件订单",
            "empty": "",
        }
        if money.currency != "CNY":
            told["trans_currency"] = money.currency
        if fact.refund is not None:
            told |= {"refund_fee": yuan, "gmt_refund": "2026-11-26 12:00:00.123", "out_biz_no": fact.refund}
        return self._signed(told)

    def _signed(self, told: Mapping[str, str]) -> Sent:
        text = "&".join(f"{name}={value}" for name, value in sorted(told.items()) if value)
        signed = {**told, "sign_type": "RSA2", "sign": keys("alipay").sign(text)}
        return Sent({"content-type": "application/x-www-form-urlencoded"}, urlencode(signed).encode())

    def tampered(self, sent: Sent) -> Sent:
        return replace(sent, body=sent.body.replace(b"total_amount=123.45", b"total_amount=0.01"))

    def strange(self) -> str:
        return "2021000000000002"


def without_signature(sender: Any, sent: Sent) -> Sent:
    """Take the signature away, wherever this provider has it."""
    if sender.signature in sent.headers:
        return sent.without(sender.signature)
    pairs = [(name, value) for name, value in parse_qsl(sent.body.decode()) if name != sender.signature]
    return replace(sent, body=urlencode(pairs).encode())


Spoil = Callable[[Any, Sent], Sent]
SENDERS = (SandboxSender(), WeChatSender(), AlipaySender())
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
