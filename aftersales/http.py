"""The HTTP door of the desk: cases, workshops, slots, appointments, repair orders and their live progress."""

from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import AwareDatetime

from aftersales.answers import answer
from aftersales.bodies import (
    Answered,
    Booking,
    Move,
    Nothing,
    Rating,
)
from aftersales.repair.approvals import list_approvals
from aftersales.repair.looking_http import add_looking
from aftersales.repair.reviews import get_review, review
from aftersales.repair.tracking_http import add_tracking
from aftersales.repair.verdicts_http import add_verdicts
from aftersales.repair.work_http import add_work
from aftersales.routes import (
    REFUSED_GET,
    REFUSED_LIST,
    REFUSED_POST,
    REFUSED_SLOTS,
    Asked,
    Cursor,
    Desk,
    Filter,
    Key,
    Limit,
    Listing,
    Near,
    View,
    WishFilter,
    listing,
)
from aftersales.scope import find_order
from aftersales.settlement.http import add_settlement
from aftersales.views import (
    get_appointment,
    get_case,
    get_repair_order,
    list_appointments,
    list_cases,
    list_repair_orders,
)
from aftersales.visits import bookings, wishes
from aftersales.visits.desk_http import add_desk
from aftersales.visits.slot_search import SlotQuery, find_slots
from aftersales.visits.visits_http import add_visits
from aftersales.workshop.workshops import list_workshops, read_place
from aftersales.workshop.workshops_http import add_workshops
from foundation.database import Database, UnitOfWork
from foundation.follow import Wakeups
from foundation.http import ActorDependency, Bearer, IdempotencyKey, behind
from foundation.identity import Actor, actor_of_token
from foundation.paging import DEFAULT_LIMIT
from foundation.streams_http import EventStream, Watched, stream_of
from ingest.vehicles import VehicleRegister
from parts_catalog.payments import Providers


def router(
    database: Database,
    wakeups: Wakeups,
    current_actor: ActorDependency,
    vehicles: VehicleRegister,
    photos: Path,
    providers: Providers = MappingProxyType({}),
) -> APIRouter:
    """Give the routes of the desk; `photos` is the folder in which photos of cars lie, `providers` take payments."""
    routes = APIRouter(prefix="/v1", tags=["aftersales"])
    desk = Desk(database, wakeups, current_actor, vehicles, photos, providers)
    for add in (
        _cases,
        _workshops,
        _appointments,
        _bookings,
        _orders,
        add_work,
        add_looking,
        add_settlement,
        _closing,
        add_verdicts,
        _progress,
        add_visits,
        add_desk,
        add_tracking,
        add_workshops,
    ):
        add(routes, desk)
    return routes


def _cases(routes: APIRouter, desk: Desk) -> None:
    Acting = Annotated[Actor, Depends(desk.current_actor)]  # noqa: N806 - a type

    @routes.get("/cases", responses=REFUSED_LIST, summary="Cases, the newest first")
    def cases(
        actor: Acting,
        state: Filter = None,
        vehicle: Filter = None,
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> Listing:
        with desk.database.unit() as unit:
            return listing(list_cases(unit, actor, state=state, vehicle=vehicle, limit=limit, cursor=cursor))

    @routes.get("/cases/{case}", responses=REFUSED_GET, summary="One case with its visit, estimate and parts")
    def one_case(actor: Acting, case: Key) -> View:
        with desk.database.unit() as unit:
            return get_case(unit, actor, case)

    @routes.post(
        "/cases/{case}/answers",
        responses=REFUSED_POST,
        summary="Answer what a case asks of the car; it is kept with the car, and a visit is proposed",
    )
    def answered(actor: Acting, case: Key, body: Answered, key: IdempotencyKey = None) -> View:
        asked = Asked(f"cases/{case}/answers", key, body)
        return desk.act(actor, asked, lambda unit: answer(unit, actor, desk.vehicles, case, body.attribute, body.value))

    @routes.post(
        "/cases/{case}/decline", responses=REFUSED_POST, summary="Say no to a case and all that is held for it"
    )
    def decline(actor: Acting, case: Key, body: Nothing | None = None, key: IdempotencyKey = None) -> View:
        asked = Asked(f"cases/{case}/decline", key, body)
        return desk.act(actor, asked, lambda unit: bookings.decline_case(unit, actor, case))


def _workshops(routes: APIRouter, desk: Desk) -> None:
    Acting = Annotated[Actor, Depends(desk.current_actor)]  # noqa: N806 - a type

    @routes.get("/workshops", responses=REFUSED_LIST, summary="Workshops, the nearest first when a place is given")
    def workshops(actor: Acting, near: Near = None) -> Listing:
        with desk.database.unit() as unit:
            return Listing(items=list_workshops(unit, actor, read_place(near) if near else None))

    @routes.get("/slots", responses=REFUSED_SLOTS, summary="Free slots, the earliest completion first")
    def slots(
        actor: Acting,
        near: Near = None,
        workshop: Filter = None,
        service: WishFilter = None,
        case: Filter = None,
        vehicle: Filter = None,
        after: AwareDatetime | None = None,
        limit: Limit = DEFAULT_LIMIT,
        loaner: Annotated[bool, Query(description="With a loaner car of the workshop's for as long")] = False,
    ) -> Listing:
        place = read_place(near) if near else None
        query = SlotQuery(place, workshop, service, case, vehicle, after, limit, loaner)
        with desk.database.unit() as unit:
            return Listing(items=find_slots(unit, actor, desk.vehicles, query))


def _appointments(routes: APIRouter, desk: Desk) -> None:
    Acting = Annotated[Actor, Depends(desk.current_actor)]  # noqa: N806 - a type

    @routes.get("/appointments", responses=REFUSED_LIST, summary="Appointments, the newest first")
    def appointments(
        actor: Acting,
        state: Filter = None,
        vehicle: Filter = None,
        case: Filter = None,
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> Listing:
        wanted = {"state": state, "vehicle": vehicle, "case": case}
        with desk.database.unit() as unit:
            return listing(list_appointments(unit, actor, **wanted, limit=limit, cursor=cursor))

    @routes.get("/appointments/{appointment}", responses=REFUSED_GET, summary="One appointment with its estimate")
    def appointment(actor: Acting, appointment: Key) -> View:
        with desk.database.unit() as unit:
            return get_appointment(unit, actor, appointment)

    @routes.post("/appointments", status_code=201, responses=REFUSED_POST, summary="Hold a free slot, to be confirmed")
    def book(actor: Acting, body: Booking, key: IdempotencyKey = None) -> View:
        def act(unit: UnitOfWork) -> View:
            vehicle = desk.vehicles.get(unit, actor, body.vehicle)
            return wishes.book(unit, actor, vehicle, body.slot, body.service, body.words, body.case)

        return desk.act(actor, Asked("appointments", key, body), act)


def _bookings(routes: APIRouter, desk: Desk) -> None:
    Acting = Annotated[Actor, Depends(desk.current_actor)]  # noqa: N806 - a type
    path = "/appointments/{appointment}"

    @routes.post(f"{path}/confirm", responses=REFUSED_POST, summary="Confirm a held visit with all its lines")
    def confirm(
        request: Request, actor: Acting, appointment: Key, body: Nothing | None = None, key: IdempotencyKey = None
    ) -> View:
        ip = request.client.host if request.client is not None else None
        asked = Asked(f"appointments/{appointment}/confirm", key, body)
        return desk.act(actor, asked, lambda unit: bookings.confirm(unit, actor, appointment, ip))

    @routes.post(f"{path}/reschedule", responses=REFUSED_POST, summary="Move a visit to another free slot")
    def reschedule(actor: Acting, appointment: Key, body: Move, key: IdempotencyKey = None) -> View:
        def act(unit: UnitOfWork) -> View:
            return bookings.reschedule(unit, actor, desk.vehicles, appointment, body.slot)

        return desk.act(actor, Asked(f"appointments/{appointment}/reschedule", key, body), act)

    @routes.post(f"{path}/decline", responses=REFUSED_POST, summary="Say no: slot and parts are free at once")
    def decline(actor: Acting, appointment: Key, body: Nothing | None = None, key: IdempotencyKey = None) -> View:
        asked = Asked(f"appointments/{appointment}/decline", key, body)
        return desk.act(actor, asked, lambda unit: bookings.decline(unit, actor, appointment))


def _orders(routes: APIRouter, desk: Desk) -> None:
    Acting = Annotated[Actor, Depends(desk.current_actor)]  # noqa: N806 - a type

    @routes.get("/repair-orders", responses=REFUSED_LIST, summary="Repair orders, the newest first")
    def orders(
        actor: Acting,
        state: Filter = None,
        vehicle: Filter = None,
        case: Filter = None,
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> Listing:
        wanted = {"state": state, "vehicle": vehicle, "case": case}
        with desk.database.unit() as unit:
            return listing(list_repair_orders(unit, actor, **wanted, limit=limit, cursor=cursor))

    @routes.get("/repair-orders/{order}", responses=REFUSED_GET, summary="One repair order with its next steps")
    def one_order(actor: Acting, order: Key) -> View:
        with desk.database.unit() as unit:
            return get_repair_order(unit, actor, order)

    @routes.get("/repair-orders/{order}/lines", responses=REFUSED_GET, summary="Its lines with their approval")
    def lines(actor: Acting, order: Key) -> Listing:
        with desk.database.unit() as unit:
            return Listing(items=get_repair_order(unit, actor, order)["lines"])

    @routes.get("/repair-orders/{order}/approvals", responses=REFUSED_GET, summary="Every decision, oldest first")
    def approvals(actor: Acting, order: Key) -> Listing:
        with desk.database.unit() as unit:
            return Listing(items=list_approvals(unit, actor, order))

    @routes.get("/repair-orders/{order}/steps", responses=REFUSED_GET, summary="The steps that were taken")
    def steps(actor: Acting, order: Key) -> Listing:
        with desk.database.unit() as unit:
            return Listing(items=get_repair_order(unit, actor, order)["steps"])


def _closing(routes: APIRouter, desk: Desk) -> None:
    Acting = Annotated[Actor, Depends(desk.current_actor)]  # noqa: N806 - a type
    path = "/repair-orders/{order}"

    @routes.get(f"{path}/review", responses=REFUSED_GET, summary="The owner's review")
    def one_review(actor: Acting, order: Key) -> View:
        with desk.database.unit() as unit:
            return get_review(unit, actor, order)

    @routes.post(f"{path}/review", status_code=201, responses=REFUSED_POST, summary="Rate a settled repair, once")
    def rate(actor: Acting, order: Key, body: Rating, key: IdempotencyKey = None) -> View:
        asked = Asked(f"repair-orders/{order}/review", key, body)
        return desk.act(actor, asked, lambda unit: review(unit, actor, order, body.rating, body.words))


def _progress(routes: APIRouter, desk: Desk) -> None:
    Acting = Annotated[Actor, Depends(desk.current_actor)]  # noqa: N806 - a type

    def watched(_: Acting, given: Bearer, order: Key) -> Watched:
        def may(unit: UnitOfWork) -> None:
            find_order(unit, actor_of_token(unit, given.credentials), order)

        with desk.database.unit() as unit:
            return Watched.begin(unit, order, may)

    @routes.get(
        "/repair-orders/{order}/progress",
        response_class=EventStream,
        responses=REFUSED_GET,
        summary="Live progress as server-sent events; resumes by Last-Event-ID",
    )
    async def progress(
        followed: Annotated[Watched, Depends(watched)], after: Annotated[int, Depends(behind)]
    ) -> EventStream:
        return stream_of(desk.database, desk.wakeups, followed, after)
