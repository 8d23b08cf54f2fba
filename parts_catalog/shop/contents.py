"""What lies in a cart: its lines with the pieces that are held for them, and those that are still to come."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from foundation.database import UnitOfWork
from parts_catalog.prices import Wanted
from parts_catalog.warehouse.nearest import Place

Key = tuple[str, str]  # part, location


@dataclass(frozen=True, slots=True)
class Origin:
    """A place from which pieces come, and the house that sells them."""

    location: str
    seller: str
    place: Place | None
    region: str | None


@dataclass(frozen=True, slots=True)
class Share:
    """Pieces of one part from one place. `expected`: they are not here yet, but come on that day."""

    part: str
    origin: Origin
    quantity: int
    expected: date | None = None

    @property
    def location(self) -> str:
        return self.origin.location

    @property
    def seller(self) -> str:
        return self.origin.seller

    @property
    def key(self) -> Key:
        return self.part, self.origin.location


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a cart. What its shares do not cover was held once, and is not any more."""

    part: str
    brand: str
    number: str
    part_type: str
    name_en: str
    name_zh: str
    quantity: int
    back_order: bool
    shares: tuple[Share, ...]

    @property
    def held(self) -> int:
        return sum(share.quantity for share in self.shares if share.expected is None)

    @property
    def waiting(self) -> int:
        return sum(share.quantity for share in self.shares if share.expected is not None)

    @property
    def covered(self) -> bool:
        return self.held + self.waiting == self.quantity

    def wanted(self) -> list[Wanted]:
        """Say what is to be priced: pieces by seller; what is not held is priced with the line's first seller."""
        by_seller: dict[str | None, int] = {}
        for share in self.shares:
            by_seller[share.seller] = by_seller.get(share.seller, 0) + share.quantity
        if rest := self.quantity - sum(by_seller.values()):
            first = next(iter(by_seller), None)
            by_seller[first] = by_seller.get(first, 0) + rest
        return [Wanted(self.part, quantity, seller) for seller, quantity in by_seller.items()]


def priced(lines: Iterable[Line]) -> list[Wanted]:
    return [wanted for line in lines for wanted in line.wanted()]


def lines_of(unit: UnitOfWork, cart: str, more: Sequence[str] = ()) -> list[Line]:
    """Give a cart's lines in the order of adding, and behind them `more` parts, of which there are none in it yet."""
    rows = unit.rows(_LINES, {"cart": cart, "more": list(more), "now": unit.now()})
    return [_line(row) for row in rows]


_LINES = """
    WITH k AS (
        SELECT part, quantity, back_order, added_at FROM cart_lines WHERE cart = %(cart)s
        UNION ALL
        SELECT m.part, 0, false, NULL FROM unnest(%(more)s::text[]) AS m (part)
        WHERE NOT EXISTS (SELECT FROM cart_lines l WHERE l.cart = %(cart)s AND l.part = m.part)
    )
    SELECT p.id AS part, p.brand, p.number, p.part_type, p.name_en, p.name_zh, k.quantity, k.back_order, (
        SELECT json_agg(json_build_array(o.id, r.organisation, o.latitude, o.longitude, o.region, r.quantity)
            ORDER BY o.id)
        FROM reservations r JOIN locations o ON o.id = r.location
        WHERE r.holder = %(cart)s AND r.part = p.id AND r.state = 'held'
            AND (r.reserved_until IS NULL OR r.reserved_until > %(now)s)
    ) AS held, (
        SELECT json_agg(json_build_array(o.id, b.organisation, o.latitude, o.longitude, o.region, b.quantity,
            b.expected) ORDER BY b.no)
        FROM back_orders b JOIN locations o ON o.id = b.location
        WHERE b.holder = %(cart)s AND b.part = p.id AND b.state = 'waiting'
            AND (b.reserved_until IS NULL OR b.reserved_until > %(now)s)
    ) AS awaited
    FROM k JOIN parts p ON p.id = k.part AND p.removed_by IS NULL ORDER BY k.added_at NULLS LAST, p.id
"""


def _line(row: Any) -> Line:
    shares = [_share(row.part, *given) for given in (*(row.held or ()), *(row.awaited or ()))]
    names = row.part, row.brand, row.number, row.part_type, row.name_en, row.name_zh
    return Line(*names, row.quantity, row.back_order, tuple(shares))


def _share(
    part: str,
    location: str,
    seller: str,
    latitude: float | None,
    longitude: float | None,
    region: str | None,
    quantity: int,
    expected: str | None = None,
) -> Share:
    place = None if latitude is None or longitude is None else (latitude, longitude)
    origin = Origin(location, seller, place, region)
    return Share(part, origin, quantity, date.fromisoformat(expected) if expected else None)
