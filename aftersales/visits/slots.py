"""Free slots of one visit: the earliest completions among all that the workshops' calendars and bookings allow."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from aftersales.cases import Wish
from aftersales.operations import Work
from aftersales.visits.free_bits import Quanta
from aftersales.visits.free_times import (
    HORIZON_DAYS,
    PER_DAY,
    QUANTUM_S,
    Taken,
    Team,
    Times,
    Window,
    quantum_from,
    quantum_of,
    times_at,
)
from aftersales.visits.occupancy import SetupChanged, local_day, taken_quanta
from aftersales.visits.reasons import AS_SOON_AS_OPEN, Binding, Reason, reason
from aftersales.visits.slot_ids import NO_SLOT, SlotKey, write_slot
from aftersales.workshop.calendars import hours_on, weekly_hours
from aftersales.workshop.hours import Span
from aftersales.workshop.ratings import handicap_s
from aftersales.workshop.workshops import (
    Bay,
    Loaner,
    Place,
    Technician,
    Workshop,
    distance_km,
    load_workshop,
    rating_view,
    workshop_summary,
)
from foundation.database import UnitOfWork
from foundation.refusals import Invalid

REACHABLE_KM = 150.0
TRAVEL_KM_H = 40.0
FIRST_DAYS = (2, 8)  # most searches end here


@dataclass(frozen=True, slots=True)
class Slot:
    """A visit that is possible now, with all it takes; `bound` says what binds its time, `reason` does so in words.

    `work` has the workshop's own times; `worked`: when the technician works on it.
    """

    workshop: Workshop
    start: datetime
    end: datetime
    work: Work
    wish: Wish
    bay: Bay
    technician: Technician
    loaner: Loaner | None
    worked: tuple[Span, ...]
    bound: Binding

    @property
    def reason(self) -> Reason:
        return self.bound.told(self.technician.name_en, self.technician.name_zh)

    @property
    def key(self) -> SlotKey:
        return SlotKey(
            self.workshop.id,
            self.start,
            self.work.minutes,
            self.wish,
            self.bay.id,
            self.technician.id,
            self.loaner.id if self.loaner else None,
        )

    @property
    def id(self) -> str:
        return write_slot(self.key)

    @property
    def completion(self) -> datetime:
        """When the car is promised back."""
        return self.end

    @property
    def span(self) -> Span:
        """From when until when the bay is taken, buffers included: everything else lies within."""
        return self.start - timedelta(minutes=self.work.before), self.end + timedelta(minutes=self.work.after)

    @property
    def takes(self) -> list[tuple[str, Span]]:
        """Give what is taken when: the bay throughout, the loaner from drop-off to completion, the technician at work.

        In the order in which it is written: two bookings never wait for each other in a circle.
        """
        taken = [(self.bay.id, self.span), *((self.technician.id, span) for span in self.worked)]
        if self.loaner is not None:
            taken.append((self.loaner.id, (self.start, self.end)))
        return sorted(taken)

    def to_json(self, near: Place | None = None) -> dict[str, Any]:
        return {
            "id": self.id,
            "workshop": workshop_summary(self.workshop),
            "service": self.wish.value,
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "completion": self.completion.isoformat(),
            "bay": {"id": self.bay.id, "name": self.bay.name},
            "technician": {
                "id": self.technician.id,
                "name_en": self.technician.name_en,
                "name_zh": self.technician.name_zh,
            },
            "loaner": {"id": self.loaner.id, "name": self.loaner.name} if self.loaner else None,
            "distance_km": round(distance_km(near, self.workshop.place), 1) if near else None,
            **rating_view(self.workshop),
            "reason": self.reason["code"],
            "reason_en": self.reason["en"],
            "reason_zh": self.reason["zh"],
        }


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for. `parts_ready` says per workshop when the parts are there; no entry: nothing to wait for."""

    work: Work
    wish: Wish
    not_before: datetime
    parts_ready: Mapping[str, datetime]
    latest_day: date | None = None
    near: Place | None = None
    apart_from_case: str | None = None
    loaner: bool = False

    def team(self, workshop: Workshop) -> Team:
        return Team.of(workshop, workshop.timed(self.work, self.wish), self.loaner)

    def arrival(self, workshop: Workshop) -> datetime:
        """Give when the car can be at a workshop, parts or no parts."""
        return self.not_before + _way(workshop, self.near)

    def earliest(self, workshop: Workshop) -> datetime:
        arrival = self.arrival(workshop)
        return max(arrival, self.parts_ready.get(workshop.id, arrival))


def free_slots(unit: UnitOfWork, workshops: Iterable[Workshop], wanted: Wanted, limit: int = 50) -> list[Slot]:
    """Give free slots, earliest completion first; the way there and back counts when the car's place is known.

    So do, a little, the ratings of the workshops: see `rank_s`.
    """
    places = reachable(workshops, wanted.near)
    window = Window(wanted.not_before)
    taken = taken_quanta(unit, [one.id for one in places], window.span, wanted.apart_from_case)
    return find_free(places, wanted, taken, limit)


def find_free(workshops: Collection[Workshop], wanted: Wanted, taken: Taken, limit: int) -> list[Slot]:
    """Give the `limit` best slots that what is taken leaves free.

    The first days are looked at alone: nothing that begins behind them is done before they are over.
    """
    teams = [wanted.team(one) for one in sorted(workshops, key=lambda one: one.id)]
    equipped = [team for team in teams if team.technicians and team.bays]
    ways = np.array([rank_s(team.workshop, wanted.near) for team in equipped])
    for days in (*FIRST_DAYS, HORIZON_DAYS):
        window = Window(wanted.not_before, days)
        found = [times_at(team, window, taken, wanted.earliest(team.workshop), wanted.latest_day) for team in equipped]
        ranked = _ranked(found, ways, limit)
        over = [int(window.days(times.team.workshop.zone).midnight[-1]) + PER_DAY for times in found]
        bound = min((over * QUANTUM_S + way for over, way in zip(over, ways, strict=True)), default=0.0)
        if days == HORIZON_DAYS or (len(ranked) == limit and ranked[-1][0] < bound):
            break
    return [_slot(found[number], start, wanted) for _, number, start in ranked]


def _ranked(found: Sequence[Times], ways: npt.NDArray[np.float64], limit: int) -> list[tuple[float, int, int]]:
    """Give (completion and `rank_s` in seconds, number of the workshop, start) of the best slots, in order."""
    starts = [_best(times, limit) for times in found]
    number = np.repeat(np.arange(len(found)), [len(one) for one in starts])
    start = np.concatenate([np.zeros(0, np.int64), *starts])
    ends = [times.end[one] for times, one in zip(found, starts, strict=True)]
    rank = np.concatenate([np.zeros(0, np.int64), *ends]) * QUANTUM_S + ways[number]
    order = np.lexsort((start, number, rank))[:limit]
    return list(zip(rank[order].tolist(), number[order].tolist(), start[order].tolist(), strict=True))


def rank_s(workshop: Workshop, near: Place | None) -> float:
    """Give the seconds that a workshop's times are ranked behind their completion: the way both ways, and its rating.

    One number per workshop, so that the search weighs it without looking at any review.
    """
    return 2 * _way(workshop, near).total_seconds() + handicap_s(workshop)


def reachable(workshops: Iterable[Workshop], near: Place | None) -> list[Workshop]:
    """Give the workshops within reach of the car, or else the nearest one; all of them if its place is unknown."""
    every = list(workshops)
    if near is None or not every:
        return every
    close = [one for one in every if distance_km(near, one.place) <= REACHABLE_KM]
    return close or [min(every, key=lambda one: distance_km(near, one.place))]


def check_slot(workshop: Workshop, key: SlotKey, work: Work, not_before: datetime) -> Slot:
    """Build the slot that an id names, after asking everything again that is true of a slot but for its being free.

    What binds its time is for `bound_by` to say, who knows what is taken.

    Raises `Invalid` for what is never offered: another length, off the grid, closed, past, or unfit resources.
    """
    work = workshop.timed(work, key.wish)
    team = Team.of(workshop, work, key.loaner is not None)
    named = team.only(key.technician, key.bay, key.loaner)
    if not named.technicians or not named.bays or key.minutes != work.minutes:
        raise Invalid(NO_SLOT, why="no_slot")
    if not not_before <= key.start <= not_before + timedelta(days=HORIZON_DAYS + 1):
        raise Invalid("this slot lies in the past or too far ahead; ask for free slots again", why="slot_past_or_far")
    times = times_at(named, Window(not_before), {}, not_before)
    at, rest = divmod(int(key.start.timestamp()), QUANTUM_S)
    found = np.flatnonzero(times.offered & (times.quantum[times.start] == at - times.window.first))
    if rest or not len(found):
        raise Invalid(NO_SLOT, why="no_slot")
    return _build(times, int(found[0]), key.wish, AS_SOON_AS_OPEN)


def is_untaken(slot: Slot, taken: Taken) -> bool:
    """Say whether all that a slot takes is free."""
    for one, (begin, end) in slot.takes:
        first, last = taken.get(one, (np.zeros(0, np.int64),) * 2)
        if np.any((first < quantum_from(end)) & (quantum_of(begin) < last)):
            return False
    return True


def bound_by(slot: Slot, wanted: Wanted, taken: Taken) -> Slot:
    """Give the slot with what binds its time, by what is taken until then."""
    workshop = slot.workshop
    if slot.start < wanted.earliest(workshop):  # a wish goes on without its late parts, and a car may be nearer by now
        wanted = replace(wanted, near=None, parts_ready={})
    days = local_day(slot.end, workshop.zone) - local_day(wanted.not_before, workshop.zone)
    window = Window(wanted.not_before, days.days + 1)
    times = times_at(wanted.team(workshop), window, taken, wanted.earliest(workshop))
    number = np.searchsorted(times.quantum[times.start], quantum_from(slot.start) - window.first)
    return replace(slot, bound=_binding(times, int(number), wanted))


def look_again(unit: UnitOfWork, slot: Slot) -> Slot:
    """Give the slot at its workshop as it is by now. Raises `SetupChanged` when it would not be offered any more."""
    workshop = load_workshop(unit, slot.workshop.id)
    try:
        again = check_slot(workshop, slot.key, slot.work, min(unit.now(), slot.start))
    except Invalid as refusal:
        raise SetupChanged("the workshop cannot keep this time any more") from refusal
    if again.takes != slot.takes:
        raise SetupChanged("the workshop would work on it at other times by now")
    return again


def why_none(workshops: Sequence[Workshop], work: Work, wanted: Wanted) -> Reason:
    """Say in words why there is no slot: nobody is equipped, no time is long enough, or all is taken."""
    teams = [wanted.team(one) for one in workshops]
    equipped = [team for team in teams if team.technicians and team.bays]
    if not equipped:
        return reason("no_workshop_equipped", skills=", ".join(sorted(work.skills | work.equipment)))
    window = Window(wanted.not_before)
    if not any(len(times_at(team, window, {}, wanted.not_before).start) for team in equipped):
        return reason("work_too_long", hours=work.minutes / 60, days=HORIZON_DAYS)
    if wanted.latest_day is not None:
        return reason("no_slot_in_time", latest=wanted.latest_day.isoformat())
    return reason("no_slot", days=HORIZON_DAYS)


def _best(times: Times, limit: int) -> Quanta:
    starts = np.flatnonzero(times.offered)
    return starts[np.lexsort((starts, times.end[starts]))[:limit]]


def _slot(times: Times, number: int, wanted: Wanted) -> Slot:
    return _build(times, number, wanted.wish, _binding(times, number, wanted))


def _build(times: Times, number: int, wish: Wish, bound: Binding) -> Slot:
    team = times.team
    return Slot(
        team.workshop,
        times.begin(number),
        times.window.at(times.end[number]),
        team.work,
        wish,
        team.bays[times.bay[number]],
        team.technicians[times.technician[number]],
        None if team.loaners is None else team.loaners[times.loaner[number]],
        tuple(times.worked(number)),
        bound,
    )


def _binding(times: Times, number: int, wanted: Wanted) -> Binding:
    """Say what binds a slot's time: the parts, or the last thing before it that was in the way."""
    team, at = times.team, times.window.at
    workshop = team.workshop
    arrival, earliest = wanted.arrival(workshop), wanted.earliest(workshop)
    if earliest > arrival:
        return Binding("parts_arrive", local_day(earliest, workshop.zone))
    day = local_day(times.begin(number), workshop.zone)
    closed = _closed_before(workshop, local_day(arrival, workshop.zone), day)
    start = times.start[number]
    taken = np.flatnonzero(~times.offered[:number])
    # A technician is in the way, too, where the workshop is open and nobody who is fit is at work.
    there = int(np.searchsorted(times.quantum[:start], quantum_from(arrival) - times.window.first))
    idle = np.flatnonzero(~times.working[:, there:start].any(axis=0)) + there
    last = max(times.start[taken[-1]] if len(taken) else -1, idle[-1] if len(idle) else -1)
    if last >= 0 and (closed is None or closed < local_day(at(times.quantum[last]), workshop.zone)):
        if (len(idle) and idle[-1] == last) or times.technician[taken[-1]] < 0:
            alone = len(team.technicians) == 1
            return Binding("only_technician", day) if alone else Binding("first_free_technician")
        return Binding("first_free_bay") if times.bay[taken[-1]] < 0 else Binding("first_free_loaner", day)
    return Binding("closed_before", closed) if closed is not None else AS_SOON_AS_OPEN


def _closed_before(workshop: Workshop, first: date, day: date) -> date | None:
    """Give the last day before a slot's on which the workshop is closed out of the ordinary."""
    while day > first:
        day -= timedelta(days=1)
        if weekly_hours(workshop.opening_hours, day) and not hours_on(workshop, day):
            return day
    return None


def _way(workshop: Workshop, near: Place | None) -> timedelta:
    return timedelta(hours=distance_km(near, workshop.place) / TRAVEL_KM_H) if near else timedelta()
