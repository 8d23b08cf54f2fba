"""A car in the catalogue's words, and what it leaves undecided of a catalogue line."""

from collections.abc import Collection, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite

from ingest.vehicles import VehicleConfig
from parts_catalog.applications import NAMING_CODES, Application
from parts_catalog.clauses import WHEN, Unknown
from parts_catalog.moments import Window, is_month, month_number, months_of, years_of
from parts_catalog.spelling import canonical, snake_case

_WORDS = ("fuel", "engine_code", "aspiration", "transmission", "drive", "body", "region")
# What one asks of a car, in the order in which one would; codes of catalogues come after these.
ASKED = (
    *("make", "model_line", "model_year", "fuel", "displacement_l", "engine_code", "aspiration", "transmission"),
    *("drive", "body", "region", "cylinders", "build_month"),
)
_MODEL_LEVEL = (
    "text",
    "the catalogue names the model line only, without years: compare with the part on the car",
    "目录仅注明车型，未注明年款：请与车上原件核对",
)
_DECIDED = Window(None, None, None, None)


@dataclass(frozen=True, slots=True)
class Car:
    """A vehicle configuration in the catalogue's own words. What is None, or was not understood, is unknown.

    `displacement_l` is rounded to 0.1 litres, as catalogues write it. `years` are those in which the model line exists,
    where a list that was loaded tells them all.
    """

    make: str | None
    model_line: str | None
    model_year: int | None
    build_month: str | None
    displacement_l: float | None
    cylinders: int | None
    words: Mapping[str, str | None]
    equipment: Mapping[str, bool]
    codes: Mapping[str, int] = field(default_factory=dict)
    years: Collection[int] | None = None

    @classmethod
    def of(
        cls, config: VehicleConfig, make: str | None, model_line: str | None, years: Collection[int] | None = None
    ) -> "Car":
        """Build from a configuration and its keys of make and model line."""
        month, litres = config.build_month, config.displacement_l
        return cls(
            make=make,
            model_line=model_line,
            model_year=config.model_year,
            build_month=month if month and is_month(month) else None,
            displacement_l=int(litres * 10 + 0.5) / 10 if litres is not None and isfinite(litres) else None,
            cylinders=config.cylinders,
            words={name: canonical(name, value) for name in _WORDS if (value := getattr(config, name)) is not None},
            equipment={
                snake_case(name): has for name, has in (config.equipment or {}).items() if isinstance(has, bool)
            },
            codes={name: code for name, code in (config.codes or {}).items() if type(code) is int},
            years=years,
        )


def speaks_of(line: Application, car: Car) -> bool:
    """Whether a line speaks of the car: by its names or, where they stayed codes, by codes that the car has too."""
    if line.make is not None:
        return car.make in (None, line.make) and (line.model_line is None or car.model_line in (None, line.model_line))
    if line.base_vehicle is not None and car.codes.get("base_vehicle") != line.base_vehicle:
        return False
    coded = line.attributes or {}
    return not any(name in coded and car.codes.get(name) != coded[name] for name in NAMING_CODES)


def left_of(line: Application, car: Car) -> dict[Unknown, Hashable] | None:
    """Give what the car leaves undecided of a line; None when something known contradicts it."""
    left: dict[Unknown, Hashable] = {}
    for name, stated, known in (*_attributes(line, car), *_codes(line, car)):
        if stated is not None and stated != known:
            if known is not None:
                return None
            left[name] = stated
    window = _window(line, car)
    equipment = line.equipment or {}
    if window is None or any(car.equipment.get(name, has) != has for name, has in equipment.items()):
        return None
    if window != _DECIDED:
        left[WHEN] = window
    left.update({("equipment", name): has for name, has in equipment.items() if name not in car.equipment})
    left.update(dict.fromkeys(_texts(line), True))
    return left


def code_of(question: str) -> str:
    """Give the name of the code that a question asks for (one that has an attribute's name is asked for apart)."""
    return question.removesuffix("_code") if question.removesuffix("_code") in ASKED else question


def _attributes(line: Application, car: Car) -> tuple[tuple[str, object, object], ...]:
    words = car.words
    return (
        ("make", line.make, car.make),
        ("model_line", line.model_line, car.model_line),
        ("fuel", line.fuel, words.get("fuel")),
        ("displacement_l", line.displacement_l, car.displacement_l),
        ("engine_code", line.engine_code, words.get("engine_code")),
        ("aspiration", line.aspiration, words.get("aspiration")),
        ("transmission", line.transmission, words.get("transmission")),
        ("drive", line.drive, words.get("drive")),
        ("body", line.body, words.get("body")),
        ("region", line.region, words.get("region")),
        ("cylinders", line.cylinders, car.cylinders),
    )


def _codes(line: Application, car: Car) -> list[tuple[str, int, int | None]]:
    coded = line.attributes or {}
    return [(f"{name}_code" if name in ASKED else name, code, car.codes.get(name)) for name, code in coded.items()]


def _texts(line: Application) -> Iterator[tuple[str, str, str]]:
    """Give the conditions of a line that only a person can check, in both languages."""
    for qualifier in line.qualifiers or ():
        yield "text", qualifier["text"], qualifier.get("text_zh") or qualifier["text"]
    if (note := line.note_en or line.note_zh) is not None:
        yield "text", line.note_en or note, line.note_zh or note
    if line.model_level and not line.excludes:
        yield _MODEL_LEVEL


def _window(line: Application, car: Car) -> Window | None:
    """Give what the car leaves undecided of a line's years and months; None when it is of another time for sure."""
    year, month = car.model_year, month_number(car.build_month)
    by_year: bool | None = True
    by_month: bool | None = True
    if line.year_from is not None or line.year_to is not None:
        years = range(year, year + 1) if year is not None else None if month is None else years_of(month)
        by_year = _within(line.year_from, line.year_to, years)
    built_from, built_to = month_number(line.built_from), month_number(line.built_to)
    if built_from is not None or built_to is not None:
        months = range(month, month + 1) if month is not None else None if year is None else months_of(year)
        by_month = _within(built_from, built_to, months)
    if by_year is False or by_month is False:
        return None
    return Window(
        *((line.year_from, line.year_to) if by_year is None else (None, None)),
        *((built_from, built_to) if by_month is None else (None, None)),
    )


def _within(first: int | None, last: int | None, possible: range | None) -> bool | None:
    """Compare a stated range, open where None, with what is possible for the car: all of it inside, none, or some."""
    if possible is None:
        return None
    if (first is None or first <= possible[0]) and (last is None or possible[-1] <= last):
        return True
    return False if (first or 0) > possible[-1] or (last is not None and last < possible[0]) else None
