"""Processes remembered across runs: a pid with its time of birth, so that a reused pid is not mistaken."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil

from forecourt.supervision.paths import replace

_PROC = Path("/proc")


@dataclass(frozen=True)
class ProcessMark:
    pid: int
    born: str

    @classmethod
    def of(cls, pid: int) -> Self | None:
        """Mark a running process; None when there is none, or only a zombie nobody has reaped."""
        born = _birth(pid)
        return None if born is None else cls(pid, born)

    @classmethod
    def read(cls, path: Path) -> Self | None:
        try:
            pid, born = path.read_text("ascii").split()
        except FileNotFoundError:
            return None
        return cls(int(pid), born)

    def write(self, path: Path) -> None:
        """Write a pid file: the pid on the first line, as everybody expects, then its birth."""
        replace(path, f"{self.pid}\n{self.born}\n")

    def runs(self) -> bool:
        return _birth(self.pid) == self.born

    def send(self, number: signal.Signals) -> None:
        """Signal the process if it is still the one that was marked."""
        if self.runs():
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                return

    def end(self, grace: float) -> bool:
        """Ask the process to end, then insist; whether it is gone."""
        for number, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, 5.0)):
            self.send(number)
            if self.await_end(patience):
                return True
        return False

    def await_end(self, seconds: float) -> bool:
        """Whether the process ended within that time."""
        deadline = time.monotonic() + seconds
        while self.runs():
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.02)
        return True


def _birth(pid: int) -> str | None:
    if not (_PROC / "self/stat").exists():
        return _birth_without_proc(pid)
    try:
        stat = (_PROC / str(pid) / "stat").read_text("utf-8", "replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()  # the command's name may hold spaces and brackets
    if fields[0] in "ZX":
        return None
    boot = (_PROC / "sys/kernel/random/boot_id").read_text("ascii").strip()
    return f"{boot}:{fields[19]}"  # starttime in ticks since that boot: field 22 of proc(5)


def _birth_without_proc(pid: int) -> str | None:
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else repr(process.create_time())
    except psutil.NoSuchProcess:
        return None
