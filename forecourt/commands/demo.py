"""`forecourt demo`: everything at once, live, for a person to look at or for a script to check."""

import json
import re
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from forecourt import logs
from forecourt.demo import run
from forecourt.demo.platform import reporting
from forecourt.demo.script import attend
from forecourt.installation import Installation
from forecourt.settings import Settings
from forecourt.supervision.supervisor import stop_on_signals
from foundation.database import Database
from foundation.refusals import Invalid

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(s|m|h)?")
_SECONDS = {None: 1, "s": 1, "m": 60, "h": 3600}


def demo(
    for_: Annotated[
        str | None,
        typer.Option("--for", help="Play by script for so long (180s) from the first case on, then end."),
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Write what happened as JSON; goes with --for.")] = None,
    vehicles: Annotated[int, typer.Option(help="Cars in the live fleet.", min=1, max=20)] = 3,
    port: Annotated[int, typer.Option(help="HTTP port; 0 takes a free one.", min=0, max=65535)] = 0,
    open_: Annotated[bool, typer.Option("--open", help="Open the owner's page in the browser.")] = False,
) -> None:
    """Run broker, database, service and a live simulated fleet: one alternator fails, one car is behind an ELM327."""
    logs.configure(Settings().log_level)
    seconds = duration(for_) if for_ else None
    if report and seconds is None:
        raise Invalid("--report goes with --for")
    with reporting(Settings()) as settings:
        installation = Installation(settings)
        with run.running(installation, port, _tell) as addresses:
            if seconds is None:
                cast = run.assemble_cast(installation, vehicles)
                _watch(run.Stage(addresses, Database(installation.database_url), cast), open_)
                return
            outcome = run.perform(installation, addresses, vehicles, seconds, _tell)
    text = json.dumps(outcome.to_json(), indent=2)
    if report:
        report.write_text(text + "\n", "utf-8")
    typer.echo(text)
    if outcome.errors:
        raise typer.Exit(1)


def _tell(words: str) -> None:
    typer.echo(words, err=True)


def duration(words: str) -> float:
    """Read `180s`, `3m` or plain seconds."""
    match = _DURATION.fullmatch(words.strip())
    if match is None:
        raise Invalid(f"{words!r} is no duration; write 180s or 3m")
    return float(match[1]) * _SECONDS[match[2]]


def _watch(stage: run.Stage, open_browser: bool) -> None:
    """Print where to look, feed the history, drive the fleet, and go on until Ctrl-C."""
    with stop_on_signals() as until:
        typer.echo(f"\nForecourt  {stage.addresses.http}\n\nSign-in links (each works once):")
        links = {role: f"{stage.addresses.http}/sign-in#{member.link}" for role, member in stage.cast.members.items()}
        for role, link in links.items():
            typer.echo(f"  {role.value:17} {link}")
        typer.echo(
            "\nThe first car's alternator is failing; its case appears within three minutes. Ctrl-C ends the demo."
        )
        if open_browser:
            webbrowser.open(next(iter(links.values())))
        run.feed_history(stage)
        with run.driving(stage, _tell):
            attend(stage.addresses.http, stage.cast, until, _tell)
        stage.database.close()
