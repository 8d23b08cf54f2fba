"""What the walk of access finds of prices: a list, a promotion, a customer group, a sheet, and a picture of a part."""

import hashlib
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foundation.database import UnitOfWork, new_id
from foundation.identity import Actor, Role
from foundation.pictures import file_of
from parts_catalog.images import image_folder
from parts_catalog.pricing import groups, lists, promotions
from parts_catalog.tables import part_images
from parts_catalog.tables import prices as prices_table
from tests.aftersales.world import FAMILY, GARAGE

IDS = ("price_list", "promotion", "group", "buyer", "image")
SHEET = "pies_jbr"
PRICE = {"part": "belt", "net_amount": 9000}
PROMOTION = {"name_en": "Autumn", "name_zh": "秋季", "kind": "percentage", "value": 500}
ABSENT = {"customer_group": "nothing"}
PRICE_BODIES: Mapping[str, dict[str, Any]] = {
    "POST /v1/price-lists": {"name": "web"},
    "PATCH /v1/price-lists/{price_list}": {"priority": 1},
    "PATCH /v1/price-lists/{price_list}/prices": {"items": [PRICE]},
    "POST /v1/price-lists/{price_list}/from-sheet": {"sheet": SHEET},
    "POST /v1/promotions": PROMOTION,
    "PATCH /v1/promotions/{promotion}": {"priority": 1},
    "POST /v1/customer-groups": {"name": "new"},
    "PATCH /v1/customer-groups/{group}": {"name": "workshops"},
    "POST /v1/parts/{part}/reviews": {"rating": 5},
}
NOT_THERE: Mapping[str, dict[str, Any]] = {
    "POST /v1/price-lists": {"json": {"name": "web", **ABSENT}},
    "POST /v1/promotions": {"json": {**PROMOTION, **ABSENT}},
}


def png(colour: int) -> bytes:
    """Write a picture of one grey pixel."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes([0, colour]))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def build(unit: UnitOfWork, folder: Path) -> dict[str, str]:
    """Give the ids of what the family keeps, and write the file of the garage's picture."""
    keeper = Actor("acc", FAMILY, Role.PARTS_MANAGER)
    path = file_of(image_folder(folder), hashlib.sha256(png(0)).hexdigest())
    path.parent.mkdir(parents=True)
    path.write_bytes(png(0))
    sheet = {"price_list": SHEET, "part": "belt", "currency": "CNY", "organisation": FAMILY}
    unit.connection.execute(prices_table.insert().values(**sheet, net_amount=7000, tax_basis_points=1300))
    return {
        "price_list": lists.add_list(unit, keeper, lists.ListFacts("web")).id,
        "promotion": promotions.add_promotion(unit, keeper, promotions.PromotionFacts(**PROMOTION, limit_total=9)).id,  # type: ignore[arg-type]
        "group": groups.add_group(unit, keeper, "workshops").id,
        "buyer": GARAGE,
    }


def picture(unit: UnitOfWork) -> str:
    """Give the id of a new row of the picture."""
    image = new_id("img")
    digest = hashlib.sha256(png(0)).hexdigest()
    facts = {"media_type": "image/png", "width": 1, "height": 1, "bytes": len(png(0)), "created_at": unit.now()}
    who = {"organisation": GARAGE, "account": "acc"}
    unit.connection.execute(part_images.insert().values(id=image, part="belt", sha256=digest, **facts, **who))
    return image
