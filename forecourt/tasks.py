"""Background work, safe to run twice; `forecourt/task_queue.py` queues it."""

from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType

import procrastinate

from aftersales.codes import LastAnswer, SeenCode, join_codes
from aftersales.opening import open_case
from aftersales.scope import lock_vehicle
from diagnostics.told import get_finding
from forecourt.mail import Ports, send_letter
from forecourt.paying import Paying
from forecourt.record_platform.port import Platforms
from forecourt.record_platform.reporting import report
from forecourt.task_queue import (
    CALL_PROVIDER,
    IMPORT_PARTS,
    JOIN_CODES,
    OPEN_CASE,
    QUEUE,
    RECORDS,
    REPORT_REPAIR,
    SEND_MAIL,
    SEND_NOTICE,
    UNDO_IMPORT,
    dsn,
    import_folder,
)
from foundation.database import Database, UnitOfWork
from foundation.identity import desk_of
from ingest import dtcs
from ingest.dtcs import KnownCode
from ingest.registry import Vehicles
from parts_catalog.imports.uploads import import_upload, undo_waiting
from parts_catalog.payments.calling import carry_out

HEARTBEAT_S = 1.0
STALLED_S = 5.0  # a worker that was killed is noticed after this, and its task is run again


def build_tasks(
    database: Database,
    ports: Ports | None = None,
    data: Path | None = None,
    paying: Paying | None = None,
    platforms: Platforms = MappingProxyType({}),
    house: str | None = None,
) -> procrastinate.App:
    """Build the task runner's application over one database.

    `ports` are those for letters and text messages (None: there are none); in `data` wait the files that are to be
    imported; `paying` has the providers of payments that may be asked, `platforms` where workshops report repairs.
    `house` is the address of our pages as people reach it, for links in letters.
    """
    app = procrastinate.App(
        connector=procrastinate.PsycopgConnector(conninfo=dsn(database.url), min_size=1, max_size=4)
    )
    retry = procrastinate.RetryStrategy(max_attempts=20, exponential_wait=2)

    @app.task(name=OPEN_CASE, queue=QUEUE, retry=retry)
    def run_open_case(finding: str, vehicle: str, organisation: str) -> None:
        with database.unit() as unit:
            actor = desk_of(organisation)
            open_case(unit, get_finding(unit, actor, finding), Vehicles().get(unit, actor, vehicle))
            # Read after the lock that opening takes: a code that comes meanwhile is either here, or has a task behind.
            _join(unit, vehicle, dtcs.standing_codes(unit, vehicle))

    @app.task(name=JOIN_CODES, queue=QUEUE, retry=retry)
    def run_join_codes(vehicle: str, device: str, boot: str, seq: int) -> None:
        with database.unit() as unit:
            lock_vehicle(unit, vehicle)
            # The report's own codes too: by now they may have been cleared, and they belong to the case all the same.
            reported = dtcs.codes_of_report(unit, device, boot, seq)
            _join(unit, vehicle, [*reported, *dtcs.standing_codes(unit, vehicle)])

    @app.task(name=SEND_MAIL, queue=QUEUE, retry=retry)
    def run_send_mail(message: str) -> None:
        send_letter(database, ports or {}, message, house)

    @app.task(name=IMPORT_PARTS, queue=QUEUE, retry=retry)
    def run_import_parts(number: int, full: bool | None, dry: bool) -> None:
        if data is not None:
            import_upload(database, import_folder(data), number, full=full, dry=dry)

    @app.task(name=UNDO_IMPORT, queue=QUEUE, retry=retry)
    def run_undo_import(number: int) -> None:
        undo_waiting(database, number)

    _add_records(app, retry, database, platforms)
    if paying is not None:
        _add_payments(app, retry, database, paying)
    return app


def _add_records(
    app: procrastinate.App, retry: procrastinate.RetryStrategy, database: Database, platforms: Platforms
) -> None:
    @app.task(name=REPORT_REPAIR, queue=RECORDS, retry=retry)
    def run_report_repair(order: str) -> None:
        report(database, platforms, order)


def _add_payments(
    app: procrastinate.App, retry: procrastinate.RetryStrategy, database: Database, paying: Paying
) -> None:
    @app.task(name=CALL_PROVIDER, queue=QUEUE, retry=retry)
    def run_call_provider(number: int) -> None:
        carry_out(database, paying.providers, paying.payables, number)

    @app.task(name=SEND_NOTICE, queue=QUEUE, retry=retry)
    def run_send_notice(number: int) -> None:
        paying.send_notice(number)


def _join(unit: UnitOfWork, vehicle: str, known: Sequence[KnownCode]) -> None:
    seen = [SeenCode(it.ecu, it.kind, it.code, it.at, it.freeze) for it in known]
    answers = [LastAnswer(it.ecu, it.kind, it.at, it.codes) for it in dtcs.answered_codes(unit, vehicle)]
    join_codes(unit, vehicle, seen, answers)
