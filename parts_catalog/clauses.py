"""What is left to know of a car, as clauses, and what every completion of it would answer.

A clause maps what is undecided to what a catalogue line states of it; the line holds where all of that comes true. An
unknown is a plain attribute (its name) or a condition (a tuple), which a person can check on the car. Values are open:
besides those that lines state there is always another one, written None. Only yes and no, and the moments in which a
car may have been made, are closed.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

Unknown = str | tuple[str, ...]
Clause = Mapping[Unknown, Hashable]
World = Mapping[Unknown, Hashable]  # a completion; what is not in it is another value than all stated ones, or no
WHEN = "when"  # the moment at which the car was made; its values are the sets of windows that a moment lies in


@dataclass(frozen=True, slots=True)
class Doubt:
    """Holds where one clause of `holds` comes true and none of `bars`.

    `moments` are the values of `WHEN`, at least one where a clause has it.
    """

    holds: Sequence[Clause]
    bars: Sequence[Clause]
    moments: Sequence[frozenset[Hashable]] = ()

    @property
    def answer(self) -> bool | None:
        """Whether it holds, where nothing that is still unknown can change that."""
        if not self.holds or {} in self.bars:
            return False
        return True if {} in self.holds and not self.bars else None

    def unknowns(self) -> Iterator[Unknown]:
        """Give every unknown, once for each clause that it stands in."""
        for clause in (*self.holds, *self.bars):
            yield from clause

    def values(self, unknown: Unknown) -> Sequence[Hashable]:
        """Give values that stand for all: every moment; yes and no; else another value and each that is stated."""
        if unknown == WHEN:
            return self.moments
        if not isinstance(unknown, str):
            return (True, False)
        stated = (clause[unknown] for clause in (*self.holds, *self.bars) if unknown in clause)
        return (None, *dict.fromkeys(stated))

    def given(self, unknown: Unknown, value: Hashable) -> "Doubt":
        """Give what is left in doubt once an unknown is known."""
        return Doubt(_given(self.holds, unknown, value), _given(self.bars, unknown, value), self.moments)

    def holds_in(self, world: World) -> bool:
        """Whether it holds in one completion."""
        return not any(_met(bar, world) for bar in self.bars) and any(_met(clause, world) for clause in self.holds)

    def likely(self) -> Iterator[World]:
        """Give a few completions that settle most doubts by themselves: no clause is met, or each one as it stands."""
        at_first: World = {WHEN: self.moments[0]} if self.moments else {}
        yield at_first
        for clause in (*self.holds, *self.bars):
            if WHEN not in clause:
                yield {**at_first, **clause}
                continue
            moment = next((one for one in self.moments if clause[WHEN] in one), None)
            if moment is not None:
                yield {**clause, WHEN: moment}


def always(doubt: Doubt) -> bool:
    """Whether it holds in every completion."""
    if doubt.answer is not None:
        return doubt.answer
    if not all(map(doubt.holds_in, doubt.likely())):
        return False
    unknown = next(doubt.unknowns())
    return all(always(doubt.given(unknown, value)) for value in doubt.values(unknown))


def ever(doubt: Doubt) -> bool:
    """Whether it holds in any completion."""
    if doubt.answer is not None:
        return doubt.answer
    if any(map(doubt.holds_in, doubt.likely())):
        return True
    unknown = next(doubt.unknowns())
    return any(ever(doubt.given(unknown, value)) for value in doubt.values(unknown))


def settling(doubt: Doubt) -> dict[Unknown, Hashable] | None:
    """Find how the conditions must be for it to hold whatever else is unknown; None: nothing makes it so."""
    unknown = next((one for one in doubt.unknowns() if not isinstance(one, str)), None)
    if unknown is None or doubt.answer is not None:
        return {} if always(doubt) else None
    for value in _worth_trying(doubt, unknown):
        found = settling(doubt.given(unknown, value))
        if found is not None:
            return {unknown: value, **found}
    return None


def matters(doubt: Doubt, unknown: Unknown) -> bool:
    """Whether knowing this alone can change the answer in some completion of the rest."""
    values = doubt.values(unknown)
    for world in doubt.likely():
        if len({doubt.holds_in({**world, unknown: value}) for value in values}) > 1:
            return True
    first, *others = (doubt.given(unknown, value) for value in values)
    return any(_differ(first, other) for other in others)


def _given(clauses: Sequence[Clause], unknown: Unknown, value: Hashable) -> list[Clause]:
    left: list[Clause] = []
    for clause in clauses:
        if unknown not in clause:
            left.append(clause)
        elif _true(unknown, clause[unknown], value):
            left.append({other: stated for other, stated in clause.items() if other != unknown})
    return left


def _met(clause: Clause, world: World) -> bool:
    return all(_true(one, stated, world.get(one, _unstated(one))) for one, stated in clause.items())


def _unstated(unknown: Unknown) -> Hashable:
    return None if isinstance(unknown, str) else False


def _true(unknown: Unknown, stated: Hashable, value: Hashable) -> bool:
    return stated in value if unknown == WHEN and isinstance(value, frozenset) else stated == value


def _worth_trying(doubt: Doubt, unknown: Unknown) -> Sequence[Hashable]:
    """Give the values of a condition, only the better one where the other can but harm."""
    helping = {clause[unknown] for clause in doubt.holds if unknown in clause}
    helping |= {not clause[unknown] for clause in doubt.bars if unknown in clause}
    return tuple(helping) if len(helping) == 1 else (True, False)


def _differ(one: Doubt, other: Doubt) -> bool:
    """Whether two doubts have different answers in some completion."""
    if one.answer is not None and other.answer is not None:
        return one.answer != other.answer
    unknown = next((one if one.answer is None else other).unknowns())
    values = dict.fromkeys((*one.values(unknown), *other.values(unknown)))
    return any(_differ(one.given(unknown, value), other.given(unknown, value)) for value in values)
