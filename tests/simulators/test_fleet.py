"""Live cars through the real broker: everything that was sent arrives, at its own time, under its own device."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from forecourt.supervision.broker import Broker
from forecourt.supervision.broker_config import DeviceCredential, hash_device_password
from forecourt.supervision.paths import DataPaths
from foundation.clock import SystemClock
from ingest.envelope import Message, Readings
from simulators import fleet
from simulators.fleet import LiveCar, LiveFleet
from tests.ingest.answering import Answering

DEVICES = {"live-1": secrets.token_urlsafe(16), "live-2": secrets.token_urlsafe(16)}


@pytest.fixture
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    broker = Broker(DataPaths.prepare(tmp_path_factory.mktemp("broker")))
    broker.write_config([DeviceCredential(name, hash_device_password(word)) for name, word in DEVICES.items()])
    broker.ensure()
    yield broker
    broker.stop()


@pytest.fixture
def cars(broker: Broker) -> list[LiveCar]:
    urls = [broker.url_for(name, word) for name, word in DEVICES.items()]
    return [LiveCar(urls[0], seed=1), LiveCar(urls[1], seed=2, severity=0.8)]


def of_device(answering: Answering, device: str) -> list[tuple[Message, Readings]]:
    messages = [it.content for it in answering.heard if it.device == device and isinstance(it.content, Message)]
    return [(message, message.content) for message in messages if isinstance(message.content, Readings)]


def test_two_cars_send_what_they_read_when_they_read_it(broker: Broker, cars: list[LiveCar], tmp_path: Path) -> None:
    clock = SystemClock()
    before = clock.now()
    with Answering(broker.ingest_url, broker.ingest_client_id) as answering:
        live = LiveFleet(cars, clock, period_s=0.3, spools=tmp_path)
        live.start()
        answering.wait_for(lambda: all(len(of_device(answering, name)) >= 4 for name in DEVICES), 60)
        assert live.stop()
    after = clock.now()
    assert live.dead == 0
    assert live.committed == live.sent_messages
    heard = {name: of_device(answering, name) for name in DEVICES}
    unique = {(name, m.header.boot, m.header.seq): r for name, pairs in heard.items() for m, r in pairs}
    assert sum(readings.count for readings in unique.values()) == live.sent_readings
    for name in DEVICES:
        pieces = [piece for key, piece in sorted(unique.items()) if key[0] == name]
        times = np.concatenate([piece.t0.timestamp() + piece.dt_ms / 1000 for piece in pieces if piece.t0])
        assert (np.diff(times) > 0.5).all()
        assert before.timestamp() <= times[0]
        assert times[-1] <= after.timestamp()
        assert {"engine_speed", "vehicle_speed"} <= set().union(*(piece.signals for piece in pieces))


def test_the_cars_set_out_again_after_each_round(
    broker: Broker, cars: list[LiveCar], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet, "ROUND_S", 3)
    monkeypatch.setattr(fleet, "_AHEAD_S", 2.0)
    with (
        Answering(broker.ingest_url, broker.ingest_client_id) as answering,
        LiveFleet(cars, SystemClock(), period_s=0.3),
    ):
        answering.wait_for(lambda: len({m.header.boot for m, _ in of_device(answering, "live-1")}) >= 2, 60)


def test_what_stops_the_driving_is_told(broker: Broker, cars: list[LiveCar], monkeypatch: pytest.MonkeyPatch) -> None:
    def breakdown(*_: object) -> None:
        raise RuntimeError("out of petrol")

    monkeypatch.setattr(fleet, "record", breakdown)
    monkeypatch.setattr("threading.excepthook", lambda _: None)
    live = LiveFleet(cars, SystemClock())
    live.start()
    with pytest.raises(RuntimeError, match="out of petrol"):
        live.stop()


def test_an_empty_fleet_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a car"):
        LiveFleet([], SystemClock())
