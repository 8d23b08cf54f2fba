"""Who may do what with accounts, tokens and keys."""

from foundation.access import Group, Rule, personal, public
from foundation.identity import Role

_ADMINISTRATOR = frozenset({Role.ADMINISTRATOR})

RULES = (
    public("tokens.create", "POST /v1/tokens"),
    personal("tokens.revoke", "DELETE /v1/tokens/current"),
    personal("me.password", "POST /v1/me/password"),
    Rule("keys.list", Group.PERSONAL, ("GET /v1/keys",), none=_ADMINISTRATOR),
    Rule("keys.create", Group.PERSONAL, ("POST /v1/keys",), none=_ADMINISTRATOR),
    Rule("keys.revoke", Group.PERSONAL, ("DELETE /v1/keys/{key}",), own=_ADMINISTRATOR),
    Rule("accounts.list", Group.PERSONAL, ("GET /v1/accounts",), none=_ADMINISTRATOR),
    Rule("accounts.invite", Group.PERSONAL, ("POST /v1/accounts",), none=_ADMINISTRATOR),
    Rule("accounts.close", Group.PERSONAL, ("DELETE /v1/accounts/{account}",), own=_ADMINISTRATOR),
)
