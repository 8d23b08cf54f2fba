"""The day on which a parcel is promised: when its pieces are here, when it leaves, and how far it goes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from parts_catalog.shop.carriers import Carrier
from parts_catalog.shop.regions import distance_km
from parts_catalog.warehouse.nearest import Place

CUT_OFF = time(15)  # what is ordered by then leaves on the same day
ZONES: Mapping[str, tzinfo] = {"CN": ZoneInfo("Asia/Shanghai")}  # by country; elsewhere days are UTC's


@dataclass(frozen=True, slots=True)
class Promise:
    """When a parcel is to arrive. `distance_km` None: unknown; `carried` False: collected where it lies."""

    on: date
    distance_km: int | None
    carried: bool


def today(now: datetime, region: str | None) -> date:
    """Give the day that it is in a region."""
    return now.astimezone(zone_of(region)).date()


def zone_of(region: str | None) -> tzinfo:
    return ZONES.get((region or "CN").partition("-")[0], UTC)


def promise(
    carrier: Carrier, now: datetime, origin: tuple[Place | None, str | None], to: Place | None, here: date | None
) -> Promise:
    """Promise a parcel from `origin` (its place and region) to a place; `here`: when its last piece comes."""
    place, region = origin
    leaves = _leaves(now, region, here)
    far = distance_km(place, to)
    return Promise(leaves + timedelta(days=carrier.days(far)), far, carried=True)


def collect(now: datetime, region: str | None, here: date | None) -> Promise:
    """Promise pieces that are collected where they lie."""
    return Promise(_leaves(now, region, here), 0, carried=False)


def _leaves(now: datetime, region: str | None, here: date | None) -> date:
    local = now.astimezone(zone_of(region))
    soonest = local.date() if local.time() < CUT_OFF else local.date() + timedelta(days=1)
    return soonest if here is None else max(soonest, here)
