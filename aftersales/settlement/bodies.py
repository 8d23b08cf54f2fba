"""The bodies of the routes of settlement, with an example of each."""

from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from aftersales.bodies import NO_NUL, Id, Line, Words
from aftersales.cases import TakingWay
from foundation.http import Body

Plate = Annotated[str, Field(min_length=1, max_length=20, pattern=NO_NUL, description="As it stands on the car")]
Vin = Annotated[str, Field(pattern=r"^[A-HJ-NPR-Z0-9]{17}$")]


class SettlementWish(Body):
    return_old_parts: bool | None = Field(
        default=None, description="Does the customer want his old parts back? Left out: as he chose before, if he did"
    )
    plate: Plate | None = Field(default=None, description="For the repair record, as it stands on the car")

    model_config = ConfigDict(json_schema_extra={"examples": [{"return_old_parts": True, "plate": "沪A12345"}]})


class OwnPart(Body):
    name: Line
    quantity: int = Field(1, ge=1, le=1000, strict=True)


class OwnParts(Body):
    parts: list[OwnPart] = Field(max_length=50, description="All of them: in place of what was noted before")

    model_config = ConfigDict(json_schema_extra={"examples": [{"parts": [{"name": "Wiper blades", "quantity": 2}]}]})


class OldParts(Body):
    give_back: bool

    model_config = ConfigDict(json_schema_extra={"examples": [{"give_back": True}]})


class Signed(Body):
    """He himself sends an empty one; the workshop says who signed at the counter."""

    given_by: Line | None = None
    signature: str | None = Field(
        default=None, pattern=r"^[0-9a-f]{64}$", description="The SHA-256 of the order's photo of the signature"
    )

    model_config = ConfigDict(json_schema_extra={"examples": [{}, {"given_by": "Li Wei"}]})


class CorrectedLine(Body):
    line: Id
    net: int = Field(ge=0, le=10**10, strict=True, description="What it costs instead, net, in minor units")


class Correction(Body):
    lines: list[CorrectedLine] = Field(min_length=1, max_length=200)
    reason: Words = Field(min_length=1, description="Stands on the corrected sheet")

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"lines": [{"line": "line_5d", "net": 0}], "reason": "Not needed after all"}]}
    )

    @model_validator(mode="after")
    def _each_line_once(self) -> Self:
        if len({it.line for it in self.lines}) < len(self.lines):
            raise ValueError("a line is named twice")
        return self


class PaymentWish(Body):
    provider: Id = Field(description="One that is offered here: sandbox, wechat_pay, alipay")

    model_config = ConfigDict(json_schema_extra={"examples": [{"provider": "sandbox"}]})


Receipt = Annotated[str, Field(min_length=1, max_length=60, pattern=NO_NUL, description="Number of the receipt")]
Minor = Annotated[int, Field(ge=1, le=10**12, strict=True, description="In minor units of the bill's currency")]


class Taking(Body):
    way: TakingWay
    amount: Minor
    receipt: Receipt

    model_config = ConfigDict(json_schema_extra={"examples": [{"way": "cash", "amount": 50_000, "receipt": "R-1042"}]})


class GivenBack(Body):
    amount: Minor
    receipt: Receipt

    model_config = ConfigDict(json_schema_extra={"examples": [{"amount": 9_041, "receipt": "R-1043"}]})


class RecordMended(Body):
    """What a record lacks; an empty one has it sent once more."""

    plate: Plate | None = None
    vin: Vin | None = None

    model_config = ConfigDict(json_schema_extra={"examples": [{"plate": "沪A12345"}, {}]})


class NewAccount(Body):
    customer: Id = Field(description="An organisation whose cars have been here")

    model_config = ConfigDict(json_schema_extra={"examples": [{"customer": "org_fleet"}]})
