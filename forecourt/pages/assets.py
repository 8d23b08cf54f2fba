"""The front-end packages that the pages need: installed at set-up, never committed."""

from pathlib import Path

VENDOR = Path(__file__).parent / "static" / "vendor"
ASSETS = (
    "htmx.min.js",
    "hx-sse.min.js",
    "uPlot.iife.min.js",
    "uPlot.min.css",
    "swagger-ui-bundle.js",
    "swagger-ui.css",
)


def missing_assets() -> list[str]:
    """Give the files that set-up has not installed."""
    return [name for name in ASSETS if not (VENDOR / name).exists()]
