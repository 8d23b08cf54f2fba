"""From what the catalogue says of one car to answers: position by position, kits by their components, the best first.

Pure: `fitment.py` reads it from SQL, the snapshot from its arrays.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from parts_catalog.applications import Application
from parts_catalog.parts import FitAnswer, FitVerdict, Part
from parts_catalog.verdicts import Car, Ruling, judge, place

# The verdict of several parts that must all fit is the first of these that any of them has.
_WORST_FIRST = (
    FitVerdict.DOES_NOT_FIT,
    FitVerdict.UNKNOWN,
    FitVerdict.DEPENDS_ON,
    FitVerdict.FITS_IF,
    FitVerdict.FITS,
)


@dataclass(frozen=True, slots=True)
class Listed:
    """A part with its brand's rank, and where its brand declares that it lists every vehicle."""

    part: Part
    rank: int
    complete: str | None


@dataclass(frozen=True, slots=True)
class Said:
    """What the catalogue says of one car: parts by id, their lines, and of kits the components that they require."""

    listed: Mapping[str, Listed]
    lines: Mapping[str, Sequence[Application]]
    kits: Mapping[str, Sequence[str]]


def best_answer(said: Said, part: str, car: Car) -> FitAnswer:
    """Answer for one part by the best of its positions."""
    return min(answers_of(said, part, car), key=lambda answer: place(answer.verdict))


def answers_of(said: Said, part: str, car: Car, inside: frozenset[str] = frozenset()) -> list[FitAnswer]:
    """Judge a part position by position; an exclusion without a position counts for all of them.

    A kit fits where its own lines say so, if it has any, and every component that it requires fits. `inside` are the
    kits that the part is a component of: one that contained itself would not be understood.
    """
    own = _judged(said, part, car)
    required = said.kits.get(part, ())
    if not required:
        return own
    inside |= {part}
    components = [
        min(answers_of(said, one, car, inside), key=lambda answer: place(answer.verdict))
        for one in required
        if one in said.listed and one not in inside
    ]
    if len(components) < len(required):
        return [_of_kit(answer, components, FitVerdict.UNKNOWN) for answer in own]
    return [_of_kit(answer, components) for answer in own]


def offered(said: Said, parts: Iterable[str], car: Car) -> list[FitAnswer]:
    """Give what fits, fits under conditions or may fit.

    In order: `fits`, `fits_if`, `depends_on`; within each, parts made for this vehicle before universal ones, then by
    the brand's rank.
    """
    answers = [answer for part in parts if part in said.listed for answer in answers_of(said, part, car)]
    return sorted(
        (answer for answer in answers if place(answer.verdict) <= place(FitVerdict.DEPENDS_ON)),
        key=lambda answer: (
            place(answer.verdict),
            universal(said, answer.part.id),
            said.listed[answer.part.id].rank,
            answer.part.number,
            answer.position or "",
            answer.part.id,
        ),
    )


def universal(said: Said, part: str) -> bool:
    """Whether all lines of a part are for every car."""
    lines = said.lines.get(part, ())
    return bool(lines) and all(line.universal for line in lines)


def mark_ambiguous(said: Said, answers: Sequence[FitAnswer]) -> list[FitAnswer]:
    """Mark parts of one brand for one position that fit on the same conditions: an overlap, and no way to choose.

    Universal parts are a choice, and so are parts that are known to replace one another.
    """
    alike: dict[tuple[object, ...], list[FitAnswer]] = {}
    for answer in answers:
        if answer.verdict in {FitVerdict.FITS, FitVerdict.FITS_IF} and not universal(said, answer.part.id):
            alike.setdefault(_statement(answer), []).append(answer)
    rivals = {
        (one.part.id, one.position)
        for several in alike.values()
        for one in several
        if any(other.part.id != one.part.id and not _related(one, other) for other in several)
    }
    return [replace(one, ambiguous=True) if (one.part.id, one.position) in rivals else one for one in answers]


def _statement(answer: FitAnswer) -> tuple[object, ...]:
    part = answer.part
    return part.brand, part.part_type, answer.position, answer.verdict, frozenset(answer.conditions_en)


def _related(one: FitAnswer, other: FitAnswer) -> bool:
    return other.part.id in _relatives(one) or one.part.id in _relatives(other)


def _relatives(answer: FitAnswer) -> set[str]:
    return {related.part.id for related in answer.related}


def _judged(said: Said, part: str, car: Car) -> list[FitAnswer]:
    known, mine = said.listed[part], said.lines.get(part, ())
    positions = sorted({line.position for line in mine if not line.excludes}, key=lambda name: name or "")
    return [
        _answer(
            known,
            judge(
                [line for line in mine if line.position == position or (line.excludes and line.position is None)],
                car,
                complete=known.complete is not None,
            ),
        )
        for position in positions or [None]
    ]


def _answer(known: Listed, ruling: Ruling) -> FitAnswer:
    line = ruling.line
    return FitAnswer(
        part=known.part,
        verdict=ruling.verdict,
        quantity=line.quantity if line else 0,
        position=line.position if line else None,
        conditions_en=tuple(condition.en for condition in ruling.conditions),
        conditions_zh=tuple(condition.zh for condition in ruling.conditions),
        question=ruling.question,
        source=line.source if line else known.complete or "",
        choices=ruling.choices,
        ambiguous=ruling.ambiguous,
    )


def _of_kit(own: FitAnswer, components: Sequence[FitAnswer], unlisted: FitVerdict | None = None) -> FitAnswer:
    """Take a kit's own answer together with those of its components; its own silence says nothing against them."""
    silent = own.verdict is FitVerdict.UNKNOWN
    members = [*(() if silent else (own,)), *components]
    verdicts = {*(member.verdict for member in members), *(() if unlisted is None else (unlisted,))}
    verdict = next(one for one in _WORST_FIRST if one in verdicts)
    asking = next((member for member in members if member.verdict is verdict and member.question), None)
    fits = place(verdict) <= place(FitVerdict.DEPENDS_ON)
    conditions = dict(_conditions(members)) if fits else {}
    return replace(
        own,
        verdict=verdict,
        quantity=own.quantity or (1 if fits else 0),
        conditions_en=tuple(conditions),
        conditions_zh=tuple(conditions.values()),
        question=asking.question if asking else None,
        choices=asking.choices if asking else (),
        source=own.source or next((member.source for member in members if member.verdict is verdict), ""),
    )


def _conditions(members: Sequence[FitAnswer]) -> Iterator[tuple[str, str]]:
    for member in members:
        yield from zip(member.conditions_en, member.conditions_zh, strict=True)
