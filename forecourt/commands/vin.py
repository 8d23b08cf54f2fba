"""VINs from the command line: what one tells, and the rules of one's own that say more."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from forecourt.commands.provision import show
from forecourt.commands.vehicle_of_vin import told_lines
from forecourt.installation import Installation
from forecourt.opened import opened
from forecourt.settings import Settings
from foundation.refusals import Invalid
from parts_catalog.vin.answers import Decoded
from parts_catalog.vin.stored import Imported, decode_vin, import_rules

vins = typer.Typer(no_args_is_help=True, help="What a VIN tells of a car, offline.")
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@vins.command("decode")
def decode(
    vin: str,
    year: Annotated[int | None, typer.Option(help="The model year, if it is known.", min=1980, max=9999)] = None,
    as_json: AsJson = False,
) -> None:
    """Say what a VIN tells: each field with its source and how sure it is, and what to ask."""
    with opened(Installation(Settings())) as database, database.unit() as unit:
        decoded = decode_vin(unit, vin, year)
    if as_json:
        typer.echo(json.dumps(decoded.to_json(), ensure_ascii=False))
        return
    show(_rows(decoded), as_json=False)
    for line in told_lines(decoded):
        typer.echo(line)


def _rows(decoded: Decoded) -> list[dict[str, Any]]:
    return [
        {
            "field": name,
            "value": " or ".join(map(str, field.candidates)),
            "certainty": field.certainty.value,
            "source": "; ".join(field.sources),
        }
        for name, field in decoded.fields.items()
    ]


@vins.command("rules")
def rules(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV; docs/vin.md tells its columns.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be taken, and take nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take rules of one's own: rows of a code, a pattern and years replace those of the same; the others stay."""
    try:
        lines = file.read_text("utf-8-sig").splitlines(keepends=True)
    except UnicodeDecodeError as error:
        raise Invalid(f"{file} is not UTF-8: {error}") from error
    with opened(Installation(Settings())) as database, database.unit() as unit:
        imported = import_rules(unit, lines, dry_run=dry_run)
    if as_json:
        typer.echo(json.dumps(imported.to_json(), ensure_ascii=False))
        return
    _tell(imported, dry_run=dry_run)


def _tell(imported: Imported, *, dry_run: bool) -> None:
    for one in imported.rejected:
        typer.echo(f"line {one.line}: {one.rule}: {one.text}", err=True)
    would = "would be taken" if dry_run else "taken"
    typer.echo(f"{imported.rows} rules: {imported.accepted} {would}, {len(imported.rejected)} rejected")
