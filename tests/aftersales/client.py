"""The desk's routes in a small application, and one client per person."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx2
import uvicorn
from fastapi import FastAPI

import aftersales.http
from forecourt.http import install
from foundation.database import Database
from foundation.follow import Wakeups
from foundation.http import bearer_actor
from foundation.identity import Actor, issue_token
from ingest.registry import Vehicles


def build_app(database: Database) -> FastAPI:
    wakeups = Wakeups(database.url)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        wakeups.start(asyncio.get_running_loop())
        yield
        wakeups.stop()

    app = FastAPI(lifespan=lifespan)
    app.state.wakeups = wakeups
    install(app)
    app.include_router(aftersales.http.router(database, wakeups, bearer_actor(database), Vehicles(), Path("no-photos")))
    return app


@contextlib.contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Serve the application on a free port of this machine; give its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=5))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        app.state.wakeups.stop()
        server.should_exit = True
        thread.join(20)
        listener.close()
    assert not thread.is_alive(), "streams end when the process stops"


class Person:
    """One signed-in client of the API."""

    def __init__(self, base: str, database: Database, actor: Actor | None) -> None:
        headers = {}
        if actor is not None:
            with database.unit() as unit:
                headers["Authorization"] = f"Bearer {issue_token(unit, actor)}"
        self.http = httpx2.Client(base_url=base, headers=headers, timeout=30, trust_env=False)

    def get(self, path: str, **params: Any) -> httpx2.Response:
        return self.http.get(path, params=params)

    def post(self, path: str, body: dict[str, Any] | None = None, key: str | None = None) -> httpx2.Response:
        return self.http.post(path, json=body, headers={"Idempotency-Key": key} if key else {})
