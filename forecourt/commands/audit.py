"""The audit trail, on the server's own machine."""

import json
from typing import Annotated

import typer

from forecourt.installation import Installation
from forecourt.opened import opened
from forecourt.settings import Settings
from foundation.audit import Verdict
from foundation.audit import seal as seal_heads
from foundation.audit import verify as verify_log

audit = typer.Typer(no_args_is_help=True, help="The log of what happened, as a chain of hashes.")


@audit.command("verify")
def verify(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    seal: Annotated[str | None, typer.Option(help="Digest of a seal that was kept elsewhere.")] = None,
) -> None:
    """Read the whole log; exits 1 and names the first broken place when anything was changed, removed or put in."""
    with opened(Installation(Settings())) as database, database.unit() as unit:
        found = verify_log(unit, seal)
    typer.echo(json.dumps(found.to_json()) if as_json else sentence(found))
    if found.broken is not None:
        raise typer.Exit(1)


@audit.command("seal")
def seal() -> None:
    """Seal the log as it is now, and print the last seal's number and digest: to be kept elsewhere."""
    with opened(Installation(Settings())) as database:
        with database.unit() as unit:
            seal_heads(unit)
        with database.unit() as unit:
            found = verify_log(unit)
    typer.echo(" ".join(map(str, found.seal)) if found.seal else "none")


def sentence(found: Verdict) -> str:
    """Give a verdict in words."""
    if found.broken is not None:
        where = f" at {found.broken.number}" if found.broken.number is not None else ""
        return f"broken: {found.broken.subject}{where}: {found.broken.what}"
    last = f"; the last seal is {found.seal[0]} {found.seal[1]}" if found.seal else ""
    erased = f", the data of {found.erased} erased" if found.erased else ""
    return f"whole: {found.events} events of {found.subjects} subjects{erased}, {found.seals} seals{last}"
