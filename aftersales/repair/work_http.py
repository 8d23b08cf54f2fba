"""The HTTP door to the work itself: lines that are found and changed, decisions on them, steps, parts that go back."""

from typing import Annotated

from fastapi import APIRouter, Body, Depends, Request

from aftersales.bodies import Decision, FoundLabour, FoundPart, FoundSublet, StepTaken
from aftersales.repair.approvals import approve
from aftersales.repair.decisions import Heard, Way
from aftersales.repair.line_changes import Change, GoingBack, change, give_back, withdraw
from aftersales.repair.order_lines import Labour, Material, Sublet, add_line
from aftersales.repair.promise import promise
from aftersales.repair.repair_bodies import LineChange, PartsBack, Promised
from aftersales.repair.repair_orders import Said, take_step
from aftersales.repair.verdicts import give_verdict
from aftersales.routes import REFUSED_POST, Asked, Desk, Key, View
from aftersales.views import get_repair_order
from foundation.database import UnitOfWork
from foundation.http import IdempotencyKey
from foundation.identity import Actor
from foundation.refusals import Invalid

FoundLine = Annotated[FoundLabour | FoundPart | FoundSublet, Body(discriminator="kind")]
PATH = "/repair-orders/{order}"


def add_work(routes: APIRouter, desk: Desk) -> None:
    """Add the routes."""
    _lines(routes, desk)
    _moves(routes, desk)
    _promises(routes, desk)


def _lines(routes: APIRouter, desk: Desk) -> None:
    Acting = Annotated[Actor, Depends(desk.current_actor)]  # noqa: N806 - a type

    @routes.post(f"{PATH}/lines", status_code=201, responses=REFUSED_POST, summary="The workshop found more to do")
    def found(actor: Acting, order: Key, body: FoundLine, key: IdempotencyKey = None) -> View:
        line = _found(body)
        asked = Asked(f"repair-orders/{order}/lines", key, body)
        return desk.act(actor, asked, lambda unit: add_line(unit, actor, desk.vehicles, order, line))

    @routes.patch(
        f"{PATH}/lines/{{line}}",
        responses=REFUSED_POST,
        summary="Change a line's quantity, price or bearer; its approval is void then",
    )
    def changed(actor: Acting, order: Key, line: Key, body: LineChange, key: IdempotencyKey = None) -> View:
        wanted = Change(body.hundredths(), body.unit_net, body.borne_by)
        asked = Asked(f"repair-orders/{order}/lines/{line}", key, body)
        return desk.act(actor, asked, lambda unit: change(unit, actor, order, line, wanted))

    @routes.delete(
        f"{PATH}/lines/{{line}}",
        responses=REFUSED_POST,
        summary="Take a line off the order; what was held for it is free",
    )
    def off(actor: Acting, order: Key, line: Key) -> View:
        with desk.database.unit() as unit:
            return withdraw(unit, actor, order, line)

    @routes.post(
        f"{PATH}/parts-returns",
        status_code=201,
        responses=REFUSED_POST,
        summary="Take handed-out pieces back, onto their shelf or to scrap",
    )
    def back(actor: Acting, order: Key, body: PartsBack, key: IdempotencyKey = None) -> View:
        pieces = GoingBack(body.line, body.pieces, body.restock, body.note)
        asked = Asked(f"repair-orders/{order}/parts-returns", key, body)
        return desk.act(actor, asked, lambda unit: give_back(unit, actor, order, pieces))


def _moves(routes: APIRouter, desk: Desk) -> None:
    Acting = Annotated[Actor, Depends(desk.current_actor)]  # noqa: N806 - a type

    @routes.post(f"{PATH}/approvals", status_code=201, responses=REFUSED_POST, summary="Approve or decline lines")
    def decide(request: Request, actor: Acting, order: Key, body: Decision, key: IdempotencyKey = None) -> View:
        own = Way.APP if actor.only is None else Way.LINK
        way = own if body.channel is None else Way(body.channel)
        # Over the counter it is the desk's own machine that is asked from, which says nothing of the owner.
        address = request.client.host if request.client is not None and body.channel is None else None
        heard = Heard(way, address, body.given_by, body.signature)

        def act(unit: UnitOfWork) -> View:
            approve(unit, actor, order, body.lines, body.decision, heard, body.shown)
            return get_repair_order(unit, actor, order)

        return desk.act(actor, Asked(f"repair-orders/{order}/approvals", key, body), act)

    @routes.post(f"{PATH}/steps", status_code=201, responses=REFUSED_POST, summary="Take a step of the repair")
    def step(actor: Acting, order: Key, body: StepTaken, key: IdempotencyKey = None) -> View:
        said = Said(body.mileage_km, body.reason, body.fee, body.inspection_fee)

        def act(unit: UnitOfWork) -> View:
            if body.verdicts and body.step != "complete":
                raise Invalid(f"verdicts are given with complete or by themselves, not with {body.step}")
            for one in body.verdicts or ():
                give_verdict(unit, actor, order, one.finding, one.judged())
            return take_step(unit, actor, order, body.step, body.note, said=said)

        return desk.act(actor, Asked(f"repair-orders/{order}/steps", key, body), act)


def _promises(routes: APIRouter, desk: Desk) -> None:
    Acting = Annotated[Actor, Depends(desk.current_actor)]  # noqa: N806 - a type

    @routes.post(
        f"{PATH}/promise",
        status_code=201,
        responses=REFUSED_POST,
        summary="Promise another time at which the car is ready; the owner is told",
    )
    def promised(actor: Acting, order: Key, body: Promised, key: IdempotencyKey = None) -> View:
        asked = Asked(f"repair-orders/{order}/promise", key, body)
        return desk.act(actor, asked, lambda unit: promise(unit, actor, order, body.ready_at, body.note))


def _found(body: FoundLabour | FoundPart | FoundSublet) -> Labour | Material | Sublet:
    if isinstance(body, FoundLabour):
        return Labour(body.text_en, body.text_zh, max(1, round(body.hours * 100)), body.group, body.borne_by)
    if isinstance(body, FoundSublet):
        return Sublet(body.text_en, body.text_zh, body.supplier, body.net, body.group, body.borne_by)
    return Material(body.part, body.quantity, body.borne_by)
