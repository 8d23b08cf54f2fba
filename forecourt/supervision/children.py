"""A supervised process: spawned in its own session, remembered by a pid file, stopped politely, then not."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from forecourt.supervision.errors import StartError, SupervisionError
from forecourt.supervision.logs import open_log, tail
from forecourt.supervision.paths import DataPaths
from forecourt.supervision.processes import ProcessMark
from forecourt.supervision.turns import Turn, take_turn

_ORPHAN_GRACE = 2.0  # what a killed supervisor left must not hold up its successor


class Child(Protocol):
    """What the supervisor keeps running: the bundled servers and our own processes alike."""

    @property
    def name(self) -> str:
        """Its name in messages and of its pid file and log."""

    def adopt(self) -> bool:
        """Deal with what an earlier supervisor left: keep a usable process (True) or stop it (False)."""

    def start(self) -> None:
        """Spawn it without waiting; raise SupervisionError when it cannot even be spawned."""

    def alive(self) -> bool:
        """Whether its process runs, ready or not."""

    def ready(self) -> bool:
        """Whether it does its work now; never blocks for more than a few seconds."""

    def stop(self) -> None:
        """End it and wait for its end; nothing happens when it does not run."""

    def last_words(self) -> str:
        """Quote the end of its log, for the message that it did not start."""


class ChildProcess:
    """A program started from a command. What an earlier supervisor left of it is stopped, not adopted."""

    def __init__(
        self,
        name: str,
        paths: DataPaths,
        command: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        ready: Callable[[], bool] = lambda: True,
        grace: float = 10.0,
        turn: Turn | None = None,
    ) -> None:
        """Describe it: `environment` is added to ours, `ready` probes it, `grace` is its time to end itself.

        `turn` is for who cannot take it himself.
        """
        self.name = name
        self._pid_file = paths.run / f"{name}.pid"
        self._log = paths.log / f"{name}.log"
        self._directory = paths.root
        self._command = list(command)
        self._environment = dict(environment or {})
        self._probe = ready
        self._grace = grace
        self._turn = turn
        self._process: subprocess.Popen[bytes] | None = None

    def adopt(self) -> bool:
        self._end(min(self._grace, _ORPHAN_GRACE))
        return False

    def start(self) -> None:
        try:
            with open_log(self._log) as log:
                self._process = subprocess.Popen(  # noqa: S603 - the commands are composed by us
                    self._command,
                    cwd=self._directory,
                    env={**os.environ, **self._environment},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,  # the terminal's Ctrl-C is the supervisor's to handle
                )
        except OSError as error:
            raise SupervisionError(f"{self.name} cannot be started: {error}.") from error
        mark = ProcessMark.of(self._process.pid)
        if mark is not None:
            mark.write(self._pid_file)
            if self._turn is not None:
                take_turn(self._turn, self._process.pid)

    def alive(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            self._process = None
        return self._process is not None or self._mark() is not None

    def ready(self) -> bool:
        return self._probe()

    def stop(self) -> None:
        self._end(self._grace)

    def _end(self, grace: float) -> None:
        mark = self._mark()
        if mark is not None and not mark.end(grace):
            raise SupervisionError(f"{self.name} (process {mark.pid}) does not stop.")
        if self._process is not None:
            self._process.wait()
            self._process = None
        self._pid_file.unlink(missing_ok=True)

    def last_words(self) -> str:
        return tail(self._log)

    def _mark(self) -> ProcessMark | None:
        """Read the pid file; a pid that died, or that another program got since, is no mark."""
        mark = ProcessMark.read(self._pid_file)
        return mark if mark is not None and mark.runs() else None


def bring_up(child: Child, seconds: float, attempts: int = 5) -> None:
    """Adopt or start one child and wait until it is ready, without a supervisor."""
    deadline = time.monotonic() + seconds
    if not child.adopt():
        child.start()
    while not child.ready():
        if not child.alive() and attempts > 0:
            attempts -= 1
            child.start()
        elif not child.alive() or time.monotonic() > deadline:
            raise StartError(f"The {child.name} did not start; {child.last_words()}")
        time.sleep(0.02)


def python_command(*arguments: str) -> list[str]:
    """Run a module of ours with the interpreter that runs us: `python_command("-m", "forecourt", "serve")`."""
    return [sys.executable, *arguments]


def script(name: str) -> Path:
    """Find a program that a wheel put beside our interpreter."""
    path = Path(sys.executable).parent / name
    if not path.exists():
        raise SupervisionError(f"{name} is not installed beside {sys.executable}.")
    return path
