"""What a bare Debian may lack: each need is one row; apt-get fills it where we may, else it is named."""

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

_FONTS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts", "/Library/Fonts")
_CHINESE = ("cjk", "sourcehan", "wqy", "droidsansfallback", "pingfang", "simsun", "yahei")


@dataclass(frozen=True)
class Need:
    package: str
    present: Callable[[], bool]
    sentence: str
    essential: bool = True


def needs(*, browser: bool) -> Iterable[Need]:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    yield Need(f"{version}-venv", _has_ensurepip, f"{version} cannot make virtual environments without ensurepip")
    if sys.platform == "linux":
        yield Need(
            "libgomp1",
            lambda: _has_library("libgomp.so.1"),
            "LightGBM cannot be loaded without the library libgomp.so.1",
        )
    if browser:
        if sys.platform == "linux":
            words = "Playwright, which drives the browser in tests, cannot start without the library libatomic.so.1"
            yield Need("libatomic1", lambda: _has_library("libatomic.so.1"), words, essential=False)
        yield Need("chromium", _has_chromium, "the tests of the pages need Chromium", essential=False)
        yield Need("fonts-noto-cjk", _has_chinese_font, "the pages need a Chinese font in tests", essential=False)


def satisfy(wanted: Iterable[Need], tell: Callable[[str], None]) -> bool:
    """Install what is missing or say what it is; False when something essential is still missing."""
    missing = [need for need in wanted if not need.present()]
    if missing and _may_install():
        tell(f"Installing with apt-get: {' '.join(need.package for need in missing)}")
        _apt_get("update", "-q")
        for need in missing:  # one by one: a package that this system does not know must not stop the others
            _apt_get("install", "-q", "-y", "--no-install-recommends", need.package)
        missing = [need for need in missing if not need.present()]
    for need in missing:
        tell(f"Missing: {need.sentence}; as root, run: apt-get install {need.package}")
    return not any(need.essential for need in missing)


def _may_install() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def _apt_get(*arguments: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(  # noqa: S603 - constant arguments
        ["apt-get", *arguments],  # noqa: S607 - Debian's own, wherever it lies
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        sys.stderr.write(f"apt-get {arguments[0]} failed: {(done.stderr or done.stdout).strip()[-1000:]}\n")


def _has_ensurepip() -> bool:
    """Ask a new interpreter: ours would not see a module that was installed since it started."""
    return _succeeds(sys.executable, "-c", "import ensurepip, venv")


def _has_library(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def _has_chromium() -> bool:
    return any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))


def _has_chinese_font() -> bool:
    return any(
        any(word in file.name.lower() for word in _CHINESE)
        for folder in _FONTS
        for file in Path(folder).expanduser().rglob("*.[to]t[cf]")
    )


def _succeeds(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603 - ours
