"""Background work, safe to run twice; `forecourt/task_queue.py` queues it."""

import procrastinate

from aftersales.opening import open_case
from diagnostics.alarms import get_finding
from forecourt.task_queue import OPEN_CASE, QUEUE, dsn
from foundation.database import Database
from foundation.identity import desk_of
from ingest.registry import Vehicles

HEARTBEAT_S = 1.0
STALLED_S = 5.0  # a worker that was killed is noticed after this, and its task is run again


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
