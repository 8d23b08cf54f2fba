"""Who may do what with vehicles, their readings and commands.

Whether a command needs both sides, and whom, is said by its kind: `ingest.commands.AUTHORITIES`.
"""

from foundation.access import OWNERS, Group, Rule, and_administrators, list_of, public, read_of
from foundation.identity import WORKSHOP_ROLES, Role
from ingest.devices import PROVISIONERS
from ingest.rejections import READERS

_WORKSHOP = and_administrators(WORKSHOP_ROLES)

RULES = (
    list_of("vehicles.list", "GET /v1/vehicles", "GET /v1/ingest/counts"),
    read_of("vehicles.read", "GET /v1/vehicles/{vehicle}", "GET /v1/vehicles/{vehicle}/state"),
    read_of("readings.read", "GET /v1/vehicles/{vehicle}/readings"),
    read_of("commands.read", "GET /v1/vehicles/{vehicle}/commands", "GET /v1/commands/{command}"),
    Rule("commands.ask", Group.WRITE, ("POST /v1/vehicles/{vehicle}/commands",), own=OWNERS, granted=_WORKSHOP),
    Rule(
        "commands.answer",
        Group.WRITE,
        ("POST /v1/commands/{command}/approve", "POST /v1/commands/{command}/decline"),
        own=OWNERS,
        granted=_WORKSHOP,
    ),
    Rule("devices.list", Group.READ, ("GET /v1/devices",), none=PROVISIONERS),
    Rule(
        "devices.provision",
        Group.WRITE,
        ("POST /v1/devices", "POST /v1/devices/{device}/password", "POST /v1/devices/{device}/revoke"),
        own=PROVISIONERS,
    ),
    # Whose device it is, is said by its own password.
    public("uploads.torque", "GET /v1/ingest/torque", "POST /v1/ingest/torque"),
    Rule("uploads.forward", Group.WRITE, ("POST /v1/ingest/traccar",), none=and_administrators({Role.INTEGRATOR})),
    Rule("rejected.list", Group.READ, ("GET /v1/ingest/rejected",), none=and_administrators(READERS)),
)
