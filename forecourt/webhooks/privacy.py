"""What webhooks have of persons: the address that a private person named, and its secrets; all else is ids."""

from collections.abc import Mapping

from sqlalchemy import delete

from forecourt.webhooks.tables import webhook_endpoints
from foundation.database import UnitOfWork
from foundation.privacy import Person, Rows, rows_of

PERSONAL: Mapping[str, str] = {"webhook_endpoints": "url secret", "webhook_old_secrets": "secret"}
IMPERSONAL: Mapping[str, str] = {
    "webhook_endpoints": "id organisation account kinds state why after_xid after_id failing_since created_at",
    "webhook_old_secrets": "endpoint until",
    "webhook_deliveries": "id endpoint subject number event_xid event_id noun kind state attempts replay_of due_at"
    " in_hand_until created_at ended_at",
    "webhook_attempts": "delivery number at took_ms status error",
}


def export_of(unit: UnitOfWork, person: Person) -> dict[str, Rows]:
    """Give the addresses that the person named himself, without their secrets."""
    mine = webhook_endpoints.c.account == person.account
    return {"webhook_endpoints": rows_of(unit, webhook_endpoints, mine, without="secret")}


def erase(unit: UnitOfWork, person: Person) -> None:
    """Take the addresses of a private person away, with their log; those of a house stay."""
    if person.private:
        unit.connection.execute(
            delete(webhook_endpoints).where(webhook_endpoints.c.organisation == person.organisation)
        )
