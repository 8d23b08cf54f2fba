"""The bodies of a workshop's own routes, with an example of each."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, ConfigDict, Field

from aftersales.bodies import NO_NUL, Id
from aftersales.operations import GRID_MIN
from aftersales.workshop.staffing import LONGEST_MIN
from foundation.http import Body

Name = Annotated[str, Field(min_length=1, max_length=100, pattern=NO_NUL)]
Clock = Annotated[str, Field(max_length=5, examples=["08:30"])]
DayHours = Annotated[list[Annotated[list[Clock], Field(min_length=2, max_length=2)]], Field(max_length=12)]
DayName = Annotated[str, Field(max_length=10)]
Week = Annotated[dict[DayName, DayHours], Field(max_length=400)]
Tags = Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=20)]
Buffer = Annotated[int, Field(ge=0, le=LONGEST_MIN, multiple_of=GRID_MIN)]
Length = Annotated[int, Field(ge=GRID_MIN, le=LONGEST_MIN, multiple_of=GRID_MIN)]
_DAY = [["08:30", "12:00"], ["13:00", "18:00"]]


def _examples(*examples: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": list(examples)})


class WorkshopChange(Body):
    """What is left out stays as it is; a special day that is null is an ordinary day again."""

    name_en: Name | None = None
    name_zh: Name | None = None
    address: str | None = Field(None, max_length=200, pattern=NO_NUL, description="Printed on the settlement sheet")
    telephone: str | None = Field(None, max_length=40, pattern=NO_NUL)
    licence: str | None = Field(None, max_length=60, pattern=NO_NUL, description="Licence or record number (备案编号)")
    opening_hours: Week | None = Field(None, description="The whole week; a weekday that is left out is closed")
    special_days: Annotated[dict[DayName, DayHours | None], Field(max_length=400)] | None = None
    zone: str | None = Field(None, max_length=64, description="IANA")
    country: str | None = Field(None, max_length=2, description="ISO 3166-1: whose holidays are kept; null: none")
    subdivision: str | None = Field(None, max_length=5, description="ISO 3166-2, without the country")

    model_config = _examples(
        {"opening_hours": {"mon": _DAY, "tue": _DAY}, "special_days": {"2027-02-20": _DAY}},
        {"address": "上海市浦东新区示范路 1 号", "telephone": "021-5555 0101", "licence": "310115000001"},
    )

    def contact(self) -> dict[str, str]:
        """Give what is said of names, address, telephone and licence."""
        said = {name: getattr(self, name) for name in ("name_en", "name_zh", "address", "telephone", "licence")}
        return {name: value for name, value in said.items() if value is not None}


class NewBay(Body):
    name: Name
    equipment: Tags = Field(default_factory=list)

    model_config = _examples({"name": "4", "equipment": ["lift", "high_voltage"]})


class BayChange(Body):
    name: Name | None = None
    equipment: Tags | None = None

    model_config = _examples({"equipment": ["lift", "diagnostics"]})


class NewTechnician(Body):
    name_en: Name
    name_zh: Name
    skills: Tags = Field(default_factory=list)
    shifts: Week | None = Field(None, description="By weekday, or by a date that replaces it; null: opening hours")

    model_config = _examples(
        {"name_en": "Lin Na", "name_zh": "林娜", "skills": ["general", "diagnosis"], "shifts": {"mon": _DAY}}
    )


class TechnicianChange(Body):
    name_en: Name | None = None
    name_zh: Name | None = None
    skills: Tags | None = None
    shifts: Week | None = None

    model_config = _examples({"shifts": {"mon": _DAY, "2027-02-20": []}})


class NewLoaner(Body):
    name: Name

    model_config = _examples({"name": "Golf, silver"})


class NewAbsence(Body):
    resource: Id = Field(description="A technician, bay or loaner")
    start: AwareDatetime
    end: AwareDatetime
    reason: str = Field("", max_length=200, pattern=NO_NUL)

    model_config = _examples(
        {
            "resource": "tech_shanghai_pudong_1",
            "start": "2026-12-01T00:00:00+08:00",
            "end": "2026-12-03T00:00:00+08:00",
            "reason": "leave",
        }
    )

    def span(self) -> tuple[datetime, datetime]:
        return self.start, self.end


class AbsenceChange(Body):
    start: AwareDatetime | None = None
    end: AwareDatetime | None = None
    reason: str | None = Field(None, max_length=200, pattern=NO_NUL)

    model_config = _examples({"end": "2026-12-05T00:00:00+08:00"})


class TimingChange(Body):
    """How long the bay is kept free around the work, and the work's own length where it is not the labour time."""

    minutes: Length | None = None
    before_min: Buffer = 0
    after_min: Buffer = 0

    model_config = _examples({"minutes": 45, "before_min": 15, "after_min": 15})


class NewTiming(TimingChange):
    code: Id = Field(description="An operation, or a wish for the buffers of all its visits")

    model_config = _examples({"code": "maintenance", "minutes": 45, "before_min": 15, "after_min": 15})
