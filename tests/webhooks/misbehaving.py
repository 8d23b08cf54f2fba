"""A receiver of webhooks as a process of its own that fails, delays, takes twice and dies: `misbehaving PORT LOG WAYS`.

Each line of the log is one message as it came, with what was done about it. `WAYS` are the first letters of what is
done with one message after the other (the log says how many came before a restart); behind the last, all are taken.
"""

import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

# take, fail, hang up, slow (takes it late), keep (takes it and says it did not), busy (not before a second), redirect,
# die.
STATUS = {"t": 204, "f": 500, "s": 204, "k": 503, "b": 429, "r": 302}


def serve(port: int, log: Path, ways: str) -> None:
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            with lock:
                came = len(log.read_text().splitlines()) if log.exists() else 0
                way = ways[came] if came < len(ways) else "t"
                with log.open("a") as file:
                    file.write(json.dumps({"way": way, "headers": headers, "body": body}) + "\n")
                    file.flush()
                    os.fsync(file.fileno())
                if way == "d":
                    os._exit(1)
            if way == "h":
                self.close_connection = True
                return
            if way == "s":
                time.sleep(1.0)
            self.send_response(STATUS[way])
            if way == "b":
                self.send_header("Retry-After", "1")
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    serve(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
