"""A part that comes later than its visit: another time is held by itself; the owner accepts it or keeps his own."""

from datetime import timedelta
from typing import Any

import pytest

from parts_catalog.stock import receive
from tests.aftersales.voices import Town
from tests.aftersales.world import GARAGE, SHELF, World, local

LATE = {"location": SHELF, "expected": "2026-11-27"}


@pytest.fixture
def visit(street: Town) -> dict[str, Any]:
    """A confirmed repair on Monday afternoon with an alternator from the shelf."""
    proposed = street.world.open()["appointment"]
    confirmed: dict[str, Any] = street.owner.post(f"appointments/{proposed['id']}/confirm")
    return confirmed


def offer_of(street: Town, visit: dict[str, Any]) -> dict[str, Any] | None:
    offer: dict[str, Any] | None = street.owner.get(f"appointments/{visit['id']}")["offer"]
    return offer


def test_a_late_part_proposes_a_new_time_and_both_sides_are_told_once(street: Town, visit: dict[str, Any]) -> None:
    answer = street.storekeeper.post("parts/alt_shelf/expected", LATE)
    assert answer["holds_touched"] == 1
    for _ in range(3):
        street.sweep()
    offer = offer_of(street, visit)
    assert offer is not None
    assert (offer["start"], offer["why"]) == (local("2026-11-27T08:30").isoformat(), "part_late")
    assert offer["reason_en"] == "The parts arrive on Friday"
    assert street.owner.told().count("part_late") == 1
    assert street.advisor.told().count("visit_at_risk") == 1
    kept = street.owner.get(f"appointments/{visit['id']}")
    assert (kept["start"], kept["state"]) == (visit["start"], "confirmed")
    assert street.world.reserved() == {"alt_shelf": 1, "belt": 1}
    assert street.world.occupied() == 4


def test_accepting_moves_the_visit_with_its_parts(street: Town, visit: dict[str, Any]) -> None:
    street.storekeeper.post("parts/alt_shelf/expected", LATE)
    street.sweep()
    offer = offer_of(street, visit)
    assert offer is not None
    moved = street.owner.post(f"appointments/{offer['id']}/confirm")
    assert (moved["id"], moved["start"], moved["state"]) == (visit["id"], offer["start"], "confirmed")
    assert moved["estimate"] == visit["estimate"]
    assert street.world.reserved() == {"alt_shelf": 1, "belt": 1}
    assert street.world.occupied() == 2
    street.sweep()
    assert offer_of(street, visit) is None


def test_keeping_leaves_the_visit_and_the_workshop_knows(street: Town, visit: dict[str, Any]) -> None:
    street.storekeeper.post("parts/alt_shelf/expected", LATE)
    street.sweep()
    offer = offer_of(street, visit)
    assert offer is not None
    street.owner.post(f"appointments/{offer['id']}/decline")
    street.sweep()
    assert offer_of(street, visit) is None
    kept = street.owner.get(f"appointments/{visit['id']}")
    assert (kept["start"], kept["state"]) == (visit["start"], "confirmed")
    assert "visit_kept" in street.advisor.told()
    assert street.world.occupied() == 2


def test_a_second_delay_is_told_again_and_replaces_the_first_proposal(street: Town, visit: dict[str, Any]) -> None:
    for day, start in (("2026-11-27", "2026-11-27T08:30"), ("2026-11-29", "2026-11-30T08:30")):  # a Sunday
        street.storekeeper.post("parts/alt_shelf/expected", LATE | {"expected": day})
        street.sweep()
        offer = offer_of(street, visit)
        assert offer is not None
        assert offer["start"] == local(start).isoformat()
    assert street.owner.told().count("part_late") == 2
    assert street.world.occupied() == 4


def test_a_proposal_that_is_not_answered_expires_and_the_visit_stays(street: Town, visit: dict[str, Any]) -> None:
    street.storekeeper.post("parts/alt_shelf/expected", LATE)
    street.sweep()
    offer = offer_of(street, visit)
    assert offer is not None
    assert offer["expires_at"] == visit["start"], "a choice ends when the visit begins"
    street.world.clock.advance(timedelta(hours=4))
    street.sweep()
    assert offer_of(street, visit) is None
    assert street.owner.get(f"appointments/{visit['id']}")["state"] == "confirmed"
    assert street.world.occupied() == 2


def test_pieces_that_come_in_time_change_nothing(street: Town, visit: dict[str, Any]) -> None:
    street.storekeeper.post("parts/alt_shelf/expected", LATE | {"expected": "2026-11-23"})
    street.sweep()
    assert offer_of(street, visit) is None
    assert "part_late" not in street.owner.told()


@pytest.mark.parametrize("how", ["an earlier day", "they are here"])
def test_pieces_that_come_in_time_after_all_take_the_proposal_back(
    street: Town, visit: dict[str, Any], how: str
) -> None:
    street.storekeeper.post("parts/alt_shelf/expected", LATE)
    street.sweep()
    assert offer_of(street, visit) is not None
    if how == "they are here":
        with street.world.database.unit() as unit:
            receive(unit, GARAGE, "alt_shelf", SHELF, 1)
    else:
        street.storekeeper.post("parts/alt_shelf/expected", LATE | {"expected": "2026-11-23"})
    for _ in range(2):
        street.sweep()
    assert offer_of(street, visit) is None
    assert street.owner.told().count("part_in_time") == 1
    assert street.world.occupied() == 2
    other = street.owner.slots(case=visit["case"])[0]
    street.owner.post(f"appointments/{visit['id']}/reschedule", {"slot": other["id"]})


def test_only_the_owner_of_the_pieces_says_when_they_come(street: Town, visit: dict[str, Any]) -> None:
    street.owner.post("parts/alt_shelf/expected", LATE, 403)
    street.technician.post("parts/alt_shelf/expected", LATE, 403)
    street.storekeeper.post("parts/alt_shelf/expected", {"location": "loc_central", "expected": "2026-11-27"}, 404)
    street.storekeeper.post("parts/nothing/expected", LATE, 404)
    for day in ("2026-11-01", "0001-01-01", "9999-12-31", "tomorrow"):
        street.storekeeper.post("parts/alt_shelf/expected", LATE | {"expected": day}, 422)


def test_a_new_visit_waits_for_pieces_that_are_known_to_come_later(street: Town, world: World) -> None:
    street.storekeeper.post("parts/belt/expected", LATE)
    street.storekeeper.post("parts/alt_shelf/expected", LATE)
    case = world.open()
    assert case["appointment"]["parts_ready_at"] is not None
    held = [line["part"] for line in case["appointment"]["estimate"]["lines"] if line["part"]]
    assert held == ["alt_central"], "what is there sooner is taken; what is merely recommended does not delay"
