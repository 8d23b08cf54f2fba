"""The application: one catalogue line that says on which cars a part fits, where, and how many of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# Codes that name cars rather than restrict what was named: where they cannot be compared, a line says nothing.
NAMING_CODES = ("make", "model_line", "mfr", "equipment_base", "equipment_model", "vehicle_type")


@dataclass(frozen=True, slots=True)
class Application:
    """One catalogue line. What is None fits all; what is stated restricts.

    `make` and `model_line` are keys, other words canonical (`spelling.py`); months are YYYY-MM; `equipment` names what
    the car must have (True) or lack (False); `excludes` turns the line into "does not fit there".
    `base_vehicle` and `attributes` are a file's codes as they came; `qualifiers` are its conditions, each a mapping
    with `id`, `text` and `params`. A note in one language only is shown in both.
    """

    source: str
    make: str | None = None
    model_line: str | None = None
    year_from: int | None = None
    year_to: int | None = None
    built_from: str | None = None
    built_to: str | None = None
    fuel: str | None = None
    displacement_l: float | None = None
    cylinders: int | None = None
    aspiration: str | None = None
    transmission: str | None = None
    drive: str | None = None
    body: str | None = None
    engine_code: str | None = None
    region: str | None = None
    position: str | None = None
    quantity: int = 1
    equipment: Mapping[str, bool] | None = None
    base_vehicle: int | None = None
    attributes: Mapping[str, int] | None = None
    qualifiers: Sequence[Mapping[str, Any]] | None = None
    note_en: str | None = None
    note_zh: str | None = None
    excludes: bool = False

    @property
    def universal(self) -> bool:
        named = self.make is not None or self.base_vehicle is not None
        return not named and not any(name in NAMING_CODES for name in self.attributes or ())

    @property
    def model_level(self) -> bool:
        """Whether the line links to a make or model alone, with no years: too little to say "fits" (parts.md FD1).

        The code of a base vehicle stands for its year as well.
        """
        bounds = (self.year_from, self.year_to, self.built_from, self.built_to)
        return self.make is not None and self.base_vehicle is None and all(bound is None for bound in bounds)
