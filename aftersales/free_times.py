"""All visits that are possible at a workshop, at once: masks of its technicians, bays and loaners by quarter hour.

A quantum is a quarter hour since the epoch; within a `Window` they are counted from its first. The car takes its bay
from the buffer before the start to the buffer after the completion, nights and breaks between included; it takes its
technician only while he works.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from aftersales.calendars import ends_the_same_day, hours_on, shift_on
from aftersales.hours import Hours, Span, instant_of, minute_of
from aftersales.operations import GRID_MIN, Work
from aftersales.workshops import Bay, Loaner, Technician, Workshop

HORIZON_DAYS = 30
QUANTUM_S = GRID_MIN * 60
PER_DAY = 24 * 3600 // QUANTUM_S

Quanta = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Taken = Mapping[str, tuple[Quanta, Quanta]]  # by resource: first quantum, and the one after the last, of each taking
_NONE: Quanta = np.zeros(0, np.int64)
_NEVER = np.iinfo(np.int64).max


def quantum_from(at: datetime) -> int:
    """Give the first quantum that begins at an instant or after it."""
    return -int(-at.timestamp() // QUANTUM_S)


def quantum_of(at: datetime) -> int:
    """Give the quantum that an instant lies in."""
    return int(at.timestamp() // QUANTUM_S)


def instant(quantum: int) -> datetime:
    return datetime.fromtimestamp(quantum * QUANTUM_S, UTC)


@dataclass(frozen=True, slots=True)
class Day:
    """A local day: its date, the number of the quantum it begins with, and whether it has 24 hours."""

    date: date
    midnight: int
    regular: bool


class Window:
    """The quanta of a search: its local days from `not_before` on, and a day more on either side for the buffers.

    What many workshops share, the days of a zone and the hours of a shift, is worked out once.
    """

    def __init__(self, not_before: datetime, days: int = HORIZON_DAYS) -> None:
        self.not_before = not_before
        self.number_of_days = days
        self.first = quantum_of(not_before) - PER_DAY
        self.count = (days + 2) * PER_DAY + PER_DAY // 24
        self._days: dict[str, list[Day]] = {}
        self._shifts: dict[tuple[str, str], Mask] = {}

    @property
    def span(self) -> Span:
        return instant(self.first), instant(self.first + self.count)

    def at(self, number: int | np.int64) -> datetime:
        """Give the instant with which a quantum of this window begins."""
        return instant(self.first + int(number))

    def days(self, zone: ZoneInfo) -> list[Day]:
        """Give the local days on which visits lie."""
        found = self._days.get(zone.key)
        if found is None:
            today = self.not_before.astimezone(zone).date()
            dates = [today + timedelta(days=number) for number in range(self.number_of_days)]
            found = [Day(one, (at := _midnight(zone, one))[0] - self.first, at[1]) for one in dates]
            self._days[zone.key] = found
        return found

    def on_shift(self, zone: ZoneInfo, technician: Technician) -> Mask:
        """Give when a technician's shifts are, whether the workshop is open or not."""
        key = zone.key, repr(technician.shifts)
        on = self._shifts.get(key)
        if on is None:
            on = np.zeros(self.count, bool)
            for day in self.days(zone):
                for begin, end in self.quanta(zone, day, shift_on(technician, day.date) or ()):
                    on[begin:end] = True
            self._shifts[key] = on
        return on

    def quanta(self, zone: ZoneInfo, day: Day, hours: Hours) -> list[tuple[int, int]]:
        """Give a local day's hours as quanta of this window; hours off the grid are cut to it."""
        spans = []
        for opens, closes in hours:
            if day.regular:
                begin, end = day.midnight - -minute_of(opens) // GRID_MIN, day.midnight + minute_of(closes) // GRID_MIN
            else:
                begin = quantum_from(instant_of(day.date, opens, zone)) - self.first
                end = quantum_of(instant_of(day.date, closes, zone)) - self.first
            if max(begin, 0) < end:
                spans.append((max(begin, 0), end))
        return spans


@dataclass(frozen=True, slots=True)
class Team:
    """Who and what a visit can have at a workshop, in the order of preference."""

    workshop: Workshop
    work: Work
    technicians: Sequence[Technician]
    bays: Sequence[Bay]
    loaners: Sequence[Loaner] | None  # None: none is wished
    same_day: bool

    @staticmethod
    def of(workshop: Workshop, work: Work, loaner: bool) -> "Team":
        """Gather who is fit for work whose times are settled."""
        people = workshop.technicians_for(work)
        cars = workshop.loaners if loaner else None
        return Team(workshop, work, people, workshop.bays_for(work), cars, ends_the_same_day(workshop, work, people))


@dataclass(frozen=True, slots=True)
class Times:
    """The visits at a workshop by start; every array runs over the quanta in which it is open, in order.

    `quantum`: number of the quantum within the window. `allowed`: opening hours and shifts let a visit start there.
    `end`: the quantum after the completion, the earliest there is. `technician`, `bay`, `loaner`: numbers within the
    team; -1 where none is free. `working` [technician, quantum]: who works when.
    """

    team: Team
    window: Window
    quantum: Quanta
    allowed: Mask
    end: Quanta
    technician: Quanta
    bay: Quanta
    loaner: Quanta
    working: Mask

    @property
    def offered(self) -> Mask:
        """Where everything that a visit needs is free."""
        return self.loaner >= 0

    def worked(self, start: int) -> list[Span]:
        """Give the spans in which the technician works on the visit that begins at a number of the arrays."""
        mine = np.flatnonzero(self.working[self.technician[start], start:]) + start
        spans: list[list[int]] = []
        for number in self.quantum[mine[: self.team.work.minutes // GRID_MIN]].tolist():
            if spans and spans[-1][1] == number:
                spans[-1][1] += 1
            else:
                spans.append([number, number + 1])
        return [(self.window.at(begin), self.window.at(end)) for begin, end in spans]


def times_at(team: Team, window: Window, taken: Taken, earliest: datetime, latest: date | None = None) -> Times:
    """Find all visits of a team that begin at `earliest` or later, on the local day `latest` at the latest."""
    quantum, day = _open(team.workshop, window)
    working = _working(team, window, quantum)
    people, bays = len(team.technicians), len(team.bays)
    resources: list[Bay | Technician | Loaner] = [*team.technicians, *team.bays, *(team.loaners or ())]
    busy = _taken(resources, team.workshop, window, taken)
    free = working & ~busy[:people, quantum]
    inside = quantum >= quantum_from(earliest) - window.first
    if latest is not None:
        inside &= day <= (latest - window.days(team.workshop.zone)[0].date).days
    allowed, end, technician = _staffed(team, (quantum, day), working, free, inside)
    bay = np.full(len(quantum), -1)
    starts = np.flatnonzero(technician >= 0)
    before, after = team.work.before // GRID_MIN, team.work.after // GRID_MIN
    bay[starts] = _first_free(busy[people : people + bays], quantum[starts] - before, end[starts] + after)
    loaner = np.where(bay >= 0, 0, -1)
    if team.loaners is not None:
        starts = np.flatnonzero(bay >= 0)
        loaner[starts] = _first_free(busy[people + bays :], quantum[starts], end[starts])
    return Times(team, window, quantum, allowed, end, technician, bay, loaner, working)


def _staffed(
    team: Team, opened: tuple[Quanta, Quanta], working: Mask, free: Mask, inside: Mask
) -> tuple[Mask, Quanta, Quanta]:
    """Give by start whether the calendar allows it, and the earliest completion with the technician it takes."""
    quantum, day = opened
    number, length = team.work.minutes // GRID_MIN, len(quantum)
    allowed, best = np.zeros(length, bool), np.full(length, _NEVER)
    # Everybody's working quanta one behind the other: work of n quanta ends with the n-th from its start.
    mine = np.flatnonzero(working)
    first, last = mine[: max(len(mine) - number + 1, 0)], mine[number - 1 :]
    who = first // max(length, 1)
    start, finish = first - who * length, last - who * length
    fits = (last < (who + 1) * length) & inside[start]
    if team.same_day:
        fits[fits] = day[start[fits]] == day[finish[fits]]
    allowed[start[fits]] = True
    done = np.concatenate([[0], np.cumsum(free.ravel()[mine])])
    fits &= done[number:][: len(first)] - done[: len(first)] == number
    start, who = start[fits], who[fits]
    size = max(len(team.technicians), 1)
    np.minimum.at(best, start, (quantum[finish[fits]] + 1) * size + who)
    found = best < _NEVER
    return allowed, np.where(found, best // size, -1), np.where(found, best % size, -1)


def _first_free(busy: Mask, begin: Quanta, end: Quanta) -> Quanta:
    """Give for each span the first resource that is free throughout; -1: none. `busy` is [resource, quantum]."""
    if not len(busy):
        return np.full(len(begin), -1)
    until = np.zeros((busy.shape[0], busy.shape[1] + 1), np.int32)
    np.cumsum(busy, axis=1, out=until[:, 1:])
    free = until[:, begin] == until[:, end]
    return np.where(free.any(axis=0), free.argmax(axis=0), -1)


def _taken(resources: Sequence[Bay | Technician | Loaner], workshop: Workshop, window: Window, taken: Taken) -> Mask:
    """Give [resource, quantum]: what is booked, or away."""
    width = window.count + 1
    rows, begins, ends = [], [_NONE], [_NONE]
    for number, one in enumerate(resources):
        spans = [taken[one.id]] if one.id in taken else []
        if one.id in workshop.absences:
            away = workshop.absences[one.id]
            spans.append((np.array([quantum_of(a) for a, _ in away]), np.array([quantum_from(b) for _, b in away])))
        for begin, end in spans:
            rows.append((number, len(begin)))
            begins.append(begin)
            ends.append(end)
    numbers = np.array(rows, np.int64).reshape(-1, 2)
    row, begin, end = np.repeat(*numbers.T), np.concatenate(begins) - window.first, np.concatenate(ends) - window.first
    inside = (end > 0) & (begin < window.count)
    offset = row[inside] * width
    size = len(resources) * width
    change = np.bincount(offset + np.maximum(begin[inside], 0), minlength=size)
    change -= np.bincount(offset + np.minimum(end[inside], window.count), minlength=size)
    return np.cumsum(change.reshape(-1, width)[:, :-1], axis=1) > 0


def _open(workshop: Workshop, window: Window) -> tuple[Quanta, Quanta]:
    """Give the quanta in which the workshop is open, and the number of the local day of each."""
    number = np.full(window.count, -1)
    for index, day in enumerate(window.days(workshop.zone)):
        for begin, end in window.quanta(workshop.zone, day, hours_on(workshop, day.date)):
            number[begin:end] = index
    quantum = np.flatnonzero(number >= 0)
    return quantum, number[quantum]


def _working(team: Team, window: Window, quantum: Quanta) -> Mask:
    """Give [technician, open quantum]: who works when."""
    working = np.ones((len(team.technicians), len(quantum)), bool)
    for number, person in enumerate(team.technicians):
        if person.shifts is not None:
            working[number] = window.on_shift(team.workshop.zone, person)[quantum]
        for a, b in team.workshop.absences.get(person.id, ()):
            working[number] &= (quantum < quantum_of(a) - window.first) | (quantum >= quantum_from(b) - window.first)
    return working


@lru_cache(maxsize=4096)
def _midnight(zone: ZoneInfo, day: date) -> tuple[int, bool]:
    """Give the quantum with which a local day begins, and whether it has 24 hours."""
    begin, end = instant_of(day, "00:00", zone), instant_of(day, "24:00", zone)
    return quantum_of(begin), end - begin == timedelta(days=1)
