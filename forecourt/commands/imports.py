"""Suppliers' files from the command line: import, try, list, undo, export; the licensee's lists of codes."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from forecourt.commands.provision import show
from forecourt.installation import Installation
from forecourt.opened import opened
from forecourt.settings import Settings
from foundation.refusals import Invalid
from parts_catalog.imports import stored
from parts_catalog.imports.exporting import export
from parts_catalog.imports.http import number_of
from parts_catalog.imports.references import load_codes
from parts_catalog.imports.running import Report, Wanted, import_file, undo

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="An ACES, PIES, CSV or XLSX file.")]
_SHOWN = 20


def add_to(parts: typer.Typer) -> None:
    """Add the commands of this file to `forecourt parts`."""
    parts.command("import")(import_parts)
    parts.command("imports")(imports)
    parts.command("undo")(undo_import)
    parts.command("export")(export_parts)
    parts.command("reference")(reference)


def import_parts(
    file: File,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and change nothing.")] = False,
    as_json: AsJson = False,
    full: Annotated[
        bool | None,
        typer.Option("--full/--incremental", help="Replace what the brands had, or change it; else as the file says."),
    ] = None,
    organisation: Annotated[
        str | None, typer.Option("--organisation", help="The house in whose name; else the server's own.")
    ] = None,
) -> None:
    """Import a supplier's file: ACES, PIES, CSV or XLSX."""
    with opened(Installation(Settings())) as database:
        wanted = Wanted(file, file.name, organisation, None, full, dry_run)
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(file.name, total=file.stat().st_size)
            report = import_file(database, wanted, lambda read, _: bar.update(task, completed=read))
        with database.unit() as unit:
            page = stored.findings_of(unit, report.import_id, None, _SHOWN)
    _tell(report, page.items, as_json)
    if report.state == "failed":
        raise typer.Exit(1)


def _tell(report: Report, findings: list[Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(report.counts, ensure_ascii=False))
        return
    for one in findings:
        typer.echo(f"{'' if one.line is None else f'line {one.line}: '}{one.rule}: {one.text_en}")
    counts = report.counts
    rejected, warned = sum(counts["rejected"].values()), sum(counts["warnings"].values())
    done = {"dry": "nothing was changed", "failed": f"refused ({report.refusal})"}.get(report.state, "done")
    done = done if report.same_as is None else f"this file is import {report.same_as} already, {done}"
    typer.echo(
        f"import {report.import_id}: {counts['applications']} applications, {counts.get('items', 0)} items,"
        f" {counts['accepted']} accepted, {rejected} rejected, {warned} warnings, {counts['parts']} parts; {done}"
    )


def imports(as_json: AsJson = False) -> None:
    """List the imports, the last one first."""
    with opened(Installation(Settings())) as database, database.unit() as unit:
        page = stored.listed(unit, None)
    names = ("id", "file_name", "format", "version", "mode", "brands", "state", "started_at", "counts")
    show([{name: getattr(row, name) for name in names} for row in page.items], as_json)


def undo_import(number: Annotated[str, typer.Argument(metavar="ID", help="Id of an import.")]) -> None:
    """Restore what was before an import; the last one that touched a brand goes first."""
    with opened(Installation(Settings())) as database:
        undo(database, number_of(number), None)
    typer.echo(number)


def export_parts(
    file: Annotated[Path, typer.Argument(metavar="OUT.xml", dir_okay=False)],
    brand: Annotated[str, typer.Option("--brand", help="Name or code of a brand.")],
    version: Annotated[str, typer.Option("--aces", help="Version of ACES, 3.1 to 5.0.")],
) -> None:
    """Write the applications of a brand as an ACES file."""
    with opened(Installation(Settings())) as database, database.unit() as unit:
        try:
            with file.open("w", encoding="utf-8") as out:
                written, left = export(unit, brand, version, out)
        except OSError as error:
            raise Invalid(f"{file} cannot be written: {error.strerror}") from error
    typer.echo(f"{written} applications; {left} have no codes of that version and are left out")


def reference(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV: kind, id, name_en, ...")],
    as_json: AsJson = False,
) -> None:
    """Load your own list of what codes mean: base vehicles, part types, positions, ..."""
    with opened(Installation(Settings())) as database, database.unit() as unit, file.open("rb") as lines:
        loaded = load_codes(unit, lines)
    show([{"kind": kind, "codes": count} for kind, count in sorted(loaded.items())], as_json)
