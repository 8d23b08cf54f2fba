"""The dialects that a device can be registered with: one row each, with the topics that are such a device's own."""

from collections.abc import Mapping

FORECOURT = "forecourt"

# dialect: what its devices put before their id in a topic; None: it comes by HTTP, or on our own topics.
TOPIC_ROOTS: Mapping[str, str | None] = {
    FORECOURT: None,
    "wican": "wican",
    "ovms": "ovms",
    "autopi": "autopi",
    "torque": None,
    "traccar": None,
}
