"""Who may buy, and who packs and sends."""

from foundation.access import Group, Rule, and_administrators
from foundation.identity import OWNER_ROLES, Role

BUYING = and_administrators({*OWNER_ROLES, Role.PARTS_MANAGER, Role.WORKSHOP_MANAGER, Role.ADVISOR, Role.INTEGRATOR})
SELLING = and_administrators({Role.PARTS_MANAGER, Role.WORKSHOP_MANAGER, Role.INTEGRATOR})

RULES = (
    Rule("carts.list", Group.READ, ("GET /v1/carts",), none=BUYING),
    Rule("carts.open", Group.WRITE, ("POST /v1/carts",), none=BUYING),
    Rule("carts.read", Group.READ, ("GET /v1/carts/{cart}",), own=BUYING),
    Rule(
        "carts.change",
        Group.WRITE,
        ("PATCH /v1/carts/{cart}", "PUT /v1/carts/{cart}/lines/{part}", "DELETE /v1/carts/{cart}/lines/{part}"),
        own=BUYING,
    ),
    Rule("shop_orders.list", Group.READ, ("GET /v1/orders",), none=BUYING),
    Rule("shop_orders.place", Group.WRITE, ("POST /v1/orders",), own=BUYING),
    Rule(
        "shop_orders.read", Group.READ, ("GET /v1/orders/{order_id}", "GET /v1/orders/{order_id}/progress"), own=BUYING
    ),
    Rule("shop_orders.pay", Group.WRITE, ("POST /v1/orders/{order_id}/payments",), own=BUYING),
    Rule("shop_orders.cancel", Group.WRITE, ("POST /v1/orders/{order_id}/cancel",), own=BUYING),
    Rule("shipments.list", Group.READ, ("GET /v1/shipments",), none=SELLING),
    Rule("shipments.read", Group.READ, ("GET /v1/shipments/{shipment}",), own=SELLING),
    Rule(
        "shipments.move",
        Group.WRITE,
        tuple(f"POST /v1/shipments/{{shipment}}/{move}" for move in ("pick", "pack", "ship", "deliver", "lose")),
        own=SELLING,
    ),
)
