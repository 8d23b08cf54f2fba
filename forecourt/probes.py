"""The parts of an installation that health tells of, each with the question that shows whether it works."""

from collections.abc import Mapping
from functools import partial

from forecourt.health import Probe
from forecourt.heartbeat import Heartbeat
from forecourt.installation import Installation
from forecourt.processes import Process, worker_name
from ingest.address import BrokerAddress
from ingest.archive import Archive
from ingest.sources.mqtt import Connection, Profile


def probes(installation: Installation, archive: Archive) -> Mapping[str, Probe]:
    """Give the probes of broker, archive, every ingest worker and the tasks process."""
    broker = installation.broker
    names = [*map(worker_name, range(installation.ingest_workers)), Process.TASKS.value]
    return {
        "broker": broker.answers if broker is not None else partial(_broker_answers, installation),
        "archive": archive.answers,
        **{name: Heartbeat.of(installation.paths, name).fresh for name in names},
    }


def _broker_answers(installation: Installation) -> bool:
    """Whether a broker that is not ours takes us, under a client id that holds no session."""
    profile = Profile("", certificate=installation.broker_certificate)
    connection = Connection(BrokerAddress.parse(installation.ingest_mqtt_url), profile, lambda _connection, _it: None)
    connection.open([])
    connection.close()
    return True
