"""What the walk of access finds in the garage's stock: a second location, a delivery on its way, and an open count."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from foundation.database import UnitOfWork
from foundation.identity import Actor, Role
from parts_catalog.parts import Location
from parts_catalog.stock import open_location
from parts_catalog.warehouse.counting import begin_counts
from parts_catalog.warehouse.deliveries import expect_delivery
from tests.aftersales.world import GARAGE, SHELF

IDS = ("location", "delivery", "count")
NEXT_DOOR = "loc_next_door"
_PIECES = {"part": "{part}", "location": SHELF, "quantity": 1}
_NOWHERE = {"part": "belt", "location": "nothing", "quantity": 1}
_NAMES = {"name_en": "Annex", "name_zh": "副库"}
STOCK_BODIES: Mapping[str, dict[str, Any]] = {
    "POST /v1/stock/receipts": _PIECES,
    "POST /v1/stock/moves": {"part": "{part}", "source": SHELF, "target": NEXT_DOOR, "quantity": 1},
    "POST /v1/stock/adjustments": _PIECES | {"reason": "found"},
    "POST /v1/stock/counts": {"location": SHELF, "parts": ["{part}"]},
    "POST /v1/stock/counts/{count}/book": {"counted": 50},
    "POST /v1/stock/locations": _NAMES,
    "PATCH /v1/stock/locations/{location}": {},
    "POST /v1/expected-deliveries": _PIECES | {"supplier": "Velmora", "day": "2026-12-03"},
    "PATCH /v1/expected-deliveries/{delivery}": {},
}
NOT_THERE: Mapping[str, dict[str, Any]] = {
    "POST /v1/stock/receipts": {"json": _NOWHERE},
    "POST /v1/stock/moves": {"json": {"part": "belt", "source": SHELF, "target": "nothing", "quantity": 1}},
    "POST /v1/stock/adjustments": {"json": _NOWHERE | {"reason": "found"}},
    "POST /v1/stock/counts": {"json": {"location": "nothing", "parts": ["belt"]}},
    "POST /v1/expected-deliveries": {"json": _NOWHERE | {"supplier": "Velmora", "day": "2026-12-03"}},
}


def build(unit: UnitOfWork) -> dict[str, str]:
    """Give the ids of what the garage keeps."""
    open_location(unit, Location(NEXT_DOOR, GARAGE, "warehouse", "Next door", "隔壁"))
    day = unit.now().date() + timedelta(days=3)
    delivery = expect_delivery(unit, GARAGE, "Velmora", ("oil_filter", SHELF), 4, day).id
    count = begin_counts(unit, Actor("acc", GARAGE, Role.PARTS_MANAGER), SHELF, ["belt"])[0].id
    return {"location": NEXT_DOOR, "delivery": delivery, "count": count}
