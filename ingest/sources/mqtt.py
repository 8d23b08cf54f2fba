"""MQTT: one connection as an object, and the source that takes messages in and acknowledges them after the commit."""

import contextlib
import queue
import select
import selectors
import socket
import ssl
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
from ingest.partitions import Session, unmapped

CONNECT_TIMEOUT_S = 5.0
KEEPALIVE_S = 30
LONGEST_PAUSE_S = 5.0
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Profile:
    """How to introduce oneself: a stored session outlives the connection, whose break publishes the retained will.

    `certificate`: over TLS, the only one to be trusted (PEM); without it, those that this machine trusts.
    """

    client_id: str
    stored_session: bool = False
    will: tuple[str, bytes] | None = None
    certificate: str | None = None


class Connection:
    """One MQTT connection, from CONNECT to its end; never used again after it broke.

    paho keeps unanswered messages and reuses message ids over a reconnect: its own resends would carry an old age,
    and a late acknowledgement would hit another message. A new connection is a new object, so neither can happen.
    It has a thread of its own, unless `wake` is given: then its owner lets it `read`, `write` and `tick`, and is woken
    when there is something to write.
    """

    def __init__(
        self,
        address: BrokerAddress,
        profile: Profile,
        on_message: Callable[["Connection", MQTTMessage], None],
        on_end: Callable[[], None] = lambda: None,
        wake: Callable[[], None] | None = None,
    ) -> None:
        self._address = address
        self._threaded = wake is None
        self._on_message = on_message
        self._on_end = on_end
        self._answered = threading.Event()
        self._subscribed = threading.Event()
        self._refusal: str | None = None
        self.ended = threading.Event()
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=profile.client_id,
            clean_session=not profile.stored_session,
            reconnect_on_failure=False,
            manual_ack=profile.stored_session,
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
        if wake is not None:
            client.on_socket_register_write = lambda _client, _data, _socket: wake()
        self._client = client

    def open(self, topics: Sequence[str]) -> None:
        """Connect and subscribe at QoS 1; raises `ConnectionError` in words when the broker will not have us."""
        try:
            self._client.connect(self._address.host, self._address.port, keepalive=KEEPALIVE_S)
        except (OSError, ValueError) as error:
            raise ConnectionError(f"no broker at {self._address.host}:{self._address.port}: {error}") from error
        if self._threaded:
            self._client.loop_start()
        try:
            self._await(self._answered, "did not answer the CONNECT")
            if topics:
                self._client.subscribe([(topic, 1) for topic in topics])
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

    def acknowledge(self, message: MQTTMessage) -> None:
        """Acknowledge a message of this connection; when that has ended, the broker will deliver it again."""
        if not self.ended.is_set():
            self._client.ack(message.mid, message.qos)

    def close(self) -> None:
        self._client.disconnect()
        if self._threaded:
            self._client.loop_stop()
        elif not self.ended.is_set():
            self._client.loop_write()
        self.ended.set()

    @property
    def socket(self) -> socket.socket | None:
        """What a driven connection reads from; None when it has ended."""
        return self._client.socket()  # type: ignore[return-value]  # a websocket only if it was asked for

    @property
    def has_to_write(self) -> bool:
        return self._client.want_write()

    def read(self) -> None:
        """Take in what is there; over TLS also what was received together with it."""
        self._client.loop_read()
        while isinstance(it := self.socket, ssl.SSLSocket) and it.pending():
            self._client.loop_read()

    def write(self) -> None:
        self._client.loop_write()

    def tick(self) -> None:
        """Keep the connection alive; once a second is enough."""
        self._client.loop_misc()

    def _await(self, answer: threading.Event, complaint: str) -> None:
        deadline = time.monotonic() + CONNECT_TIMEOUT_S
        while not answer.is_set() and time.monotonic() < deadline and not self.ended.is_set():
            if self._threaded:
                answer.wait(0.05)
            elif (it := self.socket) is not None:
                if self.has_to_write:
                    self.write()
                if select.select([it], [], [], 0.05)[0]:
                    self.read()
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
        self._inbox: queue.SimpleQueue[Arrived] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._open: dict[str, Connection] = {}  # by client id; changed by the thread alone, and copied by others
        self._wake_in, self._wake_out = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, name="mqtt-source", daemon=True)

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
        return sum(not it.ended.is_set() for it in list(self._open.values())) == len(self._sessions)

    def collect(self, tick_s: float = 0.25, most: int = 2000, most_bytes: int = 64_000_000) -> list[Arrived]:
        """Give what arrives within one tick, up to `most` messages or `most_bytes`, in the order of arrival."""
        deadline = time.monotonic() + tick_s
        batch: list[Arrived] = []
        size = 0
        while len(batch) < most and size < most_bytes:
            try:
                one = self._inbox.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                break
            if not self._origin(one)[0].ended.is_set():
                batch.append(one)
                size += len(one.payload)
        return batch

    def acknowledge(self, batch: Sequence[Arrived]) -> None:
        for one in batch:
            connection, message = self._origin(one)
            connection.acknowledge(message)

    def publish(self, topic: str, payload: bytes) -> None:
        """Tell a device something; while the broker is away it is dropped, and the device's resend asks again."""
        connection = next((it for it in list(self._open.values()) if not it.ended.is_set()), None)
        if connection is not None:
            connection.publish(topic, payload)

    @staticmethod
    def _origin(one: Arrived) -> tuple[Connection, MQTTMessage]:
        origin: tuple[Connection, MQTTMessage] = one.token  # type: ignore[assignment]  # what `_arrive` put there
        return origin

    def _arrive(self, connection: Connection, message: MQTTMessage) -> None:
        token = (connection, message)
        topic = unmapped(message.topic)
        self._inbox.put(Arrived(topic, bytes(message.payload), self._clock.now(), message.retain, token))

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):  # it is being woken already
            self._wake_out.send(b"!")

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
                self._move(chosen)
                if now >= next_tick:
                    next_tick = now + 1.0
                    for connection in self._open.values():
                        connection.tick()
            for connection in self._open.values():
                connection.close()

    def _connect(self, chosen: selectors.BaseSelector) -> bool:
        """Open what is not open; False when the broker would not have one."""
        for session in self._sessions:
            before = self._open.get(session.client_id)
            if before is not None and not before.ended.is_set():
                continue
            profile = Profile(session.client_id, stored_session=True, certificate=self._certificate)
            connection = Connection(self._address, profile, self._arrive, wake=self._wake)
            try:
                connection.open(session.topics)
            except ConnectionError as error:
                log.warning("mqtt.unreachable", reason=str(error))
                return False
            self._open[session.client_id] = connection
            if (it := connection.socket) is not None:
                chosen.register(it, selectors.EVENT_READ, connection)
        log.info("mqtt.connected", host=self._address.host, port=self._address.port, sessions=len(self._sessions))
        return True

    def _move(self, chosen: selectors.BaseSelector) -> None:
        """Wait until a connection can be read, or has something to write, and let it."""
        for key, _ in chosen.select(0.2):
            if key.data is None:
                self._wake_in.recv(4096)
            else:
                key.data.read()
        for key in list(chosen.get_map().values()):
            connection: Connection | None = key.data
            if connection is None:
                continue
            if connection.has_to_write and not connection.ended.is_set():
                connection.write()
            wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if connection.has_to_write else 0)
            if connection.ended.is_set() or connection.socket is None:
                chosen.unregister(key.fileobj)
            elif wanted != key.events:
                chosen.modify(key.fileobj, wanted, connection)
