"""Who is told of what: the kinds of subjects that webhooks tell of, and the organisations that may see each of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import aftersales.audience
import ingest.audience
import parts_catalog.shop.audience
from foundation.database import UnitOfWork
from foundation.grants import opened_to

Find = Callable[[UnitOfWork, Sequence[str]], Mapping[str, tuple[str, str]]]

# noun: what finds, among ids of any sort, those it names: id -> (owning organisation, what a grant on it opens).
NOUNS: Mapping[str, Find] = {
    "vehicle": ingest.audience.vehicles_among,
    "case": aftersales.audience.cases_among,
    "repair_order": aftersales.audience.repair_orders_among,
    "order": parts_catalog.shop.audience.orders_among,
}


@dataclass(frozen=True, slots=True)
class Audience:
    """What a subject is, and the organisations that may see it."""

    noun: str
    organisations: frozenset[str]


def audiences(unit: UnitOfWork, subjects: Sequence[str]) -> dict[str, Audience]:
    """Give the audience of each subject; one that no webhook tells of, such as an organisation, is left out."""
    if not subjects:
        return {}
    found = {subject: (noun, *known) for noun, find in NOUNS.items() for subject, known in find(unit, subjects).items()}
    opened = opened_to(unit, sorted({opens for _, _, opens in found.values()}))
    return {
        subject: Audience(noun, frozenset({owner}) | opened.get(opens, frozenset()))
        for subject, (noun, owner, opens) in found.items()
    }
