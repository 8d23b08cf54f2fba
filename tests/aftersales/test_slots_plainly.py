"""The search by masks gives exactly what a plain enumeration gives, quarter hour by quarter hour."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aftersales.cases import Wish
from aftersales.operations import Work
from aftersales.visits.free_times import Taken
from aftersales.visits.slot_ids import SlotKey, read_slot
from aftersales.visits.slots import Slot, Wanted, bound_by, check_slot, find_free
from aftersales.workshop.calendars import ends_the_same_day, working_spans
from aftersales.workshop.hours import Hours
from aftersales.workshop.workshops import Bay, Loaner, Technician, Workshop
from foundation.refusals import Invalid
from tests.aftersales.world import garage

QUARTER = timedelta(minutes=15)
# Days around which clocks change, or holidays lie.
STARTS = {
    "Europe/Berlin": (datetime(2026, 10, 22, 9, 7, tzinfo=UTC), datetime(2026, 3, 26, 23, 0, tzinfo=UTC)),
    "America/New_York": (datetime(2026, 10, 30, 12, 0, tzinfo=UTC), datetime(2027, 3, 12, 2, 30, tzinfo=UTC)),
    "Asia/Shanghai": (datetime(2026, 9, 24, 16, 1, tzinfo=UTC), datetime(2027, 2, 3, 0, 0, tzinfo=UTC)),
}
COUNTRIES = {"Europe/Berlin": "DE", "America/New_York": "US", "Asia/Shanghai": "CN"}
DAYS: tuple[Hours, ...] = (
    (),
    [["08:30", "12:00"], ["13:00", "18:00"]],
    [["00:00", "06:15"]],
    [["01:00", "02:30"], ["02:30", "03:15"], ["22:00", "24:00"]],
)
WEEK = st.fixed_dictionaries(
    dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), st.sampled_from(DAYS))
)  # fmt: skip


@dataclass
class Plain:
    """One visit as the enumeration finds it."""

    start: datetime
    end: datetime
    technician: str
    bay: str
    loaner: str | None
    worked: list[datetime]


Busy = dict[str, set[datetime]]


def plainly(workshop: Workshop, wanted: Wanted, busy: Busy) -> Iterator[Plain]:
    """Try every quarter hour with every technician, then every bay and loaner."""
    work = wanted.work
    people = workshop.technicians_for(work)
    first = wanted.not_before.astimezone(workshop.zone).date()
    days = [first + timedelta(days=number) for number in range(30)]
    works = {person.id: quarters(workshop, person, days) for person in people}
    same_day = ends_the_same_day(workshop, work, people)
    for start in sorted(set().union(*works.values())):
        day = start.astimezone(workshop.zone).date()
        if start < wanted.earliest(workshop) or (wanted.latest_day is not None and day > wanted.latest_day):
            continue
        options = []
        for number, person in enumerate(people):
            worked = [quarter for quarter in works[person.id] if quarter >= start][: work.minutes // 15]
            if len(worked) < work.minutes // 15 or worked[0] != start or busy[person.id] & set(worked):
                continue
            if not same_day or worked[-1].astimezone(workshop.zone).date() == day:
                options.append((worked[-1] + QUARTER, number, worked))
        if not options:
            continue
        end, number, worked = min(options)
        before, after = timedelta(minutes=work.before), timedelta(minutes=work.after)
        free = [bay for bay in workshop.bays_for(work) if untouched(busy[bay.id], start - before, end + after)]
        cars = [car for car in workshop.loaners if untouched(busy[car.id], start, end)]
        if free and (cars or not wanted.loaner):
            car = cars[0].id if wanted.loaner else None
            yield Plain(start, end, people[number].id, free[0].id, car, worked)


def quarters(workshop: Workshop, person: Technician, days: list[date]) -> list[datetime]:
    found = []
    for day in days:
        for opens, closes in working_spans(workshop, person, day):
            at = datetime.fromtimestamp(-(-opens.timestamp() // 900) * 900, UTC)
            while at + QUARTER <= closes:
                found.append(at)
                at += QUARTER
    return found


def untouched(busy: set[datetime], start: datetime, end: datetime) -> bool:
    return not any(start <= quarter < end for quarter in busy)


@st.composite
def searches(draw: st.DrawFn) -> tuple[Workshop, Wanted, Busy]:
    zone = draw(st.sampled_from(sorted(STARTS)))
    now = draw(st.sampled_from(STARTS[zone]))
    today = now.astimezone(ZoneInfo(zone)).date()
    day = st.integers(0, 31).map(lambda number: today + timedelta(days=number))
    special = draw(st.dictionaries(day.map(date.isoformat), st.sampled_from(DAYS), max_size=3))
    shifts = st.none() | st.builds(lambda week, some: week | some, WEEK, st.just(special))
    skills = st.sampled_from([frozenset("a"), frozenset("ab")])
    team = [Technician(f"t{n}", "", "", draw(skills), draw(shifts)) for n in range(draw(st.integers(1, 3)))]
    bays = [Bay(f"b{n}", str(n), draw(skills)) for n in range(draw(st.integers(1, 3)))]
    cars = [Loaner(f"c{n}", str(n)) for n in range(draw(st.integers(0, 2)))]
    everything = [*(one.id for one in team), *(one.id for one in bays), *(one.id for one in cars)]
    minute = st.integers(-1000, 31 * 1440).map(lambda number: now + timedelta(minutes=number))
    away = st.tuples(minute, st.integers(1, 4000)).map(lambda one: (one[0], one[0] + timedelta(minutes=one[1])))
    absences = draw(st.dictionaries(st.sampled_from(everything), st.tuples(away), max_size=2))
    workshop = replace(
        garage(),
        zone=ZoneInfo(zone),
        opening_hours=draw(WEEK),
        special_days=special,
        country=draw(st.sampled_from([None, COUNTRIES[zone]])),
        bays=tuple(bays),
        technicians=tuple(team),
        loaners=tuple(cars),
        absences=absences,
    )
    need = draw(skills)
    buffers = draw(st.sampled_from([(0, 0), (15, 30), (0, 1440)]))
    work = Work(15 * draw(st.integers(1, 24) | st.integers(25, 150)), need, need, *buffers)
    ready = {workshop.id: now + timedelta(minutes=draw(st.integers(0, 9999)))} if draw(st.booleans()) else {}
    wanted = Wanted(work, Wish.REPAIR, now, ready, draw(st.none() | day), loaner=draw(st.booleans()))
    busy: Busy = {one: set() for one in everything}
    first = datetime.fromtimestamp(now.timestamp() // 900 * 900, UTC)
    taken = st.tuples(st.sampled_from(everything), st.integers(-96, 2900), st.integers(1, 200))
    for one, start, length in draw(st.lists(taken, max_size=12)):
        busy[one] |= {first + number * QUARTER for number in range(start, start + length)}
    return workshop, wanted, busy


def columns(busy: Busy) -> Taken:
    taken = {}
    for one, spans in busy.items():
        at = np.array(sorted(int(quarter.timestamp()) // 900 for quarter in spans), np.int64)
        taken[one] = at, at + 1
    return taken


def both(workshop: Workshop, wanted: Wanted, busy: Busy) -> tuple[list[Slot], list[Plain]]:
    """Give what search and enumeration find, with absences of bays and loaners busy for the enumeration."""
    slots = find_free([workshop], wanted, columns(busy), 100_000)
    seen = {one: set(spans) for one, spans in busy.items()}
    for one, away in workshop.absences.items():
        for begin, end in away:
            at = datetime.fromtimestamp(begin.timestamp() // 900 * 900, UTC)
            while at < end and not one.startswith("t"):
                seen[one].add(at)
                at += QUARTER
    found = sorted(plainly(workshop, wanted, seen), key=lambda one: (one.end, one.start))
    return slots, found


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(searches())
def test_the_search_gives_what_plain_enumeration_gives(search: tuple[Workshop, Wanted, Busy]) -> None:
    workshop, wanted, busy = search
    slots, found = both(workshop, wanted, busy)
    given_ = [(one.start, one.end, one.technician.id, one.bay.id, one.loaner and one.loaner.id) for one in slots]
    assert given_ == [(one.start, one.end, one.technician, one.bay, one.loaner) for one in found]
    for limit in (1, 5, 50):
        assert find_free([workshop], wanted, columns(busy), limit) == slots[:limit], (
            "the first days are looked at alone"
        )
    for slot, plain in zip(slots[::50], found[::50], strict=True):
        worked = [a + n * QUARTER for a, b in slot.worked for n in range(int((b - a) / QUARTER))]
        assert worked == plain.worked
        again = check_slot(workshop, read_slot(slot.id), wanted.work, wanted.not_before)
        assert (again.end, again.takes) == (slot.end, slot.takes)
        assert bound_by(again, wanted, columns(busy)).bound == slot.bound


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(searches(), st.integers(0, 2880))
def test_a_slot_is_accepted_just_where_nothing_but_bookings_is_in_the_way(
    search: tuple[Workshop, Wanted, Busy], quarter: int
) -> None:
    workshop, wanted, busy = search
    wanted = replace(wanted, parts_ready={}, latest_day=None)
    first = datetime.fromtimestamp(wanted.not_before.timestamp() // 900 * 900, UTC)
    start = first + quarter * QUARTER
    cars = workshop.loaners if wanted.loaner else (None,)
    for person, bay, car in product(workshop.technicians, workshop.bays, cars):
        alone = replace(workshop, technicians=(person,), bays=(bay,), loaners=(car,) if car else ())
        # Whether work may stay over night is for the whole team to say.
        same_day = ends_the_same_day(workshop, wanted.work, workshop.technicians_for(wanted.work))
        if ends_the_same_day(alone, wanted.work, alone.technicians_for(wanted.work)) != same_day:
            continue
        offered = {one.start for one in both(alone, wanted, {key: set() for key in busy})[1]}
        key = SlotKey(workshop.id, start, wanted.work.minutes, wanted.wish, bay.id, person.id, car.id if car else None)
        if start in offered:
            assert check_slot(workshop, key, wanted.work, wanted.not_before).start == start
        else:
            with pytest.raises(Invalid):
                check_slot(workshop, key, wanted.work, wanted.not_before)
