"""Reports of trouble codes, kept as they came, and the latest answer of each ECU."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from foundation.database import UnitOfWork
from ingest.batch import from_us
from ingest.bulk import copy
from ingest.gate import AcceptedReport
from ingest.tables import dtc_reports


@dataclass(frozen=True, slots=True)
class EcuCodes:
    """What an ECU answered last: lists as answered, empty for none, None where it gave no answer."""

    ecu: str
    at: datetime
    stored: list[str] | None
    pending: list[str] | None
    permanent: list[str] | None
    mil: bool | None


def record(unit: UnitOfWork, reports: Sequence[AcceptedReport]) -> None:
    columns = ("device", "boot", "seq", "vehicle", "organisation", "partition", "at", "arrived_at", "report")
    copy(unit, dtc_reports, columns, [_row(one) for one in reports])


def latest(unit: UnitOfWork, vehicle: str) -> list[EcuCodes]:
    """Give the latest report of each ECU of a vehicle, by ECU."""
    rows = unit.connection.execute(
        text(
            "SELECT DISTINCT ON (e.key) e.key AS ecu, r.at, e.value AS codes, r.report -> 'mil' AS mil"
            " FROM dtc_reports r, jsonb_each(r.report -> 'ecus') e WHERE r.vehicle = :vehicle"
            ' ORDER BY e.key, r.at DESC, r.boot COLLATE "C" DESC, r.seq DESC'
        ),
        {"vehicle": vehicle},
    )
    return [
        EcuCodes(row.ecu, row.at, row.codes["stored"], row.codes["pending"], row.codes["permanent"], row.mil)
        for row in rows
    ]


def _row(one: AcceptedReport) -> tuple[Any, ...]:
    origin, report = one.origin, one.report
    document = {
        "ecus": {ecu: dict(answers) for ecu, answers in report.ecus.items()},
        "mil": report.mil,
        "freeze": report.freeze,
        "readiness": report.readiness,
    }
    return (
        origin.device,
        origin.boot,
        origin.seq,
        origin.vehicle,
        origin.organisation,
        origin.partition,
        from_us(one.at_us),
        from_us(origin.arrived_us),
        json.dumps(document),
    )
