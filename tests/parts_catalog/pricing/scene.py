"""Lists and promotions for tests, as rows: one seller unless told otherwise."""

from typing import Any

from foundation.database import UnitOfWork, new_id
from parts_catalog.tables import (
    customer_group_members,
    customer_groups,
    list_prices,
    price_lists,
    prices,
    promotions,
)

SELLER = "org_seller"
VAT = 1300


def add_base(unit: UnitOfWork, part: str, net: int, seller: str = SELLER, tax: int = VAT) -> None:
    values = {"price_list": "base", "part": part, "currency": "CNY", "organisation": seller}
    unit.connection.execute(prices.insert().values(**values, net_amount=net, tax_basis_points=tax))


def add_list(
    unit: UnitOfWork, nets: dict[str, int], tiers: dict[tuple[str, int], int] | None = None, **given: Any
) -> str:
    made = {"id": new_id("plist"), "organisation": SELLER, "name": "list", "currency": "CNY", "created_at": unit.now()}
    made |= given
    unit.connection.execute(price_lists.insert().values(**made))
    for (part, pieces), net in {**{(part, 1): net for part, net in nets.items()}, **(tiers or {})}.items():
        row = {"price_list": made["id"], "part": part, "from_quantity": pieces, "net_amount": net}
        unit.connection.execute(list_prices.insert().values(**row, tax_basis_points=VAT))
    return str(made["id"])


def add_group(unit: UnitOfWork, *buyers: str, seller: str = SELLER) -> str:
    group = new_id("group")
    values = {"id": group, "organisation": seller, "name": group, "created_at": unit.now()}
    unit.connection.execute(customer_groups.insert().values(**values))
    for buyer in buyers:
        unit.connection.execute(
            customer_group_members.insert().values(organisation=seller, buyer=buyer, customer_group=group)
        )
    return group


def add_promotion(unit: UnitOfWork, **given: Any) -> str:
    made = {
        "id": new_id("promo"), "organisation": SELLER, "name_en": "Autumn", "name_zh": "秋季", "kind": "percentage",
        "value": 1000, "target": "order", "combinable": True, "created_at": unit.now(), **given,
    }  # fmt: skip
    unit.connection.execute(promotions.insert().values(**made))
    return str(made["id"])
