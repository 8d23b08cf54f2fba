"""Search: by part number in any spelling or in part, by words of both languages, by car, by symptom; ranked and paged.

terms.py     the words of a text, alike for what is kept and what is asked
index.py     writes them, in the transaction that writes the parts
asking.py    understands a text: number, car, symptom, part type, words, and what was misspelt
planning.py  where to look for it, tier by tier
tiers.py     the statement that looks there
finding.py   the hits, page by page, each with price, stock and fit
facets.py    what the hits have in common
"""

from parts_catalog.search.asking import Filters
from parts_catalog.search.facets import Facets, count_facets
from parts_catalog.search.finding import Found, PartHit, find
from parts_catalog.search.index import index_parts, index_vehicles, index_what_is_bare
from parts_catalog.search.planning import MAXIMUM_TEXT

__all__ = [
    "MAXIMUM_TEXT",
    "Facets",
    "Filters",
    "Found",
    "PartHit",
    "count_facets",
    "find",
    "index_parts",
    "index_vehicles",
    "index_what_is_bare",
]
