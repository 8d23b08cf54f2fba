"""Provisioning on the server's own machine: organisations, accounts, vehicles, devices.

Each command prints its result alone on the last line, so that scripts can take it from there.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from forecourt.commands.vehicle_of_vin import filled
from forecourt.installation import Installation
from forecourt.opened import opened
from forecourt.settings import Settings
from foundation import identity
from foundation.database import Database
from foundation.identity import Role
from foundation.passwords import hash_of
from foundation.refusals import Invalid, NotFound
from ingest import registry
from ingest.device_dialects import FORECOURT, TOPIC_ROOTS
from ingest.vehicles import VehicleConfig

organisations = typer.Typer(no_args_is_help=True, help="Dealer groups, workshops, fleets, private owners.")
accounts = typer.Typer(no_args_is_help=True, help="People and programs that sign in.")
vehicles = typer.Typer(no_args_is_help=True, help="Registered cars.")
devices = typer.Typer(no_args_is_help=True, help="What sends a car's readings.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
UNASSIGNED = "Unassigned vehicles"


@contextmanager
def _opened() -> Iterator[tuple[Installation, Database]]:
    installation = Installation(Settings())
    with opened(installation) as database:
        yield installation, database


def show(rows: list[dict[str, Any]], as_json: bool) -> None:
    """Print rows as JSON, or as a table with the keys as headings."""
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, default=str))
        return
    table = Table()
    for heading in rows[0] if rows else ():
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    Console().print(table if rows else "none")


@organisations.command("add")
def add_organisation(name: str) -> None:
    """Create an organisation and print its id."""
    with _opened() as (_, database), database.unit() as unit:
        organisation = identity.add_organisation(unit, name)
    typer.echo(organisation)


@organisations.command("list")
def list_organisations(as_json: AsJson = False) -> None:
    """List all organisations."""
    with _opened() as (_, database), database.unit() as unit:
        rows = [{"id": id_, "name": name} for id_, name in identity.list_organisations(unit)]
    show(rows, as_json)


@accounts.command("add")
def add_account(
    email: str,
    role: Annotated[Role, typer.Option(help="What the account may do.")],
    organisation: Annotated[str, typer.Option(help="Id of its organisation.")],
    language: Annotated[str | None, typer.Option(help="en or zh_CN")] = None,
    password: Annotated[bool, typer.Option("--password", help="Ask for a password for page sign-in.")] = False,
) -> None:
    """Create an account and print its bearer token, which is shown only here."""
    kept = hash_of(typer.prompt("Password", hide_input=True, confirmation_prompt=True)) if password else None
    with _opened() as (_, database), database.unit() as unit:
        actor = identity.add_account(unit, email, role, organisation, language=language, password_hash=kept)
        token = identity.issue_token(unit, actor)
    typer.echo(token)


@accounts.command("link")
def make_link(email: str) -> None:
    """Print a sign-in link that works once, such as for who forgot his password; put the house's address before it."""
    with _opened() as (_, database), database.unit() as unit:
        link = identity.issue_link(unit, identity.account_named(unit, email))
    typer.echo(f"/sign-in#{link}")


@accounts.command("list")
def list_accounts(as_json: AsJson = False) -> None:
    """List all accounts; tokens are not kept and cannot be listed."""
    with _opened() as (_, database), database.unit() as unit:
        names = ("id", "email", "role", "organisation", "revoked")
        rows = [dict(zip(names, row, strict=True)) for row in identity.list_accounts(unit)]
    show(rows, as_json)


@accounts.command("revoke")
def revoke_account(account: str) -> None:
    """Close an account (id or e-mail) and void its tokens and sessions."""
    with _opened() as (_, database), database.unit() as unit:
        id_ = identity.account_named(unit, account).account if "@" in account else account
        identity.revoke_account(unit, id_)
    typer.echo(id_)


@vehicles.command("add")
def add_vehicle(
    id: Annotated[str, typer.Argument(help="The id under which it will be known.")],  # noqa: A002
    organisation: Annotated[str, typer.Option(help="Id of the organisation that owns it.")],
    vin: Annotated[str | None, typer.Option(help="Its vehicle identification number.")] = None,
    config: Annotated[Path | None, typer.Option(help="JSON file of VehicleConfig.", exists=True)] = None,
) -> None:
    """Register a car and print its id. What its VIN tells for certain is filled in; the rest is told on stderr."""
    known, told = read_config(config), list[str]()
    with _opened() as (_, database), database.unit() as unit:
        identity.organisation_name(unit, organisation)
        if vin is not None:
            known, told = filled(unit, vin, known, new=True)
        registry.add_vehicle(unit, organisation, id, vin, known)
    for line in told:
        typer.echo(line, err=True)
    typer.echo(id)


@vehicles.command("list")
def list_vehicles(as_json: AsJson = False) -> None:
    """List all registered cars."""
    with _opened() as (_, database), database.unit() as unit:
        rows = [
            {"id": car.id, "organisation": car.organisation, "vin": car.vin, "config": json.dumps(car.config.to_json())}
            for car in registry.all_vehicles(unit)
        ]
    show(rows, as_json)


def read_config(path: Path | None) -> VehicleConfig:
    """Read a `VehicleConfig` from a JSON file; None gives a car of which nothing is known."""
    if path is None:
        return VehicleConfig()
    try:
        document = json.loads(path.read_text("utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"{path} is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise Invalid(f"{path} must hold one JSON object")
    return VehicleConfig.from_json(document)


@devices.command("add")
def add_device(
    vehicle: str,
    organisation: Annotated[str | None, typer.Option(help="Owner of a vehicle that is created here.")] = None,
    dialect: Annotated[str, typer.Option(help=f"What it speaks: {', '.join(TOPIC_ROOTS)}.")] = FORECOURT,
    id: Annotated[str | None, typer.Option(help="The id that its maker gave it, if it cannot be given one.")] = None,  # noqa: A002
) -> None:
    """Add a device to a car (created if it is missing) and print its MQTT address with credentials."""
    with _opened() as (installation, database):
        with database.unit() as unit:
            ensure_vehicle(unit, vehicle, organisation)
            device, password = registry.add_device(unit, vehicle, id, dialect)
        installation.let_devices_in(database)
        typer.echo(installation.device_url(device, password))


def ensure_vehicle(unit: Any, vehicle: str, organisation: str | None) -> None:
    """Register the vehicle unless it is there; without an organisation it goes to the unassigned ones."""
    if registry.exists(unit, vehicle):
        return
    if organisation is None:
        named = {name: id_ for id_, name in identity.list_organisations(unit)}
        organisation = named.get(UNASSIGNED) or identity.add_organisation(unit, UNASSIGNED)
    identity.organisation_name(unit, organisation)
    registry.add_vehicle(unit, organisation, vehicle)


@devices.command("list")
def list_devices(as_json: AsJson = False) -> None:
    """List all devices; passwords are not kept and cannot be listed."""
    with _opened() as (_, database), database.unit() as unit:
        rows = registry.list_devices(unit)
    show(rows, as_json)


@devices.command("revoke")
def revoke_device(device: str) -> None:
    """Lock a device out at once."""
    with _opened() as (installation, database):
        with database.unit() as unit:
            if not registry.revoke_device(unit, device):
                raise NotFound(f"there is no active device {device}")
        installation.let_devices_in(database)
    typer.echo(device)
