"""Who may see parts, which are everybody's, and who says when pieces come."""

from foundation.access import Group, Rule, and_administrators, list_of, read_of
from foundation.identity import Role

EXPECTING = (Role.PARTS_MANAGER, Role.WORKSHOP_MANAGER, Role.INTEGRATOR)

RULES = (
    list_of("parts.read", "GET /v1/parts", "GET /v1/parts/{part}"),
    read_of("fitment.read", "GET /v1/fitment"),
    list_of("vin.decode", "GET /v1/vin/{vin}"),
    Rule("parts.expect", Group.WRITE, ("POST /v1/parts/{part}/expected",), own=and_administrators(EXPECTING)),
)
