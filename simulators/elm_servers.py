"""Our ELM327 where testers find one: on TCP, as Wi-Fi dongles are, or on a pseudo terminal, as serial ones."""

import contextlib
import os
import pty
import select
import socket
import threading
import tty
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from simulators.elm327 import Elm327

_READ_BYTES = 4096
_BACKLOG = 4


class _Gone(Exception):  # noqa: N818 - nothing went wrong: the tester left, or the adapter was told to die
    """The link to the tester is lost."""


class ElmServer(ABC):
    """One adapter that serves one tester after the other in a thread of its own. Use as a context manager.

    What kills the thread, if anything does, is raised by `stop`.
    """

    def __init__(self, elm: Elm327) -> None:
        self._elm = elm
        self._stop_read, self._stop_write = os.pipe()
        self._thread = threading.Thread(target=self._run, name="elm327", daemon=True)
        self._failure: BaseException | None = None

    @property
    @abstractmethod
    def address(self) -> str:
        """What a tester opens, such as `socket://127.0.0.1:35000` or the path of a terminal."""

    @abstractmethod
    def _serve(self) -> None:
        """Serve one tester until it is gone; raises `_Gone` when stopped, too."""

    @abstractmethod
    def _close(self) -> None: ...

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def alive(self) -> bool:
        """Whether it still serves; if not, `stop` tells why."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Lose the link and free everything; again is no harm."""
        if self._stop_write < 0:
            return
        os.write(self._stop_write, b"x")
        if self._thread.is_alive():
            self._thread.join()
        self._close()
        os.close(self._stop_read)
        os.close(self._stop_write)
        self._stop_write = -1
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            while not self._readable(self._stop_read, 0):
                with contextlib.suppress(_Gone):
                    self._serve()
                self._elm.hang_up()
        except BaseException as error:  # noqa: BLE001 - it is raised again by `stop`: a thread has nobody else to tell
            self._failure = error

    def _readable(self, file: int, timeout_s: float | None) -> bool:
        """Wait until `file` has something to read; `_Gone` if the server is stopped meanwhile."""
        ready, _, _ = select.select([file, self._stop_read], [], [], timeout_s)
        if self._stop_read in ready and file != self._stop_read:
            raise _Gone
        return file in ready

    def _converse(self, file: int) -> None:
        """Let the adapter talk with whoever is behind `file`, until that one goes."""
        while True:
            self._readable(file, None)
            for piece in self._elm.feed(self._read(file)):
                if piece.after_s and self._readable(file, piece.after_s):
                    self._read(file)
                    self._write(file, self._elm.stopped())
                    break
                self._write(file, piece.data)
                if piece.closes:
                    raise _Gone

    @staticmethod
    def _read(file: int) -> bytes:
        try:
            data = os.read(file, _READ_BYTES)
        except OSError as error:
            raise _Gone from error
        if not data:
            raise _Gone
        return data

    def _write(self, file: int, data: bytes) -> None:
        while data:
            _, ready, _ = select.select([self._stop_read], [file], [])
            if not ready:
                raise _Gone
            try:
                data = data[os.write(file, data) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise _Gone from error


class TcpElm(ElmServer):
    """On `host`:`port` (0: a free one). While a tester is connected, the next one waits."""

    def __init__(self, elm: Elm327, host: str = "127.0.0.1", port: int = 0) -> None:
        self._listening = socket.create_server((host, port), backlog=_BACKLOG)
        super().__init__(elm)
        self.host, self.port = self._listening.getsockname()[:2]

    @property
    def address(self) -> str:
        return f"socket://{self.host}:{self.port}"

    def _serve(self) -> None:
        self._readable(self._listening.fileno(), None)
        try:
            connection, _ = self._listening.accept()
        except OSError as error:  # the tester has left before it was let in
            raise _Gone from error
        with connection:
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            self._converse(connection.fileno())

    def _close(self) -> None:
        self._listening.close()


class PtyElm(ElmServer):
    """On a pseudo terminal in raw mode. A tester may close it and open it again.

    With `link`, a symbolic link leads to it, also to the new terminal after the adapter has died; without, `tell` is
    called with the new path.
    """

    def __init__(self, elm: Elm327, link: Path | None = None, tell: Callable[[str], None] | None = None) -> None:
        self._link, self._tell = link, tell
        self._open()
        super().__init__(elm)

    @property
    def address(self) -> str:
        return str(self._link or self._path)

    def _open(self) -> None:
        # The slave stays open here as well, so that a tester who closes it does not hang up the terminal.
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self._path = os.ttyname(self._slave)
        if self._link is not None:
            self._link.unlink(missing_ok=True)
            self._link.symlink_to(self._path)

    def _serve(self) -> None:
        try:
            self._converse(self._master)
        except _Gone:
            if not self._readable(self._stop_read, 0):
                self._hang_up()
                self._open()
                if self._tell is not None:
                    self._tell(self.address)
            raise

    def _hang_up(self) -> None:
        os.close(self._slave)
        os.close(self._master)

    def _close(self) -> None:
        self._hang_up()
        if self._link is not None:
            self._link.unlink(missing_ok=True)
