"""What a demo run did, counted in the database for this run's family only."""

from dataclasses import asdict, dataclass, field

from aftersales.counting import count_of as count_aftersales
from diagnostics.told import count_findings
from foundation.database import Database
from ingest.counting import count_readings
from parts_catalog.shop import count_paid


@dataclass
class Report:
    """The names of contracts.md."""

    readings_sent: int = 0
    readings_stored: int = 0
    readings_rejected: dict[str, int] = field(default_factory=dict)
    redelivered: int = 0
    findings: int = 0
    cases: int = 0
    parts_reserved: int = 0
    appointments_booked: int = 0
    repair_orders_settled: int = 0
    progress_sent: int = 0
    progress_delivered: int = 0
    reviews: int = 0
    orders_paid: int = 0
    errors: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, object]:
        return asdict(self)


def count(report: Report, database: Database, family: str) -> None:
    """Fill in what the database holds of the family."""
    with database.unit() as unit:
        readings = count_readings(unit, family)
        report.readings_stored = readings.stored
        report.readings_rejected = readings.rejected
        report.redelivered = readings.redelivered
        report.findings = count_findings(unit, family)
        desk = count_aftersales(unit, family)
        report.orders_paid = count_paid(unit, family)
    report.cases = desk.cases
    report.parts_reserved = desk.parts_reserved
    report.appointments_booked = desk.appointments_booked
    report.repair_orders_settled = desk.repair_orders_settled
    report.progress_sent = desk.progress
    report.reviews = desk.reviews
