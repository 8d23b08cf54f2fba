"""The application behind uvicorn in a thread, on one port for all its life; it can be cut off and come back."""

import asyncio
import socket
import threading
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

STARTS_WITHIN_S = 20.0


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


class Served:
    """`build` gives a fresh application for each start, as a new process would have."""

    def __init__(self, build: Callable[[], FastAPI]) -> None:
        self._build = build
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._running: tuple[_Server, threading.Thread] | None = None

    def start(self) -> None:
        config = uvicorn.Config(self._build(), log_level="warning", access_log=False, timeout_graceful_shutdown=1)
        server = _Server(config)
        # uvicorn closes what it is given; the port stays ours through a duplicate.
        listener = self._listener.dup()
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])), name="served")
        thread.start()
        self._running = server, thread
        assert server.ready.wait(STARTS_WITHIN_S)

    def cut(self) -> None:
        """Stop answering: open streams are cut."""
        if self._running is not None:
            server, thread = self._running
            self._running = None
            server.should_exit = True
            thread.join(STARTS_WITHIN_S)
            assert not thread.is_alive()

    def close(self) -> None:
        self.cut()
        self._listener.close()
