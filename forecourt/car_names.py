"""What a reader calls a car that a message tells of: its plate, else the name that the pages have for it."""

from collections.abc import Collection

from aftersales.settlement.plates import plates_of
from foundation.database import UnitOfWork
from foundation.identity import Actor
from ingest.naming import called_alike, cars_seen
from ingest.registry import is_vin
from ingest.vehicles import Vehicle, car_name

LONGEST = 40  # what an owner has typed for make and model is to leave room in a text message


def names_of(unit: UnitOfWork, actor: Actor, wanted: Collection[str]) -> dict[str, str]:
    """Name these cars, by id; where two of a house are called the same the id follows.

    A VIN is in no name: one is left out that could be told by nothing else, or that the actor may not see.
    """
    cars, alike = cars_seen(unit, actor, wanted), called_alike(unit, actor, wanted)
    plates = plates_of(unit, actor, wanted)
    names = {car.id: plates.get(car.id) or _name(car, car.id in alike) for car in cars.values()}
    return {car: name for car, name in names.items() if name}


def _name(car: Vehicle, alike: bool) -> str:
    own = "" if is_vin(car.id.upper()) else car.id
    name = " ".join(car_name(car).split())  # a letter's subject is one line
    if name == car.id:
        return own
    name = name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
    return f"{name}, {own}" if alike and own else name
