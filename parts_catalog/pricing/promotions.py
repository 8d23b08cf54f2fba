"""Promotions of a seller: what they take off of what, for whom, until when and how often."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from foundation.database import UnitOfWork, new_id
from foundation.identity import Actor
from foundation.paging import Page
from foundation.refusals import Conflict, Invalid
from parts_catalog.pricing import keeping
from parts_catalog.pricing.lists import check_group, check_window
from parts_catalog.pricing.permissions import PRICING
from parts_catalog.pricing.quotes import Channel, normal_code
from parts_catalog.pricing.tables import promotions


class CodeTaken(Conflict):
    code = "code_taken"


class UsedMore(Conflict):
    """A limit below what was used already; `used` says how often."""

    code = "used_more"


@dataclass(frozen=True, slots=True)
class PromotionFacts:
    """What a seller says of a promotion.

    `kind` percentage: `value` is basis points; amount: minor units of `currency`, once per order. `target` order has no
    `target_value`; else it is a part's id, a brand's name or a part type. Without a code it is automatic.
    """

    name_en: str
    name_zh: str
    kind: str
    value: int
    target: str = "order"
    target_value: str | None = None
    code: str | None = None
    currency: str | None = None
    channel: Channel | None = None
    customer_group: str | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    limit_total: int | None = None
    limit_per_buyer: int | None = None
    combinable: bool = False
    priority: int = 0
    state: str = "active"


@dataclass(frozen=True, slots=True)
class KeptPromotion:
    """`used` counts the orders that stand: what was never paid has given its use back."""

    id: str
    facts: PromotionFacts
    used: int
    version: int


def add_promotion(unit: UnitOfWork, actor: Actor, facts: PromotionFacts) -> KeptPromotion:
    """Add a promotion to the actor's house. Raises `Invalid`, `CodeTaken`, `NotFound` for another house's group."""
    actor.must_be(*PRICING)
    values = asdict(_checked(unit, actor, facts, None))
    made = {"id": new_id("promo"), "organisation": actor.organisation, "created_at": unit.now()}
    return _kept(unit.connection.execute(promotions.insert().values(**made, **values).returning(promotions)).one())


def get_promotion(unit: UnitOfWork, actor: Actor, promotion: str) -> KeptPromotion:
    return _kept(keeping.own(unit, actor, promotions, promotion))


def list_promotions(
    unit: UnitOfWork, actor: Actor, limit: int, cursor: str | None = None, state: str | None = None
) -> Page[KeptPromotion]:
    page = keeping.owned(unit, actor, promotions, limit, cursor, state)
    return Page([_kept(row) for row in page.items], page.next)


def change_promotion(
    unit: UnitOfWork, actor: Actor, promotion: str, version: int | None, facts: Mapping[str, Any]
) -> KeptPromotion:
    """Change some facts. Raises `NotFound`, `Stale`, `Invalid`, `CodeTaken`, and `UsedMore` for too low a limit."""
    row = keeping.at_version(unit, actor, promotions, promotion, version)
    after = _checked(unit, actor, replace(_kept(row).facts, **facts), row.id)
    if after.limit_total is not None and after.limit_total < row.used:
        raise UsedMore(f"it was used {row.used} times already", used=row.used)
    return _kept(keeping.change(unit, promotions, row.id, asdict(after)))


def _checked(unit: UnitOfWork, actor: Actor, facts: PromotionFacts, promotion: str | None) -> PromotionFacts:
    check_window(facts.valid_from, facts.valid_until)
    check_group(unit, actor, facts.customer_group)
    if facts.kind == "percentage" and facts.value > 10_000:
        raise Invalid("nothing is lowered by more than 10000 basis points", why="at_most_all")
    if (facts.kind == "amount") != (facts.currency is not None):
        raise Invalid("an amount has a currency, a percentage has none", why="amount_has_currency")
    if (facts.target == "order") != (facts.target_value is None):
        raise Invalid(
            "`target_value` says which part, brand or part type; of an order there is none", why="promotion_of_what"
        )
    code = normal_code(facts.code) if facts.code else None
    if code is not None and facts.state == "active":
        _check_code(unit, actor, code, promotion)
    name_en, name_zh = keeping.check_name(facts.name_en), keeping.check_name(facts.name_zh)
    return replace(facts, code=code, name_en=name_en, name_zh=name_zh)


def _check_code(unit: UnitOfWork, actor: Actor, code: str, promotion: str | None) -> None:
    keeping.in_turn(unit, f"promotion codes of {actor.organisation}")
    mine = (promotions.c.organisation == actor.organisation, promotions.c.state == "active", promotions.c.code == code)
    others = () if promotion is None else (promotions.c.id != promotion,)
    if keeping.count(unit, promotions, *mine, *others):
        raise CodeTaken(f"another promotion has the code {code}")


def _kept(row: Row[Any]) -> KeptPromotion:
    said = {name: getattr(row, name) for name in PromotionFacts.__dataclass_fields__}
    channel = Channel(row.channel) if row.channel else None
    return KeptPromotion(row.id, PromotionFacts(**{**said, "channel": channel}), row.used, row.version)
