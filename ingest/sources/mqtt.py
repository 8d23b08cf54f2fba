"""MQTT: one connection as an object, and the source that takes messages in and acknowledges them after the commit."""

import queue
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
from ingest.address import BrokerAddress
from ingest.arrived import Arrived

CONNECT_TIMEOUT_S = 5.0
KEEPALIVE_S = 30
LONGEST_PAUSE_S = 5.0
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Profile:
    """How to introduce oneself: a stored session outlives the connection, whose break publishes the retained will."""

    client_id: str
    stored_session: bool = False
    will: tuple[str, bytes] | None = None


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
            client.tls_set()
        if profile.will is not None:
            client.will_set(profile.will[0], profile.will[1], qos=1, retain=True)
        self._client = client

    def open(self, topics: Sequence[str]) -> None:
        """Connect and subscribe at QoS 1; raises `ConnectionError` in words when the broker will not have us."""
        try:
            self._client.connect(self._address.host, self._address.port, keepalive=KEEPALIVE_S)
        except (OSError, ValueError) as error:
            raise ConnectionError(f"no broker at {self._address.host}:{self._address.port}: {error}") from error
        self._client.loop_start()
        try:
            self._await(self._answered, "did not answer the CONNECT")
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
        self._client.loop_stop()
        self.ended.set()

    def _await(self, answer: threading.Event, complaint: str) -> None:
        deadline = time.monotonic() + CONNECT_TIMEOUT_S
        while not answer.wait(0.05) and time.monotonic() < deadline and not self.ended.is_set():
            pass
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
    """Takes what devices publish, in batches, from a stored subscription; reconnects for ever.

    A message is acknowledged by `acknowledge` and not before, on the connection that brought it; what belongs to a
    broken connection is dropped, for the broker delivers it again.
    """

    def __init__(self, url: str, client_id: str, topics: Sequence[str], clock: Clock) -> None:
        self._address = BrokerAddress.parse(url)
        self._profile = Profile(client_id, stored_session=True)
        self._topics = list(topics)
        self._clock = clock
        self._inbox: queue.SimpleQueue[Arrived] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._connection: Connection | None = None
        self._thread = threading.Thread(target=self._keep_connected, name="mqtt-source", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    @property
    def connected(self) -> bool:
        return self._connection is not None and not self._connection.ended.is_set()

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
        connection = self._connection
        if connection is not None:
            connection.publish(topic, payload)

    @staticmethod
    def _origin(one: Arrived) -> tuple[Connection, MQTTMessage]:
        origin: tuple[Connection, MQTTMessage] = one.token  # type: ignore[assignment]  # what `_arrive` put there
        return origin

    def _arrive(self, connection: Connection, message: MQTTMessage) -> None:
        token = (connection, message)
        self._inbox.put(Arrived(message.topic, bytes(message.payload), self._clock.now(), message.retain, token))

    def _keep_connected(self) -> None:
        pause = 0.1
        while not self._stopping.is_set():
            connection = Connection(self._address, self._profile, self._arrive)
            try:
                connection.open(self._topics)
            except ConnectionError as error:
                log.warning("mqtt.unreachable", reason=str(error), next_try_s=pause)
                self._stopping.wait(pause)
                pause = min(2 * pause, LONGEST_PAUSE_S)
                continue
            self._connection, pause = connection, 0.1
            log.info("mqtt.connected", host=self._address.host, port=self._address.port)
            while not self._stopping.is_set() and not connection.ended.wait(0.2):
                pass
            connection.close()
