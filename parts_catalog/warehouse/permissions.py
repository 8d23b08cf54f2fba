"""Who keeps a house's stock: its parts managers, and at a workshop who runs it."""

from foundation.access import Group, Rule, and_administrators
from foundation.identity import Role

KEEPING = (Role.PARTS_MANAGER, Role.WORKSHOP_MANAGER)
_KEEPING = and_administrators(KEEPING)
_DELIVERY = "/v1/expected-deliveries/{delivery}"
_COUNT = "/v1/stock/counts/{count}"

RULES = (
    Rule(
        "stock.list",
        Group.READ,
        (
            "GET /v1/stock",
            "GET /v1/stock/changes",
            "GET /v1/stock/counts",
            "GET /v1/stock/locations",
            "GET /v1/stock/back-orders",
            "GET /v1/expected-deliveries",
        ),
        none=_KEEPING,
    ),
    Rule("stock.read", Group.READ, (f"GET {_DELIVERY}", "GET /v1/stock/locations/{location}"), own=_KEEPING),
    Rule(
        "stock.keep",
        Group.WRITE,
        (
            "POST /v1/stock/receipts",
            "POST /v1/stock/counts",
            f"POST {_COUNT}/book",
            f"POST {_COUNT}/drop",
            "POST /v1/stock/moves",
            "POST /v1/stock/adjustments",
            "POST /v1/expected-deliveries",
            f"PATCH {_DELIVERY}",
            "PATCH /v1/stock/locations/{location}",
        ),
        own=_KEEPING,
    ),
    Rule("stock.open", Group.WRITE, ("POST /v1/stock/locations",), none=_KEEPING),
)
