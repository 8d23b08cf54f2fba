"""Who may see parts, which are everybody's, and who says when pieces come."""

from foundation.access import ALL, Group, Rule, and_administrators, list_of, public, read_of
from foundation.identity import Role
from parts_catalog.pricing import permissions as pricing
from parts_catalog.returns import permissions as returns
from parts_catalog.shop import permissions as shop
from parts_catalog.warehouse import permissions as warehouse

EXPECTING = (Role.PARTS_MANAGER, Role.WORKSHOP_MANAGER, Role.INTEGRATOR)
IMPORTING = (Role.PARTS_MANAGER,)
# Whoever of a house may take back what it sold, or settle what it repaired, sees to it that the money goes back.
REFUNDING = shop.SELLING | {Role.ADVISOR}
PICTURING = (Role.PARTS_MANAGER,)
_IMAGES, _REVIEWS = "/v1/parts/{part}/images", "/v1/parts/{part}/reviews"

RULES = (
    list_of("parts.read", "GET /v1/parts", "GET /v1/parts/facets", "GET /v1/parts/{part}"),
    read_of("fitment.read", "GET /v1/fitment"),
    list_of("vin.decode", "GET /v1/vin/{vin}"),
    Rule("parts.expect", Group.WRITE, ("POST /v1/parts/{part}/expected",), own=and_administrators(EXPECTING)),
    Rule("payments.read", Group.READ, ("GET /v1/payments/{payment}",), own=ALL),
    Rule("refunds.refused", Group.READ, ("GET /v1/refunds",), none=REFUNDING),
    Rule("refunds.ask_again", Group.WRITE, ("POST /v1/refunds/{refund}/again",), granted=REFUNDING),
    public("payments.tell", "POST /v1/payments/callbacks/{provider}"),
    Rule("imports.start", Group.WRITE, ("POST /v1/parts/imports",), none=and_administrators(IMPORTING)),
    Rule("imports.list", Group.READ, ("GET /v1/parts/imports",), none=and_administrators(IMPORTING)),
    Rule(
        "imports.read",
        Group.READ,
        ("GET /v1/parts/imports/{import_id}", "GET /v1/parts/imports/{import_id}/findings"),
        own=and_administrators(IMPORTING),
    ),
    Rule("imports.undo", Group.WRITE, ("POST /v1/parts/imports/{import_id}/undo",), own=and_administrators(IMPORTING)),
    list_of("part_images.read", f"GET {_IMAGES}", f"GET {_IMAGES}/{{image}}"),
    Rule(
        "part_images.keep",
        Group.WRITE,
        (f"POST {_IMAGES}", f"DELETE {_IMAGES}/{{image}}"),
        own=and_administrators(PICTURING),
    ),
    list_of("part_reviews.read", f"GET {_REVIEWS}"),
    Rule("part_reviews.write", Group.WRITE, (f"POST {_REVIEWS}",), none=shop.BUYING),
    *pricing.RULES,
    *shop.RULES,
    *returns.RULES,
    *warehouse.RULES,
)
