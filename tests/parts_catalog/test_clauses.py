"""What completions answer: a few of them settle most doubts, and never otherwise than all of them would."""

from collections.abc import Hashable, Iterator
from itertools import product
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parts_catalog.clauses import WHEN, Clause, Doubt, Unknown, World, always, ever, matters

MOMENTS = [frozenset(windows) for windows in ({"early"}, {"late"}, {"early", "late"})]
STATED: dict[Unknown, tuple[Hashable, ...]] = {
    "fuel": ("petrol", "diesel"),
    "engine_code": ("A1", "B2"),
    WHEN: ("early", "late"),
    ("equipment", "air_conditioning"): (True, False),
    ("text", "disc 280 mm"): (True,),
}
CLAUSES = st.fixed_dictionaries({}, optional={one: st.sampled_from(values) for one, values in STATED.items()})
DOUBTS = st.builds(
    Doubt,
    st.lists(CLAUSES, max_size=4),
    st.lists(CLAUSES, max_size=2),
    st.lists(st.sampled_from(MOMENTS), min_size=1, max_size=3, unique=True),
)


def worlds(doubt: Doubt) -> list[World]:
    values: dict[Unknown, tuple[Hashable, ...]] = {one: (None, *stated) for one, stated in STATED.items()}
    values |= {one: (True, False) for one in values if not isinstance(one, str)} | {WHEN: tuple(doubt.moments)}
    return [dict(zip(values, world, strict=True)) for world in product(*values.values())]


def holds(doubt: Doubt, world: World) -> bool:
    def met(clause: Clause) -> bool:
        return all(
            stated in cast("frozenset[Hashable]", world[one]) if one == WHEN else world[one] == stated
            for one, stated in clause.items()
        )

    return any(map(met, doubt.holds)) and not any(map(met, doubt.bars))


@given(DOUBTS)
def test_every_answer_is_that_of_all_completions(doubt: Doubt) -> None:
    found = [holds(doubt, world) for world in worlds(doubt)]
    assert (always(doubt), ever(doubt)) == (all(found), any(found))
    for unknown in STATED:
        rest: dict[Hashable, set[bool]] = {}
        for world, it in zip(worlds(doubt), found, strict=True):
            rest.setdefault(tuple(world[one] for one in world if one != unknown), set()).add(it)
        if unknown in set(doubt.unknowns()):
            assert matters(doubt, unknown) == any(len(its) > 1 for its in rest.values())


@given(DOUBTS)
def test_the_completions_that_are_tried_first_are_possible_ones(doubt: Doubt) -> None:
    for world in doubt.likely():
        assert world[WHEN] in doubt.moments
        assert doubt.holds_in(world) == holds(doubt, {**dict.fromkeys(STATED), **_no(), **world})


@given(DOUBTS)
def test_without_those_the_answers_are_the_same(doubt: Doubt) -> None:
    def answers() -> list[bool]:
        return [always(doubt), ever(doubt), *(matters(doubt, one) for one in sorted(set(doubt.unknowns()), key=str))]

    quick = answers()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Doubt, "likely", _none)
        assert answers() == quick


def _none(_doubt: Doubt) -> Iterator[World]:
    return iter(())


def _no() -> World:
    return {one: False for one in STATED if not isinstance(one, str)}
