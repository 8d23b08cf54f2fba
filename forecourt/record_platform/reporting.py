"""Reporting one record: read in one unit of work, sent in none, and what came of it written down in another."""

import time
from datetime import datetime

import structlog

from aftersales.settlement.records import (
    RepairRecord,
    Waiting,
    compose,
    note_again,
    note_attempt,
    note_delivered,
    note_lacking,
    note_refused,
    take_up,
)
from forecourt.record_platform.port import NoAnswerError, NotTakenError, Platforms
from foundation.database import Database, UnitOfWork
from foundation.identity import desk_of
from foundation.refusals import NotFound
from ingest.registry import Vehicles

log = structlog.get_logger()


def report(database: Database, platforms: Platforms, order: str) -> None:
    """Report the record of an order that was taken to be reported; again, or twice at once, is no harm."""
    with database.unit() as unit:
        waiting = take_up(unit, order)
        platform = platforms.get(waiting.workshop) if waiting is not None else None
        if waiting is None or platform is None:
            return
        record, at = _written(unit, waiting), unit.now()
    if record is None:
        return
    began = time.monotonic()
    try:
        reference = platform.report(record)
    except NoAnswerError as error:
        _note(database, waiting, at, began, error.word)
        with database.unit() as unit:
            note_again(unit, waiting, platform.name, error.word)
    except NotTakenError as error:
        _note(database, waiting, at, began, error.word)
        with database.unit() as unit:
            note_refused(unit, waiting, platform.name, error.word, error.words)
    else:
        _note(database, waiting, at, began, "delivered")
        with database.unit() as unit:
            note_delivered(unit, waiting, platform.name, reference)


def _written(unit: UnitOfWork, waiting: Waiting) -> RepairRecord | None:
    """Write the record; None: something is missing, and the workshop has been told what."""
    vin = _registered(unit, waiting) or waiting.vin
    known = {"plate": waiting.plate, "vin": vin}
    if waiting.plate is None or vin is None:
        note_lacking(unit, waiting, [name for name, value in known.items() if value is None])
        return None
    return compose(unit, waiting, waiting.plate, vin)


def _registered(unit: UnitOfWork, waiting: Waiting) -> str | None:
    """Give the VIN of the car as its owner has it on file; a car that went to another owner has none here."""
    try:
        return Vehicles().get(unit, desk_of(waiting.organisation), waiting.vehicle).vin
    except NotFound:
        return None


def _note(database: Database, waiting: Waiting, at: datetime, began: float, outcome: str) -> None:
    took_ms = round(1000 * (time.monotonic() - began))
    if outcome != "delivered":
        log.warning("record_not_delivered", order=waiting.order, attempt=waiting.attempt, why=outcome)
    with database.unit() as unit:
        note_attempt(unit, waiting, at, took_ms, outcome)
