"""Recorded history: replay trips, score them."""

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from diagnostics import scoring
from forecourt.commands.provision import ensure_vehicle, read_config
from forecourt.commands.telling import Telling
from forecourt.installation import Installation
from forecourt.opened import opened
from forecourt.settings import Settings
from foundation.refusals import Invalid
from ingest import registry
from ingest.publisher import Publisher
from ingest.readings import TripColumns
from ingest.replay import replay as publish_trips
from ingest.trips import TripFile, read_trip, split_trips

Trips = Annotated[list[Path], typer.Argument(help="Trip files, Parquet or CSV, in driving order.", exists=True)]
Mapping = Annotated[
    list[str] | None, typer.Option("--map", help="A column of theirs under our name: THEIRS=ours; may be repeated.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def _mapping(pairs: list[str] | None) -> dict[str, str]:
    mapping = {}
    for pair in pairs or ():
        theirs, equals, ours = pair.partition("=")
        if not (theirs and equals and ours):
            raise Invalid(f"--map takes THEIRS=ours, not {pair!r}")
        mapping[theirs] = ours
    return mapping


def _read(paths: list[Path], mapping: dict[str, str]) -> list[TripFile]:
    files = []
    for path in paths:
        file = read_trip(path, mapping)
        if file.unknown_columns:
            typer.echo(f"{path.name}: ignored unknown columns {', '.join(file.unknown_columns)}", err=True)
        files.append(file)
    return files


def replay(
    trips: Trips,
    vehicle: Annotated[str, typer.Option(help="The car whose history this is.")],
    speed: Annotated[
        float | None, typer.Option(help="Times real time; as fast as committed without it.", min=0.001)
    ] = None,
    start: Annotated[
        str | None, typer.Option(help="Instant of the first sample, such as 2026-11-01T08:00:00Z.")
    ] = None,
    mqtt_url: Annotated[str | None, typer.Option(help="A device's address, as `device add` printed it.")] = None,
    map_: Mapping = None,
) -> None:
    """Publish recorded trips as a device would: spooled, QoS 1, sent again until the server has committed them."""
    mapping = _mapping(map_)
    _read(trips, mapping)
    with tempfile.TemporaryDirectory(prefix="forecourt-replay-") as folder:
        publisher = Publisher(mqtt_url or _own_device(vehicle), spool=Path(folder) / "spool.sqlite")
        with Telling("publishing") as tell:
            outcome = publish_trips(
                trips, vehicle, publisher, speed=speed, start=_instant(start), mapping=mapping, tell=tell
            )
    typer.echo(json.dumps(outcome.to_json()))
    if outcome.uncommitted:
        typer.echo(f"{outcome.uncommitted} messages were not committed by the server", err=True)
        raise typer.Exit(1)


def _instant(words: str | None) -> datetime | None:
    if words is None:
        return None
    try:
        instant = datetime.fromisoformat(words)
    except ValueError as error:
        raise Invalid(f"{words!r} is no instant; write 2026-11-01T08:00:00Z") from error
    if instant.tzinfo is None:
        raise Invalid(f"{words!r} needs a time zone; write 2026-11-01T08:00:00Z")
    return instant.astimezone(UTC)


def _own_device(vehicle: str) -> str:
    """Give the address of this machine's own device for a car; its password is renewed for every replay."""
    installation = Installation(Settings())
    with opened(installation) as database:
        with database.unit() as unit:
            ensure_vehicle(unit, vehicle, None)
            device, password = registry.replay_device(unit, vehicle)
        installation.let_devices_in(database)
        return installation.device_url(device, password)


def score(
    trips: Trips,
    baseline: Annotated[list[Path] | None, typer.Option(help="Earlier healthy trips of the same car.")] = None,
    vehicle_config: Annotated[Path | None, typer.Option(help="JSON file of VehicleConfig.", exists=True)] = None,
    map_: Mapping = None,
    as_json: AsJson = False,
) -> None:
    """Say what the predictor finds in the given trips, taken as one car's history in this order."""
    mapping = _mapping(map_)
    with Telling("reading"):
        earlier = _columns(_read(baseline or [], mapping))
        history = _columns(_read(trips, mapping))
    report = scoring.score(history, baseline=earlier, config=read_config(vehicle_config))
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False, default=str))
        return
    typer.echo(f"{report['trips']} trips, {report['observed_hours']:.2f} hours observed, {report['predictor']}")
    table = Table("fault", "probability", "severity", "urgency", "why")
    for finding in report["findings"]:
        why = "; ".join(reason["text_en"] for reason in finding["evidence"])
        table.add_row(
            finding["fault"], f"{finding['probability']:.2f}", f"{finding['severity']:.2f}", finding["urgency"], why
        )
    Console().print(table if report["findings"] else "no findings")
    if report["watch"]:
        typer.echo(f"watched, below an alarm: {', '.join(one['fault'] for one in report['watch'])}")
    typer.echo(f"not observable on this car, so nothing is said of: {', '.join(report['not_observable'])}")


def _columns(files: list[TripFile]) -> list[TripColumns]:
    return [trip for file in files for trip in split_trips(file.columns)]
