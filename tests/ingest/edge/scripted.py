"""A scripted adapter on TCP: plays elmulator's scenario files, and shorter scripts of the same form."""

import json
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self


def entry(request: str, *chunks: str, **more: Any) -> dict[str, Any]:
    return {"request": request, "response_chunks": list(chunks), **more}


def scenario(
    *commands: Mapping[str, Any], obd: str = "NO DATA\r\r>", at: str = "OK\r\r>", **more: Any
) -> dict[str, Any]:
    return {"commands": list(commands), "defaults": {"at_response": at, "obd_response": obd}, **more}


class Scripted:
    """Answers on a free port of the loopback; each connection plays the script from its start.

    Of several entries for one request the first is used first, the last for ever. `heard` is every command so far.
    """

    def __init__(self, script: Mapping[str, Any] | Path) -> None:
        self.script = json.loads(script.read_text("utf-8")) if isinstance(script, Path) else script
        self.heard: list[str] = []
        self.connections = 0
        self.changed = threading.Condition()
        self._stopping = threading.Event()
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.settimeout(0.05)
        self._thread = threading.Thread(target=self._serve)
        self.url = f"socket://127.0.0.1:{self._server.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join()
        self._server.close()

    def wait_for(self, what: Callable[[], bool], seconds: float = 30) -> None:
        """Wait for something that a command or a connection brings about."""
        with self.changed:
            assert self.changed.wait_for(what, seconds), self.heard

    def _serve(self) -> None:
        while not self._stopping.is_set():
            try:
                client, _ = self._server.accept()
            except TimeoutError:
                continue
            with self.changed:
                self.connections += 1
                self.changed.notify_all()
            with client:
                client.settimeout(0.05)
                self._talk(client)

    def _talk(self, client: socket.socket) -> None:
        left = {}
        for one in self.script["commands"]:
            left.setdefault(one["request"], []).append(one)
        buffer = b""
        while not self._stopping.is_set():
            try:
                data = client.recv(1024)
            except TimeoutError:
                continue
            except OSError:
                return
            if not data:
                return
            buffer += data
            while b"\r" in buffer:
                raw, _, buffer = buffer.partition(b"\r")
                try:
                    if not self._answer(client, raw.decode("latin-1").strip(), left):
                        return
                except OSError:
                    return

    def _answer(self, client: socket.socket, command: str, left: dict[str, list[dict[str, Any]]]) -> bool:
        with self.changed:
            self.heard.append(command)
            self.changed.notify_all()
        entries: Sequence[dict[str, Any]] = left.get(command, ())
        if not entries:
            key = "at_response" if command.upper().startswith("AT") else "obd_response"
            found = entry(command, self.script["defaults"][key], echo=self.script.get("echo", False))
        else:
            found = left[command].pop(0) if len(left[command]) > 1 else left[command][0]
        time.sleep(found.get("delay_ms", 0) / 1000)  # the adapter's own pace
        out = (command + "\r" if found.get("echo") else "") + "".join(found["response_chunks"])
        size = self.script.get("stream_split_bytes") or len(out) or 1
        for start in range(0, len(out), size):
            client.sendall(out[start : start + size].encode("latin-1"))
        return found.get("post_action") != "disconnect"
