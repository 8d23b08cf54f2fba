"""The uses of promotions: counted as an order is placed, given back when it comes to nothing, never one too many.

Every change locks the promotions in the order of their ids, and looks at their limits with the locks held. In a unit
that also takes stock it comes after that, so that no two units wait for each other.
"""

from foundation.database import UnitOfWork
from foundation.refusals import Conflict
from parts_catalog.pricing.quotes import Quote


class PromotionUsedUp(Conflict):
    """Promotions of a quote were used up meanwhile, by all or by this buyer; `promotions` lists them."""

    code = "promotion_used_up"


def redeem(unit: UnitOfWork, quote: Quote, order: str) -> None:
    """Count an order's promotions as used, in the order's own unit, after stock.

    Raises `PromotionUsedUp`, and counts nothing then.
    """
    if not quote.promotions:
        return
    asked = {
        "ids": [one.promotion for one in quote.promotions],
        "amounts": [one.amount.amount for one in quote.promotions],
        "buyer": quote.buyer,
        "order": order,
        "now": unit.now(),
    }
    unit.rows(_LOCK, asked)
    if gone := [row.id for row in unit.rows(_GONE, asked)]:
        raise PromotionUsedUp("a promotion of this order has been used up", promotions=gone)
    unit.rows(_USE, asked)


def give_back(unit: UnitOfWork, *orders: str) -> None:
    """Free what orders used that come to nothing; again is no harm. Of many in one unit: all in one call, first."""
    asked = {"orders": list(orders), "now": unit.now()}
    unit.rows(_LOCK_OF_ORDER, asked)
    unit.rows(_GIVE_BACK, asked)


_LOCK = "SELECT id FROM promotions WHERE id = ANY(%(ids)s::text[]) ORDER BY id FOR UPDATE"
_GONE = """
    SELECT p.id FROM promotions p
    WHERE p.id = ANY(%(ids)s::text[]) AND (p.used >= p.limit_total OR (
        SELECT count(*) FROM promotion_uses u
        WHERE u.promotion = p.id AND u.buyer = %(buyer)s AND u.given_back_at IS NULL) >= p.limit_per_buyer)
    ORDER BY p.id
"""
_USE = """
    WITH used AS (UPDATE promotions SET used = used + 1 WHERE id = ANY(%(ids)s::text[]))
    INSERT INTO promotion_uses (promotion, "order", buyer, amount, used_at)
    SELECT a.id, %(order)s, %(buyer)s, a.amount, %(now)s
    FROM unnest(%(ids)s::text[], %(amounts)s::int[]) AS a (id, amount)
"""
_LOCK_OF_ORDER = """
    SELECT id FROM promotions
    WHERE id IN (SELECT promotion FROM promotion_uses WHERE "order" = ANY(%(orders)s::text[])) ORDER BY id FOR UPDATE
"""
_GIVE_BACK = """
    WITH back AS (
        UPDATE promotion_uses SET given_back_at = %(now)s
        WHERE "order" = ANY(%(orders)s::text[]) AND given_back_at IS NULL RETURNING promotion
    )
    UPDATE promotions p SET used = used - b.uses
    FROM (SELECT promotion, count(*) AS uses FROM back GROUP BY promotion) b WHERE p.id = b.promotion
"""
