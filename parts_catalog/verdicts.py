"""The judge of fitment: pure functions from catalogue lines and what is known of a car to one of the five verdicts.

Within a line attributes AND, across lines OR, and an exclusion beats what the other lines say. An attribute that is
stated but unknown of the car asks, and never says yes or no. Unknown equipment and every note are conditions.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from math import isfinite

from ingest.vehicles import VehicleConfig
from parts_catalog.applications import Application
from parts_catalog.equipment import equipment_words
from parts_catalog.parts import FitVerdict
from parts_catalog.spelling import canonical, snake_case

# A model year is built from the July before it until its December; so a build month leaves one or two model years.
_NEXT_YEARS_FIRST_MONTH = 7
_WORDS = ("fuel", "engine_code", "aspiration", "transmission", "drive", "body", "region")
_ORDER = {verdict: place for place, verdict in enumerate(FitVerdict)}


@dataclass(frozen=True, slots=True)
class Car:
    """A vehicle configuration in the catalogue's own words. What is None, or was not understood, is unknown.

    `displacement_l` is rounded to 0.1 litres, as catalogues write it.
    """

    make: str | None
    model_line: str | None
    model_year: int | None
    build_month: str | None
    displacement_l: float | None
    cylinders: int | None
    words: Mapping[str, str | None]
    equipment: Mapping[str, bool]

    @classmethod
    def of(cls, config: VehicleConfig, make: str | None, model_line: str | None) -> "Car":
        """Build from a configuration and its keys of make and model line."""
        month, litres = config.build_month, config.displacement_l
        return cls(
            make=make,
            model_line=model_line,
            model_year=config.model_year,
            build_month=month if month and re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month) else None,
            displacement_l=int(litres * 10 + 0.5) / 10 if litres is not None and isfinite(litres) else None,
            cylinders=config.cylinders,
            words={name: canonical(name, value) for name in _WORDS if (value := getattr(config, name)) is not None},
            equipment={
                snake_case(name): has for name, has in (config.equipment or {}).items() if isinstance(has, bool)
            },
        )


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold besides, in both languages; `equipment` names what would settle it (None: a person must look)."""

    en: str
    zh: str
    equipment: str | None = None


@dataclass(frozen=True, slots=True)
class Ruling:
    """A verdict, the line it rests on, the attribute or equipment that would settle it, and what must hold besides."""

    verdict: FitVerdict
    line: Application | None = None
    question: str | None = None
    conditions: tuple[Condition, ...] = ()


def place(verdict: FitVerdict) -> int:
    """Give the place of a verdict when answers are listed: what fits comes first."""
    return _ORDER[verdict]


def judge(lines: Sequence[Application], car: Car, *, complete: bool) -> Ruling:
    """Rule on one part by its lines. `complete`: its brand declares that it lists every vehicle the part fits."""
    speaking = [line for line in lines if _names(line, car)]
    positive = [_rule(line, car) for line in speaking if not line.excludes]
    if positive:
        ruling = min(positive, key=lambda ruling: place(ruling.verdict))
    else:
        ruling = Ruling(FitVerdict.DOES_NOT_FIT if complete else FitVerdict.UNKNOWN)
    for line in speaking:
        if line.excludes:
            ruling = _excluded(ruling, _rule(line, car))
    return ruling


def _excluded(ruling: Ruling, exclusion: Ruling) -> Ruling:
    if exclusion.verdict is FitVerdict.FITS:
        return Ruling(FitVerdict.DOES_NOT_FIT, exclusion.line)
    if place(ruling.verdict) > place(FitVerdict.DEPENDS_ON) or exclusion.verdict is FitVerdict.DOES_NOT_FIT:
        return ruling
    if exclusion.verdict is FitVerdict.DEPENDS_ON:
        question = ruling.question if ruling.verdict is FitVerdict.DEPENDS_ON else exclusion.question
        return replace(ruling, verdict=FitVerdict.DEPENDS_ON, question=question)
    # One unmet condition is enough to escape the exclusion.
    exceptions = exclusion.conditions
    escape = Condition(
        "not " + " and ".join(condition.en for condition in exceptions),
        "不适用于：" + "且".join(condition.zh for condition in exceptions),
        exceptions[0].equipment,
    )
    settled = ruling.verdict is FitVerdict.DEPENDS_ON
    return replace(
        ruling,
        verdict=ruling.verdict if settled else FitVerdict.FITS_IF,
        question=ruling.question or escape.equipment,
        conditions=(*ruling.conditions, escape),
    )


def _rule(line: Application, car: Car) -> Ruling:
    question = None
    for attribute, match in _matches(line, car):
        if match is Match.NO:
            return Ruling(FitVerdict.DOES_NOT_FIT, line)
        if match is Match.ASK:
            question = question or attribute
    if any(car.equipment.get(name, has) != has for name, has in (line.equipment or {}).items()):
        return Ruling(FitVerdict.DOES_NOT_FIT, line)
    conditions = tuple(_conditions(line, car))
    if question is not None:
        return Ruling(FitVerdict.DEPENDS_ON, line, question, conditions)
    if conditions:
        settling = next((condition.equipment for condition in conditions if condition.equipment), None)
        return Ruling(FitVerdict.FITS_IF, line, settling, conditions)
    return Ruling(FitVerdict.FITS, line)


def _conditions(line: Application, car: Car) -> Iterator[Condition]:
    for name, has in (line.equipment or {}).items():
        if name not in car.equipment:
            yield Condition(*equipment_words(name, has), name)
    if (note := line.note_en or line.note_zh) is not None:
        yield Condition(line.note_en or note, line.note_zh or note)
    if line.model_level and not line.excludes:
        yield _MODEL_LEVEL


_MODEL_LEVEL = Condition(
    "the catalogue names the model line only, without years: compare with the part on the car",
    "目录仅注明车型，未注明年款：请与车上原件核对",
)


class Match(Enum):
    """How one stated attribute meets what is known of the car."""

    YES = "yes"
    NO = "no"
    ASK = "ask"


def _names(line: Application, car: Car) -> bool:
    return Match.NO not in (_equal(line.make, car.make), _equal(line.model_line, car.model_line))


def _matches(line: Application, car: Car) -> Iterator[tuple[str, Match]]:
    """Give every stated attribute with its match, in the order in which one would ask for them."""
    yield "make", _equal(line.make, car.make)
    yield "model_line", _equal(line.model_line, car.model_line)
    yield "model_year", _within(line.year_from, line.year_to, _years(car))
    yield "fuel", _equal(line.fuel, car.words.get("fuel"))
    yield "displacement_l", _equal(line.displacement_l, car.displacement_l)
    for word in _WORDS[1:]:
        yield word, _equal(getattr(line, word), car.words.get(word))
    yield "cylinders", _equal(line.cylinders, car.cylinders)
    yield "build_month", _within(_month(line.built_from), _month(line.built_to), _months(car))


def _equal(stated: object, known: object) -> Match:
    if stated is None:
        return Match.YES
    if known is None:
        return Match.ASK
    return Match.YES if stated == known else Match.NO


def _within(first: int | None, last: int | None, possible: range | None) -> Match:
    """Compare a stated range, open where None, with the range of what is possible for the car."""
    if first is None and last is None:
        return Match.YES
    if possible is None:
        return Match.ASK
    inside = [(first is None or value >= first) and (last is None or value <= last) for value in possible]
    if all(inside):
        return Match.YES
    return Match.ASK if any(inside) else Match.NO


def _years(car: Car) -> range | None:
    if car.model_year is not None:
        return range(car.model_year, car.model_year + 1)
    if car.build_month is None:
        return None
    year, month = int(car.build_month[:4]), int(car.build_month[5:])
    return range(year, year + (2 if month >= _NEXT_YEARS_FIRST_MONTH else 1))


def _months(car: Car) -> range | None:
    known = _month(car.build_month)
    if known is not None:
        return range(known, known + 1)
    if car.model_year is None:
        return None
    return range((car.model_year - 1) * 12 + _NEXT_YEARS_FIRST_MONTH - 1, (car.model_year + 1) * 12)


def _month(written: str | None) -> int | None:
    return None if written is None else int(written[:4]) * 12 + int(written[5:]) - 1
