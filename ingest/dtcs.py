"""Reports of trouble codes: kept as they came, and read back as the codes that a car has now or had in one report."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from foundation.database import UnitOfWork
from ingest import ecu_answers
from ingest.batch import from_us
from ingest.bulk import copy
from ingest.ecu_answers import CODE_KINDS, EcuAnswer
from ingest.gate import AcceptedReport
from ingest.registry import note_reported_vins
from ingest.tables import dtc_reports


@dataclass(frozen=True, slots=True)
class KnownCode:
    """A trouble code that an ECU told at `at`; `freeze` is the frame that it froze, where that was told with it."""

    ecu: str
    kind: str
    code: str
    at: datetime
    freeze: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class AnsweredCodes:
    """The last real answer of an ECU to one kind of question; no codes: it answered that there are none."""

    ecu: str
    kind: str
    at: datetime
    codes: tuple[str, ...]


def record(unit: UnitOfWork, reports: Sequence[AcceptedReport]) -> list[AcceptedReport]:
    """Keep reports and what follows from them; gives those that changed which codes are known of a car.

    The VIN stays with the vehicle, so that it can be erased there: the reports know a vehicle by its id alone.
    """
    columns = ("device", "boot", "seq", "vehicle", "organisation", "partition", "at", "arrived_at", "report")
    copy(unit, dtc_reports, columns, [_row(one) for one in reports])
    note_reported_vins(
        unit, [(one.origin.vehicle, one.report.vin, from_us(one.at_us)) for one in reports if one.report.vin]
    )
    return ecu_answers.move(unit, reports)


def codes_of_report(unit: UnitOfWork, device: str, boot: str, seq: int) -> list[KnownCode]:
    """Give the codes of one stored report; none for a report that is not there."""
    row = unit.connection.execute(
        select(dtc_reports.c.at, dtc_reports.c.report).where(
            dtc_reports.c.device == device, dtc_reports.c.boot == boot, dtc_reports.c.seq == seq
        )
    ).one_or_none()
    if row is None:
        return []
    frames = row.report.get("freeze") or {}
    return [
        KnownCode(ecu, kind, code, row.at, _frame_of(code, frames.get(ecu)))
        for ecu, answers in sorted(row.report["ecus"].items())
        for kind in CODE_KINDS
        for code in answers[kind] or ()
    ]


def answered_codes(unit: UnitOfWork, vehicle: str) -> list[AnsweredCodes]:
    """Give what each ECU of a vehicle last really answered, whichever device asked it."""
    return _answered(ecu_answers.of_vehicle(unit, vehicle))


def standing_codes(unit: UnitOfWork, vehicle: str) -> list[KnownCode]:
    """Give the codes that the ECUs of a vehicle still had when they last answered, by ECU and kind."""
    words = ecu_answers.of_vehicle(unit, vehicle)
    frames = {key[0]: it.answered for key, it in ecu_answers.newest_of(words).items() if key[1] == "freeze"}
    return [
        KnownCode(it.ecu, it.kind, code, it.at, _frame_of(code, frames.get(it.ecu)))
        for it in _answered(words)
        for code in it.codes
    ]


def _answered(words: Iterable[EcuAnswer]) -> list[AnsweredCodes]:
    last: dict[tuple[str, str], AnsweredCodes] = {}
    for it in words:
        if it.fact in CODE_KINDS and it.answered_by is not None:
            key = (it.ecu, it.fact)
            if key not in last or it.answered_by.at > last[key].at:
                last[key] = AnsweredCodes(it.ecu, it.fact, it.answered_by.at, tuple(it.answered))
    return [last[key] for key in sorted(last)]


def _frame_of(code: str, frame: Any) -> Mapping[str, Any] | None:
    return frame if frame and frame["dtc"] == code else None


def _row(one: AcceptedReport) -> tuple[Any, ...]:
    origin, report = one.origin, one.report
    document = {
        "ecus": {ecu: dict(answers) for ecu, answers in report.ecus.items()},
        "mil": report.mil,
        "freeze": report.freeze,
        "readiness": report.readiness,
        "monitors": report.monitors,
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
