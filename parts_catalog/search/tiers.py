"""The one statement of a page of hits: tier by tier, each a short look into the index of words.

A tier is a conjunction of terms. It walks the places of its rarest term in their order, which is the order of the hits,
and looks for the other terms at each: so the first page of a word that a hundred thousand parts have costs what that
of a rare word costs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from parts_catalog.search.asking import Term

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
    after: Place | None = None
    leave_out: Sequence[int] = ()
    in_stock: bool = False
    values: dict[str, Any] = field(default_factory=dict)

    def statement(self, tiers: Sequence[Tier], given: Sequence[Place], fitting: str | None) -> str:
        """Put tiers and the `given` places together. `fitting`: SQL of (part, rank) of what is made for the car."""
        self.values |= {"limit": self.limit, "leave_out": list(self.leave_out)}
        self.values |= dict(zip(("tiers", "ranks", "parts"), map(list, zip(*given, strict=True)), strict=False))
        unions = [self._tier(tier) for tier in tiers]
        if given:
            unions.append(_GIVEN)
        opening = f"WITH fitting AS MATERIALIZED ({fitting}) " if fitting else ""
        return f"{opening}SELECT h.tier, h.rank, {_COLUMNS} FROM ({' UNION ALL '.join(unions)}) h {_JOINS}"  # noqa: S608 - our own words

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
        having += [_IN_STOCK] if self.in_stock else []
        also = "".join(f" AND {one}" for one in having)
        found = " UNION ALL ".join(
            f"(SELECT d.rank, d.part {walk}{also} ORDER BY d.rank, d.part LIMIT %(limit)s)" for walk in walks
        )
        return f"SELECT DISTINCT {tier.number} AS tier, rank, part FROM ({found}) w{tier.number}"  # noqa: S608

    def _at(self, term: Term, name: str) -> str:
        self.values[name] = [word.id for word in term]
        return f"SELECT FROM part_words w WHERE w.word = ANY(%({name})s::int[]) AND w.rank = d.rank AND w.part = d.part"


_COLUMNS = (
    "p.id, p.no, p.brand, p.number, p.part_type, p.name_en, p.name_zh, r.net_amount, r.currency, r.tax_basis_points"
)
_JOINS = (
    "JOIN parts p ON p.no = h.part LEFT JOIN prices r ON r.part = p.id AND r.price_list = %(price_list)s"
    " AND r.currency = %(currency)s ORDER BY h.tier, h.rank, h.part LIMIT %(limit)s"
)
_GIVEN = "SELECT * FROM unnest(%(tiers)s::int[], %(ranks)s::int[], %(parts)s::int[]) g (tier, rank, part)"
_IN_STOCK = "EXISTS (SELECT FROM parts q JOIN stock s ON s.part = q.id WHERE q.no = d.part AND s.on_hand > s.reserved)"
