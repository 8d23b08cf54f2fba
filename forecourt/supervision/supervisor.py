"""Keeps a list of children running: starts them in order, brings the dead back, stops them in reverse."""

import fcntl
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from forecourt.supervision.children import Child
from forecourt.supervision.errors import AlreadySupervisedError, StartError, SupervisionError
from forecourt.supervision.paths import DataPaths
from forecourt.supervision.processes import ProcessMark

_TICK = 0.1
_DELAYS = (0.0, 0.25, 0.5, 1.0, 2.0)  # before a restart, growing; with its own start a child is back within 5 s
_PATIENCE = 60.0  # for a living child to become ready, before it is stopped and started anew
_HEALTHY = 30.0  # a child that was ready so long has its failures forgiven
_FIRST_FAILURES = 3  # a child that never became ready is given up after so many


@dataclass
class _Watch:
    child: Child
    started: float = 0.0
    ready_since: float | None = None
    ever_ready: bool = False
    failures: int = 0
    restart_at: float | None = None


class Supervisor:
    """Runs the children of one data directory; `tell` gets one sentence for each change."""

    def __init__(self, paths: DataPaths, stages: Sequence[Sequence[Child]], tell: Callable[[str], None]) -> None:
        """Describe it: the children of one stage start together, when those of the stage before are ready."""
        self._paths = paths
        self._stages = [[_Watch(child) for child in stage] for stage in stages]
        self._watches = [watch for stage in self._stages for watch in stage]
        self._tell = tell

    def run(self, on_ready: Callable[[], None], until: threading.Event) -> None:
        """Start all, report `on_ready`, and watch until the event is set; then stop all, also on an error.

        Raises AlreadySupervisedError, touching nothing, when another supervisor holds the data directory,
        and StartError when a child cannot be brought up at all.
        """
        with self._alone():
            try:
                if self._start_all(until):
                    on_ready()
                while not until.wait(_TICK):
                    self._tend_all()
            finally:
                self._stop_all()

    def _start_all(self, until: threading.Event) -> bool:
        """Bring up one stage after the other; False when told to stop meanwhile."""
        begun: list[_Watch] = []
        for stage in self._stages:
            for watch in stage:
                watch.started = time.monotonic()
                if watch.child.adopt():
                    self._tell(f"{watch.child.name}: runs already")
                else:
                    watch.child.start()
            begun += stage
            while not all(watch.ever_ready for watch in stage):
                for other in begun:
                    self._tend(other)
                for watch in stage:
                    if watch.failures >= _FIRST_FAILURES and not watch.ever_ready:
                        raise StartError(f"The {watch.child.name} did not start; {watch.child.last_words()}")
                if until.wait(_TICK / 2):
                    return False
        return True

    def _tend_all(self) -> None:
        for watch in self._watches:
            self._tend(watch)

    def _tend(self, watch: _Watch) -> None:
        now = time.monotonic()
        if not watch.child.alive():
            self._restart(watch, now)
        elif watch.ready_since is None:
            if watch.child.ready():
                watch.ready_since, watch.ever_ready = now, True
                self._tell(f"{watch.child.name}: ready")
            elif now - watch.started > _PATIENCE:
                self._tell(f"{watch.child.name}: not ready after {_PATIENCE:.0f} s, so it is stopped and started anew")
                watch.failures += 1
                self._try(watch.child, watch.child.stop)

    def _restart(self, watch: _Watch, now: float) -> None:
        if watch.restart_at is None:
            if watch.ready_since is not None and now - watch.ready_since > _HEALTHY:
                watch.failures = 0
            delay = _DELAYS[min(watch.failures, len(_DELAYS) - 1)]
            watch.restart_at, watch.ready_since = now + delay, None
            watch.failures += 1
            self._tell(f"{watch.child.name}: ended, starts again in {delay:g} s")
        if now >= watch.restart_at:
            watch.restart_at, watch.started = None, now
            self._try(watch.child, watch.child.start)

    def _try(self, child: Child, action: Callable[[], None]) -> None:
        """Do what may fail now and is tried again; the other children must go on."""
        try:
            action()
        except SupervisionError as error:
            self._tell(f"{child.name}: {error}")

    def _stop_all(self) -> None:
        problems = []
        for watch in reversed(self._watches):
            try:
                watch.child.stop()
            except SupervisionError as error:  # the others must still be stopped
                problems.append(str(error))
        if problems:
            raise SupervisionError(" ".join(problems))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the data directory's lock, which the kernel frees even after SIGKILL."""
        pid_file = self._paths.run / "supervisor.pid"
        with (self._paths.run / "supervisor.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                other = ProcessMark.read(pid_file)
                who = f" (process {other.pid})" if other else ""
                raise AlreadySupervisedError(
                    f"Another forecourt{who} already runs on the data directory {self._paths.root}."
                ) from error
            mark = ProcessMark.of(os.getpid())
            if mark is not None:
                mark.write(pid_file)
            try:
                yield
            finally:
                pid_file.unlink(missing_ok=True)


@contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
    """Give an event that SIGTERM, SIGINT and SIGHUP set; the handlers before are put back at the end."""
    told = threading.Event()

    def tell(_number: int, _frame: FrameType | None) -> None:
        told.set()

    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = {number: signal.signal(number, tell) for number in numbers}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
