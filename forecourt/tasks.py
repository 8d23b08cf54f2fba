"""Background work on procrastinate: queued in the transaction that needs it, safe to run twice."""

from typing import Any

import procrastinate
from sqlalchemy.engine import make_url

from aftersales.opening import open_case
from diagnostics.alarms import get_finding
from foundation.database import Database, UnitOfWork
from foundation.identity import desk_of
from ingest.registry import Vehicles

OPEN_CASE = "open_case"
QUEUE = "desk"
HEARTBEAT_S = 1.0
STALLED_S = 5.0  # a worker that was killed is noticed after this, and its task is run again


def dsn(url: str) -> str:
    """Give a SQLAlchemy URL as libpq writes it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def queue(unit: UnitOfWork, task: str, **arguments: Any) -> None:
    """Queue a task within the unit of work: it exists when, and only when, the unit commits."""
    app = procrastinate.App(connector=procrastinate.SyncPsycopgConnector())
    app.configure_task(task, queue=QUEUE, connection=unit.driver).defer(**arguments)


def build_tasks(database: Database) -> procrastinate.App:
    """Build the task runner's application over one database."""
    app = procrastinate.App(
        connector=procrastinate.PsycopgConnector(conninfo=dsn(database.url), min_size=1, max_size=4)
    )
    retry = procrastinate.RetryStrategy(max_attempts=20, exponential_wait=2)

    @app.task(name=OPEN_CASE, queue=QUEUE, retry=retry)
    def run_open_case(finding: str, vehicle: str, organisation: str) -> None:
        with database.unit() as unit:
            actor = desk_of(organisation)
            open_case(unit, get_finding(unit, actor, finding), Vehicles().get(unit, actor, vehicle))

    return app
