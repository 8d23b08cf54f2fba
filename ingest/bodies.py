"""What goes in and out of ingest's HTTP door, as OpenAPI describes it."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from foundation.http import Body
from foundation.refusals import Invalid
from ingest.commands import CommandKind, CommandState
from ingest.signals import PIDS

MAXIMUM_POLLED = 64  # signals of one group
FASTEST_S, SLOWEST_S = 0.05, 3600.0
_PLAN = {"fast": {"signals": ["engine_speed"], "period_s": 1.0}, "slow": {"signals": ["odometer"], "period_s": 60.0}}


class VehicleView(BaseModel):
    id: str = Field(examples=["car-1"])
    vin: str | None
    config: dict[str, Any] = Field(examples=[{"make": "Toyota", "model_line": "Etios", "model_year": 2014}])


class VehiclesView(BaseModel):
    items: list[VehicleView]


class LastValue(BaseModel):
    value: float
    unit: str
    at: datetime
    age_s: float
    quality: list[str]


class DeviceView(BaseModel):
    id: str
    online: bool | None
    agent: str | None
    spool: int | None = Field(description="Messages that it still holds")
    dead: int | None = Field(description="Messages that it gave up sending, and kept")
    dropped: int | None = Field(description="Messages that it let go because its disk was full")
    disk: Literal["ok", "low"] | None
    clock: str | None = Field(description="Who set its clock; `unset`: nobody")
    adapter: str | None = Field(description="Its way to the car: connected, asleep, or what is wrong")
    reported_at: datetime | None


class CodesAnswer(BaseModel):
    """One kind of codes of one ECU: what its newest word is, and the codes of its last real answer."""

    state: Literal["codes", "none", "no_answer"] = Field(description="The newest word. `no_answer` is never `none`.")
    at: datetime
    codes: list[str] | None = Field(description="Of the last real answer; null: it never answered")
    answered_at: datetime | None


class FrozenSignal(BaseModel):
    value: float | None
    unit: str | None


class FreezeView(BaseModel):
    at: datetime
    frame: int
    dtc: str | None = Field(examples=["P0301"])
    signals: dict[str, FrozenSignal] = Field(examples=[{"engine_speed": {"value": 1726.0, "unit": "rpm"}}])


class ReadyMonitor(BaseModel):
    supported: bool | None
    complete: bool | None


class ReadinessView(BaseModel):
    at: datetime
    mil: bool | None
    dtc_count: int | None
    ignition: Literal["spark", "compression"] | None
    monitors: dict[str, ReadyMonitor] = Field(examples=[{"misfire": {"supported": True, "complete": True}}])


class MonitorResult(BaseModel):
    mid: str | None = Field(examples=["21"])
    tid: str | None = Field(examples=["80"])
    uas: str | None = Field(examples=["0A"])
    value: float | None
    minimum: float | None
    maximum: float | None
    unit: str | None


class MonitorsView(BaseModel):
    at: datetime
    results: list[MonitorResult]


class EcuView(BaseModel):
    """What the last report that names the ECU holds: codes, [] for none, null for no answer; the rest with its time."""

    at: datetime
    stored: list[str] | None
    pending: list[str] | None
    permanent: list[str] | None
    answers: dict[Literal["stored", "pending", "permanent"], CodesAnswer]
    freeze: FreezeView | None = Field(description="null: none was told, which does not say that there is none")
    readiness: ReadinessView | None
    monitors: MonitorsView | None = Field(description="Results of mode 06")


class TroubleCodes(BaseModel):
    at: datetime = Field(description="The newest report")
    mil: bool | None = Field(description="The lamp in the newest report; null: not answered")
    ecus: dict[str, EcuView]


class StateView(BaseModel):
    vehicle: str
    last_seen: datetime | None
    signals: dict[str, LastValue]
    devices: list[DeviceView]
    trouble_codes: TroubleCodes | None = Field(description="null: the car never reported, which is not `no fault`")
    vin_reported: str | None = Field(description="As the car itself told it last")
    vin_reported_differs: bool | None = Field(description="Whether that is another than the registered VIN")


class Series(BaseModel):
    unit: str
    at: list[datetime]
    value: list[float]


class ReadingsView(BaseModel):
    vehicle: str
    signals: dict[str, Series]


class RejectedView(BaseModel):
    items: list[dict[str, Any]]
    totals: dict[str, int] = Field(examples=[{"impossible": 3}], description="Readings per reason, all pages.")
    next: str | None


class CountsView(BaseModel):
    stored: int
    rejected: dict[str, int]
    redelivered: int
    trips_waiting: int


Name = Annotated[str, Field(max_length=64)]


class PollGroup(Body):
    signals: list[Name] | None = Field(
        default=None,
        max_length=MAXIMUM_POLLED,
        examples=[["engine_speed", "vehicle_speed"]],
        description="null: all that the car has and the other group does not name",
    )
    period_s: float = Field(ge=FASTEST_S, le=SLOWEST_S, allow_inf_nan=False)


class PollPlan(Body):
    """Which signals are asked for how often; a group that is not there asks nothing. What the car lacks is left out."""

    fast: PollGroup | None = None
    slow: PollGroup | None = None


class CommandWish(Body):
    kind: CommandKind
    plan: PollPlan | None = Field(default=None, examples=[_PLAN], description="For a poll_plan alone")
    device: Name | None = Field(default=None, description="Default: the one online that spoke last")

    def plan_document(self) -> dict[str, Any] | None:
        """Give the plan as it goes to the car; one that asks nothing, or a signal of no PID, raises `Invalid`."""
        if self.plan is None:
            return None
        named = [group.signals for group in (self.plan.fast, self.plan.slow) if group is not None]
        if not any(signals is None or signals for signals in named):
            raise Invalid("a plan names at least one signal")
        if all(signals is None for signals in named):
            raise Invalid("one group of a plan names its signals")
        carried = {field.signal for pid in PIDS.values() for field in pid.fields}
        if unknown := sorted({name for signals in named for name in signals or ()} - carried):
            raise Invalid(f"no PID carries a signal called {', '.join(unknown)}")
        return self.plan.model_dump(exclude_none=True)


class ApprovalView(BaseModel):
    side: Literal["owner", "workshop"]
    account: str
    at: datetime


class ResultView(BaseModel):
    outcome: Literal["done", "refused", "failed", "unknown"]
    told: str = Field(description="The outcome as the device called it")
    detail: str
    ecus: dict[str, str] = Field(examples=[{"7E8": "cleared"}])
    replies: list[str] = Field(examples=[["7E8 01 44"]])
    at: datetime


class CommandView(BaseModel):
    id: str
    vehicle: str
    kind: CommandKind
    state: CommandState
    device: str | None
    plan: dict[str, Any] | None
    requested_by: str
    requested_at: datetime
    expires_at: datetime
    approvals: list[ApprovalView]
    sends: int
    sent_at: datetime | None
    result: ResultView | None
    result_at: datetime | None


class CommandsView(BaseModel):
    items: list[CommandView]
    next: str | None
