"""The bodies that the desk's routes take, with an example of each."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, ConfigDict, Field

from aftersales.assistance import Assistance
from aftersales.cases import HoldReason, SettlementGroup, Wish
from aftersales.repair.order_lines import Bearer
from aftersales.repair.verdicts import Judged, Verdict
from aftersales.telling.consents import Channel, Purpose
from foundation.http import Body
from foundation.refusals import Invalid

NO_NUL = r"^[^\x00]*$"  # the one character that PostgreSQL's text cannot hold
Words = Annotated[str, Field(max_length=2000, pattern=NO_NUL)]
Id = Annotated[str, Field(min_length=1, max_length=200, pattern=NO_NUL)]
Line = Annotated[str, Field(min_length=1, max_length=200, pattern=NO_NUL)]
Km = Annotated[int, Field(ge=0, le=5_000_000, strict=True)]


class Booking(Body):
    vehicle: Id
    slot: str = Field(min_length=1, max_length=1000, description="The id of a free slot, from GET /v1/slots")
    service: Wish
    words: Words | None = Field(None, description="What is wished, in the owner's own words")
    case: Id | None = Field(None, description="An open case that this visit is for")

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "vehicle": "car-7",
                    "slot": "WyJ3a3Nfc2hhbmdoYWkiLDE3OTU0ODQ0MDAsNjAsIm1haW50ZW5hbmNlIiwiYmF5IiwidGVjaCJd",
                    "service": "maintenance",
                    "words": "Please look at the wipers too",
                }
            ]
        }
    )


class Answered(Body):
    attribute: Id = Field(description="What was asked, from the case's `questions`")
    value: str = Field(
        min_length=1, max_length=80, pattern=NO_NUL, description="One of its `choices`, or as its `kind`"
    )

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"attribute": "drive", "value": "awd"}, {"attribute": "build_month", "value": "2014-06"}]
        }
    )


class Nothing(Body):
    """A body that says no more than the address does; it may be left out."""


class Move(Body):
    slot: str = Field(min_length=1, max_length=1000, description="The id of a free slot, from GET /v1/slots?case=")

    model_config = ConfigDict(json_schema_extra={"examples": [{"slot": "WyJ3a3NfLi4u"}]})


class Arrangement(Body):
    bay: Id
    technician: Id
    start: AwareDatetime = Field(description="The visit's own start: bay and technician change at once")

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"bay": "bay_2", "technician": "tech_4", "start": "2026-11-24T01:00:00Z"}],
        }
    )


class VerdictGiven(Body):
    finding: Id = Field(description="A finding of the order's case, from GET .../verdicts")
    verdict: Verdict
    other: Id | None = Field(None, description="With other_fault: its name, if the table of faults knows it")
    note: Words | None = Field(None, description="Asked for by other_fault without a name")

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"finding": "find_2b", "verdict": "found"},
                {"finding": "find_2b", "verdict": "other_fault", "other": "battery_12v", "note": "one dead cell"},
            ]
        }
    )

    def judged(self) -> Judged:
        return Judged(self.verdict, self.other, self.note)


class StepTaken(Body):
    step: str = Field(min_length=1, max_length=64)
    note: Words | None = None
    mileage_km: Km | None = Field(None, description="Asked for by check_in")
    reason: HoldReason | None = Field(None, description="Asked for by hold")
    fee: Literal["settled", "waived"] | None = Field(None, description="Asked for by close_declined")
    inspection_fee: int | None = Field(
        None,
        ge=0,
        le=10**9,
        strict=True,
        description="With inspect or ask_approval: what looking costs if everything is declined; net, in minor units",
    )

    verdicts: list[VerdictGiven] | None = Field(
        None, max_length=50, description="With complete: what was found of each finding; it may also be said later"
    )

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"step": "check_in", "mileage_km": 84210}, {"step": "work", "note": "Alternator replaced"}]
        }
    )


class Decision(Body):
    lines: list[Id] = Field(min_length=1, max_length=200)
    decision: Literal["approved", "declined"]
    shown: dict[Id, Id] | None = Field(None, description="The hash of each line as it was shown; 409 if it has changed")
    channel: Literal["counter", "telephone"] | None = Field(
        None, description="The workshop writes down what the owner said; he himself leaves it out"
    )
    given_by: Line | None = Field(None, description="With a channel: who said it")
    signature: str | None = Field(
        None, pattern=r"^[0-9a-f]{64}$", description="The SHA-256 of the order's photo of a signature"
    )

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"lines": ["line_5d"], "decision": "approved"},
                {"lines": ["line_5d"], "decision": "approved", "channel": "telephone", "given_by": "Li Wei"},
            ]
        }
    )


class FoundLabour(Body):
    kind: Literal["labour"]
    text_en: Line
    text_zh: Line
    hours: float = Field(gt=0, le=100, strict=True, description="To a hundredth of an hour")
    group: SettlementGroup = SettlementGroup.LABOUR
    borne_by: Bearer | None = Field(None, description="Under warranty: who pays in the owner's place")

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"kind": "labour", "text_en": "Clean battery poles", "text_zh": "清洁蓄电池极柱", "hours": 0.3}
            ]
        }
    )


class FoundPart(Body):
    kind: Literal["part"]
    part: Id
    quantity: int | None = Field(None, ge=1, le=1000, strict=True, description="None: what the fitment says")
    borne_by: Bearer | None = Field(None, description="Under warranty: who pays in the owner's place")

    model_config = ConfigDict(json_schema_extra={"examples": [{"kind": "part", "part": "part_9f"}]})


class FoundSublet(Body):
    kind: Literal["sublet"]
    text_en: Line
    text_zh: Line
    supplier: Line = Field(description="Who does it")
    net: int = Field(ge=0, le=10**10, strict=True, description="What the owner pays for it, net, in minor units")
    group: SettlementGroup = SettlementGroup.PROCESSING
    borne_by: Bearer | None = None

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "kind": "sublet",
                    "text_en": "Brake drums turned",
                    "text_zh": "制动鼓光鼓",
                    "supplier": "Pudong Machining",
                    "net": 18000,
                }
            ]
        }
    )


class Rating(Body):
    rating: int = Field(ge=1, le=5, strict=True)
    words: Words = ""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"rating": 5, "words": "It told me before the lamp did"}]}
    )


class Waiting(Body):
    """Either `case`, or `vehicle` with what is wished."""

    case: Id | None = Field(None, description="A case, with a visit for which an earlier time is waited, or without")
    vehicle: Id | None = Field(None, description="Without a case: the car of a new one")
    service: Wish = Wish.MAINTENANCE
    words: Words | None = Field(None, description="What is wished, in the owner's own words")
    workshop: Id | None = Field(None, description="May be left out when the case has its visit")
    latest_day: date | None = Field(None, description="Nothing later is offered; in the workshop's zone")

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"case": "case_7q", "latest_day": "2026-12-04"},
                {"vehicle": "car-7", "service": "maintenance", "workshop": "wks_shanghai_pudong"},
            ]
        }
    )


class ConsentGiven(Body):
    channel: Channel
    purpose: Purpose
    phone: Line | None = Field(None, description="For text messages: the number with its country")

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"channel": "mail", "purpose": "reminders"},
                {"channel": "sms", "purpose": "notices", "phone": "+8613800000000"},
            ]
        }
    )


class HelpWanted(Body):
    kind: Assistance
    words: Words | None = Field(None, description="Where the car stands, or what the helper should know")
    latitude: float | None = Field(None, ge=-90, le=90)
    longitude: float | None = Field(None, ge=-180, le=180)

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"kind": "towing", "words": "Exit 12", "latitude": 31.23, "longitude": 121.47}]}
    )

    def place(self) -> tuple[float, float] | None:
        if (self.latitude is None) != (self.longitude is None):
            raise Invalid("a place has a latitude and a longitude")
        return None if self.latitude is None or self.longitude is None else (self.latitude, self.longitude)
