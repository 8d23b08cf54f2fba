"""Fitment the slow way: try every car that agrees with what is known, and look at what the lines say of each.

Written from the rules (parts.md 2.1 and 2.2), not from the engine. A completion is a car with nothing unknown about it,
down to whether each condition is met: equipment and notes, which are checked on the car and never asked of its owner.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from ingest.vehicles import VehicleConfig
from parts_catalog.applications import Application
from parts_catalog.parts import FitVerdict

OTHER = "something else"  # there is always another engine than those of the catalogue
DOMAINS: Mapping[str, tuple[Any, ...]] = {
    "make": ("toyota", OTHER),
    "model_line": ("etios", "yaris", OTHER),
    "fuel": ("petrol", "diesel", OTHER),
    "displacement_l": (1.4, 1.5, 9.9),
    "engine_code": ("A1", "B2", OTHER),
    "submodel": (20, 21, 99),
}
YEARS: Sequence[int] = range(2012, 2018)
ORDER = list(FitVerdict)


def months_of(year: int) -> list[str]:
    """Give the months in which a model year is built: from the July before it."""
    return [f"{year - 1}-{month:02}" for month in range(7, 13)] + [f"{year}-{month:02}" for month in range(1, 13)]


def plain_worlds(
    car: VehicleConfig, lines: Sequence[Application], listed: Sequence[int] | None = None
) -> Iterator[dict[str, Any]]:
    """Give every completion of the plain attributes that lines speak of; `listed` are the years of the model line."""
    known = {
        "make": car.make and car.make.lower(),
        "model_line": car.model_line and car.model_line.lower(),
        "fuel": car.fuel and str(car.fuel),
        "displacement_l": car.displacement_l,
        "engine_code": car.engine_code,
        "submodel": (car.codes or {}).get("submodel"),
    }
    spoken = {name for line in lines for name in DOMAINS if _stated(line, name) is not None}
    free = [DOMAINS[name] if known[name] is None and name in spoken else (known[name],) for name in DOMAINS]
    for *values, (year, month) in product(*free, _moments(car, lines, listed)):
        yield {**dict(zip(DOMAINS, values, strict=True)), "year": year, "month": month}


def _stated(line: Application, name: str) -> Any:
    return (line.attributes or {}).get(name) if name == "submodel" else getattr(line, name)


def _moments(car: VehicleConfig, lines: Sequence[Application], listed: Sequence[int] | None) -> list[tuple[int, str]]:
    if car.model_year and car.build_month:
        return [(car.model_year, car.build_month)]
    if car.model_year or car.build_month:
        years = [car.model_year] if car.model_year else YEARS
        pairs = [(year, month) for year in years for month in months_of(year)]
        return [pair for pair in pairs if car.build_month in (None, pair[1])]
    years = YEARS if not listed else [year for year in YEARS if year in listed or year > max(listed)]
    by_month = any(line.built_from or line.built_to for line in lines)
    return [(year, month) for year in years for month in (months_of(year) if by_month else months_of(year)[:1])]


def checks_of(lines: Sequence[Application]) -> list[str]:
    """Give every condition that lines state: equipment by its name, a note by its text."""
    found = [name for line in lines for name in line.equipment or {}]
    found += [text for line in lines for text in _texts(line)]
    return list(dict.fromkeys(found))


def _texts(line: Application) -> list[str]:
    """Give what only a person can check of a line; that it names a model line and no years is such a thing."""
    found = [one["text"] for one in line.qualifiers or ()] + [note for note in (line.note_en,) if note]
    dated = line.year_from or line.year_to or line.built_from or line.built_to
    return found if line.excludes or line.make is None or dated else [*found, "no years"]


def agrees(line: Application, car: Mapping[str, Any], checks: Mapping[str, bool]) -> bool:
    """Whether a car without unknowns, with its conditions met or not, is one of those that a line states."""
    return (
        all(_stated(line, name) in (None, car[name]) for name in DOMAINS)
        and (line.year_from is None or line.year_from <= car["year"])
        and (line.year_to is None or car["year"] <= line.year_to)
        and (line.built_from is None or line.built_from <= car["month"])
        and (line.built_to is None or car["month"] <= line.built_to)
        and all(checks[name] == has for name, has in (line.equipment or {}).items())
        and all(checks[text] for text in _texts(line))
    )


def speaks_of(line: Application, car: VehicleConfig) -> bool:
    """Whether a line is about the car's make and model line, or about every car."""
    if line.base_vehicle is not None and line.make is None:
        return (car.codes or {}).get("base_vehicle") == line.base_vehicle
    names = ((line.make, car.make), (line.model_line, car.model_line))
    return all(stated is None or known is None or stated == known.lower() for stated, known in names)


def verdict(
    lines: Sequence[Application], car: VehicleConfig, listed: Sequence[int] | None = None, *, complete: bool = False
) -> FitVerdict:
    """Give one part's verdict at one position: the best of what its lines say, taken by their quantity."""
    about = [line for line in lines if speaks_of(line, car)]
    bars = [line for line in about if line.excludes]
    quantities = {line.quantity for line in about if not line.excludes}
    if not quantities:
        barred = not any(map(any, outcomes([Application("any")], bars, car, listed).values()))
        return FitVerdict.DOES_NOT_FIT if barred or complete else FitVerdict.UNKNOWN
    several = [[line for line in about if not line.excludes and line.quantity == one] for one in quantities]
    return min((_verdict(outcomes(positive, bars, car, listed)) for positive in several), key=ORDER.index)


def all_must_fit(verdicts: Sequence[FitVerdict]) -> FitVerdict:
    """Give the verdict of a kit: the worst of its components, and what is silent is only better than a no."""
    worst = (FitVerdict.DOES_NOT_FIT, FitVerdict.UNKNOWN, FitVerdict.DEPENDS_ON, FitVerdict.FITS_IF, FitVerdict.FITS)
    return min(verdicts, key=worst.index)


def outcomes(
    positive: Sequence[Application],
    bars: Sequence[Application],
    car: VehicleConfig,
    listed: Sequence[int] | None = None,
) -> dict[tuple[Any, ...], tuple[bool, ...]]:
    """Give, for every completion of the plain attributes, whether the part fits under each way the checks may be."""
    known = car.equipment or {}
    names = checks_of([*positive, *bars])
    ways = [
        dict(zip(names, met, strict=True))
        for met in product(*((known[name],) if name in known else (True, False) for name in names))
    ]
    return {
        tuple(plain.items()): tuple(
            any(agrees(line, plain, checks) for line in positive)
            and not any(agrees(line, plain, checks) for line in bars)
            for checks in ways
        )
        for plain in plain_worlds(car, [*positive, *bars], listed)
    }


def _verdict(found: Mapping[tuple[Any, ...], tuple[bool, ...]]) -> FitVerdict:
    rows = set(found.values())
    if all(map(all, rows)):
        return FitVerdict.FITS
    if not any(map(any, rows)):
        return FitVerdict.DOES_NOT_FIT
    if any(map(all, zip(*rows, strict=True))):
        return FitVerdict.FITS_IF  # there are conditions that are enough, whatever else is unknown
    return FitVerdict.DEPENDS_ON


def changes(found: Mapping[tuple[Any, ...], tuple[bool, ...]], question: str) -> bool:
    """Whether the answer to a question, all else being equal, makes a difference somewhere."""
    asked = {"year", "month"} if question in {"model_year", "build_month"} else {question}
    alike: dict[tuple[Any, ...], set[tuple[bool, ...]]] = {}
    for plain, row in found.items():
        alike.setdefault(tuple(pair for pair in plain if pair[0] not in asked), set()).add(row)
    return any(len(rows) > 1 for rows in alike.values())
