"""The whole service on one machine: database, broker, ingest, tasks and web, started in order and kept alive."""

import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from forecourt.heartbeat import Heartbeat
from forecourt.installation import Installation
from forecourt.opened import using_database
from forecourt.processes import Process
from forecourt.supervision.children import Child, ChildProcess, python_command
from forecourt.supervision.supervisor import Supervisor
from foundation.database import Database


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the service is reached."""

    http: str
    mqtt: str


def run_all(
    installation: Installation,
    port: int,
    on_ready: Callable[[Addresses], None],
    until: threading.Event,
    tell: Callable[[str], None],
) -> None:
    """Run everything until the event is set; `port` 0 takes the port used before here, or a free one."""
    http_port = port or installation.paths.port("http")
    http = f"http://{installation.settings.http_host}:{http_port}"
    mqtt = installation.ingest_mqtt_url
    scheme, _, rest = mqtt.partition("://")
    addresses = Addresses(http, f"{scheme}://{rest.rpartition('@')[2]}")
    with using_database(installation) as url:
        database = Database(url, pool_size=1)
        installation.let_devices_in(database)
        database.close()
        bundled: list[Child | None] = [installation.postgres, installation.broker]
        stages = [[child] for child in bundled if child is not None] + [_own(installation, http_port, http)]
        Supervisor(installation.paths, stages, tell).run(lambda: on_ready(addresses), until)


def _own(installation: Installation, port: int, http: str) -> list[Child]:
    """Describe our own processes, which start together.

    Addresses are announced when all are ready, so the subscription of ingest exists before a device publishes.
    """
    environment = {"FORECOURT_DATA": str(installation.paths.root)}
    command = python_command("-m", "forecourt.processes")
    own: list[Child] = []
    for process in (Process.INGEST, Process.TASKS):
        beat = Heartbeat.of(installation.paths, process)
        beat.clear()
        own.append(
            ChildProcess(process, installation.paths, [*command, process], environment=environment, ready=beat.fresh)
        )
    own.append(
        ChildProcess(
            Process.API,
            installation.paths,
            [*command, Process.API, str(port)],
            environment=environment,
            ready=lambda: _answers(f"{http}/health/ready"),
        )
    )
    return own


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own http address
            return int(answer.status) == HTTPStatus.OK
    except (urllib.error.URLError, OSError):
        return False
