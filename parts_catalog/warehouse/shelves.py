"""What people do with a shelf: take pieces back, correct the books, scrap, and move pieces to another shelf."""

from foundation.database import UnitOfWork, new_id
from foundation.refusals import Invalid, NotFound
from parts_catalog.warehouse.deliveries import MOST, shelf
from parts_catalog.warehouse.holding import OutOfStock, held_refusal, lock_freed, shortages
from parts_catalog.warehouse.ledger import Change, Told, change
from parts_catalog.warehouse.locking import Key
from parts_catalog.warehouse.waiting import fill_waits


def take_back(
    unit: UnitOfWork,
    part: str,
    location: str,
    quantity: int,
    reference: str,
    *,
    restock: bool,
    account: str | None = None,
    reason: str | None = None,
) -> None:
    """Take handed-out pieces back: onto the shelf they came from, or to scrap. `reference`: the return it is of."""
    if not 1 <= quantity <= MOST:
        raise Invalid("a return is of at least one piece", why="at_least_one_piece")
    key, told = (part, location), Told(account, reason, reference)
    lock_freed(unit, [key])
    if not change(unit, {key: quantity}, Change.RETURNED, told):
        raise NotFound(f"there is no part {part} at {location}")
    if restock:
        fill_waits(unit, [key])
    else:
        change(unit, {key: -quantity}, Change.SCRAPPED, told)


def adjust(
    unit: UnitOfWork, organisation: str, key: Key, quantity: int, told: Told, kind: Change = Change.ADJUSTED
) -> None:
    """Correct the books by some pieces, or scrap them. Raises `PiecesHeld` when that many do not lie there free."""
    if quantity == 0 or abs(quantity) > MOST:
        raise Invalid("an adjustment is of at least one piece", why="at_least_one_piece")
    shelf(unit, organisation, *key)
    lock_freed(unit, [key])
    if not change(unit, {key: quantity}, kind, told):
        raise held_refusal(unit, key, "more pieces would go than lie there free")
    fill_waits(unit, [key])


def move(unit: UnitOfWork, organisation: str, part: str, source: str, target: str, quantity: int, told: Told) -> str:
    """Move free pieces between two locations of one house; gives the move's id, the reference of both its lines.

    Raises `OutOfStock` when that many do not lie free at the source.
    """
    if source == target or not 1 <= quantity <= MOST:
        raise Invalid("a move is of at least one piece, from one location to another", why="moved_elsewhere")
    out, to = shelf(unit, organisation, part, source), shelf(unit, organisation, part, target)
    lock_freed(unit, [out, to])
    moved = new_id("move")
    line = Told(told.account, told.reason, moved)
    if not change(unit, {out: -quantity}, Change.MOVED_OUT, line):
        raise OutOfStock("not enough pieces lie there free", lines=shortages(unit, [out], {out: quantity}))
    change(unit, {to: quantity}, Change.MOVED_IN, line)
    fill_waits(unit, [to])
    return moved
