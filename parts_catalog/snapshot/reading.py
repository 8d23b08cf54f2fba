"""Reads a snapshot: which parts are made for cars, in batches, and what the catalogue says of one car."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Self

import numpy as np

from parts_catalog.answers import Listed, Said
from parts_catalog.applications import NAMING_CODES, Application
from parts_catalog.parts import Part
from parts_catalog.snapshot.files import Array, Texts, opened
from parts_catalog.snapshot.layout import (
    ABOUT,
    KEPT,
    NEVER_BEGUN,
    NEVER_ENDED,
    TYPES,
    WHOLE,
    YEARS,
    Group,
    read_value,
    span_key,
)
from parts_catalog.verdicts import Car

_NONE = np.zeros(0, np.int64)
_EVERY_CAR = Group()
Key = tuple[str, str, int | None]  # make, model line and year of a car, as keys; a year that is None is unknown


@dataclass(frozen=True, slots=True)
class Candidates:
    """Parts by question: of question n those at `begins[n]` to `begins[n + 1]`, as numbers (`parts.no`), sorted."""

    begins: Array
    parts: Array

    def of(self, question: int) -> list[int]:
        found: list[int] = self.parts[self.begins[question] : self.begins[question + 1]].tolist()
        return found


class Snapshot:
    """One version of the catalogue. Everything in it is read only, and safe to share between threads."""

    def __init__(self, folder: Path, about: Mapping[str, Any]) -> None:
        self.related: frozenset[str] = frozenset(about["related"])  # parts with successors, predecessors, interchange
        self._names = [Group(*group) for group in about["groups"]]
        self._groups: dict[tuple[object, ...], int] = {group: at for at, group in enumerate(self._names)}
        self._types: dict[str, int] = {kind: at for at, kind in enumerate(about["types"])}
        self._brands: Mapping[str, int] = about["brands"]
        self._complete = {(brand, kind): source for brand, kind, source in about["complete"]}
        self._lines = {name: opened(folder, f"line_{name}") for name in KEPT}
        self._slot_key, self._slot_begin = opened(folder, "slot_key"), opened(folder, "slot_begin")
        self._span_key = opened(folder, "span_key")
        self._fit_key, self._fit_begin = opened(folder, "fit_key"), opened(folder, "fit_begin")
        self._fit_part = opened(folder, "fit_part")
        self._part_no, self._part_text = opened(folder, "part_no"), Texts.open(folder, "part_text")
        self._said_text, self._source_text = Texts.open(folder, "said"), Texts.open(folder, "source_text")
        self._kits: dict[int, list[tuple[int, bool]]] = {}
        for kit, component, required in opened(folder, "kits").reshape(-1, 3).tolist():
            self._kits.setdefault(kit, []).append((component, bool(required)))
        self._undated = len(self._fit_key) > 0 and self._fit_key[-1] >= len(self._span_key) * TYPES
        self._said = lru_cache(100_000)(self._read_said)
        self._source = lru_cache(10_000)(self._read_source)
        self._listed = lru_cache(100_000)(self._read_part)

    @classmethod
    def open(cls, folder: Path, mark: str) -> Self:
        """Open the snapshot in a folder; raises `FileNotFoundError` where there is none of that mark."""
        about = json.loads((folder / ABOUT).read_text("utf-8"))
        if about["mark"] != mark:
            raise FileNotFoundError(f"the snapshot in {folder} is of another catalogue")
        return cls(folder, about)

    def candidates(self, cars: Sequence[Key], part_types: Sequence[str]) -> Candidates:
        """Give, for each pair of a car and a part type, the parts that a line names for the car's names and year.

        Lines of its model line, of its whole make and of every car count; exclusions and other attributes do not.
        """
        total = len(cars)
        types = np.fromiter((self._types.get(kind, -1) for kind in part_types), np.int64, total)
        years = np.fromiter((NEVER_BEGUN if year is None else _year(year) for _, _, year in cars), np.int64, total)
        number = self._groups.get
        groups = (
            np.fromiter((number((make, model_line, None), -1) for make, model_line, _ in cars), np.int64, total),
            np.fromiter((number((make, None, None), -1) for make, _, _ in cars), np.int64, total),
            np.full(total, number(_EVERY_CAR, -1), np.int64),
        )
        keys = [pair for group in groups for pair in self._keys(group, years, types)]
        question, key = (np.concatenate([_NONE, *column]) for column in zip((_NONE, _NONE), *keys, strict=True))
        at = np.searchsorted(self._fit_key, key)
        hit = np.flatnonzero(at < len(self._fit_key))
        hit = hit[self._fit_key[at[hit]] == key[hit]]
        question, at = question[hit], at[hit]
        first = self._fit_begin[at]
        count = self._fit_begin[at + 1] - first
        asked, parts = np.repeat(question, count), self._fit_part[_runs(first, count)]
        if np.any(np.diff(question) <= 0):  # several runs for one question: each part once
            merged = np.unique(asked << 32 | parts)
            asked, parts = merged >> 32, (merged & 0xFFFFFFFF).astype(np.int32)
        return Candidates(np.searchsorted(asked, np.arange(total + 1)), parts)

    def _keys(self, groups: Array, years: Array, types: Array) -> Iterator[tuple[Array, Array]]:
        """Give the questions to which groups speak, with the keys of their runs: of their years, and of no year."""
        question = np.flatnonzero((groups >= 0) & (types >= 0))
        if not len(question):
            return
        group, year, kind = groups[question], years[question], types[question]
        unknown = year == NEVER_BEGUN
        # The span that the year lies in; where it is unknown, all spans of the group.
        end = np.searchsorted(self._span_key, np.where(unknown, (group + 1) * YEARS, span_key(group, year) + 1))
        first = np.where(unknown, np.searchsorted(self._span_key, group * YEARS), end - 1)
        inside = np.flatnonzero((first >= 0) & (first < end))
        inside = inside[self._span_key[first[inside]] // YEARS == group[inside]]
        count = end[inside] - first[inside]
        yield np.repeat(question[inside], count), _runs(first[inside], count) * TYPES + np.repeat(kind[inside], count)
        if self._undated:
            yield question, (len(self._span_key) + group) * TYPES + kind

    def covers(self, car: Car) -> bool:
        """Whether it can tell what is said of the car: one known by the names of its make and model line alone."""
        return (
            car.make is not None and car.model_line is not None and not any(map(car.codes.__contains__, NAMING_CODES))
        )

    def said_of(self, car: Car, part_types: Collection[str]) -> Said:
        """Give what the catalogue says of a car and parts of the types: all that can change what is offered.

        Lines of other years are left out where they make no difference: they do for kits, and beside universal lines.
        """
        kits = self._kits_of(car, part_types) if self._kits else {}
        kept = {*kits, *(one for required in kits.values() for one in required)}
        groups = self._groups_of(car)
        found = [self._of_type(car, groups, self._types[kind]) for kind in part_types if kind in self._types]
        found += [self._of_part(group, part) for part in kept for group in groups]
        return self._told(found, kits, kept)

    def said_of_parts(self, car: Car, numbers: Collection[int]) -> Said:
        """Give all that the catalogue says of a car and some parts, by their numbers (`parts.no`)."""
        kits = self._with_components(numbers)
        kept = {*numbers, *kits, *(one for required in kits.values() for one in required)}
        groups = self._groups_of(car)
        return self._told([self._of_part(group, part) for part in kept for group in groups], kits, kept)

    def _told(self, found: Sequence[Array], kits: Mapping[int, Sequence[int]], kept: Collection[int]) -> Said:
        """Read the lines at rows, and the parts that they are of or that are to be listed besides."""
        rows = np.unique(np.concatenate([_NONE, *found]))
        rows = rows[np.lexsort((self._lines["id"][rows], self._lines["no"][rows]))]
        numbers = self._lines["no"][rows].tolist()
        listed = {no: one for no in {*numbers, *kept} if (one := self._listed(no)) is not None}
        lines: dict[str, list[Application]] = {}
        seen = set()
        for no, number, line in zip(numbers, self._lines["id"][rows].tolist(), self._read(rows), strict=True):
            if number not in seen:  # a line whose base vehicle is listed stands in two groups
                lines.setdefault(listed[no].part.id, []).append(line)
                seen.add(number)
        return Said(
            {one.part.id: one for one in listed.values()},
            lines,
            {
                listed[kit].part.id: [listed[one].part.id if one in listed else "" for one in required]
                for kit, required in kits.items()
                if kit in listed
            },
        )

    def _groups_of(self, car: Car) -> list[int]:
        names = [Group(car.make, car.model_line), Group(car.make), _EVERY_CAR]
        if "base_vehicle" in car.codes:
            names.append(Group(base_vehicle=car.codes["base_vehicle"]))
        return [self._groups[name] for name in names if name in self._groups]

    def _slot(self, group: int, kind: int) -> tuple[int, int]:
        """Give where the lines of a group and type begin and end."""
        key = np.int64(group * TYPES + kind)
        at = int(np.searchsorted(self._slot_key, key))
        if at == len(self._slot_key) or self._slot_key[at] != key:
            return 0, 0
        return int(self._slot_begin[at]), int(self._slot_begin[at + 1])

    def _of_type(self, car: Car, groups: Iterable[int], kind: int) -> Array:
        """Give the rows of a type in groups: those of the car's years, and all of parts with universal lines."""
        slots = {group: slot for group in groups if (slot := self._slot(group, kind))[1]}
        universal = self._lines["no"][slice(*slots.get(self._groups.get(_EVERY_CAR, -1), (0, 0)))]
        found = [_NONE]
        for begin, end in slots.values():
            rows = np.arange(begin, end)
            if car.model_year is not None:
                year = np.int16(_year(car.model_year))  # of the arrays' type: another one would have them copied
                speaking = (self._lines["year_from"][begin:end] <= year) & (year <= self._lines["year_to"][begin:end])
                if len(universal):
                    speaking |= np.isin(self._lines["no"][begin:end], universal)
                rows = rows[speaking]
            found.append(rows)
        return np.concatenate(found)

    def _of_part(self, group: int, part: int) -> Array:
        """Give the rows of one part in a group."""
        listed = self._listed(part)
        if listed is None or listed.part.part_type not in self._types:
            return _NONE
        begin, end = self._slot(group, self._types[listed.part.part_type])
        numbers = self._lines["no"][begin:end]
        key = numbers.dtype.type(part)
        first, last = np.searchsorted(numbers, key, "left"), np.searchsorted(numbers, key, "right")
        return np.arange(begin + first, begin + last)

    @cached_property
    def _kits_by_type(self) -> Mapping[str, Sequence[int]]:
        found: dict[str, list[int]] = {}
        for kit in self._kits:
            if (one := self._listed(kit)) is not None:
                found.setdefault(one.part.part_type, []).append(kit)
        return found

    def _kits_of(self, car: Car, part_types: Iterable[str]) -> dict[int, list[int]]:
        """Give the required components of kits of the types with a line about the car, or a component with one by name.

        And those of the kits among their components.
        """
        groups = self._groups_of(car)
        named = [group for group in groups if self._names[group] != _EVERY_CAR]
        chosen = [
            kit
            for kind in part_types
            for kit in self._kits_by_type.get(kind, ())
            if any(len(self._of_part(group, kit)) for group in groups)
            or any(len(self._of_part(group, one)) for one, _ in self._kits[kit] for group in named)
        ]
        return self._with_components(chosen)

    def _with_components(self, parts: Iterable[int]) -> dict[int, list[int]]:
        """Give the required components of those parts that are kits, and of the kits among their components."""
        waiting, found = list(parts), dict[int, list[int]]()
        while waiting:
            kit = waiting.pop()
            if kit in self._kits and kit not in found:
                found[kit] = [component for component, required in self._kits[kit] if required]
                waiting += [component for component, _ in self._kits[kit]]
        return {kit: required for kit, required in found.items() if required}

    def _read(self, rows: Array) -> Iterator[Application]:
        """Read lines: the names of their group, their years, their source, and what they say besides."""
        groups = self._slot_key[np.searchsorted(self._slot_begin, rows, "right") - 1] // TYPES
        columns = [self._lines[name][rows].tolist() for name in ("year_from", "year_to", "source", "number", "said")]
        for at, first, last, source, number, said in zip(groups.tolist(), *columns, strict=True):
            group = self._names[at]
            yield Application(
                **{
                    "make": group.make,
                    "model_line": group.model_line,
                    "year_from": None if first == NEVER_BEGUN else first,
                    "year_to": None if last == NEVER_ENDED else last,
                    "source": self._source(source) + ("" if number == WHOLE else str(number)),
                    **self._said(said),
                }
            )

    def _read_said(self, number: int) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(self._said_text[number])
        return said

    def _read_source(self, number: int) -> str:
        return self._source_text[number].decode()

    def _read_part(self, no: int) -> Listed | None:
        at = int(np.searchsorted(self._part_no, self._part_no.dtype.type(no)))
        if at == len(self._part_no) or self._part_no[at] != no:
            return None
        written = self._part_text[at]
        plain = b"\\" not in written  # nothing that COPY writes as something else
        part = Part(
            *(written.decode().split("\t") if plain else [read_value(one) or "" for one in written.split(b"\t")])
        )
        return Listed(part, self._brands[part.brand], self._complete.get((part.brand, part.part_type)))


def _year(year: int) -> int:
    """Give a year as lines have it: one before or after all others, where it is out of their range."""
    return min(max(year, NEVER_BEGUN + 1), NEVER_ENDED - 1)


def _runs(first: Array, count: Array) -> Array:
    """Give the numbers of runs: each from its first, as many as counted."""
    return np.repeat(first - (np.cumsum(count) - count), count) + np.arange(count.sum())
