"""Which price a line has for a buyer, and which promotions there are for him: one statement each.

Of a seller's lists that are in force and fit the buyer, the one of the highest priority is his; where two are equal the
one that states more conditions, then the one with the smaller id. What no list prices has the price of the base list.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from foundation.database import UnitOfWork
from foundation.refusals import Invalid
from parts_catalog.pricing.quotes import (
    MOST_PIECES,
    Buyer,
    NoPrice,
    Priced,
    Promotion,
    Quote,
    Wanted,
    normal_code,
)
from parts_catalog.pricing.reckoning import make_quote

BASE_LIST = "base"


def quote(unit: UnitOfWork, lines: Sequence[Wanted], buyer: Buyer, at: datetime, currency: str = "CNY") -> Quote:
    """Say what lines cost a buyer at an instant; pieces of a part by one seller are one line.

    Raises `NoPrice` with every part that is not for sale, `Invalid` for no lines or impossible quantities.
    """
    if not lines or any(not 1 <= line.quantity <= MOST_PIECES for line in lines):
        raise Invalid(
            f"a quote is of lines with 1 to {MOST_PIECES} pieces", why="quantity_range", told={"most": MOST_PIECES}
        )
    priced = find_prices(unit, lines, buyer, at, currency)
    if missing := sorted({line.part for line in lines} - {line.part for line in priced}):
        raise NoPrice("not everything of this is for sale", parts=missing)
    return make_quote(priced, _promotions(unit, {line.seller for line in priced}, buyer, at), buyer, at, currency)


def find_prices(unit: UnitOfWork, lines: Sequence[Wanted], buyer: Buyer, at: datetime, currency: str) -> list[Priced]:
    """Give the lines with their prices; those without one are left out."""
    asked = {
        "parts": [line.part for line in lines],
        "sellers": [line.seller for line in lines],
        "quantities": [line.quantity for line in lines],
    }
    who = {"buyer": buyer.organisation, "channel": buyer.channel.value, "region": buyer.region}
    rows = unit.rows(_PRICES, {**asked, **who, "at": at, "currency": currency, "base": BASE_LIST})
    return [Priced(*row) for row in rows]


# `w`: what is wanted, by part and seller.
_PRICES = """
    WITH w AS (
        SELECT u.part, coalesce(u.seller, b.organisation) AS seller, sum(u.quantity)::int AS quantity
        FROM unnest(%(parts)s::text[], %(sellers)s::text[], %(quantities)s::int[]) AS u (part, seller, quantity)
        LEFT JOIN prices b ON b.price_list = %(base)s AND b.part = u.part AND b.currency = %(currency)s
        GROUP BY 1, 2
    )
    SELECT w.part, p.brand, p.part_type, w.seller, w.quantity, coalesce(l.price_list, b.price_list) AS price_list,
        coalesce(l.net_amount, b.net_amount) AS unit_net,
        coalesce(l.tax_basis_points, b.tax_basis_points) AS tax_basis_points
    FROM w JOIN parts p ON p.id = w.part AND p.removed_by IS NULL
    LEFT JOIN prices b ON b.price_list = %(base)s AND b.part = w.part AND b.currency = %(currency)s
    LEFT JOIN LATERAL (
        SELECT i.price_list, i.net_amount, i.tax_basis_points
        FROM list_prices i JOIN price_lists l ON l.id = i.price_list
        WHERE i.part = w.part AND i.from_quantity <= w.quantity AND l.organisation = w.seller
            AND l.state = 'active' AND l.currency = %(currency)s
            AND (l.valid_from IS NULL OR l.valid_from <= %(at)s) AND (l.valid_until IS NULL OR %(at)s < l.valid_until)
            AND (l.channel IS NULL OR l.channel = %(channel)s)
            AND (l.region IS NULL OR l.region = %(region)s::text)
            AND (l.customer_group IS NULL OR EXISTS (
                SELECT FROM customer_group_members m WHERE m.organisation = l.organisation
                    AND m.buyer = %(buyer)s AND m.customer_group = l.customer_group))
        ORDER BY l.priority DESC, num_nonnulls(l.channel, l.customer_group, l.region) DESC, l.id, i.from_quantity DESC
        LIMIT 1
    ) l ON true
    WHERE coalesce(l.net_amount, b.net_amount) IS NOT NULL
"""


def _promotions(unit: UnitOfWork, sellers: Collection[str], buyer: Buyer, at: datetime) -> list[Promotion]:
    """Give the sellers' promotions that are automatic and not over, and all with one of the buyer's codes."""
    codes = sorted({normal_code(code) for code in buyer.codes})
    asked = {"sellers": sorted(sellers), "codes": codes, "buyer": buyer.organisation, "at": at}
    return [Promotion(*row) for row in unit.rows(_PROMOTIONS, asked)]


_PROMOTIONS = """
    SELECT p.id, p.organisation AS seller, p.name_en, p.name_zh, p.code, p.kind, p.value, p.currency, p.target,
        p.target_value, p.channel, p.valid_from, p.valid_until, p.combinable, p.priority, p.state = 'active' AS active,
        p.customer_group IS NULL OR EXISTS (
            SELECT FROM customer_group_members m WHERE m.organisation = p.organisation AND m.buyer = %(buyer)s
                AND m.customer_group = p.customer_group) AS for_buyer,
        coalesce(p.used >= p.limit_total, false) AS used_up,
        p.limit_per_buyer IS NOT NULL AND (
            SELECT count(*) FROM promotion_uses u WHERE u.promotion = p.id AND u.buyer = %(buyer)s
                AND u.given_back_at IS NULL) >= p.limit_per_buyer AS used_by_buyer
    FROM promotions p
    WHERE p.organisation = ANY(%(sellers)s::text[]) AND (
        p.code = ANY(%(codes)s::text[])
        OR p.code IS NULL AND p.state = 'active' AND (p.valid_until IS NULL OR %(at)s < p.valid_until))
"""
