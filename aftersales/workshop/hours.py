"""Opening hours: a workshop's local day as UTC spans, and the end of work that starts within them."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from foundation.refusals import Invalid

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Hours = Sequence[Sequence[str]]  # local "HH:MM" pairs of one day
Span = tuple[datetime, datetime]
_QUARTER = re.compile(r"([01][0-9]|2[0-3]):(00|15|30|45)|24:00")


def open_spans(zone: ZoneInfo, weekly: Mapping[str, Hours], special: Mapping[str, Hours], day: date) -> list[Span]:
    """Give the UTC spans in which the workshop works on a local day, in order; a special day replaces its weekday.

    Both ends are converted on their own, so a day on which the clocks change is as long as it really is.
    """
    written = special.get(day.isoformat(), weekly.get(WEEKDAYS[day.weekday()], ()))
    spans = [(instant_of(day, opens, zone), instant_of(day, closes, zone)) for opens, closes in written]
    return sorted((opens, closes) for opens, closes in spans if opens < closes)


def end_of_work(spans: Sequence[Span], start: datetime, minutes: int) -> datetime | None:
    """Give when `minutes` of work begun at `start` are done, with the breaks between the spans left out.

    None: `start` lies outside the spans, or they are too short. The car stays in its bay over breaks and nights.
    """
    left = timedelta(minutes=minutes)
    at = start
    begun = False
    for opens, closes in spans:
        if not begun and not opens <= at < closes:
            continue
        at = max(at, opens) if begun else at
        begun = True
        if at + left <= closes:
            return at + left
        left -= closes - at
    return None


def meet(spans: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    """Give what lies within both."""
    both = [(max(a, c), min(b, d)) for a, b in spans for c, d in others]
    return sorted((opens, closes) for opens, closes in both if opens < closes)


def without(spans: Sequence[Span], away: Sequence[Span]) -> list[Span]:
    """Give what is left of the spans outside of others."""
    left = list(spans)
    for begin, end in away:
        pieces = [piece for a, b in left for piece in ((a, min(b, begin)), (max(a, end), b))]
        left = [(opens, closes) for opens, closes in pieces if opens < closes]
    return sorted(left)


def check_hours(hours: Hours) -> None:
    """Raise `Invalid` unless the day's spans are quarter hours in order that do not overlap, and none is empty."""
    last = ""
    for pair in hours:
        if len(pair) != 2 or not all(_QUARTER.fullmatch(written) for written in pair):
            raise Invalid(
                f"{'-'.join(pair)} are no opening hours: write two quarter hours, such as 08:30 and 12:00",
                why="hours_by_quarters",
            )
        opens, closes = pair
        if not last <= opens < closes:
            raise Invalid(
                f"opening hours {opens}-{closes} are out of order",
                why="hours_in_order",
                told={"opens": opens, "closes": closes},
            )
        last = closes


@lru_cache(maxsize=1440)
def minute_of(written: str) -> int:
    """Give the minute of its day that a wall time names."""
    hour, minute = written.split(":")
    return 60 * int(hour) + int(minute)


def instant_of(day: date, written: str, zone: ZoneInfo) -> datetime:
    """Give the instant of a wall time on a local day; 24:00 is the end of the day."""
    hour, minute = written.split(":")
    if hour == "24":
        day, hour = day + timedelta(days=1), "0"
    # A wall time that the spring change skips is read with the offset before it, which lands after the gap.
    return datetime.combine(day, time(int(hour), int(minute)), zone).astimezone(UTC)
