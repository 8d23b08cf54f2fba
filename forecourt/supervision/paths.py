"""The layout of one data directory (`FORECOURT_DATA`), with the secrets and ports that it remembers."""

import contextlib
import os
import secrets
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from forecourt.supervision.errors import PortTakenError, SupervisionError

# Below Linux's ephemeral range (32768-60999): an outgoing connection can then never sit on a remembered port.
_PORTS = range(20000, 32000)


@dataclass(frozen=True)
class DataPaths:
    root: Path

    @classmethod
    def prepare(cls, root: Path) -> Self:
        """Make the directories that are missing; `secrets` is closed to everybody else."""
        paths = cls(root.resolve())
        try:
            for directory in (paths.run, paths.log, paths.archive, paths.broker):
                directory.mkdir(parents=True, exist_ok=True)
            paths.secrets.mkdir(mode=0o700, exist_ok=True)
            paths.secrets.chmod(0o700)
        except OSError as error:
            raise SupervisionError(f"The data directory {paths.root} cannot be used: {error.strerror}.") from error
        return paths

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def log(self) -> Path:
        return self.root / "log"

    @property
    def archive(self) -> Path:
        return self.root / "archive"

    @property
    def broker(self) -> Path:
        return self.root / "broker"

    @property
    def secrets(self) -> Path:
        return self.root / "secrets"

    @property
    def database(self) -> Path:
        """The database's own directory, unless `database.id` says that it lies elsewhere."""
        return self.root / "database"

    def secret(self, name: str) -> str:
        """Return the secret of that name, made on first use; only this user can read it."""
        path = self.secrets / name
        if not path.exists():
            write_once(path, secrets.token_urlsafe(24))
        return path.read_text("utf-8")

    def port(self, name: str) -> int:
        """Return the port remembered for a server; a free one when none is, or a stranger took it.

        Call it only while that server is not running, else its own port counts as taken.
        """
        remembered = self.remembered_port(name)
        if remembered is not None and port_is_free(remembered):
            return remembered
        chosen = free_port()
        self.remember_port(name, chosen)
        return chosen

    def remembered_port(self, name: str) -> int | None:
        with contextlib.suppress(FileNotFoundError):
            return int((self.run / f"{name}.port").read_text("ascii"))
        return None

    def remember_port(self, name: str, port: int) -> None:
        replace(self.run / f"{name}.port", str(port))


def port_is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen there now; connections in TIME_WAIT do not count, a listener does."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    for _ in range(200):
        port = secrets.choice(_PORTS)
        if port_is_free(port):
            return port
    raise PortTakenError(f"No free TCP port was found between {_PORTS.start} and {_PORTS.stop}.")


def write_once(path: Path, text: str) -> None:
    """Create a private file whole; when two processes race, the first one's text stands."""
    temporary = _private_copy(path, text)
    try:
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        temporary.unlink()


def replace(path: Path, text: str) -> None:
    """Replace a private file whole: readers see the old text or the new one, never half."""
    _private_copy(path, text).replace(path)


def _private_copy(path: Path, text: str) -> Path:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 0600
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return Path(name)
