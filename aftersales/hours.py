"""Opening hours: a workshop's local day as UTC spans, and the end of work that starts within them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from foundation.refusals import Invalid

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Hours = Sequence[Sequence[str]]  # local "HH:MM" pairs of one day
Span = tuple[datetime, datetime]


def open_spans(zone: ZoneInfo, weekly: Mapping[str, Hours], special: Mapping[str, Hours], day: date) -> list[Span]:
    """Give the UTC spans in which the workshop works on a local day, in order; a special day replaces its weekday.

    Both ends are converted on their own, so a day on which the clocks change is as long as it really is.
    """
    written = special.get(day.isoformat(), weekly.get(WEEKDAYS[day.weekday()], ()))
    spans = [(_instant(day, opens, zone), _instant(day, closes, zone)) for opens, closes in written]
    return sorted((opens, closes) for opens, closes in spans if opens < closes)


def end_of_work(spans: Sequence[Span], start: datetime, minutes: int) -> datetime | None:
    """Give when `minutes` of work begun at `start` are done, with the breaks between the spans left out.

    None: `start` lies outside the spans, or the day is too short. The car stays in its bay over a break.
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


def working_minutes(spans: Sequence[Span]) -> int:
    """Give how many minutes of work the spans of one day hold."""
    return int(sum((closes - opens for opens, closes in spans), timedelta()).total_seconds()) // 60


def check_hours(hours: Hours) -> None:
    """Raise `Invalid` unless the day's spans are in order, do not overlap and none of them is empty."""
    last = ""
    for opens, closes in hours:
        if not last <= opens < closes:
            raise Invalid(f"opening hours {opens}-{closes} are out of order")
        last = closes


def _instant(day: date, written: str, zone: ZoneInfo) -> datetime:
    hour, minute = written.split(":")
    # A wall time that the spring change skips is read with the offset before it, which lands after the gap.
    return datetime.combine(day, time(int(hour), int(minute)), zone).astimezone(UTC)
