"""An ingest worker: commits deliveries in batches, acknowledges them, judges trips that have ended, sends commands."""

import gc
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

import sqlalchemy.exc
import structlog

from diagnostics.predictor import SHIPPED, Predictor
from diagnostics.screening import ready_to_judge, ready_to_stop
from forecourt.heartbeat import Heartbeat
from forecourt.installation import Installation
from forecourt.metrics import IngestFigures, new_registry
from forecourt.metrics_files import FiguresFile
from forecourt.pipeline import SPANS_AT_ONCE, Pipeline
from forecourt.processes import steady, worker_name
from forecourt.supervision.supervisor import stop_on_signals
from foundation.database import Database
from ingest.archive import Archive
from ingest.arrived import Arrived
from ingest.dialects import Decoded
from ingest.intake import Intake
from ingest.partitions import PARTITIONS
from ingest.sources.ahead import Ahead
from ingest.sources.mqtt import MqttSource

SETTLE_S = 0.5
SETTLE_SHARE_S = 0.1  # of each SETTLE_S, for trips that have ended, while there are deliveries that wait
BEAT_S = 0.5
DATABASE_PAUSE_S = 0.25
GARBAGE = 200_000  # objects before a search: more than a batch has, for its own go with it and are no garbage
SWEEP_S = 30.0  # or so long after the last search, for with few messages those are many minutes' garbage
log = structlog.get_logger()
T = TypeVar("T")


def run(installation: Installation, worker: int) -> None:
    """Work until SIGTERM or SIGINT. A database that is away is waited for; any other fault ends the process."""
    settings = installation.settings
    heartbeat = Heartbeat.of(installation.paths, worker_name(worker))
    database = Database(installation.database_url, pool_size=2)
    archive = Archive(installation.archive_directory)
    partitions = installation.ingest_partitions(worker)
    predictor = Predictor.load(settings.predictor or SHIPPED)
    pipeline = Pipeline(database, archive, predictor, worker_name(worker), partitions)
    registry = new_registry()
    figures, written = IngestFigures(registry), FiguresFile(installation.paths, worker_name(worker), registry)
    source = MqttSource(
        installation.ingest_mqtt_url,
        installation.ingest_sessions(worker),
        database.clock,
        installation.broker_certificate,
    )
    # On a new installation these are compiled, for minutes on a busy machine. Without the first, a car in danger would
    # be looked at too late, so the broker keeps what comes until then; for the second no reading waits, only trips do.
    with stop_on_signals() as told, ThreadPoolExecutor(1, thread_name_prefix="ready") as getting_ready:
        stop, judge = getting_ready.submit(ready_to_stop), getting_ready.submit(ready_to_judge, predictor)
        for name in _patiently(pipeline.start):
            log.warning("segment_cleared", name=name)
        if worker == 0:
            _clear_after_former_workers(database, archive, installation.ingest_workers)
        source.start()
        be_ready(stop, told, lambda: _show_life(source, heartbeat, written))
        steady()
        gc.set_threshold(GARBAGE, 10, 10)  # its memory was measured with these
        ahead = Ahead(source.collect, settings.tick_s, settings.batch_messages)
        show_life = _Every(BEAT_S, lambda: _show_life(source, heartbeat, written))
        sweep = _Every(SWEEP_S, lambda: gc.collect(0))
        last_settled = 0.0
        while not told.is_set():
            arrived, found = ahead.take()
            if arrived:
                _commit(pipeline, source, arrived, found, figures)
            now = time.monotonic()
            if now - last_settled > SETTLE_S:
                if judge.done():
                    judge.result()  # raises what kept it from getting ready
                    settle(
                        lambda most: _patiently(lambda: pipeline.settle(most)),
                        lambda: source.waiting or ahead.waiting,
                        heartbeat.beat,
                    )
                if source.connected:
                    for command in _patiently(pipeline.command):
                        source.publish(command.topic, command.payload)
                last_settled = now
            show_life()
            sweep()
        ahead.stop()
        source.stop()
        getting_ready.shutdown(wait=False, cancel_futures=True)
    database.close()


class _Every:
    """Does something when it was done so long ago, however often it is called."""

    def __init__(self, seconds: float, act: Callable[[], object]) -> None:
        self._seconds, self._act = seconds, act
        self._last = time.monotonic()

    def __call__(self) -> None:
        if time.monotonic() - self._last > self._seconds:
            self._act()
            self._last = time.monotonic()


def be_ready(ready: Future[None], told: threading.Event, live: Callable[[], None]) -> None:
    """Show life until that is done, or we are told to stop; raises what went wrong with it."""
    while not (ready.done() or told.is_set()):
        live()
        wait([ready], BEAT_S)
    if ready.done():
        ready.result()


def _clear_after_former_workers(database: Database, archive: Archive, workers: int) -> None:
    """Clear away what workers that there are no more have not committed; what was for them is others' now."""
    for former in range(workers, PARTITIONS):
        for name in _patiently(Intake(database, archive, worker_name(former)).start):
            log.warning("segment_cleared", name=name)


def _commit(
    pipeline: Pipeline, source: MqttSource, arrived: list[Arrived], found: list[Decoded], figures: IngestFigures
) -> None:
    begun = time.monotonic()
    outcome = _patiently(lambda: pipeline.commit(found))
    seconds = time.monotonic() - begun
    source.acknowledge(arrived)
    for reply in outcome.replies:
        source.publish(reply.topic, reply.payload)
    figures.add(len(arrived), outcome, seconds)
    if outcome.rejected:
        log.info("rejected", **{reason.value: count for reason, count in outcome.rejected.items()})


def settle(judge: Callable[[int], int], waiting: Callable[[], bool], beat: Callable[[], None]) -> None:
    """Judge the trips that have ended: all of them, or, while deliveries wait, for a share of the time.

    A fleet that falls silent at once ends all its trips at once, and live readings must not wait for their judgement.
    `judge` judges so many stretches and gives how many there were.
    """
    begun = time.monotonic()
    while (idle := not waiting()) or time.monotonic() - begun < SETTLE_SHARE_S:
        if not judge(SPANS_AT_ONCE if idle else 1):
            return
        beat()


def _show_life(source: MqttSource, heartbeat: Heartbeat, written: FiguresFile) -> None:
    if source.connected:
        heartbeat.beat()
    written.write()


def _patiently(act: Callable[[], T]) -> T:
    """Do one transaction again while the database is away; it either happened or did not, so again is no harm."""
    while True:
        try:
            return act()
        except (sqlalchemy.exc.OperationalError, sqlalchemy.exc.InterfaceError) as error:
            log.warning("database_away", kind=type(error.orig).__name__)
            time.sleep(DATABASE_PAUSE_S)
