"""All visits that are possible at a workshop, at once: over the quarter hours in which its technicians work.

A quantum is a quarter hour since the epoch; within a `Window` they are counted from its first. The car takes its bay
from the buffer before the start to the buffer after the completion, nights and breaks between included; it takes its
technician only while he works.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from aftersales.operations import GRID_MIN, Work
from aftersales.visits.free_bits import (
    BITS,
    NONE,
    Quanta,
    Taking,
    bits_of,
    lowest,
    taken_between,
    taken_bits,
    taken_during,
    words_for,
)
from aftersales.workshop.calendars import ends_the_same_day, is_holiday
from aftersales.workshop.hours import WEEKDAYS, Hours, Span, instant_of, minute_of
from aftersales.workshop.workshops import Bay, Loaner, Technician, Workshop

HORIZON_DAYS = 30
QUANTUM_S = GRID_MIN * 60
PER_DAY = 24 * 3600 // QUANTUM_S
_PEOPLE = 1 << 12  # more than any workshop has

Mask = npt.NDArray[np.bool_]
Taken = Mapping[str, Taking]  # by resource


def quantum_from(at: datetime) -> int:
    """Give the first quantum that begins at an instant or after it."""
    return -int(-at.timestamp() // QUANTUM_S)


def quantum_of(at: datetime) -> int:
    """Give the quantum that an instant lies in."""
    return int(at.timestamp() // QUANTUM_S)


def instant(quantum: int) -> datetime:
    return datetime.fromtimestamp(quantum * QUANTUM_S, UTC)


@dataclass(frozen=True, slots=True)
class Days:
    """Local days in order; `midnight` is the quantum each begins with, `odd` are those that have not 24 hours."""

    dates: Sequence[date]
    number: Mapping[str, int]  # by ISO date
    midnight: Quanta
    weekday: Quanta
    odd: Sequence[int]


@dataclass(frozen=True, slots=True)
class Opened:
    """The quanta in which a workshop is open, in order, with the number of the local day of each."""

    key: Hashable
    quantum: Quanta
    day: Quanta


@dataclass(frozen=True, slots=True)
class Course:
    """All that work can do by the calendar alone. A crew are the technicians who always work at the same time.

    `working` [crew, open quantum]: who works when. `start`: numbers of the open quanta in which work can begin.
    By way, which is a start with a crew, in the order of `start`: `way` is where it begins within `at_work`, the quanta
    of one crew behind the other; `crew`; `end`, the quantum after its completion. `first`: first way of each start.
    """

    working: Mask
    start: Quanta
    at_work: Quanta
    way: Quanta
    crew: Quanta
    end: Quanta
    first: Quanta


class Window:
    """The quanta of a search: its local days from `not_before` on, and a day more on either side for the buffers.

    What many workshops share, days of a zone and hours and shifts that are the same, is worked out once.
    """

    def __init__(self, not_before: datetime, days: int = HORIZON_DAYS) -> None:
        self.not_before = not_before
        self.number_of_days = days
        self.first = quantum_of(not_before) - PER_DAY
        self.count = (days + 2) * PER_DAY + PER_DAY // 24
        self._days: dict[str, Days] = {}
        self._opened: dict[Hashable, Opened] = {}
        self._courses: dict[Hashable, Course] = {}

    @property
    def span(self) -> Span:
        return instant(self.first), instant(self.first + self.count)

    def at(self, number: int | np.int64) -> datetime:
        """Give the instant with which a quantum of this window begins."""
        return instant(self.first + int(number))

    def days(self, zone: ZoneInfo) -> Days:
        """Give the local days on which visits lie."""
        found = self._days.get(zone.key)
        if found is None:
            today = self.not_before.astimezone(zone).date()
            dates = [today + timedelta(days=number) for number in range(self.number_of_days)]
            begins = [_midnight(zone, one) for one in dates]
            found = Days(
                dates,
                {one.isoformat(): number for number, one in enumerate(dates)},
                np.array([quantum for quantum, _ in begins]) - self.first,
                np.array([one.weekday() for one in dates]),
                [number for number, (_, regular) in enumerate(begins) if not regular],
            )
            self._days[zone.key] = found
        return found

    def opened(self, workshop: Workshop) -> Opened:
        """Give when a workshop is open: a special day decides, then a public holiday, then the weekday."""
        hours, special = workshop.opening_hours, workshop.special_days
        key = workshop.zone.key, repr(hours), repr(special), workshop.country, workshop.subdivision
        found = self._opened.get(key)
        if found is None:
            dates = self.days(workshop.zone).dates
            closed = [number for number, one in enumerate(dates) if is_holiday(workshop, one)]
            found = self._opened[key] = Opened(key, *self._hours(workshop.zone, hours, special, closed))
        return found

    def course(self, team: "Team", opened: Opened) -> Course:
        number = team.work.minutes // GRID_MIN
        crews = tuple((repr(one.shifts), away) for one, away in team.crews)
        key = opened.key, crews, number, team.same_day
        found = self._courses.get(key)
        if found is None:
            working = np.array([self._works(team.workshop.zone, *crew, opened) for crew in team.crews], bool)
            found = self._courses[key] = _course(opened, working, number, same_day=team.same_day)
        return found

    def _works(self, zone: ZoneInfo, technician: Technician, away: Sequence[Span], opened: Opened) -> Mask:
        """Give by open quantum whether a technician works."""
        working = np.ones(len(opened.quantum), bool)
        if technician.shifts is not None:
            on = np.zeros(self.count, bool)
            on[self._hours(zone, technician.shifts, technician.shifts, [])[0]] = True
            working = on[opened.quantum]
        for a, b in away:
            begin, end = quantum_of(a) - self.first, quantum_from(b) - self.first
            working &= (opened.quantum < begin) | (opened.quantum >= end)
        return working

    def _hours(
        self, zone: ZoneInfo, week: Mapping[str, Hours], special: Mapping[str, Hours], closed: Sequence[int]
    ) -> tuple[Quanta, Quanta]:
        """Give the quanta of hours by weekday, and the number of the local day of each; what is off the grid is cut.

        A date in `special` replaces its day's hours, of a closed day too.
        """
        days = self.days(zone)
        on = _grid([week.get(weekday, ()) for weekday in WEEKDAYS])[days.weekday]
        on[closed] = False
        replaced = [written for written in special if written in days.number]
        on[[days.number[written] for written in replaced]] = _grid([special[written] for written in replaced])
        on[days.odd] = False
        day, quarter = np.nonzero(on)
        if not days.odd:
            return days.midnight[day] + quarter, day
        number = np.full(self.count, -1)
        number[days.midnight[day] + quarter] = day
        for odd in days.odd:
            usual = () if odd in closed else week.get(WEEKDAYS[days.weekday[odd]], ())
            for opens, closes in special.get(days.dates[odd].isoformat(), usual):
                begin = quantum_from(instant_of(days.dates[odd], opens, zone)) - self.first
                number[begin : quantum_of(instant_of(days.dates[odd], closes, zone)) - self.first] = odd
        quantum = np.flatnonzero(number >= 0)
        return quantum, number[quantum]


@dataclass(frozen=True, slots=True)
class Team:
    """Who and what a visit can have at a workshop, in the order of preference.

    `crew` numbers the crew of each technician; `crews` has one of each and when he is away.
    """

    workshop: Workshop
    work: Work
    technicians: Sequence[Technician]
    bays: Sequence[Bay]
    loaners: Sequence[Loaner] | None  # None: none is wished
    same_day: bool
    crew: Sequence[int]
    crews: Sequence[tuple[Technician, tuple[Span, ...]]]

    @staticmethod
    def of(workshop: Workshop, work: Work, loaner: bool) -> "Team":
        """Gather who is fit for work whose times are settled."""
        people = workshop.technicians_for(work)
        cars = workshop.loaners if loaner else None
        same_day = ends_the_same_day(workshop, work, people)
        return Team(workshop, work, people, workshop.bays_for(work), cars, same_day, *_crews(workshop, people))

    def only(self, technician: str, bay: str, loaner: str | None) -> "Team":
        """Give the team with these alone; whether work may stay over night is still decided by all of them."""
        people = [one for one in self.technicians if one.id == technician]
        bays = [one for one in self.bays if one.id == bay]
        cars = None if self.loaners is None else [one for one in self.loaners if one.id == loaner]
        return Team(self.workshop, self.work, people, bays, cars, self.same_day, *_crews(self.workshop, people))


@dataclass(frozen=True, slots=True)
class Times:
    """The visits at a workshop by start; `start` has the numbers of the open quanta in which the calendar allows one.

    By start: `end` is the quantum after the completion, the earliest there is; `technician`, `bay`, `loaner` are
    numbers within the team, -1 where none is free. `quantum`: the open quanta, within the window. `working` [crew,
    open quantum]: who works when.
    """

    team: Team
    window: Window
    quantum: Quanta
    working: Mask
    start: Quanta
    end: Quanta
    technician: Quanta
    bay: Quanta
    loaner: Quanta

    @property
    def offered(self) -> Mask:
        """Where everything that a visit needs is free."""
        return self.loaner >= 0

    def begin(self, number: int) -> datetime:
        """Give when a visit begins."""
        return self.window.at(self.quantum[self.start[number]])

    def worked(self, number: int) -> list[Span]:
        """Give the spans in which the technician works on a visit."""
        first = self.start[number]
        mine = np.flatnonzero(self.working[self.team.crew[self.technician[number]], first:]) + first
        spans: list[list[int]] = []
        for quantum in self.quantum[mine[: self.team.work.minutes // GRID_MIN]].tolist():
            if spans and spans[-1][1] == quantum:
                spans[-1][1] += 1
            else:
                spans.append([quantum, quantum + 1])
        return [(self.window.at(begin), self.window.at(end)) for begin, end in spans]


def times_at(team: Team, window: Window, taken: Taken, earliest: datetime, latest: date | None = None) -> Times:
    """Find all visits of a team that begin at `earliest` or later, on the local day `latest` at the latest."""
    opened = window.opened(team.workshop)
    course = window.course(team, opened)
    people, bays, cars = len(team.technicians), len(team.bays), len(team.loaners or ())
    words = words_for(people + bays + cars)
    busy = taken_bits(_takings(team, taken), words, window.first, window.count)
    inside = _inside(window, team, opened, course, earliest, latest)
    start = course.start[inside]
    end, technician = _staffed(team, course, busy, inside)
    bay, loaner = np.full(len(start), -1), np.full(len(start), -1)
    found = np.flatnonzero(technician >= 0)
    before, after = team.work.before // GRID_MIN, team.work.after // GRID_MIN
    begin, until = opened.quantum[start[found]], end[found]
    free = ~taken_between(busy, begin - before, until + after)
    number = lowest(free & bits_of(range(people, people + bays), words)) - people
    bay[found] = np.where(number < bays, number, -1)
    if team.loaners is None:
        loaner = np.where(bay >= 0, 0, -1)
    else:
        free = ~taken_between(busy, begin, until)
        number = lowest(free & bits_of(range(people + bays, people + bays + cars), words)) - people - bays
        loaner[found] = np.where((bay[found] >= 0) & (number < cars), number, -1)
    return Times(team, window, opened.quantum, course.working, start, end, technician, bay, loaner)


def _staffed(team: Team, course: Course, busy: Quanta, inside: slice) -> tuple[Quanta, Quanta]:
    """Give by start the earliest completion with the technician it takes; -1 for both where nobody is free."""
    bits = [[0] * len(team.crews) for _ in busy]
    for one, crew in enumerate(team.crew):
        bits[one // BITS][crew] |= 1 << one % BITS
    members = np.array(bits, np.int64)
    first = course.first[inside]
    if not len(first):
        return first, first
    ways = slice(first[0], course.first[inside.stop] if inside.stop < len(course.first) else None)
    first = first - ways.start
    number = team.work.minutes // GRID_MIN
    working = taken_during(busy.take(course.at_work, axis=1), number)
    free = ~working.take(course.way[ways], axis=1) & members.take(course.crew[ways], axis=1)
    # One number for both, so that the least is the earliest completion and then the first technician.
    best = np.minimum.reduceat(course.end[ways] * _PEOPLE + lowest(free), first)
    found = best < NONE
    return np.where(found, best // _PEOPLE, -1), np.where(found, best % _PEOPLE, -1)


def _course(opened: Opened, working: Mask, number: int, *, same_day: bool) -> Course:
    """Find the ways of work of so many quanta: begun at one in which its crew works, it ends with the n-th of these."""
    length = len(opened.quantum)
    at_work = np.flatnonzero(working)
    first, last = at_work[: max(len(at_work) - number + 1, 0)], at_work[number - 1 :]
    crew = first // max(length, 1)
    start, finish = first - crew * length, last - crew * length
    fits = last < (crew + 1) * length
    if same_day:
        fits[fits] = opened.day[start[fits]] == opened.day[finish[fits]]
    way = np.flatnonzero(fits)
    way = way[np.argsort(start[way], kind="stable")]
    starts, begins = np.unique(start[way], return_index=True)
    quanta = opened.quantum[at_work % max(length, 1)]
    return Course(working, starts, quanta, way, crew[way], opened.quantum[finish[way]] + 1, begins)


def _crews(
    workshop: Workshop, people: Sequence[Technician]
) -> tuple[list[int], list[tuple[Technician, tuple[Span, ...]]]]:
    """Give the crew of each technician, and one of each crew with when he is away."""
    crew: list[int] = []
    crews: list[tuple[Technician, tuple[Span, ...]]] = []
    for person in people:
        away = workshop.absences.get(person.id, ())
        for number, (other, others) in enumerate(crews):
            if other.shifts == person.shifts and others == away:
                crew.append(number)
                break
        else:
            crew.append(len(crews))
            crews.append((person, away))
    return crew, crews


def _takings(team: Team, taken: Taken) -> list[tuple[int, Taking]]:
    """Give what is taken of a team, by number: technicians, bays, loaners. A technician's absence is in his crew's."""
    resources: list[Bay | Technician | Loaner] = [*team.technicians, *team.bays, *(team.loaners or ())]
    takings = [(number, taken[one.id]) for number, one in enumerate(resources) if one.id in taken]
    away = team.workshop.absences
    for number, one in enumerate(resources[len(team.technicians) :], len(team.technicians)):
        if one.id in away:
            begins, ends = zip(*away[one.id], strict=True)
            takings.append((number, (np.array([*map(quantum_of, begins)]), np.array([*map(quantum_from, ends)]))))
    return takings


def _inside(
    window: Window, team: Team, opened: Opened, course: Course, earliest: datetime, latest: date | None
) -> slice:
    """Give which of the calendar's starts lie between two times."""
    first = int(np.searchsorted(opened.quantum, quantum_from(earliest) - window.first))
    last = len(opened.quantum)
    if latest is not None:
        day = (latest - window.days(team.workshop.zone).dates[0]).days
        last = int(np.searchsorted(opened.day, day, side="right"))
    begin, end = np.searchsorted(course.start, [first, max(first, last)]).tolist()
    return slice(begin, end)


def _grid(days: Sequence[Hours]) -> Mask:
    """Give [day, quarter hour of the day]: when it is open."""
    on = np.zeros((len(days), PER_DAY), bool)
    for number, hours in enumerate(days):
        for opens, closes in hours:
            on[number, -(-minute_of(opens) // GRID_MIN) : minute_of(closes) // GRID_MIN] = True
    return on


@lru_cache(maxsize=4096)
def _midnight(zone: ZoneInfo, day: date) -> tuple[int, bool]:
    """Give the quantum with which a local day begins, and whether it has 24 hours."""
    begin, end = instant_of(day, "00:00", zone), instant_of(day, "24:00", zone)
    return quantum_of(begin), end - begin == timedelta(days=1)
