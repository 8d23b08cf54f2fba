"""The HTTP door of a workshop's calendar: one day as it is planned, and moving a visit on it."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends

from aftersales.bodies import Arrangement
from aftersales.routes import REFUSED_POST, Asked, Desk, Key, View
from aftersales.views import get_appointment
from aftersales.visits.day_plan import day_plan
from aftersales.visits.desk_moves import rearrange
from foundation.database import UnitOfWork
from foundation.http import IdempotencyKey, problem_responses
from foundation.identity import Actor


def add_desk(routes: APIRouter, desk: Desk) -> None:
    """Add the routes."""
    Acting = Annotated[Actor, Depends(desk.current_actor)]  # noqa: N806 - a type

    @routes.get(
        "/workshops/{workshop}/days/{day}",
        responses=problem_responses(401, 403, 404, 422),
        summary="A day of one's own workshop: who works when, and what takes which bay and technician",
    )
    def plan(actor: Acting, workshop: Key, day: date) -> View:
        with desk.database.unit() as unit:
            return day_plan(unit, actor, workshop, day)

    @routes.post(
        "/appointments/{appointment}/arrange",
        responses=REFUSED_POST,
        summary="Another bay or technician at once; another time of a confirmed visit is offered to its owner",
    )
    def arrange(actor: Acting, appointment: Key, body: Arrangement, key: IdempotencyKey = None) -> View:
        def act(unit: UnitOfWork) -> View:
            done = rearrange(unit, actor, appointment, body.bay, body.technician, body.start)
            return {"done": done, **get_appointment(unit, actor, appointment)}

        return desk.act(actor, Asked(f"appointments/{appointment}/arrange", key, body), act)
