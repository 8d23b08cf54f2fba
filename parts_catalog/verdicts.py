"""The judge of fitment: pure functions from catalogue lines and what is known of a car to one of the five verdicts.

Within a line attributes AND, across lines OR, and an exclusion beats what the other lines say. What is unknown of the
car is tried in every completion (`clauses.py`):

    fits            in every completion
    fits_if         once its conditions hold, whatever else is unknown; equipment and every note are conditions
    depends_on      in some completions; the question is one whose answer changes the outcome
    does_not_fit    in none
    unknown         no line speaks of the car, and the brand does not declare that it lists every one

Lines that state another quantity are another statement: lines are taken together only with those of their quantity.
"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace

from parts_catalog.applications import Application
from parts_catalog.cars import ASKED, Car, left_of, speaks_of
from parts_catalog.clauses import WHEN, Clause, Doubt, Unknown, always, ever, matters, settling
from parts_catalog.equipment import equipment_words
from parts_catalog.moments import Window, moments, month_number
from parts_catalog.parts import FitVerdict

__all__ = ["Car", "Condition", "Ruling", "judge", "place"]

_ORDER = {verdict: place for place, verdict in enumerate(FitVerdict)}


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold besides, in both languages; `equipment` names what would settle it (None: a person must look)."""

    en: str
    zh: str
    equipment: str | None = None


@dataclass(frozen=True, slots=True)
class Ruling:
    """A verdict, the line it rests on, the attribute or equipment that would settle it, and what must hold besides.

    `choices` are the answers to the question that lines speak of, where they state single values. `ambiguous`: lines of
    different quantity all say that the part fits.
    """

    verdict: FitVerdict
    line: Application | None = None
    question: str | None = None
    conditions: tuple[Condition, ...] = ()
    choices: tuple[str, ...] = ()
    ambiguous: bool = False


def place(verdict: FitVerdict) -> int:
    """Give the place of a verdict when answers are listed: what fits comes first."""
    return _ORDER[verdict]


_Left = tuple[Application, Clause]


def judge(lines: Sequence[Application], car: Car, *, complete: bool) -> Ruling:
    """Rule on one part by its lines. `complete`: its brand declares that it lists every vehicle the part fits."""
    speaking = [line for line in lines if speaks_of(line, car)]
    bars = [(line, left) for line in speaking if line.excludes and (left := left_of(line, car)) is not None]
    barred = next((line for line, left in bars if not left), None)
    if barred is not None:
        return Ruling(FitVerdict.DOES_NOT_FIT, barred)
    positive = [line for line in speaking if not line.excludes]
    if not positive:
        return Ruling(FitVerdict.DOES_NOT_FIT if complete else FitVerdict.UNKNOWN)
    by_quantity: dict[int, list[_Left]] = {}
    for line in positive:
        if (left := left_of(line, car)) is not None:
            by_quantity.setdefault(line.quantity, []).append((line, left))
    if not by_quantity:
        return Ruling(FitVerdict.DOES_NOT_FIT, positive[0])
    rulings = [_rule(possible, bars, car) for possible in by_quantity.values()]
    best = min(rulings, key=lambda ruling: place(ruling.verdict))
    rivals = sum(ruling.verdict is FitVerdict.FITS for ruling in rulings)
    return replace(best, ambiguous=True) if rivals > 1 else best


def _rule(possible: Sequence[_Left], bars: Sequence[_Left], car: Car) -> Ruling:
    """Rule by lines of one quantity that nothing known contradicts, and by the exclusions that may meet the car."""
    sure = next((line for line, left in possible if not left), None)
    if sure is not None and not bars:
        return Ruling(FitVerdict.FITS, sure)
    doubt = _doubt([left for _, left in possible], [left for _, left in bars], car)
    first = sure or possible[0][0]
    if always(doubt):
        return Ruling(FitVerdict.FITS, first)
    if not ever(doubt):
        return Ruling(FitVerdict.DOES_NOT_FIT, bars[0][0] if bars else first)
    settled = _settled(possible, doubt)
    if settled is not None:
        line, conditions = settled
        settling_one = next((one.equipment for one in conditions if one.equipment), None)
        return Ruling(FitVerdict.FITS_IF, line, settling_one, conditions)
    asked = sorted({(_asked_at(one, doubt), one) for one in doubt.unknowns() if isinstance(one, str)})
    unknown = next(one for _, one in asked if matters(doubt, one))
    line, left = possible[0]
    conditions = (*_conditions_of(left), *_escapes([bar for bar in doubt.bars if not _plain(bar)]))
    return Ruling(FitVerdict.DEPENDS_ON, line, _question(unknown, doubt), conditions, _choices(unknown, doubt))


def _doubt(holds: Sequence[Clause], bars: Sequence[Clause], car: Car) -> Doubt:
    windows = {left[WHEN] for left in (*holds, *bars) if WHEN in left}
    if not windows:
        return Doubt(holds, bars)
    stated = [window for window in windows if isinstance(window, Window)]
    possible = moments(car.model_year, month_number(car.build_month), car.years, stated)
    met = dict.fromkeys(frozenset[Hashable](one for one in stated if one.has(moment)) for moment in possible)
    return Doubt(holds, bars, tuple(met))


def _settled(possible: Sequence[_Left], doubt: Doubt) -> tuple[Application, tuple[Condition, ...]] | None:
    """Find the first line that is enough once its conditions hold, and those; else those of several lines together."""
    for line, left in possible:
        if not _plain(left):
            rest = doubt
            for condition, stated in left.items():
                rest = rest.given(condition, stated)
            if settling(rest) is not None:
                return line, (*_conditions_of(left), *_escapes(rest.bars))
    found = settling(doubt)
    if found is None:
        return None
    used = [(line, left) for line, left in possible if all(found.get(one) == left[one] for one in _checks(left))]
    conditions = dict.fromkeys(one for _, left in used for one in _conditions_of(left))
    return used[0][0], (*conditions, *_escapes(doubt.bars))


def _plain(left: Clause) -> bool:
    """Whether a clause has an unknown that the owner is asked for, rather than conditions alone."""
    return any(isinstance(one, str) for one in left)


def _checks(left: Clause) -> Iterator[Unknown]:
    return (one for one in left if not isinstance(one, str))


def _conditions_of(left: Clause) -> tuple[Condition, ...]:
    return tuple(_condition(one, left[one]) for one in _checks(left))


def _condition(unknown: Unknown, stated: Hashable) -> Condition:
    if unknown[0] == "equipment":
        return Condition(*equipment_words(unknown[1], bool(stated)), unknown[1])
    return Condition(unknown[1], unknown[2])


def _escapes(bars: Sequence[Clause]) -> tuple[Condition, ...]:
    """Say for each exclusion what keeps the car out of it: one condition of it that is not met is enough."""
    exceptions = [met for bar in bars if (met := _conditions_of(bar))]
    return tuple(
        Condition(
            "not " + " and ".join(condition.en for condition in met),
            "不适用于：" + "且".join(condition.zh for condition in met),
            met[0].equipment,
        )
        for met in exceptions
    )


def _question(unknown: str, doubt: Doubt) -> str:
    if unknown != WHEN:
        return unknown
    windows = [clause[WHEN] for clause in (*doubt.holds, *doubt.bars) if WHEN in clause]
    return "model_year" if any(isinstance(one, Window) and one.by_year for one in windows) else "build_month"


def _asked_at(unknown: str, doubt: Doubt) -> int:
    question = _question(unknown, doubt)
    return ASKED.index(question) if question in ASKED else len(ASKED)


def _choices(unknown: str, doubt: Doubt) -> tuple[str, ...]:
    return () if unknown == WHEN else tuple(sorted(str(value) for value in doubt.values(unknown) if value is not None))
