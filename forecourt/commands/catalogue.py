"""The parts catalogue from the command line: find a part, and ask what fits a car."""

from typing import Annotated, Any

import typer

from forecourt.commands import imports
from forecourt.commands.provision import show
from forecourt.commands.vehicle_of_vin import config_of_vin
from forecourt.installation import Installation
from forecourt.opened import opened
from forecourt.settings import Settings
from foundation.database import UnitOfWork
from foundation.refusals import Invalid
from ingest import registry
from ingest.vehicles import VehicleConfig
from parts_catalog.fitment import fitting_parts
from parts_catalog.search import find as find_parts

parts = typer.Typer(no_args_is_help=True, help="Find spare parts, and what fits a car.")
VehicleId = Annotated[str | None, typer.Option("--vehicle", help="Id of a registered car.")]
Vin = Annotated[str | None, typer.Option("--vin", help="VIN of a car, registered or not.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def _config(unit: UnitOfWork, vehicle: str | None, vin: str | None) -> VehicleConfig | None:
    if vehicle and vin:
        raise Invalid("give either --vehicle or --vin")
    if vehicle:
        return registry.any_vehicle(unit, vehicle).config
    if vin:
        config, told = config_of_vin(unit, vin)
        for line in told:
            typer.echo(line, err=True)
        return config
    return None


@parts.command("find")
def find(text: str, vehicle: VehicleId = None, vin: Vin = None, as_json: AsJson = False) -> None:
    """Find parts by number (any separators, or a piece of it) or by name, in Chinese or English."""
    with opened(Installation(Settings())) as database, database.unit() as unit:
        page = find_parts(unit, text, _config(unit, vehicle, vin))
    show([_hit(hit) for hit in page.items], as_json)


def _hit(hit: Any) -> dict[str, Any]:
    return {
        "id": hit.part.id,
        "brand": hit.part.brand,
        "number": hit.part.number,
        "name_en": hit.part.name_en,
        "name_zh": hit.part.name_zh,
        "available": hit.available,
        "fit": hit.fit.verdict.value if hit.fit else None,
    }


@parts.command("fit")
def fit(
    part_type: Annotated[str, typer.Option("--type", help="Part type, such as `alternator`.")],
    vehicle: VehicleId = None,
    vin: Vin = None,
    as_json: AsJson = False,
) -> None:
    """Say which parts of a type fit a registered car, and under which conditions."""
    with opened(Installation(Settings())) as database, database.unit() as unit:
        config = _config(unit, vehicle, vin)
        if config is None:
            raise Invalid("give --vehicle or --vin")
        answers = fitting_parts(unit, config, part_type)
    rows = [
        {
            "id": answer.part.id,
            "brand": answer.part.brand,
            "number": answer.part.number,
            "fit": answer.verdict.value,
            "quantity": answer.quantity,
            "position": answer.position,
            "conditions": "; ".join(answer.conditions_en),
            "question": answer.question,
        }
        for answer in answers
    ]
    show(rows, as_json)


imports.add_to(parts)
