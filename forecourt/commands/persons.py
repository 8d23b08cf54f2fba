"""A person's data, on the server's own machine: two more commands beside those that make accounts."""

from pathlib import Path
from typing import Annotated

import typer

from forecourt import privacy
from forecourt.commands.provision import accounts
from forecourt.installation import Installation
from forecourt.opened import opened
from forecourt.settings import Settings
from foundation.privacy import person_named
from ingest.archive import Archive

__all__ = ["accounts"]

CONSOLE = "console"  # the actor of what is done on the server's own machine


@accounts.command("export")
def export(
    email: str,
    out: Annotated[Path, typer.Option(help="The zip archive to write; must not be there yet.", dir_okay=False)],
) -> None:
    """Write everything on file of a person, with the readings of his own cars; prints the file's name."""
    installation = Installation(Settings())
    with opened(installation) as database, out.open("xb") as file:
        with database.unit() as unit:
            person = person_named(unit, email)
        for piece in privacy.export(database, Archive(installation.archive_directory), person, CONSOLE):
            file.write(piece)
    typer.echo(out)


@accounts.command("erase")
def erase(
    email: str,
    vehicles: Annotated[bool, typer.Option("--vehicles", help="And the history of the person's own cars.")] = False,
) -> None:
    """Erase a person; refused while a repair is under way. Prints the id of the account that is left without him."""
    installation = Installation(Settings())
    with opened(installation) as database:
        with database.unit() as unit:
            person = person_named(unit, email)
        archive = Archive(installation.archive_directory)
        privacy.erase(database, archive, person, CONSOLE, vehicles=vehicles)
        privacy.finish_erasures(database, archive)
        installation.let_devices_in(database)
    typer.echo(person.account)
