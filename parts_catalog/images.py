"""Pictures of parts: put there by the brand's keeper or by whoever sells the part; kept as files by their SHA-256."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Row, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from foundation.database import UnitOfWork, new_id
from foundation.identity import Actor
from foundation.pictures import file_of, picture_of, put_file
from foundation.refusals import Conflict, NotFound
from parts_catalog.fitment import get_part
from parts_catalog.permissions import PICTURING
from parts_catalog.tables import brand_keepers, part_images, parts, stock

MOST_IMAGES = 12  # of one part


class TooManyImages(Conflict):
    code = "too_many_images"


@dataclass(frozen=True, slots=True)
class Image:
    id: str
    part: str
    sha256: str
    media_type: str
    width: int
    height: int
    bytes: int
    created_at: datetime


def image_folder(data: Path) -> Path:
    """Name the folder in the data directory in which pictures lie."""
    return data / "catalogue" / "images"


def images_of(unit: UnitOfWork, part: str) -> list[Image]:
    """Give a part's pictures in the order in which they came; raises `NotFound` for a part that is not there."""
    get_part(unit, part)
    here = part_images.c.part == part, part_images.c.removed_at.is_(None)
    chosen = select(part_images).where(*here).order_by(part_images.c.created_at, part_images.c.id)
    return [_image(row) for row in unit.connection.execute(chosen)]


def get_image(unit: UnitOfWork, part: str, image: str) -> Image:
    here = part_images.c.part == part, part_images.c.id == image, part_images.c.removed_at.is_(None)
    row = unit.connection.execute(select(part_images).where(*here)).one_or_none()
    if row is None:
        raise NotFound(f"there is no picture {image} of part {part}")
    return _image(row)


def may_picture(unit: UnitOfWork, actor: Actor, part: str) -> None:
    """Raise `NotFound` unless the actor's house keeps the part's brand or has the part in stock."""
    actor.must_be(*PICTURING)
    kept = exists().where(brand_keepers.c.brand == parts.c.brand, brand_keepers.c.organisation == actor.organisation)
    sold = exists().where(stock.c.part == parts.c.id, stock.c.organisation == actor.organisation)
    mine = select(parts.c.id).where(parts.c.id == part, parts.c.removed_by.is_(None), or_(kept, sold))
    if unit.connection.execute(mine).one_or_none() is None:
        raise NotFound(f"there is no part {part} of this house")


def add_image(unit: UnitOfWork, actor: Actor, part: str, content: bytes, folder: Path) -> Image:
    """Put a picture to a part; the same one again is no harm, and gives the first.

    Raises `NotFound`, `Invalid` for what is no picture, `TooManyImages`.
    """
    may_picture(unit, actor, part)
    picture = picture_of(content)
    digest = hashlib.sha256(content).hexdigest()
    # Whoever adds a picture to the same part waits here, so that none is counted twice or not at all.
    unit.connection.execute(select(parts.c.id).where(parts.c.id == part).with_for_update(key_share=True))
    here = part_images.c.part == part, part_images.c.removed_at.is_(None)
    same = unit.connection.execute(select(part_images).where(*here, part_images.c.sha256 == digest)).one_or_none()
    if same is not None:
        return _image(same)
    if unit.connection.execute(select(func.count()).where(*here)).scalar_one() >= MOST_IMAGES:
        raise TooManyImages(f"a part has at most {MOST_IMAGES} pictures")
    put_file(file_of(folder, digest), content)
    facts = {"media_type": picture.media_type, "width": picture.width, "height": picture.height, "bytes": len(content)}
    who = {"organisation": actor.organisation, "account": actor.account, "created_at": unit.now()}
    added = insert(part_images).values(id=new_id("img"), part=part, sha256=digest, **facts, **who)
    return _image(unit.connection.execute(added.returning(part_images)).one())


def remove_image(unit: UnitOfWork, actor: Actor, part: str, image: str) -> None:
    """Take a picture away that the actor's own house put there. Its file stays: another part may show it, too."""
    actor.must_be(*PICTURING)
    mine = part_images.c.id == image, part_images.c.part == part, part_images.c.organisation == actor.organisation
    gone = update(part_images).where(*mine, part_images.c.removed_at.is_(None)).values(removed_at=unit.now())
    if unit.connection.execute(gone.returning(part_images.c.id)).one_or_none() is None:
        raise NotFound(f"there is no picture {image} of part {part}")


def _image(row: Row[Any]) -> Image:
    return Image(row.id, row.part, row.sha256, row.media_type, row.width, row.height, row.bytes, row.created_at)
