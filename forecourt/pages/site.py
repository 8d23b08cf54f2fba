"""What the pages are built from: the same things that the HTTP routers get, and three settings."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from forecourt.pages.looks import Looks
from forecourt.rate_limits import RateLimits
from foundation.access import Access
from foundation.database import Database
from foundation.follow import Wakeups
from ingest.archive import Archive
from ingest.devices_http import TellBroker
from ingest.registry import Vehicles
from parts_catalog.payments import Payables
from parts_catalog.payments.providers import Providers
from parts_catalog.shop.carriers import Carrier


@dataclass(frozen=True, slots=True)
class Site:
    """`language` is used when neither the browser nor the account names one of ours.

    `device_address` gives the broker as devices reach it, `mqtt://host:port`; empty: there is none.
    """

    database: Database
    wakeups: Wakeups
    looks: Looks = field(default_factory=Looks, kw_only=True)
    vehicles: Vehicles
    archive: Archive
    language: str
    secure_cookies: bool
    throttle: RateLimits
    access: Access
    tell_broker: TellBroker
    device_address: Callable[[], str]
    uploads: Path  # where files wait to be imported
    providers: Providers  # of payments, as far as they are offered
    payables: Payables
    carrier: Carrier
    pictures: Path  # of parts
    photos: Path  # of cars in the workshop
    private_webhooks: bool = False  # whether they may go to private addresses
