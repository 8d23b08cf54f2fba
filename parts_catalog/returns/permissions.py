"""Who sends parts back, and who takes them back: a return is its buyer's, and open to the house that sold."""

from foundation.access import Group, Rule
from parts_catalog.returns.states import STEPS
from parts_catalog.shop.permissions import BUYING, SELLING

_RETURN = "/v1/returns/{return_id}"
RULES = (
    Rule("returns.list", Group.READ, ("GET /v1/returns",), none=BUYING | SELLING),
    Rule("returns.read", Group.READ, (f"GET {_RETURN}",), own=BUYING, granted=SELLING),
    Rule("returns.ask", Group.WRITE, ("POST /v1/returns",), own=BUYING),
    Rule("returns.left", Group.READ, ("GET /v1/orders/{order_id}/returnable",), own=BUYING),
    Rule("returns.withdraw", Group.WRITE, (f"POST {_RETURN}/withdraw",), own=BUYING),
    Rule(
        "returns.judge",
        Group.WRITE,
        tuple(f"POST {_RETURN}/{step.name}" for step in STEPS.values() if step.by_seller),
        granted=SELLING,
    ),
)
