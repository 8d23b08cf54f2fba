"""A router's routes in the application: as made, with what is documented for all; anything else is refused."""

import pytest
from fastapi import APIRouter, FastAPI
from pydantic import BaseModel
from starlette.testclient import TestClient

from forecourt.routing import take_in
from foundation.http import problem_responses


class Said(BaseModel):
    what: str


def test_routes_answer_and_are_documented_as_an_included_routers() -> None:
    routes = APIRouter(prefix="/v1", tags=["cars"], responses={404: {"description": "No car of yours"}})

    @routes.get("/cars/{car}", responses={403: {"description": "Not for you"}})
    def car(car: str) -> Said:
        return Said(what=car)

    ours, theirs = FastAPI(), FastAPI()
    take_in(ours, routes, dict(problem_responses(401, 403)))
    included = APIRouter(prefix="/v1", tags=["cars"], responses={404: {"description": "No car of yours"}})
    included.get("/cars/{car}", responses={403: {"description": "Not for you"}})(car)
    theirs.include_router(included, responses=problem_responses(401, 403))
    assert ours.openapi() == theirs.openapi()
    assert TestClient(ours).get("/v1/cars/golf").json() == {"what": "golf"}


def test_what_would_have_to_be_made_anew_is_refused() -> None:
    routes, outer = APIRouter(), APIRouter()

    @routes.get("/")
    def nothing() -> None: ...

    outer.include_router(routes)
    with pytest.raises(TypeError):
        take_in(FastAPI(), outer)
    with pytest.raises(TypeError):
        take_in(FastAPI(), routes, {404: {"model": Said}})
