"""The one statement of a page of hits: tier by tier, each a short look into the index of words.

A tier is a conjunction of terms. It walks the places of its rarest term in their order, which is the order of the hits,
and looks for the other terms at each: so the first page of a word that a hundred thousand parts have costs what that
of a rare word costs.

PostgreSQL plans a prepared statement once for all values only where it cannot expect a better plan of each. So what it
would have to guess stands in the statement: the limit, and how many words a term has.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from parts_catalog.search.asking import Filters, Term
from parts_catalog.warehouse.coming import COMING, FREE

Place = tuple[int, int, int]  # tier, rank, part: where in the list of hits


@dataclass(frozen=True, slots=True)
class Tier:
    """Hits of one kind. `but`: not those that have this term. `fitting`: only parts for the car, or only others."""

    number: int
    terms: tuple[Term, ...]
    but: Term = ()
    fitting: bool | None = None


@dataclass(slots=True)
class Query:
    """The statement's words and values, while it is put together."""

    limit: int
    after: Place | None
    filters: Filters
    leave_out: Sequence[int] = ()
    values: dict[str, Any] = field(default_factory=dict)

    def statement(self, tiers: Sequence[Tier], given: Sequence[Place], fitting: str | None) -> str:
        """Put tiers and the `given` places together. `fitting`: SQL of (part, rank) of what is made for the car."""
        places = self._places(tiers, given)
        first = f"(SELECT * FROM {places} ORDER BY h.tier, h.rank, h.part LIMIT {self.limit}) h"  # noqa: S608 - our own words
        return f"{_opening(fitting)}SELECT h.tier, h.rank, {_COLUMNS} FROM {first} {_JOINS}"  # noqa: S608

    def counting(self, tiers: Sequence[Tier], given: Sequence[Place], fitting: str | None) -> str:
        """Give the statement that counts, among the first hits, how often each value of each facet occurs."""
        places = self._places(tiers, given)
        opening = f"{_opening(fitting)}{',' if fitting else 'WITH'} hits AS MATERIALIZED "
        first = f"(SELECT h.part FROM {places} ORDER BY h.tier, h.rank, h.part LIMIT {self.limit})"  # noqa: S608
        return f"{opening}{first}, {_FACTS} {_COUNTS}"

    def _places(self, tiers: Sequence[Tier], given: Sequence[Place]) -> str:
        self.values |= {"leave_out": list(self.leave_out)}
        self.values |= dict(zip(("tiers", "ranks", "parts"), map(list, zip(*given, strict=True)), strict=False))
        unions = [self._tier(tier) for tier in tiers]
        if given:
            unions.append(_GIVEN)
        return f"({' UNION ALL '.join(unions)}) h"

    def _tier(self, tier: Tier) -> str:
        """Give the first places of a tier. Each word of its rarest term is walked by itself, so that each may stop."""
        begun = self.after is not None and self.after[0] == tier.number
        if begun and self.after is not None:
            self.values |= {"after_rank": self.after[1], "after_part": self.after[2]}
        name = f"t{tier.number}"
        terms = sorted(tier.terms, key=lambda term: sum(word.parts for word in term))
        walks = ["FROM fitting d WHERE true"]
        if not tier.fitting:
            self.values |= {f"{name}_w{at}": word.id for at, word in enumerate(terms[0])}
            walks = [f"FROM part_words d WHERE d.word = %({name}_w{at})s" for at in range(len(terms[0]))]
            terms = terms[1:]
        having = [f"EXISTS ({self._at(term, f'{name}_{at}')})" for at, term in enumerate(terms)]
        having += [f"NOT EXISTS ({self._at(tier.but, f'{name}_but')})"] if tier.but else []
        having += ["d.part NOT IN (SELECT part FROM fitting)"] if tier.fitting is False else []
        having += ["d.part <> ALL(%(leave_out)s::int[])"] if self.leave_out else []
        having += ["(d.rank, d.part) > (%(after_rank)s, %(after_part)s)"] if begun else []
        having += keeping(self.filters, "d.part", self.values)
        also = "".join(f" AND {one}" for one in having)
        found = " UNION ALL ".join(
            f"(SELECT d.rank, d.part {walk}{also} ORDER BY d.rank, d.part LIMIT {self.limit})" for walk in walks
        )
        return f"SELECT DISTINCT {tier.number} AS tier, rank, part FROM ({found}) w{tier.number}"  # noqa: S608

    def _at(self, term: Term, name: str) -> str:
        self.values |= {f"{name}_{at}": word.id for at, word in enumerate(term)}
        words = ", ".join(f"%({name}_{at})s" for at in range(len(term)))
        return f"SELECT FROM part_words w WHERE w.word IN ({words}) AND w.rank = d.rank AND w.part = d.part"


def keeping(filters: Filters, part: str, values: dict[str, Any]) -> list[str]:
    """Give the conditions of those filters that are no words, for the part with the number `part` in SQL."""
    conditions = []
    if filters.in_stock:
        conditions.append(_IN_STOCK)
    bounds = {"price_from": filters.price_from, "price_below": filters.price_below}
    values |= {name: bound for name, bound in bounds.items() if bound is not None}
    amounts = [
        f"r.net_amount {compared} %({name})s"
        for name, compared in (("price_from", ">="), ("price_below", "<"))
        if bounds[name] is not None
    ]
    if amounts:
        conditions.append(_PRICED.format(amounts=" AND ".join(amounts), part="{part}"))
    return [one.format(part=part) for one in conditions]


def _opening(fitting: str | None) -> str:
    return f"WITH fitting AS MATERIALIZED ({fitting}) " if fitting else ""


# A hit has a row for each place where it is in stock, the largest offer first, or one row without a place.
_COLUMNS = (
    "p.id, p.no, p.brand, p.number, p.part_type, p.name_en, p.name_zh, r.net_amount, r.currency, r.tax_basis_points,"
    f" s.location, s.expected, {FREE} AS available, c.days, c.pieces, c.promised"
)
_JOINS = (
    "JOIN parts p ON p.no = h.part LEFT JOIN prices r ON r.part = p.id AND r.price_list = %(price_list)s"
    " AND r.currency = %(currency)s LEFT JOIN stock s ON s.part = p.id"
    f" {COMING} ORDER BY h.tier, h.rank, h.part, available DESC, s.location"
)
_GIVEN = "SELECT * FROM unnest(%(tiers)s::int[], %(ranks)s::int[], %(parts)s::int[]) g (tier, rank, part)"
_IN_STOCK = "EXISTS (SELECT FROM parts q JOIN stock s ON s.part = q.id WHERE q.no = {part} AND s.on_hand > s.reserved)"
_PRICED = (
    "EXISTS (SELECT FROM parts q JOIN prices r ON r.part = q.id WHERE q.no = {part} AND {amounts}"
    " AND r.price_list = %(price_list)s AND r.currency = %(currency)s)"
)
_FACTS = """
    facts AS (
        SELECT p.brand, b.name_zh AS brand_zh, p.part_type, b.quality,
            width_bucket(r.net_amount, %(bands)s::int[]) AS band,
            EXISTS (SELECT FROM stock s WHERE s.part = p.id AND s.on_hand > s.reserved) AS stocked
        FROM (SELECT part FROM hits LIMIT %(most)s) h JOIN parts p ON p.no = h.part JOIN brands b ON b.name = p.brand
        LEFT JOIN prices r ON r.part = p.id AND r.price_list = %(price_list)s AND r.currency = %(currency)s
    )
"""
_COUNTS = """
    SELECT f.brand, max(f.brand_zh) AS brand_zh, f.part_type, f.quality, f.band, f.stocked, count(*) AS parts,
        grouping(f.brand, f.part_type, f.quality, f.band, f.stocked) AS facet, (SELECT count(*) FROM hits) AS hits
    FROM facts f GROUP BY GROUPING SETS ((f.brand), (f.part_type), (f.quality), (f.band), (f.stocked))
"""
