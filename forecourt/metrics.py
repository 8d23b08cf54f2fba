"""What each of our processes counts for Prometheus; no label names a device, a vehicle, an organisation or a person."""

from collections.abc import Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from ingest.counting import count_flagged
from ingest.dialects import DIALECTS
from ingest.intake import Outcome
from ingest.readings import Quality
from ingest.rejected import Reason

_BATCH = (1, 10, 30, 100, 300, 1000, 2000, 4000, 8000)
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
LABELS = frozenset({"process", "dialect", "reason", "quality", "partition", "task", "state", "channel", "store", "le"})


def new_registry() -> CollectorRegistry:
    """Give a registry with what the kernel knows of this process: memory, processor time, open files."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    return registry


class IngestFigures:
    """What an ingest worker has committed; counted once per batch, after it was acknowledged."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._messages = Counter(
            "forecourt_ingest_messages", "Messages handled, by dialect", ["dialect"], registry=registry
        )
        self._stored = Counter("forecourt_ingest_readings_stored", "Readings stored", registry=registry)
        self._rejected = Counter(
            "forecourt_ingest_readings_rejected",
            "Readings rejected; of the future ones (future_time) the payload is in quarantine",
            ["reason"],
            registry=registry,
        )
        self._flagged = Counter(
            "forecourt_ingest_readings_flagged", "Readings stored with a doubt", ["quality"], registry=registry
        )
        self._redelivered = Counter(
            "forecourt_ingest_redelivered", "Messages that had been handled before", registry=registry
        )
        self._ignored = Counter(
            "forecourt_ingest_ignored", "Values that are no readings, such as positions", registry=registry
        )
        self._batch = Histogram(
            "forecourt_ingest_batch_messages", "Messages in a commit", buckets=_BATCH, registry=registry
        )
        self._seconds = Histogram(
            "forecourt_ingest_commit_seconds",
            "Time of a batch from its first message judged to its COMMIT",
            buckets=_SECONDS,
            registry=registry,
        )
        # What has not happened is told as 0.
        for dialect in DIALECTS:
            self._messages.labels(dialect.name)
        for reason in Reason:
            self._rejected.labels(reason.value)
        for quality in filter(None, Quality):
            self._flagged.labels(str(quality.name).lower())

    def add(self, messages: int, outcome: Outcome, seconds: float) -> None:
        """Count a batch."""
        self._batch.observe(messages)
        self._seconds.observe(seconds)
        for dialect, count in outcome.messages.items():
            self._messages.labels(dialect or "none").inc(count)
        self._stored.inc(outcome.stored)
        for reason, count in outcome.rejected.items():
            self._rejected.labels(reason.value).inc(count)
        for quality, count in count_flagged(outcome.batch).items():
            self._flagged.labels(str(quality.name).lower()).inc(count)
        self._redelivered.inc(outcome.redelivered)
        self._ignored.inc(outcome.ignored)


class HouseFigures:
    """What the tasks process sees: the archive's upkeep, what waits, and the bundled broker's backlog."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._merged = Counter("forecourt_compaction_files_merged", "Archive files merged", registry=registry)
        self._seconds = Histogram(
            "forecourt_compaction_seconds", "Time of a round of compaction", buckets=_SECONDS, registry=registry
        )
        self._success = Gauge(
            "forecourt_compaction_last_success_timestamp_seconds", "End of the last round", registry=registry
        )
        self._failures = Counter(
            "forecourt_archive_away", "Rounds in which the archive's store was away", registry=registry
        )
        self._files = Gauge("forecourt_archive_files", "Files of the archive", ["store"], registry=registry)
        self._size = Gauge("forecourt_archive_bytes", "Bytes of the archive", ["store"], registry=registry)
        self._tasks = Gauge("forecourt_tasks", "Background tasks in the queue", ["task", "state"], registry=registry)
        self._outbox = Gauge("forecourt_outbox", "What waits to be sent", ["channel"], registry=registry)
        self._backlog = Gauge(
            "forecourt_ingest_backlog_messages",
            "Messages that the bundled broker holds for ingest, unacknowledged ones included",
            ["partition"],
            registry=registry,
        )
        self._oldest = Gauge(
            "forecourt_ingest_oldest_unacknowledged_seconds", "Age of the oldest of them; 0: none", registry=registry
        )
        self._watched = Gauge(
            "forecourt_ingest_backlog_timestamp_seconds", "When the broker was asked last", registry=registry
        )

    def compacted(self, files: int, seconds: float, at: float) -> None:
        """Count a round of compaction; it ended well at `at` (seconds since 1970)."""
        self._merged.inc(files)
        self._seconds.observe(seconds)
        self._success.set(at)

    def archive_away(self) -> None:
        self._failures.inc()

    def archive(self, held: Mapping[str, tuple[int, int]]) -> None:
        """Tell (files, bytes) of fresh segments and of compacted files."""
        for store, (files, size) in held.items():
            self._files.labels(store).set(files)
            self._size.labels(store).set(size)

    def waiting(self, tasks: Mapping[tuple[str, str], int], outbox: Mapping[str, int]) -> None:
        self._tasks.clear()
        for (task, state), count in tasks.items():
            self._tasks.labels(task, state).set(count)
        for channel, count in outbox.items():
            self._outbox.labels(channel).set(count)

    def backlog(self, messages: Mapping[int, int], oldest: datetime | None, now: datetime) -> None:
        for partition, count in messages.items():
            self._backlog.labels(str(partition)).set(count)
        self._oldest.set(0 if oldest is None else max(0.0, (now - oldest).total_seconds()))
        self._watched.set(now.timestamp())
