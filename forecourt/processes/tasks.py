"""The task worker: runs queued work, takes back what a killed worker left, sweeps deadlines, and keeps house."""

import asyncio
import signal

import procrastinate
import psycopg
import sqlalchemy.exc
import structlog

from forecourt.heartbeat import Heartbeat
from forecourt.installation import Installation
from forecourt.mail import Send, smtp_sender
from forecourt.metrics import HouseFigures, new_registry
from forecourt.metrics_files import FiguresFile
from forecourt.paying import Paying, paying_of
from forecourt.processes import Process
from forecourt.processes.keeping import Keeper
from forecourt.settings import Settings
from forecourt.sweeps import sweep_deadlines
from forecourt.task_queue import QUEUE
from forecourt.tasks import HEARTBEAT_S, STALLED_S, build_tasks
from foundation.database import Database

SWEEP_S = 1.0
log = structlog.get_logger()


def run(installation: Installation, port: int) -> None:
    """Work until SIGTERM or SIGINT."""
    database = Database(installation.database_url, pool_size=4, data=installation.paths.root)
    send = _mail_port(installation.settings)
    asyncio.run(_work(installation, database, send, paying_of(installation, database, port)))
    database.close()


def _mail_port(settings: Settings) -> Send | None:
    if settings.smtp_url is None:
        return None
    return smtp_sender(settings.smtp_url.get_secret_value(), settings.mail_from)


async def _work(installation: Installation, database: Database, send: Send | None, paying: Paying) -> None:
    """Work until SIGTERM or SIGINT; a lost database connection ends the process, and the supervisor restarts it."""
    app = build_tasks(database, send, installation.settings.data, paying)
    heartbeat = Heartbeat.of(installation.paths, Process.TASKS)
    async with app.open_async():
        worker = asyncio.create_task(
            app.run_worker_async(
                queues=[QUEUE],
                concurrency=2,
                fetch_job_polling_interval=1.0,
                update_heartbeat_interval=HEARTBEAT_S,
                stalled_worker_timeout=STALLED_S,
                shutdown_graceful_timeout=8.0,
                install_signal_handlers=False,
                delete_jobs="successful",
            )
        )
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, worker.cancel)
        sweeper = asyncio.create_task(_sweep(app, database, heartbeat, paying, mail=send is not None))
        registry = new_registry()
        written = FiguresFile(installation.paths, Process.TASKS, registry)
        keeper = Keeper(installation, database, HouseFigures(registry), written)
        rounds = [
            asyncio.create_task(it)
            for it in (keeper.keep_house(), keeper.keep_archive(), keeper.keep_catalogue(), keeper.look())
        ]
        running = (worker, sweeper, *rounds)
        done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        for task in done:
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error


async def _sweep(
    app: procrastinate.App, database: Database, heartbeat: Heartbeat, paying: Paying, *, mail: bool
) -> None:
    while True:
        try:
            await asyncio.to_thread(sweep_deadlines, database, paying, mail=mail)
            for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_S):
                log.warning("task_taken_back", task=job.task_name, number=job.id)
                await app.job_manager.retry_job(job)
        except (sqlalchemy.exc.OperationalError, psycopg.OperationalError, procrastinate.exceptions.ConnectorException):
            # The database restarts; the supervisor sees to it, and the next round finds it.
            log.warning("database_away")
        else:
            heartbeat.beat()
        await asyncio.sleep(SWEEP_S)
