"""When a car was made: model years and build months, what they tell of one another, and the windows lines state.

A model year is built from the July before it until its December, so a build month leaves one or two model years, and a
model year eighteen months. Months are counted from year 0.
"""

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

_NEXT_YEARS_FIRST_MONTH = 7
Moment = tuple[int, int]  # a model year and a month in which it was built


class Window(NamedTuple):
    """The model years and build months of a line; None is an open end."""

    year_from: int | None
    year_to: int | None
    built_from: int | None
    built_to: int | None

    def has(self, moment: Moment) -> bool:
        year, month = moment
        return (
            (self.year_from is None or self.year_from <= year)
            and (self.year_to is None or year <= self.year_to)
            and (self.built_from is None or self.built_from <= month)
            and (self.built_to is None or month <= self.built_to)
        )

    @property
    def by_year(self) -> bool:
        return self.year_from is not None or self.year_to is not None

    @property
    def by_month(self) -> bool:
        return self.built_from is not None or self.built_to is not None


def is_month(written: str) -> bool:
    return re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", written) is not None


def month_number(written: str | None) -> int | None:
    """Count the months of YYYY-MM."""
    return None if written is None else int(written[:4]) * 12 + int(written[5:]) - 1


def months_of(year: int) -> range:
    """Give the months in which a model year is built."""
    return range((year - 1) * 12 + _NEXT_YEARS_FIRST_MONTH - 1, (year + 1) * 12)


def years_of(month: int) -> range:
    """Give the model years that are built in a month."""
    year, past = divmod(month, 12)
    return range(year, year + (2 if past >= _NEXT_YEARS_FIRST_MONTH - 1 else 1))


def moments(
    year: int | None, month: int | None, listed: Collection[int] | None, windows: Collection[Window]
) -> list[Moment]:
    """Give enough of the possible moments of a car to tell the windows apart.

    What is known of the car stands. `listed` are the years in which its model line exists: a list ends on the day it
    was made, so of other years only later ones remain possible.
    """
    if year is not None:
        return [(year, built) for built in (months_of(year) if month is None else (month,))]
    if month is not None:
        return [(one, month) for one in years_of(month)]
    ends = set(_ends(windows))
    years = ends
    if listed:
        last = max(listed)
        years = set(listed) | set(range(last + 1, max(ends, default=last) + 2))
    if any(window.by_month for window in windows):
        return [(one, built) for one in sorted(years) for built in months_of(one)]
    return [(one, one * 12) for one in sorted(years)]


def _ends(windows: Collection[Window]) -> Iterator[int]:
    """Give the years about which a window begins or ends, those beside them too."""
    for window in windows:
        for first in (window.year_from, window.year_to):
            if first is not None:
                yield from (first - 1, first, first + 1)
        for built in (window.built_from, window.built_to):
            if built is not None:
                yield from (year for month in (built - 1, built, built + 1) for year in years_of(month))
