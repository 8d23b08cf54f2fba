"""The TLS listener: with a certificate nobody speaks plainly, and the service trusts that certificate alone."""

import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from forecourt.installation import Installation
from forecourt.settings import Settings
from forecourt.supervision.broker_config import INGEST_USER, DeviceCredential, hash_device_password
from forecourt.supervision.broker_wire import mqtt_answers
from foundation.clock import SystemClock
from ingest.address import trusting
from ingest.sources.mqtt import MqttSource
from tests.supervision.awaiting import eventually
from tests.supervision.test_broker import Caller

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates of this test")


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    cert, key = folder / f"{name}.pem", folder / f"{name}.key"
    words = (
        f"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN={name} -keyout {key} -out"
    )
    subprocess.run(["openssl", *words.split(), str(cert)], check=True, capture_output=True)
    return cert, key


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    cert, key = certificate(tmp_path, "broker.example")
    installation = Installation(Settings(data=tmp_path / "data", mqtt_tls_cert=cert, mqtt_tls_key=key))
    broker = installation.broker
    assert broker is not None
    broker.write_config([DeviceCredential("car-1", hash_device_password("secret"))])
    broker.ensure()
    yield installation
    broker.stop()


def test_over_tls_a_device_is_heard_and_nobody_speaks_plainly(installation: Installation, tmp_path: Path) -> None:
    broker = installation.broker
    assert broker is not None
    assert installation.device_url("car-1", "secret").startswith("mqtts://car-1:secret@")
    source = MqttSource(
        installation.ingest_mqtt_url, installation.ingest_sessions(), SystemClock(), installation.broker_certificate
    )
    source.start()
    try:
        eventually(lambda: source.connected)
        assert installation.settings.mqtt_tls_cert is not None
        trusted = ssl.create_default_context(cafile=str(installation.settings.mqtt_tls_cert))
        trusted.check_hostname = False  # the test connects by number
        car = Caller(broker, "car-1", "secret", tls=trusted)
        payloads = [b"%d" % number * 3000 for number in range(30)]
        for payload in payloads:
            car.publish("fc/v1/car-1/readings/bin", payload)
        car.client.disconnect()
        car.client.loop_stop()
        heard = source.collect(5.0, len(payloads))
        source.acknowledge(heard)
        assert [(one.topic, one.payload) for one in heard] == [("fc/v1/car-1/readings/bin", it) for it in payloads]
    finally:
        source.stop()
    password = installation.paths.secret("broker-ingest")
    assert not mqtt_answers("127.0.0.1", broker.port, INGEST_USER, password)
    other = trusting(certificate(tmp_path, "other.example")[0].read_text("ascii"))
    assert not mqtt_answers("127.0.0.1", broker.port, INGEST_USER, password, other)


def test_a_certificate_needs_its_key(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="given together"):
        Settings(data=tmp_path, mqtt_tls_cert=tmp_path / "cert.pem")
