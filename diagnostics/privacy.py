"""What diagnostics knows of a person is what it knows of his cars."""

from collections.abc import Mapping, Sequence

from sqlalchemy import delete

from diagnostics.tables import findings, trip_votes
from foundation.database import UnitOfWork
from foundation.privacy import Rows, rows_of

PERSONAL: Mapping[str, str] = {
    "findings": "id vehicle organisation fault probability severity urgency first_seen confirmed_at quiet_until"
    " evidence lead_days predictor recorded_at",
    "trip_votes": "vehicle boot started_at fault organisation ended_at observed_s measures probability severity"
    " lead_days evidence stop_at stop_evidence predictor stale",
}
IMPERSONAL: Mapping[str, str] = {}


def export_of(unit: UnitOfWork, vehicles: Sequence[str]) -> dict[str, Rows]:
    """Give what was found on cars, and what each of their trips said."""
    return {
        "findings": rows_of(unit, findings, findings.c.vehicle.in_(vehicles)),
        "trip_votes": rows_of(unit, trip_votes, trip_votes.c.vehicle.in_(vehicles)),
    }


def erase(unit: UnitOfWork, vehicles: Sequence[str]) -> None:
    """Forget the findings on cars and the state of their detectors."""
    for table in (trip_votes, findings):
        unit.connection.execute(delete(table).where(table.c.vehicle.in_(vehicles)))
