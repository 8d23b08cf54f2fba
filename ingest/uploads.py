"""What devices upload by HTTP goes through the broker like everything else, and is answered when it is committed.

So the worker that owns the car sees it, in one transaction with the rest, and an answer means what `committed` means.
"""

import secrets
import threading
import time
from collections.abc import Callable, Sequence

import structlog
from sqlalchemy import text
from sqlalchemy.exc import InterfaceError, OperationalError

from foundation.database import Database
from ingest.address import BrokerAddress
from ingest.arrived import Arrived
from ingest.commit import Key
from ingest.dialects import decode
from ingest.envelope import Malformed
from ingest.rejected import header_of
from ingest.sources.mqtt import Connection, Profile
from ingest.topics import http_topic

POLL_S = 0.05
PATIENCE_S = 10.0
Send = Callable[[str, bytes], bool]  # a payload on a topic, at QoS 1; False: it could not be handed over
log = structlog.get_logger()


class NotCommitted(Exception):  # noqa: N818 - it names what is known of an upload
    """Nobody can say that the upload is committed: the broker or the ingest worker is away. Worth sending again."""


def nowhere(_topic: str, _payload: bytes) -> bool:
    """Send nothing: where there is no broker."""
    return False


class Uploads:
    """Hands uploads over and waits for their keys: one look into the database serves all that wait."""

    def __init__(self, database: Database, send: Send, patience_s: float = PATIENCE_S) -> None:
        self._database = database
        self._send = send
        self._patience_s = patience_s
        self._waiting: dict[Key, list[threading.Event]] = {}
        self._changed = threading.Condition()
        self._watcher: threading.Thread | None = None

    def submit(self, device: str, dialect: str, payload: bytes) -> list[Malformed]:
        """Publish an upload and come back when it is committed; gives what of it could not be read.

        Raises `NotCommitted` after `patience_s`. What carries no identity is not waited for: it is counted as rejected.
        """
        topic = http_topic(device, dialect)
        found = decode([Arrived(topic, payload, self._database.clock.now())])
        keys = [Key(device, it.boot, it.seq) for it in map(header_of, found) if it is not None]
        done = [self._wait_for(key) for key in keys]
        try:
            if not self._send(topic, payload):
                raise NotCommitted("the broker is away")
            deadline = time.monotonic() + self._patience_s
            if not all(event.wait(max(0.0, deadline - time.monotonic())) for event in done):
                raise NotCommitted("it was not committed in time")
        finally:
            self._forget(keys, done)
        return [one.content for one in found if isinstance(one.content, Malformed)]

    def _wait_for(self, key: Key) -> threading.Event:
        event = threading.Event()
        with self._changed:
            self._waiting.setdefault(key, []).append(event)
            if self._watcher is None:
                self._watcher = threading.Thread(target=self._watch, name="uploads", daemon=True)
                self._watcher.start()
            self._changed.notify()
        return event

    def _forget(self, keys: Sequence[Key], done: Sequence[threading.Event]) -> None:
        with self._changed:
            for key, event in zip(keys, done, strict=True):
                left = [it for it in self._waiting.get(key, []) if it is not event]
                if left:
                    self._waiting[key] = left
                else:
                    self._waiting.pop(key, None)

    def _watch(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                wanted = list(self._waiting)
            try:
                there = self._committed(wanted)
            except (OperationalError, InterfaceError) as error:
                log.warning("database_away", kind=type(error.orig).__name__)
                there = []
            with self._changed:
                for key in there:
                    for event in self._waiting.get(key, []):
                        event.set()
            time.sleep(POLL_S)

    def _committed(self, keys: Sequence[Key]) -> list[Key]:
        with self._database.unit() as unit:
            rows = unit.connection.execute(
                text(
                    "SELECT k.device, k.boot, k.seq FROM message_keys k JOIN"
                    " unnest(CAST(:devices AS text[]), CAST(:boots AS text[]), CAST(:seqs AS bigint[]))"
                    " AS w (device, boot, seq) USING (device, boot, seq)"
                ),
                {
                    "devices": [key.device for key in keys],
                    "boots": [key.boot for key in keys],
                    "seqs": [key.seq for key in keys],
                },
            )
            return [Key(row.device, row.boot, row.seq) for row in rows]


class Sender:
    """One connection to the broker for all uploads, opened when the first one comes and anew when it broke."""

    def __init__(self, url: Callable[[], str], certificate: str | None = None) -> None:
        self._url = url
        self._certificate = certificate
        self._connection: Connection | None = None
        self._lock = threading.Lock()

    def __call__(self, topic: str, payload: bytes) -> bool:
        with self._lock:
            if self._connection is None or self._connection.ended.is_set():
                profile = Profile(f"fc-uploads-{secrets.token_hex(6)}", certificate=self._certificate)
                connection = Connection(BrokerAddress.parse(self._url()), profile, lambda _connection, _message: None)
                try:
                    connection.open([])
                except ConnectionError as error:
                    log.warning("mqtt.unreachable", reason=str(error))
                    return False
                self._connection = connection
            return self._connection.publish(topic, payload) is not None

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
