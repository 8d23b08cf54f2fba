"""The earliest completions at 50 workshops with 10 bays and 15 technicians each, over 30 half booked days."""

import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from material import best

from aftersales.cases import Wish
from aftersales.operations import Work
from aftersales.visits.free_times import HORIZON_DAYS, Taken, Window, times_at
from aftersales.visits.slots import Wanted, find_free
from aftersales.workshop.calendars import working_spans
from aftersales.workshop.hours import Hours, Span, end_of_work
from aftersales.workshop.workshops import Bay, Technician, Timing, Workshop

WORKSHOPS, BAYS, TECHNICIANS, LIMIT = 50, 10, 15, 50
NOW = datetime(2026, 10, 20, 3, 10, tzinfo=UTC)  # the clocks change in two of the zones
QUARTER = timedelta(minutes=15)
PLACES = (("Asia/Shanghai", "CN"), ("Europe/Berlin", "DE"), ("America/New_York", "US"))
DAY: Hours = [["08:00", "12:00"], ["12:30", "18:00"]]
WEEK = dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat"), DAY)
EARLY, LATE = (
    dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), hours) for hours in ([["08:00", "15:00"]], [["10:00", "18:00"]])
)
SKILLS = frozenset(["general"])
Busy = dict[str, tuple[list[datetime], list[datetime]]]  # by resource: beginnings and ends, in order
Found = tuple[datetime, datetime, str, str, str]  # completion, start, workshop, technician, bay


def workshop(number: int) -> Workshop:
    zone, country = PLACES[number % len(PLACES)]
    shifts = (None, EARLY, LATE)
    people = (
        Technician(f"t{number}_{one:02}", "", "", SKILLS, shifts[one % len(shifts)]) for one in range(TECHNICIANS)
    )
    return Workshop(
        f"w{number:02}", "", "", "", (0.0, 0.0), ZoneInfo(zone), "CNY", 0, 0, WEEK, {}, "",
        tuple(Bay(f"b{number}_{one:02}", "", frozenset()) for one in range(BAYS)), tuple(people), country,
        services={"repair": Timing(None, 15, 15)},
    )  # fmt: skip


def book_half(workshops: list[Workshop]) -> tuple[Taken, Busy]:
    """Give every second hour of every bay and technician away, in visits of one to three hours."""
    random = np.random.default_rng(7)
    first, length = int(NOW.timestamp()) // 900, (HORIZON_DAYS + 1) * 96
    taken: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    busy: Busy = {}
    for one in workshops:
        resources: list[Bay | Technician] = [*one.bays, *one.technicians]
        for resource in resources:
            steps = np.cumsum(random.integers(4, 13, length // 8))
            steps = steps[: len(steps) // 2 * 2] + first
            taken[resource.id] = steps[::2], steps[1::2]
            begins, ends = ([datetime.fromtimestamp(int(at) * 900, UTC) for at in half] for half in taken[resource.id])
            busy[resource.id] = begins, ends
    return taken, busy


def plain(workshops: list[Workshop], wanted: Wanted, busy: Busy) -> list[Found]:
    """Enumerate as one would write it by hand: every start, the technicians by completion, the first free bay."""
    return sorted(found for one in workshops for found in visits(one, wanted, busy))[:LIMIT]


def visits(one: Workshop, wanted: Wanted, busy: Busy) -> Iterator[Found]:
    work = one.timed(wanted.work, wanted.wish)
    bays, people = one.bays_for(work), one.technicians_for(work)
    # Who works the same shift is done at the same time.
    teams: dict[int, list[Technician]] = {}
    for person in people:
        teams.setdefault(id(person.shifts), []).append(person)
    order = {person.id: number for number, person in enumerate(people)}
    before, after = timedelta(minutes=work.before), timedelta(minutes=work.after)
    today = wanted.not_before.astimezone(one.zone).date()
    for number in range(HORIZON_DAYS):
        spans = [(team, working_spans(one, team[0], today + timedelta(days=number))) for team in teams.values()]
        for start in starts(spans, wanted.not_before):
            ends = [(end_of_work(day, start, work.minutes), team) for team, day in spans]
            options = [(end, order[person.id], person) for end, team in ends if end is not None for person in team]
            for end, _, person in sorted(options, key=lambda option: option[:2]):
                if free(busy[person.id], start, end):
                    bay = next((bay for bay in bays if free(busy[bay.id], start - before, end + after)), None)
                    if bay is not None:
                        yield end, start, one.id, person.id, bay.id
                    break


def starts(spans: list[tuple[list[Technician], list[Span]]], not_before: datetime) -> list[datetime]:
    found = set()
    for _, day in spans:
        for opens, closes in day:
            found |= {opens + n * QUARTER for n in range(int((closes - opens) / QUARTER))}
    return sorted(start for start in found if start >= not_before)


def free(taken: tuple[list[datetime], list[datetime]], start: datetime, end: datetime) -> bool:
    begins, ends = taken
    return bisect_left(begins, end) == bisect_right(ends, start)


def main() -> None:
    workshops = [workshop(number) for number in range(WORKSHOPS)]
    taken, busy = book_half(workshops)
    wanted = Wanted(Work(0, SKILLS, frozenset(), operations=(("repair", 90.0),)), Wish.REPAIR, NOW, {})

    def ours() -> list[Found]:
        return [
            (slot.end, slot.start, slot.workshop.id, slot.technician.id, slot.bay.id)
            for slot in find_free(workshops, wanted, taken, LIMIT)
        ]

    ours_first, theirs_first = ours(), plain(workshops, wanted, busy)
    if sorted(ours_first) != theirs_first:
        raise AssertionError("the two searches give different slots")
    took, empty = best(ours, 100), best(lambda: None, 100)
    theirs = best(lambda: plain(workshops, wanted, busy), 3)

    def every_start() -> list[int]:
        teams, window = [wanted.team(one) for one in workshops], Window(NOW)
        return [int(times_at(team, window, taken, NOW).offered.sum()) for team in teams]

    if sum(every_start()) != sum(1 for one in workshops for _ in visits(one, wanted, busy)):
        raise AssertionError("the two searches give different numbers of starts")
    what = f"{WORKSHOPS} workshops x {BAYS} bays x {TECHNICIANS} technicians x {HORIZON_DAYS} days"
    results = [
        {"name": f"free slots at {what}", "value": theirs / took, "unit": "x",
         "against": "plain Python enumeration of the same slots", "wanted": ">= 50"},
        {"name": "every free start of the 30 days", "value": theirs / best(every_start, 5), "unit": "x",
         "against": "the same enumeration", "wanted": None},
        {"name": "one search", "value": 1000 * (took - empty), "unit": "ms", "against": "an empty function",
         "wanted": None},
    ]  # fmt: skip
    print(json.dumps(results))


if __name__ == "__main__":
    main()
