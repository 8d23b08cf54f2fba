"""A person's data over all packages: exported as one archive, and erased; and the housekeeping that goes with it."""

import base64
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from types import ModuleType
from typing import Any

from sqlalchemy import func, select

import aftersales.privacy
import diagnostics.privacy
import forecourt.webhooks.privacy
import foundation.privacy
import ingest.privacy
import parts_catalog.privacy
from aftersales.visits.bookings import decline_case
from forecourt.task_queue import unqueue
from foundation import audit
from foundation.database import Database, UnitOfWork
from foundation.privacy import Person, Rows
from foundation.refusals import Conflict
from foundation.tables import seals
from ingest.archive import Archive
from parts_catalog.shop import leaving

PACKAGES: tuple[ModuleType, ...] = (
    foundation.privacy,
    ingest.privacy,
    diagnostics.privacy,
    parts_catalog.privacy,
    aftersales.privacy,
    forecourt.webhooks.privacy,
)
SEAL_EVERY = timedelta(hours=1)


class ErasureRefusedError(Conflict):
    """Something that concerns the person is under way; `reasons` says what."""

    code = "erasure_refused"


def export_of(unit: UnitOfWork, person: Person) -> dict[str, Rows]:
    """Give everything on file of a person, table by table, without secrets."""
    cars = ingest.privacy.vehicles_of(unit, person)
    return {
        **foundation.privacy.export_of(unit, person, _subjects(unit, person, cars)),
        **ingest.privacy.export_of(unit, cars),
        **diagnostics.privacy.export_of(unit, cars),
        **parts_catalog.privacy.export_of(unit, person),
        **aftersales.privacy.export_of(unit, person),
        **forecourt.webhooks.privacy.export_of(unit, person),
    }


def export(database: Database, archive: Archive, person: Person, by: str) -> Iterator[bytes]:
    """Yield a zip archive piece by piece: `person.json`, and per car and day the readings as Parquet.

    That it was made is told in the audit trail before its first byte. Every day is read in a unit of work of its own.
    """
    with database.unit() as unit:
        audit.tell(unit, person.organisation, "data_exported", by, account=person.account)
        document = json.dumps(export_of(unit, person), ensure_ascii=False, indent=1, default=_plain)
        cars = ingest.privacy.vehicles_of(unit, person)
    pieces = _Pieces()
    with zipfile.ZipFile(pieces, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("person.json", document)
        yield pieces.taken()
        for car in cars:
            with database.unit() as unit:
                days = archive.days(unit, car)
            for day in days:
                with database.unit() as unit:
                    readings = archive.export_day(unit, car, day)
                file.writestr(f"readings/{car}/{day.isoformat()}.parquet", readings, zipfile.ZIP_STORED)
                yield pieces.taken()
    yield pieces.taken()


def erase(database: Database, archive: Archive, person: Person, by: str, *, vehicles: bool) -> None:
    """Erase a person in one transaction, with the history of his cars if `vehicles`; files follow in `finish_erasures`.

    Visits to come are declined before, one by one. Raises `ErasureRefusedError` while a repair is under way.
    """
    with database.unit() as unit:
        _check(unit, person)
        to_come = aftersales.privacy.to_come(unit, person)
    for case in to_come:
        with database.unit() as unit:
            decline_case(unit, person.actor, case)
    _leave_the_shop(database, person)
    with database.unit() as unit:
        _check(unit, person)
        cars = ingest.privacy.vehicles_of(unit, person)
        subjects = _subjects(unit, person, cars)
        # Ingest first: it waits for workers, who may be waiting for what the others lock.
        ingest.privacy.erase(unit, archive, cars, history=vehicles)
        if vehicles:
            diagnostics.privacy.erase(unit, cars)
            unqueue(unit, cars)
        parts_catalog.privacy.erase(unit, person)
        aftersales.privacy.erase(unit, person, vehicles=vehicles)
        forecourt.webhooks.privacy.erase(unit, person)
        foundation.privacy.erase(unit, person, subjects, by)
        audit.tell(unit, person.organisation, "person_erased", by, account=person.account, vehicles=vehicles)


def _check(unit: UnitOfWork, person: Person) -> None:
    if reasons := aftersales.privacy.under_way(unit, person):
        raise ErasureRefusedError("a repair is under way; it has to be settled first", reasons=reasons)
    if reasons := leaving.under_way(unit, person):
        raise ErasureRefusedError("a parcel is under way; it has to arrive first", reasons=reasons)


def _leave_the_shop(database: Database, person: Person) -> None:
    """Call off what waits for its payment, and empty the carts, one by one."""
    with database.unit() as unit:
        orders, carts = leaving.unpaid(unit, person), leaving.open_carts(unit, person)
    for order in orders:
        with database.unit() as unit:
            leaving.call_off(unit, person, order)
    for cart in carts:
        with database.unit() as unit:
            leaving.empty(unit, person, cart)


def finish_erasures(database: Database, archive: Archive) -> int:
    """Take the readings of erased cars out of the archive's files; gives how many were written anew or removed.

    Stopped at any point, it goes on where it was when it is called again.
    """
    done = 0
    while True:
        with database.unit() as unit:
            some = archive.erase_some(unit)
        with database.unit() as unit:
            archive.remove_files(unit)
        if not some:
            return done
        done += some


def keep_house(database: Database, archive: Archive) -> int:
    """Seal the audit trail when it is time, delete what has served its time, and finish erasures; gives how many.

    A few looks at small tables when there is nothing to do.
    """
    with database.unit() as unit:
        last: datetime | None = unit.connection.execute(select(func.max(seals.c.sealed_at))).scalar_one()
        if last is None or unit.now() - last >= SEAL_EVERY:
            audit.seal(unit)
            foundation.privacy.sweep(unit)
            ingest.privacy.forget_late_messages(unit)
    return finish_erasures(database, archive)


def columns() -> Mapping[str, tuple[frozenset[str], frozenset[str]]]:
    """Give per table its personal and its impersonal columns, as the packages name them."""
    names = {name for package in PACKAGES for name in (*package.PERSONAL, *package.IMPERSONAL)}
    found = {}
    for name in sorted(names):
        personal, impersonal = (
            frozenset(word for package in PACKAGES for word in getattr(package, kind).get(name, "").split())
            for kind in ("PERSONAL", "IMPERSONAL")
        )
        found[name] = personal, impersonal
    return found


def _subjects(unit: UnitOfWork, person: Person, cars: list[str]) -> set[str]:
    """Give the subjects of the event log that tell of what is a person's own."""
    return {*cars, *parts_catalog.privacy.subjects_of(unit, person), *aftersales.privacy.subjects_of(unit, person)}


class _Pieces(io.RawIOBase):
    """A file that is only written to, and emptied as it grows."""

    def __init__(self) -> None:
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self._held += data
        return len(data)

    def taken(self) -> bytes:
        held, self._held = bytes(self._held), bytearray()
        return held


def _plain(value: object) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)
