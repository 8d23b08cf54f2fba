"""Free slots of one visit by plain enumeration: quarter-hour starts over two weeks in each workshop's own days."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from aftersales.cases import Wish
from aftersales.hours import Span, end_of_work, open_spans, working_minutes
from aftersales.occupancy import Busy, busy_spans, is_free, local_day
from aftersales.operations import GRID_MIN, Work
from aftersales.reasons import Reason, reason, weekday_reason
from aftersales.slot_ids import NO_SLOT, SlotKey, write_slot
from aftersales.workshops import Bay, Place, Technician, Workshop, distance_km, workshop_summary
from foundation.database import UnitOfWork
from foundation.refusals import Invalid

HORIZON_DAYS = 14
REACHABLE_KM = 150.0
TRAVEL_KM_H = 40.0
_GRID = timedelta(minutes=GRID_MIN)


@dataclass(frozen=True, slots=True)
class Slot:
    """A visit that is possible now: the bay and technician are chosen, `reason` says what binds its time."""

    workshop: Workshop
    start: datetime
    end: datetime
    minutes: int
    wish: Wish
    bay: Bay
    technician: Technician
    reason: Reason

    @property
    def id(self) -> str:
        return write_slot(
            SlotKey(self.workshop.id, self.start, self.minutes, self.wish, self.bay.id, self.technician.id)
        )

    @property
    def completion(self) -> datetime:
        """When the car is promised back."""
        return self.end

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
            "distance_km": round(distance_km(near, self.workshop.place), 1) if near else None,
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


def free_slots(unit: UnitOfWork, workshops: Iterable[Workshop], wanted: Wanted, limit: int = 50) -> list[Slot]:
    """Give free slots, earliest completion first; the way there and back counts when the car's place is known."""
    places = reachable(workshops, wanted.near)
    until = wanted.not_before + timedelta(days=HORIZON_DAYS + 1)
    busy = busy_spans(unit, [one.id for one in places], (wanted.not_before, until), wanted.apart_from_case)
    found = [slot for workshop in places for slot in _slots_at(workshop, busy, wanted)]

    def rank(slot: Slot) -> tuple[datetime, str]:
        return slot.completion + _way(slot.workshop, wanted.near), slot.workshop.id

    return sorted(found, key=rank)[:limit]


def reachable(workshops: Iterable[Workshop], near: Place | None) -> list[Workshop]:
    """Give the workshops within reach of the car, or else the nearest one; all of them if its place is unknown."""
    every = list(workshops)
    if near is None or not every:
        return every
    close = [one for one in every if distance_km(near, one.place) <= REACHABLE_KM]
    return close or [min(every, key=lambda one: distance_km(near, one.place))]


def check_slot(workshop: Workshop, key: SlotKey, work: Work, not_before: datetime) -> Slot:
    """Build the slot that an id names, after asking everything again that is true of a slot but for its being free.

    Raises `Invalid` for what is never offered: another length, off the grid, closed, past, or unfit resources.
    """
    bay = next((one for one in workshop.bays_for(work) if one.id == key.bay), None)
    technician = next((one for one in workshop.technicians_for(work) if one.id == key.technician), None)
    spans = spans_of(workshop, local_day(key.start, workshop.zone))
    end = end_of_work(spans, key.start, work.minutes)
    on_grid = any((key.start - opens) % _GRID == timedelta() for opens, closes in spans if opens <= key.start < closes)
    if bay is None or technician is None or end is None or not on_grid or key.minutes != work.minutes:
        raise Invalid(NO_SLOT)
    if not not_before <= key.start <= not_before + timedelta(days=HORIZON_DAYS + 1):
        raise Invalid("this slot lies in the past or too far ahead; ask for free slots again")
    return Slot(workshop, key.start, end, work.minutes, key.wish, bay, technician, reason("as_soon_as_open"))


def spans_of(workshop: Workshop, day: date) -> list[Span]:
    return open_spans(workshop.zone, workshop.opening_hours, workshop.special_days, day)


def why_none(workshops: Sequence[Workshop], work: Work, wanted: Wanted) -> Reason:
    """Say in words why there is no slot: nobody is equipped, no day is long enough, or all is taken."""
    equipped = [one for one in workshops if one.bays_for(work) and one.technicians_for(work)]
    if not equipped:
        return reason("no_workshop_equipped", skills=", ".join(sorted(work.skills | work.equipment)))
    longest = max(working_minutes(spans_of(one, day)) for one in equipped for day in _days(one, wanted))
    if longest < work.minutes:
        return reason("work_too_long", hours=work.minutes / 60)
    if wanted.latest_day is not None:
        return reason("no_slot_in_time", latest=wanted.latest_day.isoformat())
    return reason("no_slot", days=HORIZON_DAYS)


def _days(workshop: Workshop, wanted: Wanted) -> list[date]:
    first = local_day(wanted.not_before, workshop.zone)
    return [first + timedelta(days=number) for number in range(HORIZON_DAYS)]


def _slots_at(workshop: Workshop, busy: Busy, wanted: Wanted) -> list[Slot]:
    bays, people = workshop.bays_for(wanted.work), workshop.technicians_for(wanted.work)
    parts_ready = wanted.parts_ready.get(workshop.id, wanted.not_before)
    earliest = max(wanted.not_before, parts_ready)
    found: list[Slot] = []
    passed_over = False
    for start, end in _possible(workshop, wanted, earliest):
        bay = next((one for one in bays if is_free(busy, one.id, start, end)), None)
        person = next((one for one in people if is_free(busy, one.id, start, end)), None)
        if bay is None or person is None:
            passed_over = True
            continue
        if parts_ready > wanted.not_before:
            why = weekday_reason("parts_arrive", parts_ready.astimezone(workshop.zone).weekday())
        else:
            why = reason("first_free" if passed_over else "as_soon_as_open")
        found.append(Slot(workshop, start, end, wanted.work.minutes, wanted.wish, bay, person, why))
    return found


def _possible(workshop: Workshop, wanted: Wanted, earliest: datetime) -> Iterable[Span]:
    """Give start and end of every visit that the opening hours allow."""
    for day in _days(workshop, wanted):
        if wanted.latest_day is not None and day > wanted.latest_day:
            return
        spans = spans_of(workshop, day)
        for opens, closes in spans:
            start = opens
            while start < closes:
                end = end_of_work(spans, start, wanted.work.minutes) if start >= earliest else None
                if end is not None:
                    yield start, end
                start += _GRID


def _way(workshop: Workshop, near: Place | None) -> timedelta:
    return timedelta(hours=2 * distance_km(near, workshop.place) / TRAVEL_KM_H) if near else timedelta()
