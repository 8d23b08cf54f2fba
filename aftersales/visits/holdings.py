"""Changing what stock holds for a case by some pieces of one part, while the rest of it stays."""

from foundation.database import UnitOfWork
from foundation.refusals import Conflict
from parts_catalog import stock


def change_holding(unit: UnitOfWork, case: str, key: tuple[str, str], pieces: int) -> None:
    """Hold `pieces` more or fewer of a part at a location. Raises `OutOfStock`, or `Conflict` for issued pieces."""
    held = {(one.part, one.location): one.quantity for one in stock.held(unit, case)}
    left = held.get(key, 0) + pieces
    if left < 0:
        raise Conflict("this part has been handed out already", why="part_handed_out")
    if left > 0:
        part, _ = key
        elsewhere = {place: quantity for place, quantity in held.items() if place[0] == part and place != key}
        stock.reserve(unit, {key: left, **elsewhere}, case, None)
        return
    others = {place: quantity for place, quantity in held.items() if place[0] == key[0] and place != key}
    stock.release(unit, case, parts=[key[0]])
    if others:
        stock.reserve(unit, others, case, None)
