"""Opening hours and slots without a database: breaks, special days, and days on which the clocks change."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftersales.cases import Wish
from aftersales.hours import check_hours, end_of_work, open_spans
from aftersales.operations import Work
from aftersales.slot_ids import SlotKey, read_slot, write_slot
from aftersales.slots import Wanted, _slots_at, check_slot
from foundation.refusals import Invalid
from tests.aftersales.world import DAY, WEEK, garage, local

BERLIN, SHANGHAI = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Shanghai")
ALL_NIGHT = {"sun": [["00:00", "06:00"]]}


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


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 5), (date(2026, 10, 25), 7), (date(2026, 11, 1), 6)])
def test_a_day_on_which_the_clocks_change_is_as_long_as_it_is(day: date, hours: int) -> None:
    ((opens, closes),) = open_spans(BERLIN, ALL_NIGHT, {}, day)
    assert closes - opens == timedelta(hours=hours)


def test_slots_are_real_quarter_hours_across_the_change() -> None:
    workshop = garage(zone=BERLIN, opening_hours=ALL_NIGHT)
    before = datetime(2026, 10, 24, 12, tzinfo=UTC)
    wanted = Wanted(Work(60, frozenset(), frozenset()), Wish.INSPECTION, before, {})
    night = [slot for slot in _slots_at(workshop, {}, wanted) if slot.start < before + timedelta(days=1)]
    assert len(night) == 25, "seven hours hold 25 starts of one hour"
    assert all(slot.end - slot.start == timedelta(hours=1) for slot in night)
    assert {check_slot(workshop, read_slot(slot.id), wanted.work, before).end for slot in night} == {
        slot.end for slot in night
    }


def test_slots_avoid_what_is_busy_and_take_the_next_bay() -> None:
    workshop = garage(bays=2)
    start, end = local("2026-11-23T14:00"), local("2026-11-23T15:00")
    wanted = Wanted(Work(60, frozenset(), frozenset()), Wish.INSPECTION, local("2026-11-23T13:00"), {})
    slots = {slot.start: slot for slot in _slots_at(workshop, {"bay_one_0": [(start, end)]}, wanted)}
    assert slots[local("2026-11-23T13:00")].bay.id == "bay_one_0"
    assert slots[local("2026-11-23T13:15")].bay.id == "bay_one_1"
    assert slots[end].bay.id == "bay_one_0"
    both = {one: [(start, end)] for one in ("bay_one_0", "bay_one_1")}
    starts = {slot.start for slot in _slots_at(workshop, both, wanted)}
    assert start not in starts
    assert end in starts


@given(
    st.integers(0, 40),
    st.integers(1, 34),
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 8)), max_size=6),
)
def test_no_slot_overlaps_what_is_busy_or_leaves_the_hours(
    first: int, quarters: int, taken: list[tuple[int, int]]
) -> None:
    workshop = garage()
    monday = local("2026-11-23T08:00")
    quarter = timedelta(minutes=15)
    busy = {"tech_one_0": [(monday + a * quarter, monday + (a + n) * quarter) for a, n in taken]}
    work = Work(quarters * 15, frozenset(), frozenset())
    wanted = Wanted(work, Wish.REPAIR, monday + first * quarter, {})
    spans = {day: open_spans(SHANGHAI, WEEK, {}, date(2026, 11, day)) for day in range(23, 31)}
    for slot in _slots_at(workshop, busy, wanted):
        assert slot.start >= wanted.not_before
        assert all(slot.end <= lower or upper <= slot.start for lower, upper in busy["tech_one_0"])
        if (today := slot.start.astimezone(SHANGHAI).day) in spans:
            worked = sum(
                (max(timedelta(), min(slot.end, closes) - max(slot.start, opens)) for opens, closes in spans[today]),
                timedelta(),
            )
            assert worked == timedelta(minutes=work.minutes)


@given(st.text(max_size=20), st.integers(0, 4_000_000_000), st.integers(1, 1440), st.text())
def test_a_slot_id_says_what_was_written(workshop: str, at: int, minutes: int, bay: str) -> None:
    key = SlotKey(workshop, datetime.fromtimestamp(at, UTC), minutes, Wish.REPAIR, bay, "t")
    assert read_slot(write_slot(key)) == key


@given(st.text(max_size=60))
def test_any_other_text_is_refused_as_a_slot(written: str) -> None:
    with pytest.raises(Invalid):
        read_slot(written)


@pytest.mark.parametrize(
    "hours", [[["12:00", "08:00"]], [["08:00", "12:00"], ["11:00", "18:00"]], [["08:00", "08:00"]]]
)
def test_hours_out_of_order_are_refused(hours: list[list[str]]) -> None:
    with pytest.raises(Invalid):
        check_hours(hours)
    check_hours(DAY)
