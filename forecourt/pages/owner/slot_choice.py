"""Free slots as a person chooses them: by day, then workshop, then one start an hour."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from aftersales.visits.slot_search import SlotQuery, find_slots
from forecourt.pages.readers import Reader
from foundation.database import UnitOfWork

DAYS = 14
ALL = 5000  # more than all quarter-hour starts of a month at one workshop


@dataclass(slots=True)
class Place:
    """One workshop on one day, with its free starts."""

    workshop: Mapping[str, Any]
    distance_km: float | None
    slots: list[Mapping[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class Day:
    day: date
    places: dict[str, Place] = field(default_factory=dict)


def offered(unit: UnitOfWork, reader: Reader, query: SlotQuery) -> list[Day]:
    """Give the days on which the visit that is asked for is possible."""
    return by_day(find_slots(unit, reader.actor, reader.site.vehicles, query))


def by_day(slots: Iterable[Mapping[str, Any]]) -> list[Day]:
    """Sort slots (the JSON of the API) into days of their workshops' own zones; of each hour the first start."""
    days: dict[date, Day] = {}
    hours: set[tuple[str, date, int]] = set()
    for slot in sorted(slots, key=lambda one: str(one["start"])):
        workshop = slot["workshop"]
        start = datetime.fromisoformat(slot["start"]).astimezone(ZoneInfo(workshop["zone"]))
        hour = (workshop["id"], start.date(), start.hour)
        if hour in hours or (start.date() not in days and len(days) == DAYS):
            continue
        hours.add(hour)
        day = days.setdefault(start.date(), Day(start.date()))
        place = day.places.setdefault(workshop["id"], Place(workshop, slot["distance_km"]))
        place.slots.append(slot)
    for day in days.values():
        ranked = sorted(day.places.items(), key=lambda item: (item[1].distance_km or 0.0, item[0]))
        day.places = dict(ranked)
    return list(days.values())
