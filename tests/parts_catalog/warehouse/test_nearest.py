"""From where pieces come: never more shipments than needed, and no farther than needed."""

from collections.abc import Collection
from datetime import timedelta
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.database import Database
from parts_catalog.parts import Location
from parts_catalog.stock import nearest, reserve
from parts_catalog.warehouse.deliveries import expect_delivery
from parts_catalog.warehouse.nearest import ELSEWHERE, SAME_COUNTRY, SAME_REGION, Shelf, allocate, distance
from tests.parts_catalog.rows import add_brand, add_location, add_part, add_stock

SHANGHAI, BEIJING, WUHAN = (31.23, 121.47), (39.90, 116.40), (30.59, 114.31)
shelves_of_three = st.dictionaries(
    st.tuples(st.sampled_from("ab"), st.sampled_from("xyzuv")), st.integers(1, 4), max_size=10
).map(lambda has: [Shelf(part, place, pieces, float(ord(place))) for (part, place), pieces in has.items()])


def able(wanted: dict[str, int], shelves: Collection[Shelf]) -> dict[str, int]:
    return {part: min(n, sum(one.pieces for one in shelves if one.part == part)) for part, n in wanted.items()}


@given(st.dictionaries(st.sampled_from("ab"), st.integers(1, 6)), shelves_of_three)
def test_all_that_can_be_had_comes_in_the_fewest_shipments(wanted: dict[str, int], shelves: list[Shelf]) -> None:
    takes = allocate(wanted, shelves)
    has = {(one.part, one.location): one.pieces for one in shelves}
    assert all(0 < pieces <= has[key] for key, pieces in takes.items())
    best = able(wanted, shelves)
    assert {part: sum(n for key, n in takes.items() if key[0] == part) for part in wanted} == best
    used, places = {place for _, place in takes}, sorted({one.location for one in shelves})
    for fewer in range(len(used)):
        for some in combinations(places, fewer):
            assert able(wanted, [one for one in shelves if one.location in some]) != best


def test_the_nearer_of_two_that_would_do_sends() -> None:
    shelves = [Shelf("a", "far", 9, 900.0), Shelf("a", "near", 2, 20.0)]
    assert allocate({"a": 2}, shelves) == {("a", "near"): 2}
    assert allocate({"a": 3}, shelves) == {("a", "far"): 3}
    assert allocate({"a": 10}, shelves) == {("a", "near"): 2, ("a", "far"): 8}


def test_among_very_many_places_the_fullest_are_taken_first() -> None:
    shelves = [Shelf("a", f"l{number:02}", number, float(number)) for number in range(1, 20)]
    assert allocate({"a": 40}, shelves) == {("a", "l19"): 19, ("a", "l18"): 18, ("a", "l03"): 3}


@pytest.mark.parametrize(
    ("near", "region", "km"),
    [
        (WUHAN, None, 0),
        (SHANGHAI, "CN-BJ", 688),
        (None, "CN-HB", SAME_REGION),
        (None, "CN-SH", SAME_COUNTRY),
        (None, "DE-BY", ELSEWHERE),
        (None, None, ELSEWHERE),
    ],
)
def test_distances_by_place_or_roughly_by_region(
    near: tuple[float, float] | None, region: str | None, km: float
) -> None:
    assert distance(Location("l", "o", "warehouse", "l", "l", WUHAN, "CN-HB"), near, region) == pytest.approx(km, abs=2)


def test_own_holds_count_shelves_do_not_ship_and_what_lacks_may_be_waited_for(database: Database) -> None:
    with database.unit() as unit:
        add_brand(unit)
        for place, where, ships in (("north", BEIJING, True), ("east", SHANGHAI, True), ("shop", SHANGHAI, False)):
            add_location(unit, place, place=where, ships=ships)
        add_part(unit, "p1")
        for place, pieces in (("north", 5), ("east", 2), ("shop", 9)):
            add_stock(unit, "p1", place, pieces)
        reserve(unit, {("p1", "east"): 2}, "cart", None)
        assert nearest(unit, {"p1": 2}, SHANGHAI).takes == {("p1", "north"): 2}
        mine = nearest(unit, {"p1": 2}, SHANGHAI, holder="cart")
        assert (mine.takes, set(mine.places), mine.missing) == ({("p1", "east"): 2}, {"east"}, {})
        assert nearest(unit, {"p1": 2}, SHANGHAI, collect_at=["shop"]).takes == {("p1", "shop"): 2}
        day = unit.now().date() + timedelta(days=4)
        expect_delivery(unit, "org", "Velmora", ("p1", "east"), 6, day)
        assert nearest(unit, {"p1": 9}, None, "CN-SH").missing == {"p1": 4}
        waits = nearest(unit, {"p1": 9}, None, "CN-SH", back_order=["p1"])
        assert (waits.waits, waits.expected, waits.missing) == ({("p1", "east"): 4}, {("p1", "east"): day}, {})
