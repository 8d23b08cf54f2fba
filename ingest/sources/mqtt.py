"""MQTT: one connection as an object, and the source that takes messages in and acknowledges them after the commit."""

import contextlib
import queue
import selectors
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from foundation.clock import Clock
from ingest.address import BrokerAddress, trusting
from ingest.arrived import Arrived
from ingest.partitions import Session
from ingest.sources.session import CONNECT_TIMEOUT_S, KEEPALIVE_S, StoredSession, open_session

LONGEST_PAUSE_S = 5.0
UNHURRIED_S = 0.01
MOST_BYTES = 64_000_000  # in a batch
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Profile:
    """How to introduce oneself: the break of the connection publishes the retained will.

    `certificate`: over TLS, the only one to be trusted (PEM); without it, those that this machine trusts.
    """

    client_id: str
    will: tuple[str, bytes] | None = None
    certificate: str | None = None


class Connection:
    """One MQTT connection, from CONNECT to its end; never used again after it broke.

    paho keeps unanswered messages and reuses message ids over a reconnect: its own resends would carry an old age,
    and a late acknowledgement would hit another message. A new connection is a new object, so neither can happen.
    """

    def __init__(
        self,
        address: BrokerAddress,
        profile: Profile,
        on_message: Callable[["Connection", MQTTMessage], None],
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        self._address = address
        self._on_message = on_message
        self._on_end = on_end
        self._answered = threading.Event()
        self._subscribed = threading.Event()
        self._refusal: str | None = None
        self.ended = threading.Event()
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=profile.client_id,
            reconnect_on_failure=False,
        )
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.max_inflight_messages_set(0)
        client.on_connect = self._connected
        client.on_subscribe = self._granted
        client.on_disconnect = self._disconnected
        client.on_message = lambda _client, _data, message: self._on_message(self, message)
        if address.user is not None:
            client.username_pw_set(address.user, address.password)
        if address.tls:
            if profile.certificate is None:
                client.tls_set()
            else:
                client.tls_set_context(trusting(profile.certificate))
        if profile.will is not None:
            client.will_set(profile.will[0], profile.will[1], qos=1, retain=True)
        self._client = client

    def open(self, topics: Sequence[str]) -> None:
        """Connect and subscribe at QoS 0; raises `ConnectionError` in words when the broker will not have us.

        At QoS 1 the broker's work on every message of anybody grows with the number of subscriptions, and nothing
        more would be safe: this session ends with its connection, and what was not answered is sent again.
        """
        try:
            self._client.connect(self._address.host, self._address.port, keepalive=KEEPALIVE_S)
        except (OSError, ValueError) as error:
            raise ConnectionError(f"no broker at {self._address.host}:{self._address.port}: {error}") from error
        self._client.loop_start()
        try:
            self._await(self._answered, "did not answer the CONNECT")
            if topics:
                self._client.subscribe([(topic, 0) for topic in topics])
                self._await(self._subscribed, "did not answer the subscription")
        except ConnectionError:
            self.close()
            raise

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> MQTTMessageInfo | None:
        """Send at QoS 1; None when the connection has ended."""
        if self.ended.is_set():
            return None
        info = self._client.publish(topic, payload, qos=1, retain=retain)
        return info if info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS else None

    def deliver(self, messages: Sequence[tuple[str, bytes]], seconds: float) -> bool:
        """Send retained messages and wait until the broker has taken them all; False when it has not in time."""
        sent = [self.publish(topic, payload, retain=True) for topic, payload in messages]
        try:
            for info in sent:
                if info is None:
                    return False
                info.wait_for_publish(seconds)
        except (RuntimeError, ValueError):  # paho's words for one that never went out
            return False
        return all(info is not None and info.is_published() for info in sent)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        self.ended.set()

    def _await(self, answer: threading.Event, complaint: str) -> None:
        deadline = time.monotonic() + CONNECT_TIMEOUT_S
        while not answer.is_set() and time.monotonic() < deadline and not self.ended.is_set():
            answer.wait(0.05)
        if self._refusal is not None:
            raise ConnectionError(self._refusal)
        if not answer.is_set():
            raise ConnectionError(f"the broker at {self._address.host}:{self._address.port} {complaint}")

    def _connected(
        self, _client: Client, _data: Any, _flags: ConnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self._refusal = f"the broker refuses the user {self._address.user}: {reason}"
        self._answered.set()

    def _granted(
        self, _client: Client, _data: Any, _mid: int, reasons: list[ReasonCode], _properties: Properties | None
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            self._refusal = f"the broker refuses the user {self._address.user} a subscription"
        self._subscribed.set()

    def _disconnected(
        self, _client: Client, _data: Any, _flags: DisconnectFlags, _reason: ReasonCode, _properties: Properties | None
    ) -> None:
        self.ended.set()
        self._on_end()


class MqttSource:
    """Takes what devices publish, in batches, from stored sessions; reconnects for ever.

    A message is acknowledged by `acknowledge` and not before, on the connection that brought it; what belongs to a
    broken connection is dropped, for the broker delivers it again. One thread serves the connections of all sessions:
    one with sixteen is as quick as with one, sixteen threads were a third slower.
    """

    def __init__(self, url: str, sessions: Sequence[Session], clock: Clock, certificate: str | None = None) -> None:
        self._address = BrokerAddress.parse(url)
        self._sessions = list(sessions)
        self._certificate = certificate
        self._clock = clock
        # Pieces of the stream, each of one connection; None: the thread has failed.
        self._inbox: queue.SimpleQueue[list[Arrived] | None] = queue.SimpleQueue()
        self._held: list[Arrived] = []  # the end of a piece that was more than one batch
        self._failure: BaseException | None = None
        self._stopping = threading.Event()
        self._open: dict[str, StoredSession] = {}  # by client id; changed by the thread alone, and copied by others
        self._wake_in, self._wake_out = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="mqtt-source", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._wake()
        self._thread.join()
        self._wake_in.close()
        self._wake_out.close()

    @property
    def connected(self) -> bool:
        """Whether every session is served."""
        return sum(not it.ended for it in list(self._open.values())) == len(self._sessions)

    @property
    def waiting(self) -> bool:
        """Whether there are deliveries that were not collected yet."""
        return bool(self._held) or not self._inbox.empty()

    def collect(self, tick_s: float = 0.25, most: int = 4000, most_bytes: int = MOST_BYTES) -> list[Arrived]:
        """Give what arrives within one tick, up to `most` messages or about `most_bytes`, in the order of arrival.

        Raises what made the thread fail.
        """
        deadline = time.monotonic() + tick_s
        batch: list[Arrived] = []
        size = 0
        while len(batch) < most and size < most_bytes:
            if not (piece := self._held or self._next(deadline)):
                break
            room = most - len(batch)
            piece, self._held = piece[:room], piece[room:]
            if not self._origin(piece[0])[0].ended:
                batch += piece
                size += sum(len(one.payload) for one in piece)
        return batch

    def acknowledge(self, batch: Sequence[Arrived]) -> None:
        ids: dict[StoredSession, list[bytes]] = {}
        for one in batch:
            session, number = self._origin(one)
            if number:  # what came at QoS 0 has none
                ids.setdefault(session, []).append(number)
        for session, numbers in ids.items():
            session.acknowledge(numbers)
        self._wake()

    def publish(self, topic: str, payload: bytes) -> None:
        """Tell a device something; while the broker is away it is dropped, and the device's resend asks again."""
        session = next((it for it in list(self._open.values()) if not it.ended), None)
        if session is not None:
            session.publish(topic, payload)
            self._wake()

    @staticmethod
    def _origin(one: Arrived) -> tuple[StoredSession, bytes]:
        origin: tuple[StoredSession, bytes] = one.token  # type: ignore[assignment]  # what the session put there
        return origin

    def _next(self, deadline: float) -> list[Arrived]:
        """Wait for a piece until the deadline; none is empty."""
        if self._failure is None:
            try:
                piece = self._inbox.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                return []
            if piece is not None:
                return piece
        raise RuntimeError("the connections to the broker are not served any more") from self._failure

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):  # it is being woken already
            self._wake_out.send(b"!")

    def _run(self) -> None:
        try:
            self._serve()
        except BaseException as error:
            self._failure = error
            self._inbox.put(None)
            raise

    def _serve(self) -> None:
        """Keep every session connected, and move bytes, until told to stop."""
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)
        pause, next_try, next_tick = 0.1, 0.0, 0.0
        with selectors.DefaultSelector() as chosen:
            chosen.register(self._wake_in, selectors.EVENT_READ)
            while not self._stopping.is_set():
                now = time.monotonic()
                if now >= next_try and not self.connected:
                    if self._connect(chosen):
                        pause = 0.1
                    else:
                        next_try, pause = time.monotonic() + pause, min(2 * pause, LONGEST_PAUSE_S)
                if now >= next_tick:
                    next_tick = now + 1.0
                    for session in self._open.values():
                        session.tick()
                # After the tick: this forgets the sockets that it has closed, before new ones get their numbers.
                self._move(chosen)
                # What comes meanwhile is read in one piece: a read for each message takes a tenth of ingest's time.
                self._stopping.wait(UNHURRIED_S)
            for session in self._open.values():
                session.close()

    def _connect(self, chosen: selectors.BaseSelector) -> bool:
        """Open what is not open; False when the broker would not have one."""
        for session in self._sessions:
            before = self._open.get(session.client_id)
            if before is not None and not before.ended:
                continue
            try:
                opened, delivered = open_session(self._address, session, self._clock.now, self._certificate)
            except ConnectionError as error:
                log.warning("mqtt.unreachable", reason=str(error))
                return False
            self._open[session.client_id] = opened
            if delivered:
                self._inbox.put(delivered)
            chosen.register(opened.socket, selectors.EVENT_READ, opened)
        log.info("mqtt.connected", host=self._address.host, port=self._address.port, sessions=len(self._sessions))
        return True

    def _move(self, chosen: selectors.BaseSelector) -> None:
        """Wait until a connection can be read, or has something to write, and let it."""
        for key, _ in chosen.select(0.2):
            if key.data is None:
                self._wake_in.recv(4096)
            elif delivered := key.data.read():
                self._inbox.put(delivered)
        for key in list(chosen.get_map().values()):
            session: StoredSession | None = key.data
            if session is None:
                continue
            if session.has_to_write and not session.ended:
                session.write()
            wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if session.has_to_write else 0)
            if session.ended:
                chosen.unregister(key.fileobj)
            elif wanted != key.events:
                chosen.modify(key.fileobj, wanted, session)
