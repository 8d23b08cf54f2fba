"""The HTTP door of VIN decoding: what a VIN tells, what is open, and what to ask."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, Field

from foundation.database import Database
from foundation.http import ActorDependency, problem_responses
from foundation.identity import Actor
from parts_catalog.vin.answers import Certainty
from parts_catalog.vin.signs import Regime
from parts_catalog.vin.stored import decode_vin
from parts_catalog.vin.years import FIRST

VinText = Annotated[
    str, Path(max_length=100, description="Seventeen signs; nothing is trimmed", examples=["1HGCM82633A004352"])
]
Year = Annotated[int | None, Query(ge=FIRST, le=9999, description="The model year, if it is known", examples=[2003])]


class FieldOfVin(BaseModel):
    """`one_of` with one candidate: likely, and to be confirmed. `value` is null unless `certain`."""

    certainty: Certainty
    value: str | float | int | None = Field(examples=["Honda"])
    candidates: list[str | float | int] = Field(examples=[["Honda"]])
    sources: list[str] = Field(examples=[["position 10 (49 CFR 565)"]])


class QuestionOfVin(BaseModel):
    """What to ask of the car; `options` is empty when nothing narrows the answer."""

    field: str = Field(examples=["model_year"])
    text_en: str = Field(examples=["Which model year: 2011 or 1981?"])
    text_zh: str = Field(examples=["年款是哪一个：2011还是1981？"])
    options: list[str | float | int] = Field(examples=[[2011, 1981]])


class NoticeOfVin(BaseModel):
    """What a person should know of this VIN."""

    rule: str = Field(examples=["check_digit"])
    text_en: str
    text_zh: str


class VinView(BaseModel):
    """A decoded VIN: every field with its value or candidates, how sure it is, and from where."""

    vin: str = Field(examples=["1HGCM82633A004352"])
    wmi: str = Field(examples=["1HG"])
    standard: Regime = Field(description="Whose rules the signs follow")
    check_digit_agrees: bool
    fields: dict[str, FieldOfVin]
    questions: list[QuestionOfVin]
    notices: list[NoticeOfVin]


def router(database: Database, current_actor: ActorDependency) -> APIRouter:
    """Give the route. What a VIN tells is for everybody who is signed in: it says nothing of registered cars."""
    routes = APIRouter(prefix="/v1", tags=["parts"], responses=problem_responses(401, 422))
    acting = Annotated[Actor, Depends(current_actor)]

    @routes.get("/vin/{vin}", summary="Say what a VIN tells of a car, and what to ask", response_model=VinView)
    def decoded(_: acting, vin: VinText, year: Year = None) -> dict[str, Any]:
        with database.unit() as unit:
            return decode_vin(unit, vin, year).to_json()

    return routes
