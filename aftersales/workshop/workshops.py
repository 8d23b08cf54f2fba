"""Workshops and what they can put to work: a directory that every signed-in account may read."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from math import asin, cos, radians, sin, sqrt
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Table, func, literal, literal_column, select, union_all, update
from sqlalchemy.dialects.postgresql import insert

from aftersales.cases import Wish
from aftersales.operations import Work, on_grid
from aftersales.tables import absences, bays, loaners, services, technicians, workshops
from aftersales.workshop.hours import Hours, Span, check_hours
from foundation.database import UnitOfWork
from foundation.identity import Actor
from foundation.refusals import Invalid, NotFound
from parts_catalog.parts import Location
from parts_catalog.stock import open_location

EARTH_KM = 6371.0
Place = tuple[float, float]  # latitude, longitude in degrees


@dataclass(frozen=True, slots=True)
class Bay:
    id: str
    name: str
    equipment: frozenset[str]


@dataclass(frozen=True, slots=True)
class Technician:
    id: str
    name_en: str
    name_zh: str
    skills: frozenset[str]
    shifts: Mapping[str, Hours] | None = None  # by weekday, or by a date that replaces its weekday; None: opening hours


@dataclass(frozen=True, slots=True)
class Loaner:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Timing:
    """How a workshop times an operation, or the visits for a wish; `minutes` None: by the labour time."""

    minutes: int | None
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Contact:
    """What a customer reads of a workshop beside its name; `licence`: its licence or record number. Empty: not told."""

    address: str = ""
    telephone: str = ""
    licence: str = ""


@dataclass(frozen=True, slots=True)
class Workshop:
    """A workshop with what it can put to work; `labour_rate` in minor units of `currency` per hour, net."""

    id: str
    organisation: str
    name_en: str
    name_zh: str
    place: Place
    zone: ZoneInfo
    currency: str
    labour_rate: int
    tax_basis_points: int
    opening_hours: dict[str, Hours]
    special_days: dict[str, Hours]
    stock_location: str
    bays: tuple[Bay, ...]
    technicians: tuple[Technician, ...]
    country: str | None = None
    subdivision: str | None = None
    loaners: tuple[Loaner, ...] = ()
    services: Mapping[str, Timing] = field(default_factory=dict)
    absences: Mapping[str, tuple[Span, ...]] = field(default_factory=dict)  # by bay, technician or loaner; not over yet
    version: int = 0  # of all this, as it was read
    stars: int = 0  # of all its reviews together
    reviews: int = 0
    contact: Contact = Contact()

    def bays_for(self, work: Work) -> list[Bay]:
        """Give the bays that have the equipment, the plainest first: a special bay is kept for who needs it."""
        fit = [bay for bay in self.bays if work.equipment <= bay.equipment]
        return sorted(fit, key=lambda bay: (len(bay.equipment), bay.id))

    def technicians_for(self, work: Work) -> list[Technician]:
        """Give the technicians who have the skills, the least specialised first."""
        fit = [person for person in self.technicians if work.skills <= person.skills]
        return sorted(fit, key=lambda person: (len(person.skills), person.id))

    def timed(self, work: Work, wish: Wish) -> Work:
        """Give the work with this workshop's own times and buffers; what has its times already keeps them."""
        if not work.operations:
            return work
        own = {code: self.services[code] for code in (wish.value, *dict(work.operations)) if code in self.services}
        minutes = sum(own[code].minutes or labour if code in own else labour for code, labour in work.operations)
        return replace(
            work,
            minutes=on_grid(minutes),
            before=max((one.before for one in own.values()), default=0),
            after=max((one.after for one in own.values()), default=0),
            operations=(),
        )


def load_workshops(unit: UnitOfWork, ids: Collection[str] | None = None) -> dict[str, Workshop]:
    """Give all workshops, or those of `ids` that exist, by id."""
    chosen = select(workshops).order_by(workshops.c.id)
    if ids is not None:
        chosen = chosen.where(workshops.c.id.in_(ids))
    rows = unit.connection.execute(chosen).all()
    found = [row.id for row in rows]
    bays_of, people_of, cars_of = defaultdict(list), defaultdict(list), defaultdict(list)
    services_of: defaultdict[str, dict[str, Timing]] = defaultdict(dict)
    for kind, row in _facts(unit, found):
        match kind:
            case bays.name:
                bays_of[row["workshop"]].append(Bay(row["id"], row["name"], frozenset(row["equipment"])))
            case technicians.name:
                skills = frozenset(row["skills"])
                person = Technician(row["id"], row["name_en"], row["name_zh"], skills, row["shifts"])
                people_of[row["workshop"]].append(person)
            case loaners.name:
                cars_of[row["workshop"]].append(Loaner(row["id"], row["name"]))
            case services.name:
                timing = Timing(row["minutes"], row["before_min"], row["after_min"])
                services_of[row["workshop"]][row["code"]] = timing
    away = _absences(unit, found)
    return {
        row.id: Workshop(
            row.id,
            row.organisation,
            row.name_en,
            row.name_zh,
            (row.latitude, row.longitude),
            ZoneInfo(row.zone),
            row.currency,
            row.labour_rate,
            row.tax_basis_points,
            row.opening_hours,
            row.special_days,
            row.stock_location,
            tuple(bays_of[row.id]),
            tuple(people_of[row.id]),
            row.country,
            row.subdivision,
            tuple(cars_of[row.id]),
            services_of[row.id],
            away[row.id],
            row.setup_version,
            row.stars,
            row.reviews,
            Contact(row.address, row.telephone, row.licence),
        )
        for row in rows
    }


def _facts(unit: UnitOfWork, found: Collection[str]) -> list[tuple[str, dict[str, Any]]]:
    """Give (table, row) of what workshops have, in order of their names: one statement for all of it."""
    ordered = {bays: bays.c.id, technicians: technicians.c.id, loaners: loaners.c.id, services: services.c.code}
    each = [
        select(literal(it.name).label("kind"), by.label("name"), func.to_jsonb(literal_column(it.name)).label("row"))
        .where(it.c.workshop.in_(found))
        for it, by in ordered.items()
    ]  # fmt: skip
    every = union_all(*each).subquery()
    rows = unit.connection.execute(select(every.c.kind, every.c.row).order_by(every.c.kind, every.c.name))
    return [(row.kind, row.row) for row in rows]


def _absences(unit: UnitOfWork, found: Collection[str]) -> Mapping[str, Mapping[str, tuple[Span, ...]]]:
    away: defaultdict[str, defaultdict[str, tuple[Span, ...]]] = defaultdict(lambda: defaultdict(tuple))
    query = select(absences).where(absences.c.workshop.in_(found), func.upper(absences.c.during) > unit.now())
    for row in unit.connection.execute(query.order_by(absences.c.during)):
        away[row.workshop][row.resource] += ((row.during.lower, row.during.upper),)
    return away


def load_workshop(unit: UnitOfWork, workshop: str) -> Workshop:
    found = load_workshops(unit, [workshop]).get(workshop)
    if found is None:
        raise NotFound(f"there is no workshop {workshop}")
    return found


def setup_key(workshop: str) -> ColumnElement[int]:
    """Give the key of the lock that who changes a workshop takes alone, and those who book there share."""
    return func.hashtextextended(f"workshop-setup {workshop}", 0)


def lock_setup(unit: UnitOfWork, workshop: str) -> None:
    """Wait for the right to change what a workshop is and has: until the unit ends nobody else changes it, or books."""
    unit.connection.execute(select(func.pg_advisory_xact_lock(setup_key(workshop))))


def note_change(unit: UnitOfWork, workshop: str) -> None:
    """Let whoever has read the workshop before, and books yet, notice that it has changed since."""
    counted = {"setup_version": workshops.c.setup_version + 1}
    unit.connection.execute(update(workshops).where(workshops.c.id == workshop).values(**counted))


def add_workshop(unit: UnitOfWork, workshop: Workshop) -> None:
    """Put a workshop with what it has into the directory, or bring it up to date; its id is kept."""
    lock_setup(unit, workshop.id)
    shifts = [person.shifts or {} for person in workshop.technicians]
    for week in (workshop.opening_hours, workshop.special_days, *shifts):
        for hours in week.values():
            check_hours(hours)
    here = {"organisation": workshop.organisation, "workshop": workshop.id}
    row = {
        "organisation": workshop.organisation,
        "name_en": workshop.name_en,
        "name_zh": workshop.name_zh,
        "latitude": workshop.place[0],
        "longitude": workshop.place[1],
        "zone": workshop.zone.key,
        "currency": workshop.currency,
        "labour_rate": workshop.labour_rate,
        "tax_basis_points": workshop.tax_basis_points,
        "opening_hours": workshop.opening_hours,
        "special_days": workshop.special_days,
        "stock_location": workshop.stock_location,
        "country": workshop.country,
        "subdivision": workshop.subdivision,
        **asdict(workshop.contact),
    }
    _put(unit, workshops, workshop.id, row)
    open_location(unit, _shelf(workshop))
    for bay in workshop.bays:
        _put(unit, bays, bay.id, {**here, "name": bay.name, "equipment": sorted(bay.equipment)})
    for person in workshop.technicians:
        names = {"name_en": person.name_en, "name_zh": person.name_zh, "skills": sorted(person.skills)}
        _put(unit, technicians, person.id, {**here, **names, "shifts": person.shifts})
    for car in workshop.loaners:
        _put(unit, loaners, car.id, {**here, "name": car.name})
    for code, one in workshop.services.items():
        times = {"minutes": one.minutes, "before_min": one.before, "after_min": one.after}
        statement = insert(services).values(**here, code=code, **times)
        unit.connection.execute(statement.on_conflict_do_update(index_elements=["workshop", "code"], set_=times))
    note_change(unit, workshop.id)


def _shelf(workshop: Workshop) -> Location:
    region = "-".join(filter(None, (workshop.country, workshop.subdivision))) or None
    names = workshop.name_en, workshop.name_zh
    return Location(workshop.stock_location, workshop.organisation, "workshop", *names, workshop.place, region)


def _put(unit: UnitOfWork, table: Table, key: str, values: dict[str, Any]) -> None:
    statement = insert(table).values(id=key, **values)
    unit.connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))


def list_workshops(unit: UnitOfWork, actor: Actor, near: Place | None = None) -> list[dict[str, Any]]:
    """Give every workshop as JSON, the nearest first when a place is given. Any signed-in actor may see them."""
    del actor
    found = sorted(
        load_workshops(unit).values(), key=lambda one: (distance_km(near, one.place) if near else 0.0, one.id)
    )
    return [
        {
            **workshop_summary(one),
            "labour_rate": {"amount": one.labour_rate, "currency": one.currency},
            "opening_hours": one.opening_hours,
            "special_days": one.special_days,
            "distance_km": round(distance_km(near, one.place), 1) if near else None,
            **rating_view(one),
        }
        for one in found
    ]


def rating_view(workshop: Workshop) -> dict[str, Any]:
    """Show the plain mean of a workshop's reviews, and how many there are."""
    mean = round(workshop.stars / workshop.reviews, 1) if workshop.reviews else None
    return {"rating": mean, "reviews": workshop.reviews}


def note_rating(unit: UnitOfWork, workshop: str, rating: int) -> None:
    """Count a review in, with the review's own unit; it changes nothing that a booking stands on."""
    counted = {"stars": workshops.c.stars + rating, "reviews": workshops.c.reviews + 1}
    unit.connection.execute(update(workshops).where(workshops.c.id == workshop).values(**counted))


def workshop_summary(workshop: Workshop) -> dict[str, Any]:
    return {
        "id": workshop.id,
        "organisation": workshop.organisation,
        "name_en": workshop.name_en,
        "name_zh": workshop.name_zh,
        "latitude": workshop.place[0],
        "longitude": workshop.place[1],
        "zone": workshop.zone.key,
        **asdict(workshop.contact),
    }


def read_place(written: str) -> Place:
    """Read `lat,lon` in degrees; raises `Invalid`."""
    try:
        latitude, longitude = (float(number) for number in written.split(","))
    except ValueError as error:
        raise Invalid(f"{written!r} is no place: write it as latitude,longitude", why="no_place") from error
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise Invalid(f"{written!r} lies outside the earth's latitudes and longitudes", why="no_place")
    return latitude, longitude


def distance_km(here: Place, there: Place) -> float:
    """Give the great-circle distance."""
    (lat1, lon1), (lat2, lon2) = (tuple(map(radians, place)) for place in (here, there))
    half = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_KM * asin(sqrt(half))
