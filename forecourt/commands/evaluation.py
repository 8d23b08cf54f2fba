"""The evaluation of the shipped predictor, as a table, JSON, a page with plots, and the page of the docs."""

import json
import os
import shlex
import sys
import time
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from diagnostics.evaluation import report
from diagnostics.predictor import SHIPPED
from forecourt.evaluation import SIZES, run
from forecourt.settings import Settings


class SizeName(StrEnum):
    SMALL = "small"
    FULL = "full"


def evaluate(
    size: Annotated[SizeName, typer.Option(help="small: 12,000 healthy vehicle-hours; full: 60,000.")] = SizeName.SMALL,
    out: Annotated[Path, typer.Option(help="The page with the plots.")] = Path("report.html"),
    markdown: Annotated[Path | None, typer.Option(help="Write the figures to this page, too.")] = None,
    trips: Annotated[
        Path | None,
        typer.Option(help="Real healthy trips, a folder per car.", exists=True, file_okay=False,
                     envvar="FORECOURT_TRIPS"),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the fleets that are judged.", min=0)] = 20261125,
    predictor: Annotated[
        Path, typer.Option(help="Where the predictor is; without it, the shipped one.", exists=True)
    ] = SHIPPED,
    processes: Annotated[int, typer.Option(help="That simulate and predict at once.", min=1)] = os.cpu_count() or 1,
    gate: Annotated[bool, typer.Option("--gate", help="Exit with 1 when a figure misses what it must reach.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:  # fmt: skip
    """Judge the shipped predictor on simulated fleets it never saw, and on real trips where there are any.

    What was simulated is kept in the data directory: a run that was stopped goes on where it was.
    """
    began = time.monotonic()
    with _Stages() as tell:
        document = run(SIZES[size], seed, Settings().data, trips or _beside(), processes, tell, predictor)
    document |= {
        "command": shlex.join(["forecourt", *sys.argv[1:]]),
        "date": datetime.now(UTC).date().isoformat(),
        "seconds": round(time.monotonic() - began),
    }
    out.write_text(report.html(document), "utf-8")
    if markdown is not None:
        markdown.write_text(report.markdown(document), "utf-8")
    if as_json:
        typer.echo(json.dumps(document, ensure_ascii=False))
    else:
        _show(document, out)
    if gate and any(row["must_met"] is False for row in document["gates"]):
        raise typer.Exit(1)


def _beside() -> Path | None:
    """Give the folder of real trips beside the project, where development has it."""
    place = Path("../shared/data/trips")
    return place if place.is_dir() else None


def _show(document: dict[str, Any], out: Path) -> None:
    console = Console()
    for words, value in report.facts(document):
        console.print(f"{words}: {value}", highlight=False)
    table = Table(*report.GATE_HEADINGS)
    for row in report.gate_rows(document):
        style = {"missed": "red", "not measured": "yellow"}.get(row[-1], "green")
        table.add_row(*row[:-1], f"[{style}]{row[-1]}[/{style}]")
    console.print(table)
    faults = Table(*report.FAULT_HEADINGS)
    for row in report.fault_rows(document):
        faults.add_row(*row)
    console.print(faults)
    if document["ladder"]:
        headings, rows = report.ladder_table(document)
        ladder = Table(*headings)
        for row in rows:
            ladder.add_row(*row)
        console.print(ladder)
    console.print(f"the whole report with its plots: {out}", highlight=False)


class _Stages:
    """A bar on standard error for the stage that runs; callable with its words, what is done and of how much."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            TimeRemainingColumn(), console=Console(stderr=True), transient=True,
        )  # fmt: skip
        self._task = self._progress.add_task("evaluation")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def __call__(self, words: str, done: int, of: int) -> None:
        self._progress.update(self._task, description=words, completed=done, total=of)
