"""What is known of a car: its configuration, its registered record, and the directory other rooms ask."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any, Protocol

from foundation.database import UnitOfWork
from foundation.identity import Actor
from foundation.refusals import Invalid


class Fuel(StrEnum):
    PETROL = "petrol"
    DIESEL = "diesel"
    HYBRID = "hybrid"
    ELECTRIC = "electric"


@dataclass(frozen=True, slots=True)
class VehicleConfig:
    """A vehicle configuration in the catalogue's sense; None means unknown, and unknown stays unknown.

    `displacement_l` in litres, `model_year` as four digits, `build_month` as YYYY-MM, `equipment` names what the
    car has (True) or lacks (False), for qualifiers such as with/without air conditioning. `codes` are numbers that the
    car has in code lists of catalogues, such as `{"base_vehicle": 4811, "engine_base": 123}`.
    """

    make: str | None = None
    model_line: str | None = None
    model_year: int | None = None
    build_month: str | None = None
    fuel: Fuel | None = None
    displacement_l: float | None = None
    cylinders: int | None = None
    aspiration: str | None = None
    transmission: str | None = None
    drive: str | None = None
    body: str | None = None
    engine_code: str | None = None
    region: str | None = None
    equipment: Mapping[str, bool] | None = None
    codes: Mapping[str, int] | None = None

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "VehicleConfig":
        """Build from a JSON object with the field names above. Unknown fields and wrong types raise `Invalid`."""
        known = {field.name for field in fields(cls)}
        if unknown := sorted(set(document) - known):
            raise Invalid(f"unknown fields in the vehicle configuration: {', '.join(unknown)}")
        values = {name: value for name, value in document.items() if value is not None}
        for name, kinds in _KINDS.items():
            if name in values and (not isinstance(values[name], kinds) or isinstance(values[name], bool)):
                raise Invalid(f"{name}: {values[name]!r} is not a valid value")
        if "fuel" in values:
            try:
                values["fuel"] = Fuel(values["fuel"])
            except ValueError as error:
                raise Invalid(f"fuel: {values['fuel']!r} is none of {', '.join(Fuel)}") from error
        if "displacement_l" in values:
            values["displacement_l"] = float(values["displacement_l"])
        return cls(**values)

    def to_json(self) -> dict[str, Any]:
        """Give the known fields as a JSON object; unknown ones are left out."""
        return {name: value for name, value in asdict(self).items() if value is not None}


_KINDS: dict[str, type | tuple[type, ...]] = {
    "make": str,
    "model_line": str,
    "model_year": int,
    "build_month": str,
    "fuel": str,
    "displacement_l": (int, float),
    "cylinders": int,
    "aspiration": str,
    "transmission": str,
    "drive": str,
    "body": str,
    "engine_code": str,
    "region": str,
    "equipment": dict,
    "codes": dict,
}


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A registered vehicle. `organisation` owns it; `latitude`/`longitude` say where it is kept, if the owner told."""

    id: str
    organisation: str
    vin: str | None
    config: VehicleConfig
    latitude: float | None = None
    longitude: float | None = None


def car_name(vehicle: Vehicle) -> str:
    """Name a car as people do: make, model line and year as far as they are known, else its id."""
    known = vehicle.config
    return " ".join(str(word) for word in (known.make, known.model_line, known.model_year) if word) or vehicle.id


class VehicleDirectory(Protocol):
    """What other rooms may ask of the vehicle register (implemented in `ingest/registry.py`)."""

    def get(self, unit: UnitOfWork, actor: Actor, vehicle: str) -> Vehicle:
        """Give the vehicle the actor may see; anything else raises `NotFound`."""
        ...


class VehicleRegister(VehicleDirectory, Protocol):
    """A directory in which owners also write what they know of their cars."""

    def configure(self, unit: UnitOfWork, actor: Actor, vehicle: str, config: VehicleConfig) -> Vehicle:
        """Set the configuration of a vehicle of the actor's own organisation; anything else raises `NotFound`."""
        ...
