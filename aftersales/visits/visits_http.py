"""The HTTP door to what belongs to a visit: its calendar file, no-shows, the waitlist, messages, consents and help."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Response

from aftersales.bodies import ConsentGiven, HelpWanted, Nothing, Waiting
from aftersales.routes import (
    REFUSED_CHANGE,
    REFUSED_LIST,
    REFUSED_POST,
    Asked,
    Cursor,
    Desk,
    Key,
    Limit,
    Listing,
    View,
    listing,
)
from aftersales.stopped_cars import ask_assistance
from aftersales.telling.consents import Channel, Purpose, give, list_consents, withdraw
from aftersales.telling.messages import list_messages, mark_read
from aftersales.visits.calendar_file import Language, calendar_file
from aftersales.visits.no_shows import say_no_show
from aftersales.visits.waiting import Waited, join, leave, list_waits
from foundation.database import UnitOfWork
from foundation.http import IdempotencyKey, problem_responses
from foundation.identity import Actor
from foundation.paging import DEFAULT_LIMIT

CALENDAR = "text/calendar"
REFUSED_FILE = problem_responses(401, 404, 409, 422)
FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {CALENDAR: {"schema": {"type": "string"}}}, "description": "An iCalendar file (RFC 5545)"}
}


def add_visits(routes: APIRouter, desk: Desk) -> None:
    """Add the routes."""
    for add in (_visits, _waitlist, _messages, _consents, _assistance):
        add(routes, desk)


def _visits(routes: APIRouter, desk: Desk) -> None:
    Acting = Annotated[Actor, Depends(desk.current_actor)]  # noqa: N806 - a type

    @routes.get(
        "/appointments/{appointment}/calendar",
        response_class=Response,
        responses={**REFUSED_FILE, **FILE},
        summary="The visit as a calendar file; a visit that is over takes itself out of the calendar",
    )
    def calendar(
        actor: Acting,
        appointment: Key,
        lang: Annotated[Language | None, Query(description="Else the account's or browser's")] = None,
        accept_language: Annotated[str, Header()] = "",
    ) -> Response:
        language = lang or _language(actor.language or accept_language)
        with desk.database.unit() as unit:
            written = calendar_file(unit, actor, appointment, language)
        return Response(
            written, media_type=CALENDAR, headers={"Content-Disposition": 'attachment; filename="visit.ics"'}
        )

    @routes.post(
        "/appointments/{appointment}/no-show", responses=REFUSED_POST, summary="The workshop says: the car did not come"
    )
    def no_show(actor: Acting, appointment: Key, body: Nothing | None = None, key: IdempotencyKey = None) -> View:
        asked = Asked(f"appointments/{appointment}/no-show", key, body)
        return desk.act(actor, asked, lambda unit: say_no_show(unit, actor, appointment))


def _waitlist(routes: APIRouter, desk: Desk) -> None:
    Acting = Annotated[Actor, Depends(desk.current_actor)]  # noqa: N806 - a type

    @routes.get("/waitlist", responses=REFUSED_LIST, summary="Places in waitlists, with what is on offer now")
    def waits(actor: Acting, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Listing:
        with desk.database.unit() as unit:
            return listing(list_waits(unit, actor, limit=limit, cursor=cursor))

    @routes.post("/waitlist", status_code=201, responses=REFUSED_POST, summary="Wait for an earlier time")
    def wait(actor: Acting, body: Waiting, key: IdempotencyKey = None) -> View:
        def act(unit: UnitOfWork) -> View:
            vehicle = desk.vehicles.get(unit, actor, body.vehicle) if body.vehicle is not None else None
            waited = Waited(body.workshop, body.latest_day, vehicle, body.service, body.words)
            return join(unit, actor, waited, body.case)

        return desk.act(actor, Asked("waitlist", key, body), act)

    @routes.delete("/waitlist/{wait}", responses=REFUSED_CHANGE, summary="Wait no longer; what is on offer goes back")
    def unwait(actor: Acting, wait: Key) -> View:
        with desk.database.unit() as unit:
            return leave(unit, actor, wait)


def _messages(routes: APIRouter, desk: Desk) -> None:
    Acting = Annotated[Actor, Depends(desk.current_actor)]  # noqa: N806 - a type

    @routes.get("/messages", responses=REFUSED_LIST, summary="One's own inbox, the newest first")
    def messages(
        actor: Acting,
        unread: Annotated[bool, Query(description="Only what was not read yet")] = False,
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> Listing:
        with desk.database.unit() as unit:
            return listing(list_messages(unit, actor, unread=unread, limit=limit, cursor=cursor))

    @routes.post("/messages/{message}/read", responses=REFUSED_CHANGE, summary="Mark a message as read")
    def read(actor: Acting, message: Key, body: Nothing | None = None, key: IdempotencyKey = None) -> View:
        asked = Asked(f"messages/{message}/read", key, body)
        return desk.act(actor, asked, lambda unit: mark_read(unit, actor, message))


def _consents(routes: APIRouter, desk: Desk) -> None:
    Acting = Annotated[Actor, Depends(desk.current_actor)]  # noqa: N806 - a type

    @routes.get("/consents", responses=problem_responses(401), summary="What one agreed to be told, ever")
    def consents(actor: Acting) -> Listing:
        with desk.database.unit() as unit:
            return Listing(items=list_consents(unit, actor))

    @routes.post("/consents", status_code=201, responses=REFUSED_LIST, summary="Agree to be told by a channel")
    def agree(actor: Acting, body: ConsentGiven, key: IdempotencyKey = None) -> View:
        asked = Asked("consents", key, body)
        return desk.act(actor, asked, lambda unit: give(unit, actor, body.channel, body.purpose, body.phone))

    @routes.delete("/consents", responses=REFUSED_LIST, summary="Agree no longer; from now on nothing is sent")
    def disagree(actor: Acting, channel: Channel, purpose: Purpose) -> View:
        with desk.database.unit() as unit:
            return withdraw(unit, actor, channel, purpose)


def _assistance(routes: APIRouter, desk: Desk) -> None:
    Acting = Annotated[Actor, Depends(desk.current_actor)]  # noqa: N806 - a type

    @routes.post(
        "/cases/{case}/assistance",
        status_code=201,
        responses=REFUSED_POST,
        summary="Ask for towing or mobile service for a car that must not be driven on",
    )
    def assistance(actor: Acting, case: Key, body: HelpWanted, key: IdempotencyKey = None) -> View:
        def act(unit: UnitOfWork) -> View:
            return ask_assistance(unit, actor, desk.vehicles, case, body.kind, body.words, body.place())

        return desk.act(actor, Asked(f"cases/{case}/assistance", key, body), act)


def _language(written: str) -> Language:
    return "zh" if written.strip().lower().startswith("zh") else "en"
