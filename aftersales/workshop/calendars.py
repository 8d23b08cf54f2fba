"""Which hours are worked: opening hours, special days, public holidays, and the shifts and absences of technicians."""

from collections.abc import Collection, Mapping
from datetime import date
from functools import lru_cache

import holidays

from aftersales.operations import Work
from aftersales.workshop.hours import WEEKDAYS, Hours, Span, meet, minute_of, open_spans, without
from aftersales.workshop.workshops import Technician, Workshop
from foundation.refusals import Invalid

FIRST_YEAR, LAST_YEAR = 2000, 2200


def reckonable(day: date) -> date:
    """Give a day that has neighbours in every zone; raises `Invalid` for one at the ends of what dates can be."""
    if not FIRST_YEAR <= day.year < LAST_YEAR:
        raise Invalid(
            f"a day lies between {FIRST_YEAR} and {LAST_YEAR}",
            why="day_out_of_range",
            told={"first": FIRST_YEAR, "last": LAST_YEAR},
        )
    return day


def hours_on(workshop: Workshop, day: date) -> Hours:
    """Give a workshop's hours on a local day: a special day decides, then a public holiday, then the weekday."""
    special = workshop.special_days.get(day.isoformat())
    if special is not None:
        return special
    return () if is_holiday(workshop, day) else weekly_hours(workshop.opening_hours, day)


def weekly_hours(week: Mapping[str, Hours], day: date) -> Hours:
    return week.get(WEEKDAYS[day.weekday()], ())


def shift_on(technician: Technician, day: date) -> Hours | None:
    """Give a technician's shift on a local day; None: whenever the workshop is open."""
    if technician.shifts is None:
        return None
    return technician.shifts.get(day.isoformat(), weekly_hours(technician.shifts, day))


def spans_of(workshop: Workshop, day: date) -> list[Span]:
    """Give the UTC spans in which a workshop is open on a local day."""
    return open_spans(workshop.zone, {}, {day.isoformat(): hours_on(workshop, day)}, day)


def working_spans(workshop: Workshop, technician: Technician, day: date) -> list[Span]:
    """Give the UTC spans in which a technician works on a local day of the workshop."""
    spans = meet(spans_of(workshop, day), shift_spans(workshop, technician, day))
    return without(spans, workshop.absences.get(technician.id, ()))


def shift_spans(workshop: Workshop, technician: Technician, day: date) -> list[Span]:
    """Give the UTC spans of a technician's shift on a local day, whether he is absent or not."""
    shift = shift_on(technician, day)
    if shift is None:
        return spans_of(workshop, day)
    return open_spans(workshop.zone, {}, {day.isoformat(): shift}, day)


def is_holiday(workshop: Workshop, day: date) -> bool:
    return workshop.country is not None and day in public_holidays(workshop.country, workshop.subdivision, day.year)


@lru_cache(maxsize=1024)
def public_holidays(country: str, subdivision: str | None, year: int) -> frozenset[date]:
    """Give the public holidays of a year, of the country where its subdivision is unknown.

    None where nobody knows them: no search may fail over a calendar.
    """
    try:
        return frozenset(holidays.country_holidays(country, subdiv=subdivision, years=year))
    except NotImplementedError:
        return frozenset() if subdivision is None else public_holidays(country, None, year)


def check_country(country: str | None, subdivision: str | None) -> None:
    """Raise `Invalid` for a country or subdivision whose holidays nobody knows."""
    known = holidays.list_supported_countries(include_aliases=False)
    if country is None and subdivision is None:
        return
    if country not in known or (subdivision is not None and subdivision not in known[country]):
        place = country if subdivision is None else f"{country}-{subdivision}"
        raise Invalid(
            f"no holidays are known of {place}; write a country as ISO 3166, such as CN or DE and BY",
            why="holidays_unknown",
            told={"place": place},
        )


def ends_the_same_day(workshop: Workshop, work: Work, people: Collection[Technician]) -> bool:
    """Say whether a visit may not stay over night: an ordinary day of one of the technicians is long enough for it."""
    return any(work.minutes <= _longest_day(workshop, person) for person in people)


def _longest_day(workshop: Workshop, technician: Technician) -> int:
    """Give the minutes of work that a technician's longest day of an ordinary week holds."""
    return max(
        _minutes(
            workshop.opening_hours.get(weekday, ()),
            None if technician.shifts is None else technician.shifts.get(weekday, ()),
        )
        for weekday in WEEKDAYS
    )


def _minutes(hours: Hours, shift: Hours | None) -> int:
    within = hours if shift is None else [(max(a, c), min(b, d)) for a, b in hours for c, d in shift]
    return sum(max(0, minute_of(closes) - minute_of(opens)) for opens, closes in within)
