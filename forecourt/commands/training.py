"""Predictors: the shipped one made again, one from a table of one's own, and what it says of other rows."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from diagnostics import predictor
from diagnostics.training.own_labels import Costs, score_own, train_own
from forecourt.commands.telling import Telling
from forecourt.installation import Installation
from forecourt.opened import opened
from forecourt.settings import Settings
from forecourt.training import CARS, DAYS, train_shipped
from forecourt.verdict_training import lines, train_with_verdicts
from foundation.refusals import Invalid
from ingest.archive import Archive

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def train(
    seed: Annotated[
        int, typer.Option(help="Seed of the simulated fleet; the shipped predictor has the default.")
    ] = 20261122,
    out: Annotated[Path | None, typer.Option(help="Where to write it; without it, over the shipped predictor.")] = None,
    table: Annotated[
        Path | None, typer.Option(help="Learn from this table of features instead, Parquet or CSV.", exists=True)
    ] = None,
    label: Annotated[str | None, typer.Option(help="With --table: the column of 0 and 1 to predict.")] = None,
    group: Annotated[
        str | None, typer.Option(help="With --table: the column of what must not be on both sides, such as the car.")
    ] = None,
    cost_false_alarm: Annotated[float, typer.Option(help="With --table: what a false alarm costs.")] = 10.0,
    cost_miss: Annotated[float, typer.Option(help="With --table: what a missed fault costs.")] = 500.0,
    verdicts: Annotated[
        bool,
        typer.Option("--verdicts", help="Learn from what workshops found, too; needs --out, refuses too few of them."),
    ] = False,
    cars: Annotated[
        int, typer.Option(help="Simulated cars of every fault; the shipped predictor has the default.")
    ] = CARS,
    days: Annotated[int, typer.Option(help="Days that each of them is driven; the same.")] = DAYS,
    as_json: AsJson = False,
) -> None:
    """Make the shipped predictor again from simulated cars, or one from a table with labels of your own."""
    if verdicts:
        if table is not None or out is None:
            raise Invalid("--verdicts needs --out FOLDER, and takes no --table: the shipped predictor stays as it is")
        _with_verdicts(seed, out, cars, days)
        return
    if table is None:
        if label or group:
            raise Invalid("--label and --group need --table FILE")
        with Telling("training") as tell:
            report = train_shipped(seed, out or predictor.SHIPPED, tell, Settings().data / "training", cars, days)
        typer.echo(json.dumps(report, indent=2))
        return
    if label is None or group is None:
        raise Invalid("--table needs --label COLUMN and --group COLUMN")
    folder = out or Path(f"{table.stem}-predictor")
    with Telling("training") as tell:
        report = train_own(table, label, group, Costs(cost_false_alarm, cost_miss), folder, seed, tell)
    if as_json:
        typer.echo(json.dumps({**report, "folder": str(folder)}, indent=2))
        return
    _show(report, folder)


def _with_verdicts(seed: int, out: Path, cars: int, days: int) -> None:
    installation = Installation(Settings())
    with opened(installation) as database, Telling("training") as tell:
        archive, cache = Archive(installation.archive_directory), installation.settings.data / "training"
        report = train_with_verdicts(database, archive, seed, out, tell, cache, cars, days)
    for line in lines(report["verdicts"]):
        typer.echo(line, err=True)
    typer.echo(json.dumps(report, indent=2))


def _show(report: dict[str, Any], folder: Path) -> None:
    console = Console()
    for name, why in report["ignored"].items():
        console.print(f"ignored column {name}: {why}", highlight=False)
    for warning in report["warnings"]:
        console.print(f"[bold]warning[/bold]: {warning}", highlight=False)
    shown = Table("on groups that were held out", "value", "by fold")
    folds, costs = report["auc_by_fold"], report["cost_per_row_by_fold"]
    shown.add_row("rows, groups, faulty", f"{report['rows']}, {report['groups']}, {report['faulty']}", "")
    shown.add_row("area under ROC", f"{report['auc']:.3f}", f"{min(folds):.3f} to {max(folds):.3f}")
    shown.add_row(f"PR-AUC at 1:{1 / report['prevalence']:.0f}", f"{report['pr_auc']:.3f}", "")
    shown.add_row("calibration error", f"{report['calibration_error']:.4f}", "")
    shown.add_row("recall; missed", f"{report['recall']:.3f}; {report['missed']}", "")
    shown.add_row("false alarms", f"{report['false_alarms']}", "")
    shown.add_row("expected cost of a row", f"{report['cost_per_row']:.4g}", f"{min(costs):.4g} to {max(costs):.4g}")
    shown.add_row("... never alarming", f"{report['cost_never'] / report['rows']:.4g}", "")
    shown.add_row("... always alarming", f"{report['cost_always'] / report['rows']:.4g}", "")
    shown.add_row("saved against the cheaper of both", f"{report['saved']:.1%}", "")
    console.print(shown)
    if report["threshold"] > 1:
        console.print("at these costs it is cheapest never to alarm")
    else:
        console.print(f"alarm from a probability of {report['threshold']:.4f} on", highlight=False)
    top = ", ".join(f"{name} {share:.0%}" for name, share in list(report["top_columns"].items())[:8])
    console.print(f"what told most: {top}\nwritten to {folder}", highlight=False)


def score_table(
    table: Annotated[Path, typer.Argument(help="A table with the columns of the training.", exists=True)],
    folder: Annotated[Path, typer.Option("--predictor", help="What `train --table` wrote.", exists=True)],
    out: Annotated[Path | None, typer.Option(help="CSV file of row, probability, alarm; without it, printed.")] = None,
) -> None:
    """Say what a predictor of one's own finds in the rows of a table."""
    probability, alarm = score_own(folder, table)
    rows = (f"{row},{said:.6g},{int(told)}" for row, (said, told) in enumerate(zip(probability, alarm, strict=True)))
    text = "\n".join(["row,probability,alarm", *rows])
    if out is None:
        typer.echo(text)
    else:
        out.write_text(text + "\n", "utf-8")
