"""The port to whoever carries parcels, and a simulated carrier that keeps to its timetable unless told to be late."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Protocol

from foundation.refusals import Invalid


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is given to a carrier: a shipment's id, and how far it goes (None: nobody knows)."""

    shipment: str
    distance_km: int | None


class Whereabouts(StrEnum):
    ON_ITS_WAY = "on_its_way"
    DELIVERED = "delivered"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Tracked:
    """What a carrier says of a parcel, and since when it is so."""

    where: Whereabouts
    since: datetime


class Carrier(Protocol):
    """A carrier. No method is called while a lock of the database is held; each may be called again.

    `days` is a quote without any obligation: how many days after it is handed over a parcel arrives. `book` gives the
    tracking number; the same shipment has the same number, however often it is booked. `track` says where it is.
    """

    @property
    def name(self) -> str: ...

    def days(self, distance_km: int | None) -> int: ...

    def book(self, parcel: Parcel, now: datetime) -> str: ...

    def track(self, number: str, now: datetime) -> Tracked: ...


# Up to so many kilometres: so many days. Beyond the last row, and where the distance is unknown, `FAR`.
TIMETABLE = ((150, 1), (800, 2), (1800, 3))
FAR = 5
EARLY_H = 12  # a parcel that is on time comes up to so many hours before its day is over


def punctual(_: Parcel) -> timedelta:
    return timedelta()


class SimulatedCarrier:
    """Carries by the timetable above; the same parcel always takes the same time. Its numbers say it all.

    `delay` gives what a parcel takes longer than was quoted: for tests and demonstrations of lateness.
    """

    name = "simulated"

    def __init__(self, delay: Callable[[Parcel], timedelta] = punctual) -> None:
        self._delay = delay

    def days(self, distance_km: int | None) -> int:
        if distance_km is None:
            return FAR
        return next((days for reach, days in TIMETABLE if distance_km <= reach), FAR)

    def book(self, parcel: Parcel, now: datetime) -> str:
        digest = hashlib.sha256(parcel.shipment.encode()).hexdigest()
        early = int(digest[:4], 16) % EARLY_H
        hours = self.days(parcel.distance_km) * 24 - early + round(self._delay(parcel) / timedelta(hours=1))
        return f"SIM-{int(now.timestamp())}-{hours}-{digest[:8]}"

    def track(self, number: str, now: datetime) -> Tracked:
        booked, hours = _read(number)
        arrives = booked + timedelta(hours=hours)
        if now < arrives:
            return Tracked(Whereabouts.ON_ITS_WAY, booked)
        return Tracked(Whereabouts.DELIVERED, arrives)


def _read(number: str) -> tuple[datetime, int]:
    match number.split("-"):
        case ["SIM", booked, hours, _] if booked.isdecimal() and hours.isdecimal():
            return datetime.fromtimestamp(int(booked), UTC), int(hours)
    raise Invalid(f"{number} is no number of the simulated carrier", why="no_carrier_number", told={"written": number})
