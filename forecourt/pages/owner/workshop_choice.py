"""The workshops an owner chooses among: the nearest first, with rating, hours of today and earliest completion."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aftersales.visits.occupancy import local_day
from aftersales.visits.planning import place_of
from aftersales.workshop.calendars import spans_of
from aftersales.workshop.hours import Span
from aftersales.workshop.workshops import list_workshops, load_workshops
from forecourt.pages.readers import Reader
from foundation.database import UnitOfWork
from ingest.vehicles import Vehicle


@dataclass(frozen=True, slots=True)
class Choice:
    """One workshop: `earliest` is its first possible visit (the JSON of a slot), or None when it has none."""

    workshop: Mapping[str, Any]
    today: tuple[Span, ...]
    earliest: Mapping[str, Any] | None

    @property
    def id(self) -> str:
        return str(self.workshop["id"])


def choices(unit: UnitOfWork, reader: Reader, vehicle: Vehicle, slots: Iterable[Mapping[str, Any]]) -> list[Choice]:
    """Give the workshops that have one of the slots, the nearest first."""
    earliest: dict[str, Mapping[str, Any]] = {}
    for slot in slots:
        known = earliest.get(slot["workshop"]["id"])
        if known is None or slot["completion"] < known["completion"]:
            earliest[slot["workshop"]["id"]] = slot
    here = load_workshops(unit, list(earliest))
    now = unit.now()
    return [
        Choice(row, _still(spans_of(here[row["id"]], local_day(now, here[row["id"]].zone)), now), earliest[row["id"]])
        for row in list_workshops(unit, reader.actor, place_of(vehicle))
        if row["id"] in earliest
    ]


def _still(spans: Iterable[Span], now: datetime) -> tuple[Span, ...]:
    """Give the spans of a day that are not over yet."""
    return tuple(span for span in spans if span[1] > now)
