"""The HTTP door of returns."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, Field, field_validator

from foundation.database import Database, UnitOfWork
from foundation.http import NO_NUL, ActorDependency, Body, IdempotencyKey, problem_responses
from foundation.idempotency import once
from foundation.identity import Actor
from foundation.paging import DEFAULT_LIMIT, MAXIMUM_LIMIT
from parts_catalog.returns.asking import Wanted, ask
from parts_catalog.returns.judging import Finding, inspect, take_step
from parts_catalog.returns.states import STEPS, Move, ReturnReason, ReturnState
from parts_catalog.returns.views import list_returns, return_view, returnable_view
from parts_catalog.shop.orders import find_order

View = dict[str, Any]
CaseDeclined = Callable[[UnitOfWork, Actor, str], bool]
Key = Annotated[str, Path(max_length=64, pattern=NO_NUL)]
Filter = Annotated[str | None, Query(max_length=64, pattern=NO_NUL)]
Pieces = Annotated[int, Field(ge=0, le=2000)]
Words = Annotated[str, Field(max_length=1000, pattern=r"^[^\x00]*$")]
REFUSED_POST = problem_responses(401, 403, 404, 409, 422)


class LineBack(Body):
    number: int = Field(ge=1, le=2000, description="The line of the order", examples=[1])
    quantity: int = Field(ge=1, le=2000, examples=[1])


class ReturnBody(Body):
    order: str = Field(min_length=1, max_length=64, pattern=NO_NUL, examples=["order_3f0c"])
    lines: list[LineBack] = Field(min_length=1, max_length=50)
    reason: ReturnReason | None = Field(
        default=None, description="May be left out for parts of a declined case", examples=["not_needed"]
    )
    words: Words = ""

    @field_validator("lines")
    @classmethod
    def once_each(cls, lines: list[LineBack]) -> list[LineBack]:
        if len({line.number for line in lines}) < len(lines):
            raise ValueError("a line is named once")
        return lines

    def wanted(self) -> Wanted:
        return Wanted(self.order, {line.number: line.quantity for line in self.lines}, self.reason, self.words)


class Answer(Body):
    answer: Words = Field(default="", description="The seller's words; a refusal needs them")


class Judged(Body):
    number: int = Field(ge=1, le=2000)
    restock: Pieces = 0
    scrap: Pieces = 0
    reject: Pieces = Field(default=0, description="Not taken back, and not paid for")


class Inspection(Answer):
    lines: list[Judged] = Field(min_length=1, max_length=50)

    def findings(self) -> list[Finding]:
        return [Finding(one.number, one.restock, one.scrap, one.reject) for one in self.lines]


class Listing(BaseModel):
    """A page of views, and the cursor of the next one."""

    items: list[View]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Door:
    """What the routes work with. `case_declined` says whether a case that the actor may see was declined."""

    database: Database
    current_actor: ActorDependency
    case_declined: CaseDeclined

    def act(
        self, actor: Actor, route: str, key: str | None, body: BaseModel | None, act: Callable[[UnitOfWork], str]
    ) -> View:
        """Act once per idempotency key; gives the return that it was about."""
        said = body.model_dump(mode="json") if body is not None else {}
        with self.database.unit() as unit:
            return once(unit, actor, route, key, said, lambda: return_view(unit, actor, act(unit)))


def router(database: Database, current_actor: ActorDependency, case_declined: CaseDeclined) -> APIRouter:
    """Give the routes of returns."""
    routes = APIRouter(prefix="/v1", tags=["shop"])
    for add in (_reading, _asking, _judging):
        add(routes, Door(database, current_actor, case_declined))
    return routes


def _reading(routes: APIRouter, door: Door) -> None:
    Acting = Annotated[Actor, Depends(door.current_actor)]  # noqa: N806 - a type

    @routes.get("/returns", responses=problem_responses(401, 403, 422), summary="What you send back or take back")
    def all_returns(
        actor: Acting,
        state: ReturnState | None = None,
        order: Filter = None,
        limit: Annotated[int, Query(ge=1, le=MAXIMUM_LIMIT)] = DEFAULT_LIMIT,
        cursor: Annotated[str | None, Query(max_length=1000, description="`next` of the page before")] = None,
    ) -> Listing:
        with door.database.unit() as unit:
            page = list_returns(unit, actor, state=state, order=order, limit=limit, cursor=cursor)
            return Listing(items=page.items, next=page.next)

    @routes.get(
        "/returns/{return_id}", responses=problem_responses(401, 403, 404, 422), summary="A return and its next steps"
    )
    def one_return(actor: Acting, return_id: Key) -> View:
        with door.database.unit() as unit:
            return return_view(unit, actor, return_id)

    @routes.get(
        "/orders/{order_id}/returnable",
        responses=problem_responses(401, 403, 404, 422),
        summary="How many pieces of each line can be sent back",
    )
    def left(actor: Acting, order_id: Key) -> Listing:
        with door.database.unit() as unit:
            return Listing(items=returnable_view(unit, actor, order_id))


def _asking(routes: APIRouter, door: Door) -> None:
    Acting = Annotated[Actor, Depends(door.current_actor)]  # noqa: N806 - a type

    @routes.post("/returns", status_code=201, responses=REFUSED_POST, summary="Ask to send delivered parts back")
    def new_return(actor: Acting, body: ReturnBody, key: IdempotencyKey = None) -> View:
        def act(unit: UnitOfWork) -> str:
            case = find_order(unit, actor, body.order).case
            named = body.reason in {None, ReturnReason.CASE_DECLINED}
            declined = named and case is not None and door.case_declined(unit, actor, case)
            return ask(unit, actor, body.wanted(), declined=declined)

        return door.act(actor, "returns", key, body, act)


def _judging(routes: APIRouter, door: Door) -> None:
    Acting = Annotated[Actor, Depends(door.current_actor)]  # noqa: N806 - a type

    def add_step(step: Move) -> None:
        @routes.post(
            f"/returns/{{return_id}}/{step.name}", responses=REFUSED_POST, summary=step.en, name=f"{step.name}_return"
        )
        def taken(actor: Acting, return_id: Key, body: Answer | None = None, key: IdempotencyKey = None) -> View:
            def act(unit: UnitOfWork) -> str:
                take_step(unit, actor, return_id, step.name, body.answer if body else "")
                return return_id

            return door.act(actor, f"returns/{return_id}/{step.name}", key, body, act)

    for step in STEPS.values():
        if step.target is not ReturnState.INSPECTED:
            add_step(step)

    @routes.post(
        "/returns/{return_id}/inspect",
        responses=REFUSED_POST,
        summary="Say what becomes of every piece; what is taken back is refunded",
    )
    def inspected(actor: Acting, return_id: Key, body: Inspection, key: IdempotencyKey = None) -> View:
        def act(unit: UnitOfWork) -> str:
            inspect(unit, actor, return_id, body.findings(), body.answer)
            return return_id

        return door.act(actor, f"returns/{return_id}/inspect", key, body, act)
