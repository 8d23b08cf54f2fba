"""Who keeps a seller's prices: his parts managers, each his own house's."""

from foundation.access import Group, Rule, and_administrators
from foundation.identity import Role

PRICING = (Role.PARTS_MANAGER,)
_PRICING = and_administrators(PRICING)
_LIST, _PROMOTION, _GROUP = "/v1/price-lists", "/v1/promotions", "/v1/customer-groups"
_ONE_LIST, _ONE_PROMOTION, _ONE_GROUP = f"{_LIST}/{{price_list}}", f"{_PROMOTION}/{{promotion}}", f"{_GROUP}/{{group}}"

RULES = (
    Rule("price_lists.list", Group.READ, (f"GET {_LIST}",), none=_PRICING),
    Rule("price_lists.add", Group.WRITE, (f"POST {_LIST}",), none=_PRICING),
    Rule("price_lists.read", Group.READ, (f"GET {_ONE_LIST}", f"GET {_ONE_LIST}/prices"), own=_PRICING),
    Rule(
        "price_lists.change",
        Group.WRITE,
        (f"PATCH {_ONE_LIST}", f"PATCH {_ONE_LIST}/prices", f"POST {_ONE_LIST}/from-sheet"),
        own=_PRICING,
    ),
    Rule("promotions.list", Group.READ, (f"GET {_PROMOTION}",), none=_PRICING),
    Rule("promotions.add", Group.WRITE, (f"POST {_PROMOTION}",), none=_PRICING),
    Rule("promotions.read", Group.READ, (f"GET {_ONE_PROMOTION}",), own=_PRICING),
    Rule("promotions.change", Group.WRITE, (f"PATCH {_ONE_PROMOTION}",), own=_PRICING),
    Rule("customer_groups.list", Group.READ, (f"GET {_GROUP}",), none=_PRICING),
    Rule("customer_groups.add", Group.WRITE, (f"POST {_GROUP}",), none=_PRICING),
    Rule("customer_groups.read", Group.READ, (f"GET {_ONE_GROUP}", f"GET {_ONE_GROUP}/members"), own=_PRICING),
    Rule(
        "customer_groups.change",
        Group.WRITE,
        (f"PATCH {_ONE_GROUP}", *(f"{verb} {_ONE_GROUP}/members/{{buyer}}" for verb in ("PUT", "DELETE"))),
        own=_PRICING,
    ),
)
