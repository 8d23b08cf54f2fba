"""Understanding what is asked: a part number, a car, a symptom, a part type, words; one statement looks all of them up.

2015 Golf 水泵  ->  car: Volkswagen Golf 2015; type: engine_water_pump
水温高           ->  symptom: the types that one would look at first
altenator       ->  no such word: the most similar one, and the answer says so
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from foundation.database import UnitOfWork
from parts_catalog.part_types import CHINESE_TERMS, named_types
from parts_catalog.search.symptoms import symptom_in
from parts_catalog.search.terms import (
    EVERY,
    TYPES_BY_WORD,
    asked_words,
    brand_word,
    is_chinese,
    quality_word,
    tokens,
    type_word,
)
from parts_catalog.spelling import name_key, number_key, plain, singular, snake_case

LEAST_NUMBER = 4  # signs of a number's piece that is looked for
_TERM = re.compile(f"({'|'.join(CHINESE_TERMS)})")
_YEAR = re.compile(r"(?:19[89]|20[0-4])\d")
_OF_A_YEAR = {"年", "款", "年款"}
_SHORT = 2  # signs of a model line's name that means a car only beside its make: Mazda 3
_LONGEST_NAME = 10  # characters of a Chinese name of make or model line
_MOST_SIMILAR, _MOST_LONGER = 3, 8
_LEAST_PIECE = 3  # signs; what is shorter must be a whole word, such as "H7"


@dataclass(frozen=True, slots=True)
class Filters:
    """What the reader chose of the facets; None keeps all."""

    brand: str | None = None
    part_type: str | None = None
    quality: str | None = None
    in_stock: bool = False
    price_from: int | None = None  # net, in minor units; from it on
    price_below: int | None = None

    @property
    def words(self) -> list[str]:
        return [
            word(value)
            for word, value in (
                (brand_word, self.brand),
                (type_word, snake_case(self.part_type or "")),
                (quality_word, self.quality),
            )
            if value
        ]


@dataclass(frozen=True, slots=True)
class NamedCar:
    """A car named among the words: (make, model line) keys, '' for any model line of the make; and a model year."""

    lines: tuple[tuple[str, str], ...]
    year: int | None


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the index: its id, and how many parts it finds; `type` where it stands for a part type."""

    id: int
    parts: int
    type: str | None = None


Term = tuple[Word, ...]  # any of which must be there


@dataclass(frozen=True, slots=True)
class Asked:
    """A search text, understood. `strict` (None where no type is named) is looked for before `loose`."""

    number: str | None
    car: NamedCar | None
    types: tuple[str, ...]
    symptom: str | None
    corrected: Mapping[str, str]
    strict: tuple[Term, ...] | None
    loose: tuple[Term, ...]
    chosen: tuple[Term, ...]  # by the reader's filters; part of the other two

    @property
    def hopeless(self) -> bool:
        """Whether a word is nowhere to be found."""
        return not all(self.loose)

    @property
    def kinds(self) -> list[str] | None:
        """The part types that a hit can only be of; None where it may be of any."""
        bound = [{word.type for word in term} for term in self.loose]
        told = [{kind for kind in kinds if kind} for kinds in bound if None not in kinds]
        return sorted(set.intersection(*told)) if told else None


def understand(unit: UnitOfWork, said: str, filters: Filters, *, cars: bool = True) -> Asked:
    """Look a text up in the index's vocabulary. `cars` False takes the names of cars for plain words."""
    written = plain(said)
    symptom = symptom_in(written)
    runs = tokens(written.replace(symptom[0], " ") if symptom else written)
    names = dict(_names(runs)) if cars else {}
    candidates = {word for run in runs for piece in _split(run) for word in asked_words(piece)}
    types = {kind for word in candidates for kind in TYPES_BY_WORD.get(word, ())}
    types.update(symptom[1] if symptom else ())
    words = [*candidates, *map(type_word, sorted(types)), *filters.words, EVERY]
    rows = _vocabulary(unit, words, list(names))
    known = {row.word: _word(row) for row in rows if row.make is None}
    car, runs = _car(runs, names, [(row.word, row.make, row.model_line) for row in rows if row.make is not None])
    return _Reading(unit, known, filters).asked(said, runs, car, symptom)


class _Reading:
    """What the vocabulary knows, while one text is read."""

    def __init__(self, unit: UnitOfWork, known: Mapping[str, Word], filters: Filters) -> None:
        self._unit, self._known, self._filters = unit, known, filters
        self._corrected: dict[str, str] = {}

    def asked(
        self, said: str, runs: Sequence[str], car: NamedCar | None, symptom: tuple[str, tuple[str, ...]] | None
    ) -> Asked:
        pieces = [piece for run in runs for piece in _split(run)]
        named = named_types(pieces)
        by_piece = {piece: self._terms(piece) for piece in pieces}
        chosen = [self._term(word) for word in self._filters.words]
        loose = [term for piece in pieces for term in by_piece[piece]]
        if symptom is not None:
            loose.append(self._types(symptom[1]))
        strict = None
        if named:
            spoken = _spoken_of(named, pieces)
            rest = [term for piece in pieces if piece not in spoken for term in by_piece[piece]]
            strict = (self._types(named), *rest, *chosen)
        number = number_key(said)
        return Asked(
            number=number if plain(said).isascii() and len(number) >= LEAST_NUMBER else None,
            car=car,
            types=tuple(named),
            symptom=symptom[0] if symptom else None,
            corrected=self._corrected,
            strict=strict,
            loose=(*loose, *chosen) or (self._term(EVERY),),
            chosen=tuple(chosen),
        )

    def _term(self, word: str) -> Term:
        return (self._known[word],) if word in self._known else ()

    def _types(self, names: Iterable[str]) -> Term:
        return tuple(self._known[word] for word in map(type_word, names) if word in self._known)

    def _any(self, word: str) -> Term:
        """Give a word as such, and the part types whose names have it."""
        return tuple(one for one in (*self._term(word), *self._types(TYPES_BY_WORD.get(word, ()))) if one.parts)

    def _terms(self, piece: str) -> list[Term]:
        terms = {word: self._any(word) for word in asked_words(piece)}
        if all(terms.values()):
            return list(terms.values())
        if is_chinese(piece):
            # One wrong character spoils two pairs: what is left must still say something.
            left = [word for word, term in terms.items() if term]
            self._corrected[piece] = "".join(dict.fromkeys("".join(left)))
            return [terms[word] for word in left] or [()]
        return [self._similar(singular(piece))]

    def _similar(self, word: str) -> Term:
        """Give the words that begin with a word that is not there, else those that are most like it."""
        if len(word) < _LEAST_PIECE:
            return ()
        begun = self._unit.rows(_LONGER, {"begin": f"{word.translate(_LIKE)}%", "most": _MOST_LONGER})
        kinds = {kind for kept, types in TYPES_BY_WORD.items() if kept.startswith(word) for kind in types}
        if found := (*map(_word, begun), *self._looked_up(kinds)):
            return found
        like = self._unit.rows(_SIMILAR, {"word": word, "most": _MOST_SIMILAR})
        close = get_close_matches(word, [kept for kept in TYPES_BY_WORD if kept.isascii()], n=1, cutoff=0.7)
        if like or close:
            self._corrected[word] = close[0] if close else like[0].word
        return (*map(_word, like), *self._looked_up(TYPES_BY_WORD[close[0]] if close else ()))

    def _looked_up(self, kinds: Iterable[str]) -> Term:
        words = [type_word(kind) for kind in sorted(kinds)]
        rows = _vocabulary(self._unit, words) if words else ()
        return tuple(_word(row) for row in rows if row.parts)


def _vocabulary(unit: UnitOfWork, words: Sequence[str], names: Sequence[str] = ()) -> Sequence[Any]:
    """Give the rows of words and of names of cars; one plan serves all texts of as many (tiers.py)."""
    values = {f"w{at}": word for at, word in enumerate(words)}
    statement = _VOCABULARY.format(", ".join(f"%({name})s" for name in values))
    if names:
        more = {f"n{at}": name for at, name in enumerate(names)}
        statement += _NAMED.format(", ".join(f"%({name})s" for name in more))
        values |= more
    return unit.rows(statement, values)


def _word(row: Any) -> Word:
    return Word(row.id, row.parts, row.word[1:] if row.word.startswith("=") else None)


def _split(run: str) -> list[str]:
    """Split a run of Chinese at the names of part types; other runs stay whole."""
    return [piece for piece in _TERM.split(run) if piece] if is_chinese(run) else [run]


def _spoken_of(named: Sequence[str], pieces: Sequence[str]) -> set[str]:
    """Give those pieces that say the named types, as against those that say something more."""
    types = set(named)
    return {piece for piece in pieces if all(types & set(TYPES_BY_WORD.get(word, ())) for word in asked_words(piece))}


def _names(runs: Sequence[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Give the keys of what could be a name of a make or model line, with what says it."""
    for at, run in enumerate(runs):
        if is_chinese(run):
            for begin in range(len(run)):
                for end in range(begin + 2, min(len(run), begin + _LONGEST_NAME) + 1):
                    yield name_key(run[begin:end]), (run[begin:end],)
        else:
            for length in (1, 2, 3):
                said = runs[at : at + length]
                if len(said) == length and not any(map(is_chinese, said)):
                    yield name_key("".join(said)), tuple(said)


def _car(
    runs: Sequence[str], names: Mapping[str, tuple[str, ...]], known: Sequence[tuple[str, str, str]]
) -> tuple[NamedCar | None, list[str]]:
    """Find the car that is named, the longest names first; gives it with the runs that say something else."""
    makes = {word: make for word, make, model in known if not model}
    models: dict[str, list[tuple[str, str]]] = {}
    for word, make, model in known:
        if model and (make in makes.values() or (not makes and len(word) > _SHORT)):
            models.setdefault(word, []).append((make, model))
    if models:
        best = max(models, key=lambda word: (len(word), word))
        lines = tuple(models[best])
        said = [names[best], *(names[word] for word, make in makes.items() if make in {line[0] for line in lines})]
    elif makes:
        best = max(makes, key=lambda word: (len(word), word))
        lines, said = ((makes[best], ""),), [names[best]]
    else:
        return None, list(runs)
    rest = _without(runs, [word for words in said for word in words])
    year = next((run for run in rest if _YEAR.fullmatch(run)), None)
    left = [run for run in rest if year is None or (run != year and run not in _OF_A_YEAR)]
    return NamedCar(lines, int(year) if year else None), left


def _without(runs: Sequence[str], said: Sequence[str]) -> list[str]:
    left: list[str] = []
    for run in runs:
        if is_chinese(run):
            rest = run
            for word in sorted(said, key=len, reverse=True):
                rest = rest.replace(word, " ")
            left += rest.split()
        elif run not in said:
            left.append(run)
    return left


_LIKE = str.maketrans({"\\": r"\\", "%": r"\%", "_": r"\_"})
_VOCABULARY = "SELECT id, word, parts, NULL AS make, NULL AS model_line FROM search_words WHERE word IN ({})"
_NAMED = " UNION ALL SELECT NULL, word, NULL, make, model_line FROM search_vehicles WHERE word IN ({})"
_LONGER = """
    SELECT id, word, parts FROM search_words WHERE word LIKE %(begin)s AND word ~ '^[^=@#*]' AND parts > 0
    ORDER BY parts DESC LIMIT %(most)s
"""
_SIMILAR = """
    SELECT id, word, parts FROM search_words WHERE word %% %(word)s AND word ~ '^[^=@#*]' AND parts > 0
    ORDER BY similarity(word, %(word)s) DESC, parts DESC LIMIT %(most)s
"""
