"""The real broker with real paho clients: what a device may do, and what a kill may not lose."""

import os
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import CallbackAPIVersion, Client, MQTTMessage
from paho.mqtt.reasoncodes import ReasonCode

from forecourt.supervision.broker import Broker
from forecourt.supervision.broker_config import INGEST_USER, DeviceCredential, hash_device_password
from forecourt.supervision.errors import PortTakenError, SupervisionError
from forecourt.supervision.paths import DataPaths, free_port
from ingest.partitions import MAPPED, PARTITIONS, unmapped, wire_partition
from tests.supervision.awaiting import eventually
from tests.supervision.privileges import niceness_of_first

HASHES = {name: hash_device_password(f"secret of {name}") for name in ("car-1", "car-2")}
DEVICES = [DeviceCredential(name, hashed) for name, hashed in HASHES.items()]


class Caller:
    """A paho client that remembers what happened to it."""

    def __init__(self, broker: Broker, user: str, password: str, will: str | None = None, **options: Any) -> None:
        tls = options.pop("tls", None)
        self.client = Client(CallbackAPIVersion.VERSION2, **options)
        if tls is not None:
            self.client.tls_set_context(tls)
        self.client.username_pw_set(user, password)
        self.codes: list[str] = []
        self.granted: list[list[bool]] = []
        self.ends: list[str] = []
        self.acknowledged: set[int] = set()
        self.messages: list[MQTTMessage] = []
        self.client.on_connect = lambda _c, _u, _f, code, _p: self.codes.append(str(code))
        self.client.on_disconnect = lambda _c, _u, _f, code, _p: self.ends.append(str(code))
        self.client.on_subscribe = self._on_subscribe
        self.client.on_publish = lambda _c, _u, mid, _r, _p: self.acknowledged.add(mid)
        self.client.on_message = lambda _c, _u, message: self.messages.append(message)
        self.client.reconnect_delay_set(1, 1)
        if will:
            self.client.will_set(will, b'{"online": false}', qos=1, retain=True)
        self.client.connect("127.0.0.1", broker.port, keepalive=30)
        self.client.loop_start()
        eventually(lambda: self.codes)

    def _on_subscribe(self, _c: Client, _u: Any, _mid: int, codes: list[ReasonCode], _p: Any) -> None:
        self.granted.append([not code.is_failure for code in codes])

    def subscribe(self, *topics: str) -> list[bool]:
        answers = len(self.granted)
        self.client.subscribe([(topic, 1) for topic in topics])
        eventually(lambda: len(self.granted) > answers)
        return self.granted[-1]

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        mid = self.client.publish(topic, payload, qos=1, retain=retain).mid
        eventually(lambda: mid in self.acknowledged)

    def heard(self) -> list[tuple[str, bytes]]:
        return [(unmapped(message.topic), message.payload) for message in self.messages]


@pytest.fixture
def broker(paths: DataPaths) -> Iterator[Broker]:
    server = Broker(paths)
    server.write_config(DEVICES)
    server.ensure()
    yield server
    server.stop()


@pytest.fixture
def call(broker: Broker) -> Iterator[Callable[..., Caller]]:
    callers: list[Caller] = []

    def connect(name: str, password: str | None = None, **options: Any) -> Caller:
        callers.append(Caller(broker, name, password or f"secret of {name}", **options))
        return callers[-1]

    yield connect
    for caller in callers:
        caller.client.disconnect()
        caller.client.loop_stop()


@pytest.fixture
def ingest(call: Callable[..., Caller], paths: DataPaths) -> Caller:
    caller = call(INGEST_USER, paths.secret("broker-ingest"), client_id="ingest", clean_session=False)
    assert caller.subscribe("fc/v1/+/status", "fcp/+/#") == [True, True]
    return caller


def test_a_device_publishes_on_its_own_topics_only(ingest: Caller, call: Callable[..., Caller]):
    car = call("car-1")
    car.publish("fc/v1/car-2/readings/json", b"forged")
    car.publish("fc/v1/car-2/status", b"forged", retain=True)
    car.publish("fc/v1/car-1/committed", b"forged")
    car.publish("fc/v1/car-1/readings/json", b"own")  # acknowledged after the others, so those were decided
    eventually(lambda: ingest.messages)
    assert ingest.heard() == [("fc/v1/car-1/readings/json", b"own")]


def test_a_device_hears_its_own_topics_only(ingest: Caller, call: Callable[..., Caller]):
    car, other = call("car-1"), call("car-2")
    own = ["fc/v1/car-1/committed", "fc/v1/car-1/progress", "fc/v1/car-1/command"]
    foreign = ["fc/v1/car-2/committed", "fc/v1/+/committed", "fc/v1/car-1/readings/json", "#", "$MQTT/sub/#"]
    assert car.subscribe(*own, *foreign) == [True] * 3 + [False] * 5
    assert other.subscribe("fc/v1/car-2/committed") == [True]
    ingest.publish("fc/v1/car-2/committed", b"for 2")
    ingest.publish("fc/v1/car-1/committed", b"for 1")
    eventually(lambda: car.messages and other.messages)
    assert (car.heard(), other.heard()) == (
        [("fc/v1/car-1/committed", b"for 1")],
        [("fc/v1/car-2/committed", b"for 2")],
    )


def test_another_devices_client_id_does_not_open_its_topics(ingest: Caller, call: Callable[..., Caller]):
    victim = call("car-1", client_id="known", clean_session=False)
    victim.subscribe("fc/v1/car-1/command")
    victim.client.loop_stop()
    thief = call("car-2", client_id="known", clean_session=False)
    thief.subscribe("fc/v1/car-2/command")
    ingest.publish("fc/v1/car-1/command", b"private")
    ingest.publish("fc/v1/car-2/command", b"own")
    eventually(lambda: thief.messages)
    assert thief.heard() == [("fc/v1/car-2/command", b"own")]


def test_last_will_and_retained_status_arrive(ingest: Caller, call: Callable[..., Caller], paths: DataPaths):
    car = call("car-1", will="fc/v1/car-1/status")
    car.publish("fc/v1/car-1/status", b'{"online": true}', retain=True)
    connection = car.client.socket()
    assert isinstance(connection, socket.socket)
    connection.shutdown(socket.SHUT_RDWR)  # gone without DISCONNECT
    gone = ("fc/v1/car-1/status", b'{"online": false}')
    eventually(lambda: gone in ingest.heard())
    late = call(INGEST_USER, paths.secret("broker-ingest"))
    late.subscribe("fc/v1/+/status")
    eventually(lambda: late.messages)
    assert late.messages[0].retain
    assert late.heard()[0] == gone


def test_a_wrong_password_and_an_unknown_device_are_refused(call: Callable[..., Caller]):
    assert call("car-1", "guess").codes[0] == "Not authorized"  # CONNACK 5
    assert call("car-3", "guess").codes[0] == "Not authorized"


def test_a_revoked_or_changed_device_is_dropped_at_once_and_the_others_stay(
    broker: Broker, ingest: Caller, call: Callable[..., Caller]
):
    revoked, changed = call("car-1"), call("car-2")
    added = DeviceCredential("car-3", hash_device_password("secret of car-3"))
    broker.follow(lambda: [*DEVICES, added])
    assert call("car-3").codes == ["Success"]
    assert revoked.ends == changed.ends == []
    broker.follow(lambda: [added, DeviceCredential("car-2", hash_device_password("new"))])
    eventually(lambda: revoked.ends and changed.ends, 5.0)
    eventually(lambda: "Not authorized" in revoked.codes and "Not authorized" in changed.codes)
    assert ingest.ends == []


def test_users_that_the_broker_cannot_read_are_refused_aloud(
    broker: Broker, call: Callable[..., Caller], paths: DataPaths
):
    car = call("car-1")
    (paths.secrets / "broker-users.conf").write_text("accounts: { FC: [")
    with pytest.raises(SupervisionError, match=r"refused its new users: .*[Pp]arse"):
        broker.reload()
    assert car.ends == []


def test_a_killed_broker_is_back_and_has_lost_nothing_it_acknowledged(
    broker: Broker, ingest: Caller, call: Callable[..., Caller], paths: DataPaths
):
    ingest.client.disconnect()  # away, but its subscription is stored
    ingest.client.loop_stop()
    car = call("car-1")
    for number in range(40):
        if number == 20:
            os.kill(int((paths.run / "broker.pid").read_text().splitlines()[0]), 9)
            assert eventually(lambda: broker.ensure(5.0)) < 5.0
        car.publish("fc/v1/car-1/readings/json", b"%d" % number)
    back = call(INGEST_USER, paths.secret("broker-ingest"), client_id="ingest", clean_session=False)
    wanted = {b"%d" % number for number in range(40)}
    eventually(lambda: wanted <= {payload for _, payload in back.heard()}, 15.0)


def test_a_successor_adopts_the_broker_unless_it_should_listen_elsewhere(broker: Broker, paths: DataPaths):
    pid = (paths.run / "broker.pid").read_text()
    assert Broker(paths).adopt()
    assert Broker(paths, broker.port).adopt()
    assert (paths.run / "broker.pid").read_text() == pid
    moved = Broker(paths, free_port())
    assert not moved.adopt()
    assert not broker.alive()


def test_the_broker_goes_first_where_that_is_allowed(broker: Broker, paths: DataPaths):
    pid = (paths.run / "broker.pid").read_text().split()[0]
    threads = [int(it.name) for it in Path(f"/proc/{pid}/task").iterdir()]
    expected = os.getpriority(os.PRIO_PROCESS, 0) + niceness_of_first()
    assert {os.getpriority(os.PRIO_PROCESS, it) for it in threads} == {expected}


def test_a_taken_port_is_refused_and_the_files_are_private(paths: DataPaths):
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        taken = Broker(paths, stranger.getsockname()[1])
        with pytest.raises(PortTakenError, match="is used by another program"):
            taken.start()
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths.secrets.iterdir()} <= {0o600}


@pytest.mark.parametrize(
    ("name", "hashed"),
    [("a.b", HASHES["car-1"]), ("fc-ingest", HASHES["car-1"]), ("car", "plain")],
    ids=["a dot in the id", "our own user", "no hash"],
)
def test_a_credential_that_could_change_the_configuration_is_refused(name: str, hashed: str):
    with pytest.raises(ValueError, match=r"device"):
        DeviceCredential(name, hashed)


@pytest.mark.parametrize(
    "topic",
    [
        "fc/v1/car-2/readings/bin",
        "fc/v1/car-2/status",
        "fc/v1/car-2/committed",
        "fc/v1/car-2/command",
        "fc/v1/car-1/command",
        "fc/v1/car-1/http/torque",
        "fc/v1/car-1/anything",
        "wican/car-1/can/rx",  # not its dialect
        "wican/car-2/can/rx",
        "ovms/wican-1/x/metric/v/p/speed",
        "{MAPPED}/{other}/fc/v1/car-1/readings/bin",
        "{MAPPED}/{own}/fc/v1/car-2/readings/bin",
        "{MAPPED}/{own}/fc/v1/car-1/http/torque",
        "$MQTT/msgs/fc/v1/car-2/readings/bin",
        "$MQTT/sess/x",
        "$JS/API/STREAM/DELETE/$MQTT_msgs",
        "$JS/API/STREAM/PURGE/$MQTT_msgs",
        "$SYS/REQ/SERVER/PING",
        "_INBOX/x",
    ],
)
def test_what_is_not_a_device_s_own_it_cannot_publish(break_in: "BreakIn", topic: str):
    own = wire_partition("car-1")
    break_in.publish(topic.format(MAPPED=MAPPED, own=own, other=(own + 1) % PARTITIONS))


class BreakIn:
    """A device that tries; everything that anybody hears is heard by the service and by the other device."""

    def __init__(self, thief: Caller, ingest: Caller, victim: Caller) -> None:
        self._thief, self._ingest, self._victim = thief, ingest, victim

    def publish(self, topic: str) -> None:
        """Publish a forgery; what the device says after it arrives, and it alone."""
        before = len(self._ingest.messages)
        self._thief.publish(topic, b"forged")
        self._thief.publish("fc/v1/car-1/readings/bin", topic.encode())
        eventually(lambda: len(self._ingest.messages) > before)
        assert [message.payload for message in self._ingest.messages[before:]] == [topic.encode()]
        assert self._victim.messages == []
        assert self._thief.ends == []


@pytest.fixture(scope="module")
def break_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BreakIn]:
    paths = DataPaths.prepare(tmp_path_factory.mktemp("broken") / "data")
    server = Broker(paths)
    server.write_config([*DEVICES, DeviceCredential("wican-1", HASHES["car-1"], "wican")])
    server.ensure()
    callers = [
        Caller(server, "car-1", "secret of car-1"),
        Caller(server, INGEST_USER, paths.secret("broker-ingest")),
        Caller(server, "car-2", "secret of car-2"),
    ]
    assert all(callers[1].subscribe("fc/v1/+/status", "fcp/+/#"))
    assert all(callers[2].subscribe("fc/v1/car-2/committed", "fc/v1/car-2/progress", "fc/v1/car-2/command"))
    yield BreakIn(*callers)
    for caller in callers:
        caller.client.disconnect()
        caller.client.loop_stop()
    server.stop()


def test_what_is_not_a_device_s_own_it_cannot_hear(call: Callable[..., Caller]):
    own = wire_partition("car-1")
    topics = [
        *("fc/v1/car-2/committed", "fc/v1/+/committed", "fc/v1/+/+", "fc/#", "#", "+/#", "+/v1/car-2/command"),
        *("$MQTT/#", "$MQTT/msgs/#", "$JS/#", "$SYS/#", "_INBOX/#", "wican/#", "wican/car-1/#"),
        *(f"{MAPPED}/#", f"{MAPPED}/{own}/#", f"{MAPPED}/+/fc/v1/car-1/readings/bin", "fc/v1/+/status"),
    ]
    car = call("car-1")
    assert [topic for topic in topics if car.subscribe(topic) != [False]] == []


def test_nobody_enters_without_credentials(broker: Broker):
    stranger = Client(CallbackAPIVersion.VERSION2)
    codes: list[str] = []
    ended = threading.Event()
    stranger.on_connect = lambda _c, _u, _f, code, _p: codes.append(str(code))
    stranger.on_disconnect = lambda *_: ended.set()
    stranger.connect("127.0.0.1", broker.port)
    stranger.loop_start()
    assert ended.wait(6)
    stranger.loop_stop()
    assert "Success" not in codes


def test_other_makers_devices_publish_below_their_own_id_and_come_partitioned(broker: Broker, ingest: Caller):
    broker.follow(
        lambda: [DeviceCredential(f"{root}-1", HASHES["car-1"], root) for root in ("wican", "ovms", "autopi")]
    )
    for root in ("wican", "ovms", "autopi"):
        device = Caller(broker, f"{root}-1", "secret of car-1")
        device.publish(f"{root}/other-1/can/rx", b"forged")
        device.publish(f"{root}/{root}-1/metric/v/p/speed", b"own")
        eventually(lambda root=root: (f"{root}/{root}-1/metric/v/p/speed", b"own") in ingest.heard())
        assert ingest.messages[-1].topic.startswith(f"{MAPPED}/{wire_partition(f'{root}-1')}/")
        device.client.disconnect()
        device.client.loop_stop()
    assert len(ingest.messages) == 3
