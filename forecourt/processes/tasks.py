"""The task worker: runs queued work, takes back what a killed worker left, sweeps deadlines, and keeps house."""

import asyncio
import functools
import signal
from collections.abc import Callable

import procrastinate
import psycopg
import sqlalchemy.exc
import structlog

from forecourt.car_progress import CarProgress
from forecourt.heartbeat import Heartbeat
from forecourt.installation import Installation
from forecourt.mail import Ports, ports_of
from forecourt.metrics import HouseFigures, new_registry
from forecourt.metrics_files import FiguresFile
from forecourt.paying import Paying, paying_of
from forecourt.processes import Process
from forecourt.processes.keeping import Keeper
from forecourt.record_platform.port import Platforms
from forecourt.record_platform.provinces import read_platforms
from forecourt.sweeps import sweep_deadlines
from forecourt.task_queue import QUEUE, RECORDS
from forecourt.tasks import HEARTBEAT_S, STALLED_S, build_tasks
from forecourt.webhooks.courier import Courier
from foundation.database import Database
from foundation.follow import Wakeups

SWEEP_S = 1.0
log = structlog.get_logger()


def run(installation: Installation, port: int) -> None:
    """Work until SIGTERM or SIGINT."""
    database = Database(installation.database_url, pool_size=4, data=installation.paths.root)
    ports = ports_of(installation.settings)
    platforms = read_platforms(installation.settings.record_platforms)
    asyncio.run(_work(installation, database, ports, paying_of(installation, database, port), platforms))
    database.close()


async def _work(
    installation: Installation, database: Database, ports: Ports, paying: Paying, platforms: Platforms
) -> None:
    """Work until SIGTERM or SIGINT; a lost database connection ends the process, and the supervisor restarts it."""
    settings = installation.settings
    app = build_tasks(database, ports, settings.data, paying, platforms, settings.public_url)
    heartbeat = Heartbeat.of(installation.paths, Process.TASKS)
    async with app.open_async():
        workers = [_worker(app, QUEUE, 2)]
        if platforms:
            workers.append(_worker(app, RECORDS, 1))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, workers[0].cancel)
        sweep = functools.partial(
            sweep_deadlines, database, paying, channels=frozenset(ports), reporting=frozenset(platforms)
        )
        sweeper = asyncio.create_task(_sweep(app, heartbeat, sweep))
        registry = new_registry()
        written = FiguresFile(installation.paths, Process.TASKS, registry)
        keeper = Keeper(installation, database, HouseFigures(registry), written)
        wakeups = Wakeups(database.url)
        wakeups.start(loop)
        courier = Courier(database, private=installation.settings.webhook_private)
        rounds = [
            asyncio.create_task(it)
            for it in (
                keeper.keep_house(),
                keeper.keep_archive(),
                keeper.keep_catalogue(),
                keeper.look(),
                courier.run(),
                CarProgress(installation, database, wakeups).run(),
            )
        ]
        running = (*workers, sweeper, *rounds)
        done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await asyncio.to_thread(wakeups.stop)
        for task in done:
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error


def _worker(app: procrastinate.App, lane: str, at_once: int) -> asyncio.Task[None]:
    return asyncio.create_task(
        app.run_worker_async(
            queues=[lane],
            concurrency=at_once,
            fetch_job_polling_interval=1.0,
            update_heartbeat_interval=HEARTBEAT_S,
            stalled_worker_timeout=STALLED_S,
            shutdown_graceful_timeout=8.0,
            install_signal_handlers=False,
            delete_jobs="successful",
        )
    )


async def _sweep(app: procrastinate.App, heartbeat: Heartbeat, sweep: Callable[[], None]) -> None:
    while True:
        try:
            await asyncio.to_thread(sweep)
            for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_S):
                log.warning("task_taken_back", task=job.task_name, number=job.id)
                await app.job_manager.retry_job(job)
        except (sqlalchemy.exc.OperationalError, psycopg.OperationalError, procrastinate.exceptions.ConnectorException):
            # The database restarts; the supervisor sees to it, and the next round finds it.
            log.warning("database_away")
        else:
            heartbeat.beat()
        await asyncio.sleep(SWEEP_S)
