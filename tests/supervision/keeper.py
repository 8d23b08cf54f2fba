"""A supervisor to kill: database, broker and one worker on the data directory named on the command line."""

import sys
from pathlib import Path

from forecourt.supervision.broker import Broker
from forecourt.supervision.children import ChildProcess
from forecourt.supervision.errors import SupervisionError
from forecourt.supervision.paths import DataPaths
from forecourt.supervision.postgres import Postgres
from forecourt.supervision.supervisor import Supervisor, stop_on_signals

WORKER = """\
import pathlib, time
pathlib.Path("worker.ready").touch()
time.sleep(600)
"""


def say(sentence: str) -> None:
    print(sentence, flush=True)


def main() -> int:
    paths = DataPaths.prepare(Path(sys.argv[1]))
    ready = paths.root / "worker.ready"
    worker = ChildProcess("worker", paths, [sys.executable, "-c", WORKER], ready=ready.exists)
    children = [Postgres(paths, {"shared_buffers": "32MB"}), Broker(paths), worker]
    try:
        with stop_on_signals() as told:
            Supervisor(paths, [[child] for child in children], say).run(lambda: say("all ready"), told)
    except SupervisionError as error:
        say(f"refused: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
