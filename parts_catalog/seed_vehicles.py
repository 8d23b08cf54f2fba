"""The vehicles of the seed catalogue, read from `seed_vehicles.csv`."""

import csv
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files

from parts_catalog.spelling import make_key, name_key, number_key


@dataclass(frozen=True, eq=False)
class SeedVehicle:
    """One row: a configuration with its years. Electric cars have no engine, so no displacement and the like."""

    make: str
    make_zh: str
    model_line: str
    model_line_zh: str
    year_from: int
    year_to: int
    fuel: str
    displacement_l: float | None
    cylinders: int | None
    aspiration: str | None
    transmission: str
    drive: str
    body: str
    engine_code: str | None
    region: str

    @cached_property
    def make_key(self) -> str:
        return make_key(self.make)

    @cached_property
    def model_key(self) -> str:
        return name_key(self.model_line)

    @cached_property
    def key(self) -> str:
        return "_".join((make_key(self.make), name_key(self.model_line), str(self.year_from), self.engine or self.fuel))

    @property
    def engine(self) -> str | None:
        return number_key(self.engine_code) if self.engine_code else None

    @cached_property
    def properties(self) -> frozenset[str]:
        """What the rules' `needs` speak of. Full hybrids crank and charge from the traction battery: no belt drive."""
        found = {self.fuel, self.transmission}
        if self.fuel != "electric":
            found.add("combustion")
        if self.fuel in {"petrol", "hybrid"}:
            found.add("spark")
        if self.fuel in {"petrol", "diesel"}:
            found.add("belt")
            if self.transmission in {"automatic", "cvt", "dct"}:
                found.add("automatic")
            if self.transmission in {"automatic", "cvt"}:
                found.add("converter")
        if self.fuel in {"hybrid", "electric"}:
            found.add("high_voltage")
        if self.aspiration == "turbocharged":
            found.add("turbo")
        return frozenset(found)

    @property
    def names(self) -> str:
        return f"{self.make} {self.model_line} {self.make_zh} {self.make_zh}{self.model_line_zh}"


def seed_vehicles() -> list[SeedVehicle]:
    """Read the table."""
    table = files(__package__).joinpath("seed_vehicles.csv").read_text(encoding="utf-8")
    return [_vehicle(row) for row in csv.DictReader(table.splitlines())]


def _vehicle(row: dict[str, str]) -> SeedVehicle:
    return SeedVehicle(
        make=row["make"],
        make_zh=row["make_zh"],
        model_line=row["model_line"],
        model_line_zh=row["model_line_zh"],
        year_from=int(row["year_from"]),
        year_to=int(row["year_to"]),
        fuel=row["fuel"],
        displacement_l=float(row["displacement_l"]) if row["displacement_l"] else None,
        cylinders=int(row["cylinders"]) if row["cylinders"] else None,
        aspiration=row["aspiration"] or None,
        transmission=row["transmission"],
        drive=row["drive"],
        body=row["body"],
        engine_code=row["engine_code"] or None,
        region=row["region"],
    )
