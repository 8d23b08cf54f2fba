"""Payments put together: the providers that the settings name, and who is told when a payable is paid."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx2

from aftersales.settlement.bills import PAYABLE as REPAIR
from aftersales.settlement.paying import RepairsPaid
from forecourt.installation import Installation
from forecourt.settings import Settings
from forecourt.supervision.paths import DataPaths
from foundation.database import Database
from parts_catalog.payments import Payables
from parts_catalog.payments.port import Provider
from parts_catalog.payments.providers import Providers
from parts_catalog.payments.sandbox import NAME as SANDBOX
from parts_catalog.payments.sandbox import Post, Sandbox, Secret, deliver
from parts_catalog.returns.refunded import OrdersReturned
from parts_catalog.shop.orders import PAYABLE

CALLBACKS = "/v1/payments/callbacks"
POST_TIMEOUT_S = 10.0
EVERY_INTERFACE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - listened on, called by its own name

# What can be paid, and what is done about its payments.
PAYABLES: Payables = {PAYABLE: OrdersReturned(), REPAIR: RepairsPaid()}


@dataclass(frozen=True)
class Paying:
    """`post` sends what the sandbox has to tell to our own door; None: from here nothing is sent."""

    providers: Providers
    payables: Payables
    post: Post | None = None

    def send_notice(self, number: int) -> None:
        """Send one of the sandbox's notices, as long as the sandbox is offered."""
        sandbox = self.providers.get(SANDBOX)
        if isinstance(sandbox, Sandbox) and self.post is not None:
            deliver(sandbox, self.post, number)


def new_paying(settings: Settings, database: Database, post: Post | None = None) -> Paying:
    """Build the providers that are set up, and the sandbox where it is offered; nothing is asked of anybody."""
    providers: dict[str, Provider] = {}
    if settings.wechat_pay_merchant is not None:
        providers["wechat_pay"] = _wechat_pay(settings)
    if settings.alipay_app is not None:
        providers["alipay"] = _alipay(settings, database)
    if settings.payment_sandbox or (settings.payment_sandbox is None and not providers):
        secret = DataPaths.prepare(settings.data).secret("sandbox_payments")
        providers[SANDBOX] = Sandbox(database, Secret(secret))
    return Paying(providers, PAYABLES, post)


def paying_of(installation: Installation, database: Database, port: int) -> Paying:
    """Build it for the tasks process, which sends notices to the HTTP service of that port."""
    host = installation.settings.http_host
    return new_paying(installation.settings, database, poster(f"http://{EVERY_INTERFACE.get(host, host)}:{port}"))


def poster(address: str) -> Post:
    """Give what posts to the service at an address; 0 stands for no answer."""

    def post(path: str, headers: Mapping[str, str], body: bytes) -> int:
        try:
            return httpx2.post(
                f"{address}{path}", headers=dict(headers), content=body, timeout=POST_TIMEOUT_S
            ).status_code
        except httpx2.HTTPError:
            return 0

    return post


def _callback(settings: Settings, provider: str) -> str:
    return f"{(settings.public_url or '').rstrip('/')}{CALLBACKS}/{provider}"


def _wechat_pay(settings: Settings) -> Provider:
    # Here, for who is paid otherwise need not wait for an SDK to be read.
    from parts_catalog.payments import wechat_pay  # noqa: PLC0415

    merchant = wechat_pay.Merchant(
        settings.wechat_pay_merchant or "",
        settings.wechat_pay_app or "",
        settings.wechat_pay_certificate_serial or "",
        _text(settings.wechat_pay_private_key),
        _text(settings.wechat_pay_api_key),
        _text(settings.wechat_pay_public_key),
        settings.wechat_pay_public_key_id or "",
    )
    return wechat_pay.WeChat(merchant, _callback(settings, wechat_pay.NAME))


def _alipay(settings: Settings, database: Database) -> Provider:
    from parts_catalog.payments import alipay  # noqa: PLC0415 - as above

    keys = _text(settings.alipay_private_key), _text(settings.alipay_public_key)
    merchant = alipay.Merchant(settings.alipay_app or "", *keys)
    return alipay.Alipay(merchant, _callback(settings, alipay.NAME), settings.public_url or "", database.clock.now)


def _text(path: Path | None) -> str:
    return path.read_text("utf-8").strip() if path is not None else ""
