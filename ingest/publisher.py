"""The sender that replay, simulators and the car end share: spools first, then sends until `committed` answers."""

import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import structlog
from paho.mqtt.client import MQTTMessage, MQTTMessageInfo

from foundation.clock import Clock, SystemClock
from foundation.refusals import Invalid
from ingest.address import BrokerAddress
from ingest.envelope import (
    FIRST_TRUSTED,
    MAXIMUM_AGE_MS,
    MAXIMUM_BYTES,
    MAXIMUM_SEQ,
    Content,
    Header,
    Message,
    Readings,
    Status,
    encode,
    restamp,
)
from ingest.sources.mqtt import LONGEST_PAUSE_S, Connection, Profile
from ingest.spool import Held, Limits, Rank, Spool, Stamp
from ingest.topics import Kind, is_id, parse_topic, topic_of

WINDOW = 200  # unanswered messages in flight: a replay of hours does not flood the broker's store
MAXIMUM_SENDS = 10
STATUS_S = 60.0  # a status that tells of another spool than there is is told again after this
LONGEST_RESEND_S = 600.0
CommandHook = Callable[[Mapping[str, Any]], None]
log = structlog.get_logger()


@dataclass(slots=True)
class _Flight:
    """A message that is under way. `overtaken`: how many of its sends stayed unanswered while a later one was answered.

    `sent_at` is None while it is to be sent whatever was heard: for the first time, or over a new connection.
    """

    sends: int = 0
    due: float = 0.0
    sent_at: float | None = None
    overtaken: int = 0


class Publisher:
    """One device's way up. Use as a context manager, or `start` and `stop`.

    `device` is the id in the topics (default: the URL's user). With a `spool` file, a new publisher on the same file
    goes on where a killed one stopped. `resend_s` is the pause before the second send; each next one is twice as long,
    and a new connection sends everything unanswered at once. While nothing is answered, the oldest message alone is
    sent again: the server is down, and the broker holds the rest. Only what stays unanswered ten times although
    something that was sent later is answered goes to the dead folder. The hooks hear `command` and `progress` messages.

    Ages are counted by `monotonic` within its `session` (default: this process; a clock of the machine counts within
    one start of that), and by the wall clock beyond. With `limits` the spool may let messages go: see `Spool`.
    """

    def __init__(
        self,
        mqtt_url: str,
        device: str | None = None,
        spool: Path | None = None,
        agent: str = "forecourt",
        *,
        clock: Clock | None = None,
        clock_source: str = "system",
        resend_s: float = 5.0,
        on_command: CommandHook | None = None,
        on_progress: CommandHook | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        session: str | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._address = BrokerAddress.parse(mqtt_url)
        self.device = device or self._address.user or ""
        if not is_id(self.device):
            raise Invalid("the MQTT address names no device: it needs a user, mqtt://device:password@host:port")
        self._agent, self._clock_source, self._resend_s = agent, clock_source, resend_s
        self._clock = clock or SystemClock()
        self._hooks = {Kind.COMMAND: on_command, Kind.PROGRESS: on_progress}
        self._monotonic = monotonic
        self._session = session or secrets.token_hex(8)
        self.spool = self._spool = Spool(spool, limits)
        self._changed = threading.Condition()
        self._flights: dict[int, _Flight] = {}
        self._answered_at = -inf  # when the newest send that was answered was made
        self._sent_position = 0
        self._stopping = False
        self._adapter: str | None = None
        self._status_due = False
        self._told_spool, self._told_at = 0, 0.0
        self._thread = threading.Thread(target=self._run, name=f"publisher-{self.device}", daemon=True)
        self.connected = False
        self.trouble: str | None = None
        self.sent_messages = self.sent_readings = self.committed = self.dead = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Say offline, disconnect and close the spool; what is unanswered stays in it."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()
        self._spool.close()

    def send(
        self,
        kind: Kind,
        boot: str,
        content: Content,
        *,
        seq: int | None = None,
        age_ms: int | None = None,
        stamp: Stamp | None = None,
        rank: Rank = Rank.FAST,
        mark: tuple[str, str] | None = None,
    ) -> int:
        """Take a message into the spool and give its seq; sending happens behind it.

        `age_ms` is how old the content's time is now (default: by the clock), `stamp` says the same of a message that
        an earlier process had in hand. `mark` is kept in the spool together with the message. More than a million
        bytes are `Invalid`.
        """
        if not is_id(boot) or not (seq is None or 0 <= seq <= MAXIMUM_SEQ):
            raise Invalid(f"{boot!r} {seq} is no boot and seq")
        age = self._age_ms(content) if age_ms is None else age_ms
        stamp = stamp or Stamp(age, self._clock.now().timestamp(), self._monotonic(), self._session)

        def payload_of(number: int) -> bytes:
            payload = encode(kind, Message(Header(boot, number, number, MAXIMUM_AGE_MS), content))
            if len(payload) > MAXIMUM_BYTES:
                raise Invalid(f"a message of {len(payload)} bytes is over {MAXIMUM_BYTES}: split it")
            return payload

        was_low = self._spool.low
        put = self._spool.put(kind, boot, payload_of, stamp, seq, rank, mark)
        with self._changed:
            if put.is_new:
                self.sent_messages += 1
                self.sent_readings += content.count if isinstance(content, Readings) else 0
            self._status_due |= bool(put.gone) or self._spool.low != was_low
            self._changed.notify_all()
        self._land(set(put.gone))
        return put.seq

    def tell(self, *, clock_source: str | None = None, adapter: str | None = None) -> None:
        """Change what the status says of the clock and of the adapter, and send it if that is news."""
        with self._changed:
            before = self._clock_source, self._adapter
            self._clock_source = clock_source or self._clock_source
            self._adapter = adapter or self._adapter
            self._status_due |= before != (self._clock_source, self._adapter)
            self._changed.notify_all()

    def wait_committed(self, timeout: float | None = None) -> bool:
        """Wait until every message is answered. False: not within the time, or some went to the dead folder."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self._spool) == 0, timeout) and self.dead == 0

    @property
    def waiting(self) -> int:
        """The number of messages that are not answered yet."""
        return len(self._spool)

    @property
    def alive(self) -> bool:
        """Whether the sending goes on; it ends by `stop` alone, or by a fault of ours."""
        return self._thread.is_alive()

    def _age_ms(self, content: Content) -> int:
        begun = content.t0 if isinstance(content, Readings) else content.t
        if begun is None:
            return 0
        return min(max(round((self._clock.now() - begun).total_seconds() * 1000), 0), MAXIMUM_AGE_MS)

    def _run(self) -> None:
        pause = 0.1
        while not self._stopping:
            will = topic_of(self.device, Kind.STATUS), encode(Kind.STATUS, Status(online=False))
            connection = Connection(self._address, Profile(self.device, will=will), self._hear, self._wake)
            try:
                connection.open([topic_of(self.device, kind) for kind in (Kind.COMMITTED, *self._hooks)])
            except ConnectionError as error:
                self.trouble = str(error)
                log.warning("publisher.unreachable", device=self.device, reason=str(error), next_try_s=pause)
                with self._changed:
                    self._changed.wait_for(lambda: self._stopping, pause)
                pause = min(2 * pause, LONGEST_PAUSE_S)
                continue
            pause, self.trouble, self.connected = 0.1, None, True
            self._serve(connection)
            self.connected = False

    def _serve(self, connection: Connection) -> None:
        """Send over one connection until it ends or we stop."""
        self._tell_status(connection)
        with self._changed:
            for flight in self._flights.values():
                # A send whose connection ended before its time tells nothing of the message.
                flight.sends -= 1 if flight.due > time.monotonic() else 0
                flight.due, flight.sent_at = 0.0, None
        while not self._stopping and not connection.ended.is_set():
            if self._status_due or self._is_status_old():
                self._tell_status(connection)
            self._send_due(connection)
            with self._changed:
                if not self._stopping and not connection.ended.is_set() and not self._has_news():
                    self._changed.wait(self._idle_s())
        if not connection.ended.is_set():
            farewell = self._tell_status(connection, online=False)
            if farewell is not None:
                farewell.wait_for_publish(5)
        connection.close()

    def _send_due(self, connection: Connection) -> None:
        newest = self._spool.newest
        with self._changed:
            due = self._to_send_again(time.monotonic())
            room = WINDOW - len(self._flights)
        again = self._spool.at(due)
        fresh = self._spool.behind(self._sent_position, room)
        if len(fresh) < room:
            self._sent_position = newest
        self._land(set(due) - {one.position for one in again})
        for one in (*again, *fresh):
            self._sent_position = max(self._sent_position, one.position)
            with self._changed:
                flight = self._flights.setdefault(one.position, _Flight())
            if flight.overtaken >= MAXIMUM_SENDS:
                self._bury(connection, one)
                continue
            flight.sent_at = time.monotonic()
            flight.due = flight.sent_at + self._pause_s(flight.sends)
            flight.sends += 1
            # When the connection has just ended, that was no send: the next one takes it back.
            connection.publish(topic_of(self.device, one.kind), self._stamped(one))

    def _to_send_again(self, now: float) -> list[int]:
        """Give what is due. A send that nothing later has overtaken tells only that nobody answers at all."""
        oldest = min(self._flights, default=0)
        again = []
        for position, flight in self._flights.items():
            if flight.due > now:
                continue
            if flight.sent_at is not None and flight.sent_at < self._answered_at:
                flight.overtaken, flight.sent_at = flight.overtaken + 1, None
            if flight.sent_at is None or position == oldest:
                again.append(position)
            else:
                flight.due = now + self._pause_s(flight.sends)
        return again

    def _pause_s(self, sends: int) -> float:
        return min(self._resend_s * 2.0 ** min(sends, 30), LONGEST_RESEND_S)

    def _stamped(self, held: Held) -> bytes:
        age = self._age_now(held.stamp)
        floor = self._spool.floor(held.boot)
        return restamp(held.kind, held.payload, held.seq if floor is None else min(floor, held.seq), age)

    def _age_now(self, stamp: Stamp) -> int | None:
        """Give how old the content is; None when its session is over and one of the wall clocks was never set."""
        if stamp.session == self._session:
            passed = self._monotonic() - stamp.monotonic
        else:
            now = self._clock.now().timestamp()
            if min(now, stamp.wall) < FIRST_TRUSTED.timestamp():
                return None
            passed = now - stamp.wall
        return min(stamp.age_ms + max(round(passed * 1000), 0), MAXIMUM_AGE_MS)

    def _bury(self, connection: Connection, held: Held) -> None:
        log.error("publisher.dead", device=self.device, boot=held.boot, seq=held.seq, sends=MAXIMUM_SENDS)
        with self._changed:
            self.dead += 1  # before the spool is empty, for who waits for that asks for this
        if not self._spool.bury(held):
            with self._changed:
                self.dead -= 1
                self._flights[held.position].due = time.monotonic() + LONGEST_RESEND_S
            return
        self._land({held.position})
        self._tell_status(connection)

    def _tell_status(self, connection: Connection, *, online: bool = True) -> MQTTMessageInfo | None:
        self._status_due = False
        dropped = self._spool.dropped
        disk = None if dropped is None else "low" if self._spool.low else "ok"
        held = len(self._spool)
        self._told_spool, self._told_at = held, time.monotonic()
        status = Status(
            online, self._agent, held, self._spool.dead, self._clock_source, dropped, disk, adapter=self._adapter
        )
        return connection.publish(topic_of(self.device, Kind.STATUS), encode(Kind.STATUS, status), retain=True)

    def _hear(self, _connection: Connection, message: MQTTMessage) -> None:
        parsed = parse_topic(message.topic)
        try:
            document = json.loads(message.payload)
            if parsed is not None and parsed[1] is Kind.COMMITTED:
                also = [(int(first), int(last)) for first, last in document["also"]]
                gone = self._spool.answered(str(document["boot"]), int(document["through_seq"]), also)
                self.committed += len(gone)
                self._note_answer(gone)
                self._land(set(gone))
                return
        except (ValueError, TypeError, KeyError) as error:
            log.warning("publisher.not_understood", device=self.device, topic=message.topic, reason=repr(error))
            return
        hook = self._hooks.get(parsed[1]) if parsed is not None else None
        if hook is not None:
            hook(document)

    def _note_answer(self, positions: Sequence[int]) -> None:
        with self._changed:
            sent = (self._flights[it].sent_at for it in positions if it in self._flights)
            self._answered_at = max(self._answered_at, *(it for it in sent if it is not None), -inf)

    def _land(self, positions: set[int]) -> None:
        with self._changed:
            for position in positions:
                self._flights.pop(position, None)
            self._changed.notify_all()

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _is_status_old(self) -> bool:
        return time.monotonic() - self._told_at > STATUS_S and len(self._spool) != self._told_spool

    def _has_news(self) -> bool:
        return self._status_due or self._has_work()

    def _has_work(self) -> bool:
        return self._spool.newest > self._sent_position and len(self._flights) < WINDOW

    def _idle_s(self) -> float:
        next_due = min((flight.due for flight in self._flights.values()), default=float("inf"))
        return min(max(next_due - time.monotonic(), 0.01), 1.0)
