"""Who may do what with webhooks: they tell everything that the organisation may see, and so may who names them."""

from foundation.access import Group, Rule, and_administrators
from foundation.identity import Role

# An integrator reads all of it by the API; his keys do not name addresses, for these outlive them.
NAMING = and_administrators({Role.INTEGRATOR})

RULES = (
    Rule("webhooks.list", Group.PERSONAL, ("GET /v1/webhooks",), none=NAMING),
    Rule("webhooks.create", Group.PERSONAL, ("POST /v1/webhooks",), none=NAMING),
    Rule(
        "webhooks.read",
        Group.PERSONAL,
        ("GET /v1/webhooks/{webhook}", "GET /v1/webhooks/{webhook}/deliveries"),
        own=NAMING,
    ),
    Rule(
        "webhooks.change",
        Group.PERSONAL,
        (
            "PATCH /v1/webhooks/{webhook}",
            "DELETE /v1/webhooks/{webhook}",
            "POST /v1/webhooks/{webhook}/secret",
            "DELETE /v1/webhooks/{webhook}/old-secrets",
        ),
        own=NAMING,
    ),
    Rule("webhooks.replay", Group.PERSONAL, ("POST /v1/webhooks/{webhook}/replays",), own=NAMING),
)
