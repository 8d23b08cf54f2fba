"""The whole service on one machine: database, broker, ingest, tasks and web, started in order and kept alive."""

import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from forecourt.heartbeat import Heartbeat
from forecourt.installation import Installation
from forecourt.metrics_files import forget_figures
from forecourt.opened import using_database
from forecourt.processes import Process, worker_name
from forecourt.supervision.children import Child, ChildProcess, python_command
from forecourt.supervision.paths import DataPaths
from forecourt.supervision.supervisor import Supervisor
from foundation.database import Database
from ingest.partitions import PARTITIONS

# Settings that name files.
FILES = (
    "mqtt_tls_cert", "mqtt_tls_key", "wechat_pay_private_key", "wechat_pay_api_key", "wechat_pay_public_key",
    "alipay_private_key", "alipay_public_key", "record_platforms",
)  # fmt: skip


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
    addresses = Addresses(http, installation.device_address)
    with using_database(installation) as url:
        database = Database(url, pool_size=1)
        installation.let_devices_in(database)
        database.close()
        bundled: list[Child | None] = [installation.postgres, installation.broker]
        stages = [[child] for child in bundled if child is not None] + [_own(installation, http_port, http)]
        Supervisor(installation.paths, stages, tell).run(lambda: on_ready(addresses), until)


class _FirstWorker(ChildProcess):
    """The worker that also ends those which an earlier run left and this one has no use for: they hold sessions."""

    def __init__(self, name: str, paths: DataPaths, command: Sequence[str], **more: Any) -> None:
        super().__init__(name, paths, command, **more)
        self._all = [ChildProcess(worker_name(it), paths, command) for it in range(1, PARTITIONS)]

    def adopt(self) -> bool:
        for one in self._all:
            one.adopt()
        return super().adopt()


def _own(installation: Installation, port: int, http: str) -> list[Child]:
    """Describe our own processes, which start together.

    Addresses are announced when all are ready, so the subscription of ingest exists before a device publishes.
    """
    environment = {"FORECOURT_DATA": str(installation.paths.root)}
    for name in FILES:
        if (path := getattr(installation.settings, name)) is not None:  # children run in the data directory
            environment[f"FORECOURT_{name.upper()}"] = str(path.absolute())
    command = python_command("-m", "forecourt.processes")
    own: list[Child] = []
    forget_figures(installation.paths)
    workers = [(worker_name(it), [Process.INGEST.value, str(it)]) for it in range(installation.ingest_workers)]
    for name, arguments in [*workers, (Process.TASKS.value, [Process.TASKS.value, str(port)])]:
        beat = Heartbeat.of(installation.paths, name)
        beat.clear()
        kind = _FirstWorker if name == worker_name(0) else ChildProcess
        own.append(kind(name, installation.paths, [*command, *arguments], environment=environment, ready=beat.fresh))
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
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own http address
            return int(answer.status) == HTTPStatus.OK
    except (urllib.error.URLError, OSError):
        return False
