"""Who may see findings."""

from foundation.access import read_of

RULES = (read_of("findings.read", "GET /v1/vehicles/{vehicle}/findings"),)
