"""Who may do what with webhooks: they tell everything that the organisation may see, so its administrators alone."""

from foundation.access import Group, Rule
from foundation.identity import Role

_ADMINISTRATOR = frozenset({Role.ADMINISTRATOR})

RULES = (
    Rule("webhooks.list", Group.PERSONAL, ("GET /v1/webhooks",), none=_ADMINISTRATOR),
    Rule("webhooks.create", Group.PERSONAL, ("POST /v1/webhooks",), none=_ADMINISTRATOR),
    Rule(
        "webhooks.read",
        Group.PERSONAL,
        ("GET /v1/webhooks/{webhook}", "GET /v1/webhooks/{webhook}/deliveries"),
        own=_ADMINISTRATOR,
    ),
    Rule(
        "webhooks.change",
        Group.PERSONAL,
        ("PATCH /v1/webhooks/{webhook}", "DELETE /v1/webhooks/{webhook}"),
        own=_ADMINISTRATOR,
    ),
    Rule("webhooks.replay", Group.PERSONAL, ("POST /v1/webhooks/{webhook}/replays",), own=_ADMINISTRATOR),
)
