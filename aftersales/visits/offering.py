"""The sweep of the waitlist: what has become free at a workshop is held for who waits there, in the order of joining.

It is a real hold: the visit itself for who has none, another time beside the visit for who has a later one. What he
let go is not offered to him again; then the next in line is asked. One offer is one unit of work.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, select, update

from aftersales.cases import AppointmentState, Wish
from aftersales.moves import DESK
from aftersales.operations import work_of
from aftersales.tables import appointments, cases, vacancies, waits
from aftersales.telling.messages import himself_or_owners, notify, place_and_time
from aftersales.telling.reminders import waking
from aftersales.visits.alternatives import hold_alternative
from aftersales.visits.chosen_slots import PartsNotThere, visit_at
from aftersales.visits.holds import live_appointment, lock_day_of, place
from aftersales.visits.occupancy import SlotTaken, attempt, local_day
from aftersales.visits.planning import bookable
from aftersales.visits.slot_search import same_again
from aftersales.visits.slots import Slot, Wanted, free_slots
from aftersales.visits.waiting import WAITABLE
from aftersales.visits.waitlist import end_wait
from aftersales.workshop.workshops import Workshop, load_workshop
from foundation.database import UnitOfWork
from foundation.identity import desk_of
from ingest.vehicles import VehicleDirectory
from parts_catalog.stock import OutOfStock

OFFER_LIFE = timedelta(hours=2)  # by day; an offer made at night lasts until two hours after it
OFFER_NOTICE = timedelta(hours=3)  # an offered time begins no sooner
EARLIER = timedelta(hours=1)  # less is not worth a move
LOOKED_AT = 400  # free slots per search; the earliest fitting one is offered


def offer_one(unit: UnitOfWork, vehicles: VehicleDirectory) -> bool:
    """Make the next offer, if there is one to be made; call it until it gives False, each time in a new unit."""
    vacancy = unit.connection.execute(
        select(vacancies).order_by(vacancies.c.freed_at, vacancies.c.id).limit(1).with_for_update(skip_locked=True)
    ).one_or_none()
    if vacancy is None:
        return False
    # By their ids: what becomes free from here on is looked at again.
    noted = list(
        unit.connection.execute(select(vacancies.c.id).where(vacancies.c.workshop == vacancy.workshop)).scalars()
    )
    workshop = load_workshop(unit, vacancy.workshop)
    queue = select(waits).where(waits.c.workshop == workshop.id, waits.c.state == "waiting")
    for wait in unit.connection.execute(queue.order_by(waits.c.joined_at, waits.c.id)).all():
        locked = select(cases).where(cases.c.id == wait.case).with_for_update(skip_locked=True)
        case = unit.connection.execute(locked).one_or_none()
        if case is None:
            return False  # its owner decides on something right now; nobody is passed over, the next sweep is soon
        again = select(waits).where(waits.c.id == wait.id, waits.c.state == "waiting")
        if unit.connection.execute(again).one_or_none() is None:
            continue
        if case.state not in WAITABLE:
            end_wait(unit, case.id)
            continue
        try:
            offered = _offer(unit, vehicles, workshop, (case, wait))
        except SlotTaken:
            return False  # somebody was faster this very moment; the queue is asked again from its head
        if offered:
            return True  # the vacancy stays: there may be more for the next in line
    unit.connection.execute(vacancies.delete().where(vacancies.c.id.in_(noted)))
    return True


def _offer(
    unit: UnitOfWork, vehicles: VehicleDirectory, workshop: Workshop, waiting: tuple[Row[Any], Row[Any]]
) -> bool:
    case, wait = waiting
    visit = live_appointment(unit, case.id)
    if visit is None:
        held = _offer_visit(unit, vehicles, workshop, waiting)
    else:
        held = _offer_earlier(unit, workshop, visit, wait)
    if held is None:
        return False
    unit.connection.execute(update(waits).where(waits.c.id == wait.id).values(state="offered"))
    appointment = unit.connection.execute(select(appointments).where(appointments.c.id == held)).one()
    fields = place_and_time(workshop, when=appointment.during.lower, until=appointment.expires_at)
    people = himself_or_owners(unit, wait.account, wait.organisation)
    notify(unit, people, "slot_offered", held, case.id, **fields)
    return True


def _offer_visit(
    unit: UnitOfWork, vehicles: VehicleDirectory, workshop: Workshop, waiting: tuple[Row[Any], Row[Any]]
) -> str | None:
    case, wait = waiting
    wish = Wish(case.wish)
    vehicle = vehicles.get(unit, desk_of(case.organisation), case.vehicle)
    options = bookable(unit, vehicle, case, wish, [workshop])
    not_before = unit.now() + OFFER_NOTICE
    wanted = Wanted(work_of(options.operations), wish, not_before, options.parts_ready, wait.latest_day)
    slot = _first(unit, workshop, wanted, wait)
    if slot is None:
        return None
    life = _life(unit.now(), workshop.zone)

    def hold() -> str:
        lock_day_of(unit, workshop, slot.span)
        return place(unit, case, visit_at(unit, case, options, slot), DESK, life, wait.id)

    try:
        return attempt(unit, hold)
    except (OutOfStock, PartsNotThere):
        return None


def _offer_earlier(unit: UnitOfWork, workshop: Workshop, visit: Row[Any], wait: Row[Any]) -> str | None:
    movable = {AppointmentState.HELD, AppointmentState.CONFIRMED}
    over = visit.state == AppointmentState.HELD and visit.expires_at <= unit.now()
    on_offer = select(appointments.c.id).where(
        appointments.c.replaces == visit.id, appointments.c.state == AppointmentState.HELD
    )
    if visit.state not in movable or over or unit.connection.execute(on_offer).first() is not None:
        return None
    latest = local_day(visit.during.lower, workshop.zone)
    # The visit keeps its bay and technician until the offer is accepted: they are not free for it.
    wanted = replace(
        same_again(visit, Wish.REPAIR, unit.now() + OFFER_NOTICE),
        latest_day=min(latest, wait.latest_day or latest),
        apart_from_case=None,
    )
    slot = _first(unit, workshop, wanted, wait, visit.during.lower - EARLIER)
    if slot is None:
        return None
    life = _life(unit.now(), workshop.zone)
    return attempt(unit, lambda: hold_alternative(unit, visit, slot, life, wait.id))


def _first(
    unit: UnitOfWork, workshop: Workshop, wanted: Wanted, wait: Row[Any], until: datetime | None = None
) -> Slot | None:
    """Give the first free slot that fits, none of which overlaps with what was offered to him before."""
    offered = select(appointments.c.during).where(appointments.c.wait == wait.id)
    before = [(during.lower, during.upper) for during in unit.connection.execute(offered).scalars()]
    for slot in free_slots(unit, [workshop], wanted, limit=LOOKED_AT):
        if until is not None and slot.start > until:
            continue
        if all(slot.end <= lower or upper <= slot.start for lower, upper in before):
            return slot
    return None


def _life(now: datetime, zone: ZoneInfo) -> timedelta:
    """Give how long an offer lasts: its owner sleeps in the quiet hours."""
    return waking(now, now + timedelta(days=2), zone) - now + OFFER_LIFE
