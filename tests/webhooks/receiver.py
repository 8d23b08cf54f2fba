"""A receiver of webhooks on a free port of this machine, that behaves as it is told."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# What it does with the n-th message (from 0): a status; None: it hangs up; a float: it waits so long, then takes it.
Behaviour = Callable[[int], int | float | None]


@dataclass
class Receiver:
    """What came, in the order in which it came, with what was done with it."""

    behave: Behaviour = lambda _: 204
    got: list[tuple[dict[str, str], bytes, Any]] = field(default_factory=list)
    url: str = ""
    retry_after: str = ""  # what it says with each answer

    @property
    def taken(self) -> list[tuple[dict[str, str], bytes]]:
        return [(headers, body) for headers, body, what in self.got if what in {200, 204} or isinstance(what, float)]


@contextlib.contextmanager
def receiving(receiver: Receiver) -> Iterator[Receiver]:
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            with lock:
                what = receiver.behave(len(receiver.got))
                receiver.got.append((headers, body, what))
            if what is None:
                self.close_connection = True
                return
            if isinstance(what, float):
                time.sleep(what)
            self.send_response(204 if isinstance(what, float) else what)
            self.send_header("Location", "/elsewhere")
            if receiver.retry_after:
                self.send_header("Retry-After", receiver.retry_after)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://localhost:{server.server_port}/hook?of=us"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
