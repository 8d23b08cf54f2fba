"""What a fresh clone relies on: hashed locks without addresses, vendored pages, clear refusals of the set-up."""

import importlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent
# Package indexes, and places that exist on one machine only.
ADDRESSES = re.compile(
    r"pypi[.]org|pythonhosted[.]org|registry[.]npmjs|yarnpkg[.]com|index-ur[l]|/opt/pyp[i]|/wor[k]/(?:main|shared)"
)


def tracked_files() -> list[Path]:
    command = ["git", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.fixture
def front_end(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(ROOT / "scripts")
    return importlib.import_module("front_end")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(ROOT / "scripts")
    return importlib.import_module("machine")


def test_every_python_requirement_is_pinned_and_hashed():
    text = (ROOT / "requirements.lock").read_text("utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip()]
    assert lines
    assert [line for line in lines if not re.match(r"[\w.-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line)] == []


def test_front_end_packages_are_exact_and_hashed():
    manifest = json.loads((ROOT / "package.json").read_text("utf-8"))["dependencies"]
    locked = json.loads((ROOT / "package-lock.json").read_text("utf-8"))["packages"]
    assert {name: locked[f"node_modules/{name}"]["version"] for name in manifest} == manifest
    packages = [entry for name, entry in locked.items() if name]
    assert all(entry["integrity"].startswith("sha512-") and "resolved" not in entry for entry in packages)


def test_no_file_names_a_package_index_or_one_machine():
    guilty = {}
    for path in tracked_files():
        found = ADDRESSES.findall(path.read_bytes().decode("utf-8", "replace"))
        if found and path != Path(__file__):
            guilty[path.name] = found
    assert guilty == {}


def test_the_pages_serve_what_npm_fetched_with_its_licences(front_end: ModuleType):
    for source, name in front_end.FILES.items():
        assert (front_end.VENDOR / name).read_bytes() == (ROOT / "node_modules" / source).read_bytes()
    packages = {source.partition("/")[0] for source in front_end.FILES}
    assert packages == set(json.loads((ROOT / "package.json").read_text("utf-8"))["dependencies"])
    assert {source.partition("/")[0] for source in front_end.FILES if source.endswith("LICENSE")} == packages


def test_no_page_loads_anything_from_another_host():
    loads = re.compile(r"""<(?:script|link|img)[^>]+(?:src|href)=["'](?:https?:)?//""")
    pages = (ROOT / "forecourt/pages").rglob("*.html")
    assert [path.name for path in pages if loads.search(path.read_text("utf-8"))] == []


def set_up(path: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(ROOT / "scripts/bootstrap.sh")],
        env={"PATH": path, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def bin_with_old_python(tmp_path: Path) -> Path:
    """A PATH on which python3 is 3.9."""
    (tmp_path / "dirname").symlink_to(shutil.which("dirname") or "/usr/bin/dirname")
    python = tmp_path / "python3"
    python.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2\nexit 1\n', "utf-8")
    python.chmod(0o755)
    return tmp_path


def test_an_old_interpreter_is_refused_in_one_sentence(bin_with_old_python: Path):
    done = set_up(str(bin_with_old_python), PYTHON="python3")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Forecourt needs Python 3.11 or newer, but PYTHON=python3 is Python 3.9.2.\n"


def test_no_new_enough_interpreter_is_said_in_one_sentence(bin_with_old_python: Path):
    done = set_up(str(bin_with_old_python))
    assert done.returncode == 1
    assert done.stderr.startswith("Forecourt needs Python 3.11 or newer; none of python3,")
    assert len(done.stderr.splitlines()) == 1


def test_a_missing_essential_is_named_and_stops_while_a_missing_browser_does_not(
    machine: ModuleType, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(machine, "_may_install", lambda: False)
    said: list[str] = []
    font = machine.Need("some-font", lambda: False, "the pages need a font", essential=False)
    assert machine.satisfy([font], said.append)
    assert said == ["Missing: the pages need a font; as root, run: apt-get install some-font"]
    library = machine.Need("some-library", lambda: False, "nothing works without it")
    assert not machine.satisfy([font, library], said.append)


def test_the_installer_is_asked_only_for_what_is_missing(machine: ModuleType, monkeypatch: pytest.MonkeyPatch):
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(machine, "_may_install", lambda: True)
    monkeypatch.setattr(machine, "_apt_get", lambda *arguments: asked.append(arguments))
    present = machine.Need("here", lambda: True, "")
    arrives = machine.Need("there", lambda: len(asked) > 0, "")
    assert machine.satisfy([present, arrives], lambda _: None)
    assert [arguments[-1] for arguments in asked] == ["-q", "there"]


def test_the_browser_is_wanted_for_the_tests_of_pages_only(machine: ModuleType):
    packages = {browser: {need.package for need in machine.needs(browser=browser)} for browser in (False, True)}
    assert packages[True] - packages[False] == {"chromium", "fonts-noto-cjk", "libatomic1"}


def test_ci_runs_both_commands():
    assert os.access(ROOT / ".ci/run", os.X_OK)
    assert (ROOT / ".ci/run").read_text("utf-8").endswith("make check\nmake test\n")
