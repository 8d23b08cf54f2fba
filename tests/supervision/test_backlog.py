"""What the bundled broker tells of its backlog: everything that ingest has not acknowledged, and since when."""

import secrets
from datetime import UTC, datetime, timedelta

import pytest

from forecourt.supervision.broker import Broker
from forecourt.supervision.broker_config import DeviceCredential, hash_device_password
from forecourt.supervision.errors import UnreachableError
from forecourt.supervision.paths import DataPaths
from foundation.clock import FixedClock
from ingest.address import BrokerAddress
from ingest.partitions import sessions, wire_partition
from ingest.sources.mqtt import Connection, MqttSource, Profile
from ingest.topics import Kind, topic_of
from tests.supervision.awaiting import eventually

SECRET = secrets.token_urlsafe(16)


def test_the_backlog_is_what_ingest_has_not_acknowledged(paths: DataPaths, clock: FixedClock) -> None:
    broker = Broker(paths)
    broker.write_config([DeviceCredential("car-1", hash_device_password(SECRET))])
    try:
        broker.ensure()
        source = MqttSource(broker.ingest_url, sessions("w"), clock)
        source.start()
        eventually(lambda: source.connected)
        assert (sum(broker.backlog().messages.values()), broker.backlog().oldest) == (0, None)
        begun = datetime.now(UTC)
        device = Connection(
            BrokerAddress.parse(broker.url_for("car-1", SECRET)), Profile("car-1"), lambda _connection, _message: None
        )
        device.open([])
        for number in range(3):
            info = device.publish(topic_of("car-1", Kind.READINGS_JSON), b"%d" % number)
            assert info is not None
            info.wait_for_publish(5)
        held = broker.backlog()
        assert held.messages[wire_partition("car-1")] == sum(held.messages.values()) == 3
        assert held.oldest is not None
        assert begun - timedelta(seconds=1) < held.oldest < datetime.now(UTC)
        arrived = source.collect(2.0, 2)
        source.acknowledge(arrived)
        eventually(lambda: sum(broker.backlog().messages.values()) == 3 - len(arrived))
        device.close()
        source.stop()
    finally:
        broker.stop()
    with pytest.raises(UnreachableError):
        broker.backlog()
