"""Opening hours and slots without a database: breaks, special days, and days on which the clocks change."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftersales.cases import Wish
from aftersales.operations import Work
from aftersales.visits.slot_ids import SlotKey, read_slot, write_slot
from aftersales.visits.slots import Slot, Wanted, check_slot, find_free
from aftersales.workshop.hours import check_hours, end_of_work, open_spans
from aftersales.workshop.workshops import Workshop
from foundation.refusals import Invalid
from tests.aftersales.world import DAY, WEEK, garage, local

BERLIN, SHANGHAI = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Shanghai")
NEW_YORK = ZoneInfo("America/New_York")
ALL_NIGHT = {"sun": [["00:00", "06:00"]]}


def every(workshop: Workshop, wanted: Wanted, busy: dict[str, list[tuple[datetime, datetime]]]) -> list[Slot]:
    taken = {
        one: (
            np.array([int(a.timestamp()) // 900 for a, _ in spans]),
            np.array([int(b.timestamp()) // 900 for _, b in spans]),
        )
        for one, spans in busy.items()
    }
    return sorted(find_free([workshop], wanted, taken, 10_000), key=lambda slot: slot.start)


def test_work_goes_on_after_lunch() -> None:
    spans = open_spans(SHANGHAI, WEEK, {}, date(2026, 11, 23))
    assert end_of_work(spans, local("2026-11-23T11:30"), 60) == local("2026-11-23T13:30")
    assert end_of_work(spans, local("2026-11-23T08:30"), 510) == local("2026-11-23T18:00")
    assert end_of_work(spans, local("2026-11-23T08:45"), 510) is None, "the day is over before the work is"
    assert end_of_work(spans, local("2026-11-23T12:00"), 15) is None, "nothing starts in the break"
    assert end_of_work(spans, local("2026-11-23T18:00"), 15) is None


def test_a_special_day_replaces_its_weekday() -> None:
    assert open_spans(SHANGHAI, WEEK, {"2027-01-01": []}, date(2027, 1, 1)) == []
    worked_sunday = open_spans(SHANGHAI, WEEK, {"2026-11-29": [["09:00", "12:00"]]}, date(2026, 11, 29))
    assert worked_sunday == [(local("2026-11-29T09:00"), local("2026-11-29T12:00"))]


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        (BERLIN, date(2026, 3, 29), 5),
        (BERLIN, date(2026, 10, 25), 7),
        (BERLIN, date(2026, 11, 1), 6),
        (NEW_YORK, date(2027, 3, 14), 5),
        (NEW_YORK, date(2026, 11, 1), 7),
        (SHANGHAI, date(2026, 11, 1), 6),
    ],
)
def test_a_day_on_which_the_clocks_change_is_as_long_as_it_is(zone: ZoneInfo, day: date, hours: int) -> None:
    ((opens, closes),) = open_spans(zone, ALL_NIGHT, {}, day)
    assert closes - opens == timedelta(hours=hours)
    workshop = garage(zone=zone, opening_hours=ALL_NIGHT)
    before = opens - timedelta(hours=12)
    wanted = Wanted(Work(60, frozenset(), frozenset()), Wish.INSPECTION, before, {})
    night = [slot for slot in every(workshop, wanted, {}) if slot.start < before + timedelta(days=1)]
    assert len(night) == 4 * hours - 3, "so many starts of one real hour"
    assert all(later.start - slot.start == timedelta(minutes=15) for slot, later in pairwise(night))
    assert all(slot.end - slot.start == timedelta(hours=1) for slot in night)
    assert {check_slot(workshop, read_slot(slot.id), wanted.work, before).end for slot in night} == {
        slot.end for slot in night
    }


def test_slots_avoid_what_is_busy_and_take_the_next_bay() -> None:
    workshop = garage(bays=2)
    start, end = local("2026-11-23T14:00"), local("2026-11-23T15:00")
    wanted = Wanted(Work(60, frozenset(), frozenset()), Wish.INSPECTION, local("2026-11-23T13:00"), {})
    slots = {slot.start: slot for slot in every(workshop, wanted, {"bay_one_0": [(start, end)]})}
    assert slots[local("2026-11-23T13:00")].bay.id == "bay_one_0"
    assert slots[local("2026-11-23T13:15")].bay.id == "bay_one_1"
    assert slots[end].bay.id == "bay_one_0"
    both = {one: [(start, end)] for one in ("bay_one_0", "bay_one_1")}
    starts = {slot.start for slot in every(workshop, wanted, both)}
    assert start not in starts
    assert end in starts


@given(
    st.text(max_size=20),
    st.integers(0, 4_000_000_000),
    st.integers(1, 1440),
    st.text(),
    st.none() | st.text(min_size=1),
)
def test_a_slot_id_says_what_was_written(workshop: str, at: int, minutes: int, bay: str, car: str | None) -> None:
    key = SlotKey(workshop, datetime.fromtimestamp(at, UTC), minutes, Wish.REPAIR, bay, "t", car)
    assert read_slot(write_slot(key)) == key


@given(st.text(max_size=60))
def test_any_other_text_is_refused_as_a_slot(written: str) -> None:
    with pytest.raises(Invalid):
        read_slot(written)


@pytest.mark.parametrize(
    "hours",
    [
        [["12:00", "08:00"]],
        [["08:00", "12:00"], ["11:00", "18:00"]],
        [["08:00", "08:00"]],
        [["08:05", "12:00"]],
        [["8:00", "12:00"]],
        [["08:00", "24:15"]],
        [["08:00"]],
    ],
)
def test_hours_out_of_order_are_refused(hours: list[list[str]]) -> None:
    with pytest.raises(Invalid):
        check_hours(hours)
    check_hours(DAY)
    check_hours([["00:00", "24:00"]])
