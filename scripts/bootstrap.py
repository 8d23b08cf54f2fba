"""Makes `.venv` and the front-end packages ready, from hashed locks, when they are not yet."""

import argparse
import fcntl
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import front_end
import machine

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "forecourt-setup.json"
_PYTHON_FILES = ("requirements.lock", "pyproject.toml")
_BENCHMARK_FILES = ("benchmarks/requirements.lock",)
_PAGE_FILES = ("package.json", "package-lock.json", ".npmrc", "scripts/front_end.py")


class SetupError(Exception):
    pass


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--with-browser", action="store_true", help="also what the tests of the pages need")
    parser.add_argument("--with-benchmarks", action="store_true", help="also what the benchmarks compare with")
    asked = parser.parse_args()
    browser: bool = asked.with_browser
    if not machine.satisfy(machine.needs(browser=browser), _tell):
        return 1
    try:
        with (ROOT / "requirements.lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # two makes at once: the second waits, then finds all done
            _set_up(benchmarks=asked.with_benchmarks)
    except (SetupError, front_end.FrontEndError) as error:
        _tell(str(error))
        return 1
    return 0


def _set_up(*, benchmarks: bool) -> None:
    stamp = _read_stamp()
    wanted = {"python": _digest(_PYTHON_FILES), "pages": _digest(_PAGE_FILES)}
    if benchmarks:
        wanted["benchmarks"] = _digest(_BENCHMARK_FILES)
    if not _venv_is_usable():
        _tell(f"Making .venv with Python {sys.version.split()[0]}")
        stamp = {}
        _run("The virtual environment could not be made", sys.executable, "-m", "venv", "--clear", str(VENV))
    if stamp.get("python") != wanted["python"]:
        _tell("Installing the Python packages of requirements.lock")
        _pip("--require-hashes", "-r", "requirements.lock")
        _tell("Installing forecourt itself")
        _pip("--no-deps", "--no-build-isolation", "-e", ".")
    if stamp.get("pages") != wanted["pages"] or not front_end.is_copied():
        _tell("Fetching the front-end packages of package-lock.json")
        front_end.fetch_and_copy(VENV)
    if benchmarks and stamp.get("benchmarks") != wanted["benchmarks"]:
        _tell("Installing what the benchmarks compare with")
        _pip("--require-hashes", "-r", "benchmarks/requirements.lock")
    if stamp != {**stamp, **wanted}:
        STAMP.write_text(json.dumps({**stamp, **wanted}), "utf-8")


def _venv_is_usable() -> bool:
    """Whether .venv runs, lies where it was made, and has the version of PYTHON= (without it, any new enough)."""
    python, pip = VENV / "bin/python", VENV / "bin/pip"
    if not python.exists() or not pip.exists() or str(VENV) not in pip.read_text("utf-8"):
        return False  # a moved clone: the programs of .venv name the interpreter of the old place
    asked = subprocess.run(  # noqa: S603 - our own interpreter
        [python, "-c", "import pip, sys; print(*sys.version_info[:2])"], capture_output=True, text=True, check=False
    )
    if asked.returncode != 0:
        return False
    version = tuple(map(int, asked.stdout.split()))
    return version == sys.version_info[:2] if os.environ.get("PYTHON") else version >= (3, 11)


def _read_stamp() -> dict[str, str]:
    if not STAMP.exists():
        return {}
    stamp: dict[str, str] = json.loads(STAMP.read_text("utf-8"))
    return stamp


def _digest(names: tuple[str, ...]) -> str:
    return hashlib.sha256(b"\0".join((ROOT / name).read_bytes() for name in names)).hexdigest()


def _pip(*arguments: str) -> None:
    quiet = ("--quiet", "--disable-pip-version-check", "--no-input", "--root-user-action=ignore")
    _run("pip could not install them", str(VENV / "bin/python"), "-m", "pip", "install", *quiet, *arguments)


def _run(failure: str, *command: str) -> None:
    done = subprocess.run(  # noqa: S603 - commands composed here
        command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise SetupError(f"{failure}: {(done.stderr or done.stdout).strip()[-2000:]}")


def _tell(sentence: str) -> None:
    sys.stderr.write(f"forecourt: {sentence}\n")


if __name__ == "__main__":
    sys.exit(main())
