"""From where pieces come: in the fewest shipments, then from the nearest places; a pure choice over what each has.

What a location waits for itself (`stock.expected`) is taken only where nothing else will do.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from math import asin, cos, radians, sin, sqrt

from foundation.database import UnitOfWork
from parts_catalog.parts import Location
from parts_catalog.warehouse.coming import COMING, FREE, day_of, unpromised
from parts_catalog.warehouse.locations import location_of
from parts_catalog.warehouse.locking import Key

Place = tuple[float, float]  # latitude, longitude in degrees
EARTH_KM = 6371.0
SAME_REGION, SAME_COUNTRY, ELSEWHERE = 100.0, 1000.0, 10_000.0  # km, where only the regions are known
MOST_COMPARED = 12  # places whose every combination is looked at; among more it is the best next one, again and again


@dataclass(frozen=True, slots=True)
class Shelf:
    """What one location can give of a part, and how far it is, in km."""

    part: str
    location: str
    pieces: int
    km: float


@dataclass(frozen=True, slots=True)
class Allocation:
    """From where pieces come, by (part, location): those there are (`takes`) and those to wait for (`waits`).

    `missing`: pieces by part that nobody has; `expected`: on which day they come to their location that are not there
    yet; `places`: the locations of all this.
    """

    takes: Mapping[Key, int]
    waits: Mapping[Key, int]
    missing: Mapping[str, int]
    expected: Mapping[Key, date]
    places: Mapping[str, Location]


def nearest(
    unit: UnitOfWork,
    wanted: Mapping[str, int],
    near: Place | None,
    region: str | None = None,
    *,
    holder: str | None = None,
    collect_at: Collection[str] = (),
    back_order: Collection[str] = (),
) -> Allocation:
    """Choose from where pieces come, by part; holds nothing yet, for that see `reserve` and `wait_for`.

    `holder`: what he holds himself is his to take. `collect_at`: locations that count though they do not ship.
    `back_order`: parts that may be waited for.
    """
    chosen = {"parts": list(wanted), "now": unit.now(), "holder": holder, "also": list(collect_at)}
    rows = unit.rows(_SHELVES, chosen)
    places = {row.id: location_of(row) for row in rows}
    km = {key: distance(place, near, region) for key, place in places.items()}
    today = unit.now().date()
    late = {(row.part, row.id): row.expected for row in rows if row.expected is not None and row.expected > today}
    here = [Shelf(row.part, row.id, int(row.available), km[row.id]) for row in rows if row.available > 0]
    takes = allocate(wanted, [one for one in here if (one.part, one.location) not in late])
    later = allocate(_without(wanted, takes), [one for one in here if (one.part, one.location) in late])
    left = _without(wanted, {**takes, **later})
    coming = {(row.part, row.id): unpromised(row.days, row.pieces, row.promised) for row in rows}
    days = _wait({part: left[part] for part in left if part in back_order}, coming, km)
    waits = {key: left[key[0]] for key in days}
    takes = {**takes, **later}
    used = {location for _, location in (*takes, *waits)}
    return Allocation(
        takes,
        waits,
        {part: pieces for part, pieces in left.items() if part not in {part for part, _ in waits}},
        {key: late[key] for key in later} | days,
        {key: place for key, place in places.items() if key in used},
    )


_SHELVES = f"""
    SELECT l.*, s.part, s.expected, {FREE} AS available, c.days, c.pieces, c.promised
    FROM stock s JOIN locations l ON l.id = s.location {COMING}
    WHERE s.part = ANY(%(parts)s::text[]) AND l.state = 'open' AND (l.ships OR l.id = ANY(%(also)s::text[]))
    ORDER BY l.id, s.part
"""  # noqa: S608 - our own words


def allocate(wanted: Mapping[str, int], shelves: Sequence[Shelf]) -> dict[Key, int]:
    """Take what is wanted from shelves: from as few locations as can be, of those from the nearest.

    A part of which there is not enough gives what there is.
    """
    there: dict[str, dict[str, int]] = {}
    for one in shelves:
        there.setdefault(one.location, {})[one.part] = one.pieces
    km = {one.location: one.km for one in shelves}
    need = {part: min(pieces, sum(has.get(part, 0) for has in there.values())) for part, pieces in wanted.items()}
    need = {part: pieces for part, pieces in need.items() if pieces > 0}
    useful = sorted((one for one in there if there[one].keys() & need.keys()), key=lambda one: (km[one], one))
    if not need:
        return {}
    chosen = _fewest(need, there, km, useful) if len(useful) <= MOST_COMPARED else _greedy(need, there, useful)
    return _take(need, there, chosen)


Has = Mapping[str, Mapping[str, int]]  # pieces by location and part


def _fewest(need: Mapping[str, int], there: Has, km: Mapping[str, float], useful: Sequence[str]) -> Sequence[str]:
    for size in range(1, len(useful)):
        enough = [some for some in combinations(useful, size) if _cover(need, there, some)]
        if enough:
            return min(enough, key=lambda some: (sum(km[one] for one in some), some))
    return useful


def _cover(need: Mapping[str, int], there: Has, some: Collection[str]) -> bool:
    return all(sum(there[one].get(part, 0) for one in some) >= pieces for part, pieces in need.items())


def _greedy(need: Mapping[str, int], there: Has, useful: Sequence[str]) -> Sequence[str]:
    """Add the location that brings most of what still lacks, the nearest of equals (`useful` is in that order)."""
    chosen: list[str] = []
    left = dict(need)
    while left:
        best = max(useful, key=lambda one: sum(min(pieces, there[one].get(part, 0)) for part, pieces in left.items()))
        left = {part: rest for part, pieces in left.items() if (rest := pieces - there[best].get(part, 0)) > 0}
        useful = [one for one in useful if one != best]
        chosen.append(best)
    return chosen


def _take(need: Mapping[str, int], there: Has, chosen: Sequence[str]) -> dict[Key, int]:
    takes: dict[Key, int] = {}
    for part, pieces in need.items():
        left = pieces
        for location in chosen:
            if some := min(left, there[location].get(part, 0)):
                takes[part, location] = some
                left -= some
    return takes


def _without(wanted: Mapping[str, int], takes: Mapping[Key, int]) -> dict[str, int]:
    """Give what lacks when these are taken."""
    taken: dict[str, int] = {}
    for (part, _), pieces in takes.items():
        taken[part] = taken.get(part, 0) + pieces
    return {part: left for part, pieces in wanted.items() if (left := pieces - taken.get(part, 0)) > 0}


def _wait(
    wanted: Mapping[str, int], coming: Mapping[Key, Sequence[tuple[date, int]]], km: Mapping[str, float]
) -> dict[Key, date]:
    """Give for each part the place where all of it comes soonest, with the day; what so much of comes nowhere lacks."""
    chosen: dict[Key, date] = {}
    for part, pieces in wanted.items():
        days = {key: day for key, some in coming.items() if key[0] == part and (day := day_of(some, pieces))}
        if days:
            best = min(days, key=lambda key: (days[key], km[key[1]], key))
            chosen[best] = days[best]
    return chosen


def distance(location: Location, near: Place | None, region: str | None) -> float:
    """Give how far a location is, in km: by its place, else roughly by its region."""
    if near is not None and location.place is not None:
        return great_circle(near, location.place)
    if region is None or location.region is None:
        return ELSEWHERE
    if region == location.region:
        return SAME_REGION
    return SAME_COUNTRY if region.partition("-")[0] == location.region.partition("-")[0] else ELSEWHERE


def great_circle(one: Place, other: Place) -> float:
    """Give the distance of two places on the globe in km (haversine)."""
    lat1, lon1, lat2, lon2 = map(radians, (*one, *other))
    half = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_KM * asin(min(1.0, sqrt(half)))
