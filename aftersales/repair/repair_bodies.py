"""The bodies of the routes at the car: changed lines, parts that go back, lights, the clock, findings, answers."""

from typing import Self

from pydantic import AwareDatetime, ConfigDict, Field, model_validator

from aftersales.bodies import Id, Words
from aftersales.repair.inspections import Light, Stage
from aftersales.repair.order_lines import Bearer
from foundation.http import Body


class LineChange(Body):
    """At least one of them; what is left out stays."""

    quantity: int | None = Field(
        None, ge=1, le=1000, strict=True, description="Pieces of a part, or of work done elsewhere"
    )
    hours: float | None = Field(None, gt=0, le=100, strict=True, description="Of labour, to a hundredth of an hour")
    unit_net: int | None = Field(None, ge=0, le=10**10, strict=True, description="Net, in minor units")
    borne_by: Bearer | None = Field(None, description="Under warranty: who pays in the owner's place")

    model_config = ConfigDict(json_schema_extra={"examples": [{"unit_net": 96000}, {"hours": 1.2}, {"quantity": 2}]})

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.quantity is not None and self.hours is not None:
            raise ValueError("a line is of pieces or of hours")
        if all(getattr(self, name) is None for name in type(self).model_fields):
            raise ValueError("say what changes")
        return self

    def hundredths(self) -> int | None:
        if self.hours is not None:
            return max(1, round(self.hours * 100))
        return None if self.quantity is None else self.quantity * 100


class Promised(Body):
    ready_at: AwareDatetime
    note: Words | None = Field(None, description="Why, for the owner")

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"ready_at": "2026-12-02T17:00:00+08:00", "note": "A part comes tomorrow"}]}
    )


class PartsBack(Body):
    line: Id
    pieces: int = Field(ge=1, le=1000, strict=True)
    restock: bool = Field(True, description="False: it is scrap")
    note: Words | None = None

    model_config = ConfigDict(json_schema_extra={"examples": [{"line": "line_5d", "pieces": 1}]})


class Look(Body):
    stage: Stage
    point: Id
    light: Light
    note: Words | None = Field(None, description="Asked for by amber and red")

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"stage": "check_in", "point": "tyres", "light": "amber", "note": "3 mm left in front"}]
        }
    )


class StageDone(Body):
    stage: Stage

    model_config = ConfigDict(json_schema_extra={"examples": [{"stage": "check_in"}]})


class Clocked(Body):
    technician: Id | None = Field(None, description="A technician of the workshop; without it, oneself")

    model_config = ConfigDict(json_schema_extra={"examples": [{"technician": "tech_4"}]})


class FaultTold(Body):
    condition: Words | None = Field(None, description="What one sees; asked for by a new finding")
    cause: Words | None = None
    correction: Words | None = None
    confirmation: Words | None = Field(None, description="How it was seen that this was it")
    line: Id | None = Field(None, description="The line of the estimate that corrects it")

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"condition": "12.1 V at idle", "cause": "worn brushes", "line": None}]}
    )


class ReviewAnswer(Body):
    words: Words = Field(min_length=1)

    model_config = ConfigDict(json_schema_extra={"examples": [{"words": "Thank you; see you at the next service"}]})
