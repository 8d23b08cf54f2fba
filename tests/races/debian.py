"""PostgreSQL 15 as Debian packs it, in a directory of the test's own: started, killed and started again."""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import psycopg
import pytest

BINARIES = Path("/usr/lib/postgresql/15/bin")
READY_S = 60.0


def binaries() -> Path:
    """Give where Debian's PostgreSQL 15 lies; root installs it if it is missing, anybody else skips."""
    if not BINARIES.is_dir():
        apt = shutil.which("apt-get")
        if apt is None or os.geteuid() != 0:
            pytest.skip("Debian's postgresql-15 is not installed, and only root may install it")
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run([apt, "install", "-y", "--no-install-recommends", "postgresql-15"], check=True, env=quiet)
    return BINARIES


class Debian15:
    """One server on a free port; root runs it as the user `postgres`, whom the package made."""

    name = "database"

    def __init__(self, folder: Path) -> None:
        self._data = folder / "data"
        self._binaries = binaries()
        self._as = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
        folder.mkdir(parents=True)
        if self._as:
            shutil.chown(folder, "postgres", "postgres")
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
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
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen(command, cwd=self._data, **quiet, **self._as)  # type: ignore[call-overload]
        deadline = time.monotonic() + READY_S
        while not self._answers():
            assert self._process.poll() is None, "the server ended at once"
            assert time.monotonic() < deadline, "the server does not answer"
            time.sleep(0.1)

    def kill_and_start(self) -> None:
        """SIGKILL the postmaster; its children notice and end, then a new one recovers what was committed."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)
        for _ in range(100):  # the new one refuses while a child of the old one is left
            try:
                self.start()
            except AssertionError:
                time.sleep(0.1)
            else:
                return
        raise AssertionError("the server did not come back")

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(30)

    def _answers(self) -> bool:
        try:
            with psycopg.connect(host="127.0.0.1", port=self._port, user="forecourt", dbname="postgres"):
                return True
        except psycopg.OperationalError:
            return False

    def _run(self, name: str, *words: str) -> None:
        command = [str(self._binaries / name), *words]
        subprocess.run(command, cwd=self._data.parent, check=True, capture_output=True, **self._as)  # type: ignore[call-overload]
