"""The installation itself: schema, demo data, and a check-up."""

import json
import os
import shutil
import sys
from collections.abc import Iterator
from typing import Annotated

import typer

from diagnostics.predictor import SHIPPED, Predictor
from forecourt.installation import Installation
from forecourt.opened import opened, using_database
from forecourt.pages.assets import missing_assets
from forecourt.seeding import seed_demo
from forecourt.settings import Settings
from forecourt.supervision.children import script
from forecourt.supervision.errors import SupervisionError


def migrate() -> None:
    """Bring the database schema up to date."""
    with using_database(Installation(Settings())):
        typer.echo("the database schema is up to date")


def seed() -> None:
    """Load the demo catalogue and the demo workshops; again is no harm."""
    with opened(Installation(Settings())) as database, database.unit() as unit:
        counts = seed_demo(unit)
    typer.echo(json.dumps(counts))


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Check the installation and say what is missing; exits 1 when something is."""
    findings = list(_check())
    if as_json:
        typer.echo(json.dumps([{"check": name, "ok": not words, "words": words} for name, words in findings]))
    else:
        for name, words in findings:
            typer.echo(f"{'missing' if words else 'ok':8} {name}{': ' + words if words else ''}")
    if any(words for _, words in findings):
        raise typer.Exit(1)


def _check() -> Iterator[tuple[str, str]]:
    """Yield (what was checked, what is wrong with it or nothing)."""
    yield "Python", "" if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed"
    settings = Settings()
    installation = Installation(settings)
    try:
        installation.paths.root.joinpath("run").stat()
        yield "data directory", "" if os.access(settings.data, os.W_OK) else f"{settings.data} cannot be written"
    except (SupervisionError, OSError) as error:
        yield "data directory", str(error)
        return
    try:
        broker = script("nats-server") if installation.broker else None
        yield "bundled broker", "" if broker is None or broker.exists() else "nats-server is not installed"
    except SupervisionError as error:
        yield "bundled broker", str(error)
    try:
        with using_database(installation):
            yield "database", ""
    except Exception as error:  # noqa: BLE001 - a check-up reports whatever goes wrong, in words
        yield "database", str(error)
    missing = missing_assets()
    yield "front-end packages", f"run make once: {', '.join(missing)} not installed" if missing else ""
    try:
        Predictor.load(installation.settings.predictor or SHIPPED)
        yield "predictor", ""
    except Exception as error:  # noqa: BLE001 - as above
        yield "predictor", str(error)
    free = shutil.disk_usage(installation.paths.root).free
    yield "disk", "" if free > 1_000_000_000 else f"only {free // 1_000_000} MB are free"
