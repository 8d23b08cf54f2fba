"""PostgreSQL 15 as Debian packs it, in a directory of the test's own: started, killed and started again."""

import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg
import pytest

BINARIES = Path("/usr/lib/postgresql/15/bin")
READY_S = 60.0
# Below those that the system gives to outgoing connections: one of them could take the port of a server that is down.
PORTS = range(20_000, 30_000)


def binaries() -> Path:
    """Give where Debian's PostgreSQL 15 lies; root installs it if it is missing, anybody else skips."""
    if not BINARIES.is_dir():
        apt = shutil.which("apt-get")
        if apt is None or os.geteuid() != 0:
            pytest.skip("Debian's postgresql-15 is not installed, and only root may install it")
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run([apt, "install", "-y", "--no-install-recommends", "postgresql-15"], check=True, env=quiet)
    return BINARIES


def free_port() -> int:
    for port in random.sample(PORTS, 100):
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError:
            continue
    raise AssertionError("no port is free")


class Debian15:
    """One server on a free port; root runs it as the user `postgres`, whom the package made."""

    name = "database"

    def __init__(self) -> None:
        self._binaries = binaries()
        self._as = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
        # Not beneath pytest's own: each session that starts closes that to everybody else.
        self._folder = Path(tempfile.mkdtemp(prefix="forecourt-debian-"))
        self._data, self._log = self._folder / "data", self._folder / "log"
        if self._as:
            shutil.chown(self._folder, "postgres", "postgres")
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._run(
            "initdb", "-D", str(self._data), "-U", "forecourt", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"
        )

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://forecourt@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        options = {"port": self._port, "listen_addresses": "127.0.0.1", "unix_socket_directories": ""}
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        command = [str(self._binaries / "postgres"), "-D", str(self._data), *words]
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, cwd=self._data, stderr=log, **quiet, **self._as)  # type: ignore[call-overload]
        deadline = time.monotonic() + READY_S
        while not self._answers():
            assert self._process.poll() is None, f"the server ended at once: {self._log.read_text()[-300:]}"
            assert time.monotonic() < deadline, "the server does not answer"
            time.sleep(0.1)

    def kill_and_start(self) -> None:
        """SIGKILL the postmaster; its children notice and end, then a new one recovers what was committed."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)
        deadline = time.monotonic() + READY_S
        while True:  # the new one refuses while a child of the old one is left
            try:
                return self.start()
            except AssertionError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def remove(self) -> None:
        """Stop the server, and remove what it stored."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(30)
        shutil.rmtree(self._folder)

    def _answers(self) -> bool:
        try:
            with psycopg.connect(host="127.0.0.1", port=self._port, user="forecourt", dbname="postgres"):
                return True
        except psycopg.OperationalError:
            return False

    def _run(self, name: str, *words: str) -> None:
        command = [str(self._binaries / name), *words]
        subprocess.run(command, cwd=self._data.parent, check=True, capture_output=True, **self._as)  # type: ignore[call-overload]
