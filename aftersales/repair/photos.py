"""Photos of a car in the workshop: kept as files by their SHA-256, shown only to those who see the repair order."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.dialects.postgresql import insert

from aftersales.cases import RepairOrderState
from aftersales.permissions import Act, require
from aftersales.repair.inspections import POINTS, Stage
from aftersales.scope import find_order, lock_counts, lock_order
from aftersales.tables import order_photos
from foundation.database import Database, UnitOfWork, new_id
from foundation.identity import Actor
from foundation.pictures import file_of, picture_of, put_file
from foundation.refusals import Conflict, Invalid, NotFound

MOST_PHOTOS = 60  # of one order
BATCH = 1000  # files asked for at once by the sweep
OVER = frozenset({RepairOrderState.CANCELLED, RepairOrderState.CLOSED_DECLINED, RepairOrderState.RELEASED})


class TooManyPhotos(Conflict):
    code = "too_many_photos"


@dataclass(frozen=True, slots=True)
class Place:
    """What a photo shows; both None: the car, or a paper."""

    stage: Stage | None = None
    point: str | None = None


def photo_folder(data: Path) -> Path:
    """Name the folder in the data directory in which photos lie."""
    return data / "photos"


def may_photograph(unit: UnitOfWork, actor: Actor, order: str) -> None:
    """Raise what `add_photo` would of actor and order, before the photo is read."""
    row = find_order(unit, actor, order)
    require(actor, Act.INSPECT, owner=row.organisation, workshop=row.workshop_organisation)


def add_photo(unit: UnitOfWork, actor: Actor, order: str, content: bytes, place: Place, folder: Path) -> dict[str, Any]:
    """Keep a photo of an order; the same one again is no harm, and gives the first. Raises `Invalid` for no picture."""
    _, row = lock_order(unit, actor, order)
    require(actor, Act.INSPECT, owner=row.organisation, workshop=row.workshop_organisation)
    if place.point is not None and (place.stage is None or place.stage not in _stages(place.point)):
        raise Invalid(f"{place.point!r} is not looked at in this stage", why="not_of_this_stage")
    return _keep(unit, actor, row, content, place, folder)


def add_signature(unit: UnitOfWork, actor: Actor, order: str, content: bytes, folder: Path) -> str:
    """Keep the picture of a signature under a decision; gives its SHA-256. Whoever may decide may sign."""
    _, row = lock_order(unit, actor, order)
    require(actor, Act.APPROVE, owner=row.organisation)
    return str(_keep(unit, actor, row, content, Place(), folder)["sha256"])


def _keep(unit: UnitOfWork, actor: Actor, row: Row[Any], content: bytes, place: Place, folder: Path) -> dict[str, Any]:
    if row.state in OVER:
        raise Conflict(f"the repair order is {row.state}", why="no_photos_now", state=row.state)
    picture = picture_of(content)
    digest = hashlib.sha256(content).hexdigest()
    same = _find(unit, order_photos.c.order == row.id, order_photos.c.sha256 == digest)
    if same is not None:
        return photo_view(same)
    counted = select(func.count()).where(order_photos.c.order == row.id)
    if unit.connection.execute(counted).scalar_one() >= MOST_PHOTOS:
        raise TooManyPhotos(f"a repair order has at most {MOST_PHOTOS} photos")
    lock_counts(unit, f"photo {digest}")
    put_file(file_of(folder, digest), content)
    facts = {"media_type": picture.media_type, "width": picture.width, "height": picture.height, "bytes": len(content)}
    shown = {"stage": place.stage.value if place.stage else None, "point": place.point}
    who = {"organisation": row.organisation, "taken_by": actor.account, "taken_at": unit.now()}
    added = insert(order_photos).values(id=new_id("photo"), order=row.id, sha256=digest, **facts, **shown, **who)
    return photo_view(unit.connection.execute(added.returning(order_photos)).one())


def get_photo(unit: UnitOfWork, actor: Actor, order: str, photo: str) -> Row[Any]:
    row = _find(unit, order_photos.c.order == find_order(unit, actor, order).id, order_photos.c.id == photo)
    if row is None:
        raise NotFound(f"this repair order has no photo {photo}")
    return row


def list_photos(unit: UnitOfWork, actor: Actor, order: str) -> list[dict[str, Any]]:
    """Give an order's photos in the order of taking."""
    row = find_order(unit, actor, order)
    chosen = select(order_photos).where(order_photos.c.order == row.id)
    ordered = chosen.order_by(order_photos.c.taken_at, order_photos.c.id)
    return [photo_view(one) for one in unit.connection.execute(ordered)]


def sweep_photos(database: Database, folder: Path) -> int:
    """Remove the files that no order shows any more: of people who were erased, and of uploads that failed.

    Gives how many. Whoever keeps the same picture at the same time waits, and writes its file anew.
    """
    gone = 0
    names = sorted(path.name for path in folder.glob("??/*"))
    for start in range(0, len(names), BATCH):
        some = names[start : start + BATCH]
        with database.unit() as unit:
            shown = _shown(unit, some)
        for name in sorted(set(some) - shown):
            with database.unit() as unit:
                lock_counts(unit, f"photo {name}")
                if not _shown(unit, [name]):
                    file_of(folder, name).unlink(missing_ok=True)
                    gone += 1
    return gone


def _shown(unit: UnitOfWork, digests: Sequence[str]) -> set[str]:
    return set(
        unit.connection.execute(select(order_photos.c.sha256).where(order_photos.c.sha256.in_(digests))).scalars()
    )


def photo_view(row: Row[Any]) -> dict[str, Any]:
    facts = ("id", "media_type", "width", "height", "bytes", "sha256", "stage", "point")
    told = {name: getattr(row, name) for name in facts}
    return {**told, "url": f"/v1/repair-orders/{row.order}/photos/{row.id}", "taken_at": row.taken_at.isoformat()}


def _find(unit: UnitOfWork, *which: Any) -> Row[Any] | None:
    return unit.connection.execute(select(order_photos).where(*which)).one_or_none()


def _stages(point: str) -> frozenset[Stage]:
    return POINTS[point].stages if point in POINTS else frozenset()
