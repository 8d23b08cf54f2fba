"""Queueing background work on procrastinate, in the transaction that needs it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import procrastinate
from sqlalchemy import text
from sqlalchemy.engine import make_url

from foundation.database import UnitOfWork

OPEN_CASE = "open_case"
JOIN_CODES = "join_codes"
SEND_MAIL = "send_mail"
IMPORT_PARTS = "import_parts"
UNDO_IMPORT = "undo_import"
CALL_PROVIDER = "call_payment_provider"
SEND_NOTICE = "send_sandbox_notice"
REPORT_REPAIR = "report_repair"
QUEUE = "desk"
RECORDS = "records"  # a slow platform holds up nobody else


def dsn(url: str) -> str:
    """Give a SQLAlchemy URL as libpq writes it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def import_folder(data: Path) -> Path:
    """Name the folder in the data directory in which uploads wait to be imported."""
    return data / "catalogue" / "uploads"


def queue_import(unit: UnitOfWork, number: int, full: bool | None, dry: bool) -> None:
    queue(unit, IMPORT_PARTS, number=number, full=full, dry=dry)


def queue_undo(unit: UnitOfWork, number: int) -> None:
    queue(unit, UNDO_IMPORT, number=number)


def queue(unit: UnitOfWork, task: str, **arguments: Any) -> None:
    """Queue a task within the unit of work: it exists when, and only when, the unit commits."""
    app = procrastinate.App(connector=procrastinate.SyncPsycopgConnector())
    lane = RECORDS if task == REPORT_REPAIR else QUEUE
    app.configure_task(task, queue=lane, connection=unit.driver).defer(**arguments)


def unqueue(unit: UnitOfWork, vehicles: Sequence[str]) -> int:
    """Take back what waits to be done, or failed, for vehicles that are erased; gives how much that was."""
    done = unit.connection.execute(
        text("DELETE FROM procrastinate_jobs WHERE status <> 'doing' AND args->>'vehicle' = ANY(:vehicles)"),
        {"vehicles": list(vehicles)},
    )
    return done.rowcount


def depth(unit: UnitOfWork) -> Mapping[tuple[str, str], int]:
    """Count tasks by (name, state): waiting (`todo`), being done (`doing`), and given up (`failed`)."""
    rows = unit.connection.execute(
        text(
            "SELECT task_name, status::text, count(*) FROM procrastinate_jobs"
            " WHERE status IN ('todo', 'doing', 'failed') GROUP BY task_name, status"
        )
    )
    return {(name, state): count for name, state, count in rows}
