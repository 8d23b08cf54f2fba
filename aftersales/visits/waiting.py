"""Waiting for a time at a workshop: joining the queue and leaving it. `offering.py` offers what becomes free."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, func, select

from aftersales.cases import AppointmentState, CaseState, Wish
from aftersales.listing import newest_first
from aftersales.moves import move_appointment, move_case, tell
from aftersales.opening import insert_case
from aftersales.permissions import Act, require
from aftersales.scope import find_case, lock_case, lock_counts
from aftersales.tables import appointments, waits
from aftersales.visits.alternatives import withdraw_alternative
from aftersales.visits.appointment_view import appointment_views
from aftersales.visits.holds import live_appointment
from aftersales.visits.occupancy import local_day
from aftersales.visits.release import release_visit
from aftersales.visits.waitlist import end_wait, note_vacancy, wait_of, wait_views
from aftersales.workshop.workshops import Workshop, load_workshop
from foundation.database import UnitOfWork, new_id
from foundation.grants import close_to, visible
from foundation.identity import Actor, Role
from foundation.paging import DEFAULT_LIMIT, Page
from foundation.refusals import Conflict, Invalid, NotFound
from ingest.vehicles import Vehicle

WAITABLE = frozenset({CaseState.OPEN, CaseState.PROPOSED, CaseState.CONFIRMED})
WAITS = {Role.OWNER: 5}  # as live holds are: who waits everywhere is offered everything
WAITS_OF_A_FLEET = 100


class TooManyWaits(Conflict):
    code = "too_many_waits"


@dataclass(frozen=True, slots=True)
class Waited:
    """What somebody waits for: a time for a wish of a vehicle, or an earlier one for a case that he has.

    `workshop` may be left out where the case has its visit; `latest_day` is in the workshop's zone.
    """

    workshop: str | None = None
    latest_day: date | None = None
    vehicle: Vehicle | None = None
    wish: Wish = Wish.MAINTENANCE
    words: str | None = None


def join(unit: UnitOfWork, actor: Actor, waited: Waited, case: str | None = None) -> dict[str, Any]:
    """Join a workshop's queue; gives the place in it. Joining again changes nothing."""
    row = _case(unit, actor, waited, case)
    visit = live_appointment(unit, row.id)
    workshop = _workshop(unit, waited, visit)
    if waited.latest_day is not None and waited.latest_day < local_day(unit.now(), workshop.zone):
        raise Invalid("the latest day lies in the past", why="latest_day_past")
    mine = wait_of(unit, row.id)
    if mine is None:
        _check_number(unit, actor)
        unit.connection.execute(
            waits.insert().values(
                id=new_id("wait"),
                organisation=row.organisation,
                account=actor.account,
                case=row.id,
                workshop=workshop.id,
                latest_day=waited.latest_day,
                state="waiting",
                lapses=0,
                joined_at=unit.now(),
            )
        )
        tell(unit, row.id, "wait_joined", actor.account, workshop=workshop.id)
        # There may be something free already; it goes by the queue like all else.
        note_vacancy(unit, workshop.id)
    elif mine.workshop != workshop.id:
        raise Conflict("this case waits at another workshop already", why="waits_elsewhere", wait=mine.id)
    return views_of(unit, _open(unit, row.id))[0]


def leave(unit: UnitOfWork, actor: Actor, wait: str) -> dict[str, Any]:
    """Wait no longer; a time that is on offer is given back, a visit that was confirmed stays. Again is no harm."""
    case = lock_case(unit, _find(unit, actor, wait).case)
    row = _find(unit, actor, wait)
    require(actor, Act.WAIT, owner=row.organisation)
    if row.ended_at is None:
        visit = live_appointment(unit, case.id)
        if visit is not None and visit.state == AppointmentState.HELD and visit.wait == row.id:
            move_appointment(unit, visit, AppointmentState.DECLINED, sequence=visit.sequence + 1)
            release_visit(unit, visit, actor.account)
            close_to(unit, case.id, visit.workshop_organisation, actor.account)
            move_case(unit, case, CaseState.OPEN)
        elif visit is not None and row.state == "offered":
            withdraw_alternative(unit, visit.id)
        end_wait(unit, case.id)
        tell(unit, case.id, "wait_ended", actor.account)
    return views_of(unit, [_find(unit, actor, wait)])[0]


def list_waits(
    unit: UnitOfWork, actor: Actor, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None
) -> Page[dict[str, Any]]:
    """Give a page of the places in waitlists that the actor may see, the newest first."""
    query = select(waits).where(visible(actor, waits.c.organisation, waits.c.case))
    rows = newest_first(unit, query, (waits.c.joined_at, waits.c.id), limit, cursor)
    return Page(views_of(unit, rows.items), rows.next)


def views_of(unit: UnitOfWork, rows: list[Row[Any]]) -> list[dict[str, Any]]:
    """Show places in waitlists with what is on offer now."""
    on_offer = select(appointments).where(
        appointments.c.wait.in_([row.id for row in rows]),
        appointments.c.state == AppointmentState.HELD,
        appointments.c.expires_at > unit.now(),
    )
    held = unit.connection.execute(on_offer).all()
    views = appointment_views(unit, held)
    return wait_views(rows, {row.wait: view for row, view in zip(held, views, strict=True)})


def _open(unit: UnitOfWork, case: str) -> list[Row[Any]]:
    mine = select(waits).where(waits.c.case == case, waits.c.ended_at.is_(None))
    return list(unit.connection.execute(mine))


def _case(unit: UnitOfWork, actor: Actor, waited: Waited, case: str | None) -> Row[Any]:
    if case is None:
        if waited.vehicle is None:
            raise Invalid("please say which case or which car waits", why="say_which_waits")
        require(actor, Act.WAIT, owner=waited.vehicle.organisation)
        if waited.wish is Wish.REPAIR and not (waited.words or "").strip():
            raise Invalid("please say in your own words what is to be repaired", why="say_what_to_repair")
        _check_number(unit, actor)
        return insert_case(unit, waited.vehicle, waited.wish, actor.account, words=waited.words)
    row = lock_case(unit, find_case(unit, actor, case).id)
    require(actor, Act.WAIT, owner=row.organisation)
    if row.state not in WAITABLE:
        detail = f"the case is {row.state}; nothing is waited for"
        raise Conflict(detail, why="nothing_waited_for", told={"case_state": row.state}, state=row.state)
    return row


def _workshop(unit: UnitOfWork, waited: Waited, visit: Row[Any] | None) -> Workshop:
    if visit is not None:
        if waited.workshop not in {None, visit.workshop}:
            raise Invalid("an earlier time is waited for at the workshop of the visit", why="waits_at_its_workshop")
        return load_workshop(unit, visit.workshop)
    if waited.workshop is None:
        raise Invalid("please say at which workshop", why="say_which_workshop")
    return load_workshop(unit, waited.workshop)


def _check_number(unit: UnitOfWork, actor: Actor) -> None:
    lock_counts(unit, f"waits of {actor.account}")
    mine = waits.c.organisation == actor.organisation, waits.c.account == actor.account, waits.c.ended_at.is_(None)
    number: int = unit.connection.execute(select(func.count()).select_from(waits).where(*mine)).scalar_one()
    if number >= WAITS.get(actor.role, WAITS_OF_A_FLEET):
        raise TooManyWaits("please leave other waitlists first", waiting=number)


def _find(unit: UnitOfWork, actor: Actor, wait: str) -> Row[Any]:
    seen = visible(actor, waits.c.organisation, waits.c.case)
    row = unit.connection.execute(select(waits).where(waits.c.id == wait, seen)).one_or_none()
    if row is None:
        raise NotFound(f"there is no place {wait} in a waitlist")
    return row
