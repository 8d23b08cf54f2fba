"""PostgreSQL's data directory: making it whole, finding its processes, clearing what a kill left in it."""

import os
import shutil
import signal
import subprocess
import time

import psutil

from forecourt.supervision.errors import StartError
from forecourt.supervision.postgres_place import PostgresPlace
from forecourt.supervision.processes import ProcessMark

ADMIN = "postgres"
# Collation by code point, the same on every system; case and letters (pg_trgm) by Unicode.
_LOCALE = ("--locale=C", "--lc-ctype=C.UTF-8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
# Run as the server's user: in a container root may not look into another user's /proc/PID/cwd.
_WHO_IS_IN = 'for p in /proc/[0-9]*; do [ "$p/cwd" -ef "$1" ] && echo "${p#/proc/}"; done; true'


def make_cluster(place: PostgresPlace, password: str) -> None:
    """Run initdb beside the final directory and move the result there: a killed initdb leaves no half of one."""
    if place.data.exists():
        return
    unfinished = place.data.with_name(f"{place.data.name}.new")
    if unfinished.exists():
        shutil.rmtree(unfinished)
    unfinished.mkdir(mode=0o700)
    password_file = unfinished / "password"
    password_file.write_text(password, "utf-8")
    password_file.chmod(0o600)
    for path in (unfinished, password_file):
        place.own(path)
    command = [str(place.binary("initdb")), "-D", str(unfinished / "data"), "-U", ADMIN, f"--pwfile={password_file}"]
    done = subprocess.run(  # noqa: S603 - the wheel's own binary
        [*command, "--auth=scram-sha-256", "--encoding=UTF8", *_LOCALE],
        cwd=unfinished,
        capture_output=True,
        check=False,
        text=True,
        **place.run_as,
    )
    if done.returncode != 0:
        raise StartError(f"The database could not be made in {place.data}: {done.stderr.strip()}")
    (unfinished / "data").rename(place.data)
    shutil.rmtree(unfinished)


def find_postmaster(place: PostgresPlace) -> ProcessMark | None:
    """Find the server process of this data directory, whoever started it."""
    pid = _locked_by(place)
    return ProcessMark.of(pid) if pid is not None and pid in _inhabitants(place) else None


def clear_remains(place: PostgresPlace, seconds: float = 3.0) -> None:
    """After a killed server: end its orphaned backends, remove a lock whose pid is dead or a stranger's.

    The lock goes only when no process of this data directory is left, for PostgreSQL itself guards by it
    against two servers on the same files.
    """
    if find_postmaster(place) is not None:
        return
    deadline = time.monotonic() + seconds
    while orphans := _inhabitants(place):
        if time.monotonic() > deadline:
            raise StartError(f"Processes {orphans} of a killed PostgreSQL still run in {place.data}.")
        for pid in orphans:
            mark = ProcessMark.of(pid)
            if mark is not None:
                mark.send(signal.SIGKILL)
        time.sleep(0.02)
    (place.data / "postmaster.pid").unlink(missing_ok=True)


def await_lock(place: PostgresPlace, process: subprocess.Popen[bytes], seconds: float = 5.0) -> None:
    """Wait until a new server has locked its directory, or ended: from then on others recognise it."""
    deadline = time.monotonic() + seconds
    while _locked_by(place) != process.pid and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)


def _locked_by(place: PostgresPlace) -> int | None:
    try:
        first = (place.data / "postmaster.pid").read_text("utf-8").partition("\n")[0].strip()
    except FileNotFoundError:
        return None
    return int(first) if first.isdigit() else None


def _inhabitants(place: PostgresPlace) -> list[int]:
    """List the processes whose working directory is the data directory, as that of all PostgreSQL's is."""
    if not os.path.isdir("/proc/self"):  # noqa: PTH112 - macOS; psutil may look there
        return _inhabitants_without_proc(place)
    done = subprocess.run(  # noqa: S603 - a constant script; the directory is an argument
        ["/bin/sh", "-c", _WHO_IS_IN, "sh", str(place.data)],
        cwd="/",
        capture_output=True,
        check=True,
        text=True,
        **place.run_as,
    )
    return [pid for pid in map(int, done.stdout.split()) if ProcessMark.of(pid) is not None]


def _inhabitants_without_proc(place: PostgresPlace) -> list[int]:
    return [
        process.pid
        for process in psutil.process_iter()
        if process.name() == "postgres" and process.cwd() == str(place.data)
    ]
