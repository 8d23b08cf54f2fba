"""The HTTP door of ingest: vehicles, what they say now and said before, and what was rejected."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from foundation.database import Database
from foundation.http import ActorDependency, problem_responses
from foundation.identity import Actor
from foundation.paging import DEFAULT_LIMIT, MAXIMUM_LIMIT
from foundation.refusals import Invalid
from ingest.archive import Archive
from ingest.batch import from_us
from ingest.counting import count_readings
from ingest.registry import Vehicles
from ingest.rejections import list_rejected, rejected_totals
from ingest.series import downsample
from ingest.signals import SIGNALS
from ingest.state import state_of
from ingest.vehicles import Vehicle

LONGEST_SPAN = timedelta(days=31)


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
    spool: int | None
    reported_at: datetime | None


class StateView(BaseModel):
    vehicle: str
    last_seen: datetime | None
    signals: dict[str, LastValue]
    devices: list[DeviceView]
    trouble_codes: dict[str, Any] | None = Field(description="Per ECU: codes, [] for none, null for no answer.")


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


def router(database: Database, current_actor: ActorDependency, archive: Archive) -> APIRouter:
    """Give the routes of ingest."""
    routes = APIRouter(prefix="/v1", tags=["vehicles"])
    vehicles = Vehicles()
    _add_vehicles(routes, database, current_actor, vehicles)
    _add_readings(routes, database, current_actor, vehicles, archive)
    _add_intake(routes, database, current_actor)
    return routes


def _add_vehicles(routes: APIRouter, database: Database, current_actor: ActorDependency, vehicles: Vehicles) -> None:
    actor_ = Annotated[Actor, Depends(current_actor)]

    @routes.get("/vehicles", summary="The vehicles you may see")
    def list_vehicles(actor: actor_) -> VehiclesView:
        with database.unit() as unit:
            return VehiclesView(items=[_view(vehicle) for vehicle in vehicles.list(unit, actor)])

    @routes.get("/vehicles/{vehicle}", summary="One vehicle", responses=problem_responses(404))
    def get_vehicle(vehicle: str, actor: actor_) -> VehicleView:
        with database.unit() as unit:
            return _view(vehicles.get(unit, actor, vehicle))

    @routes.get("/vehicles/{vehicle}/state", summary="Each signal's newest value", responses=problem_responses(404))
    def get_state(vehicle: str, actor: actor_) -> StateView:
        with database.unit() as unit:
            return StateView.model_validate(state_of(unit, actor, vehicles, vehicle))


def _add_readings(
    routes: APIRouter, database: Database, current_actor: ActorDependency, vehicles: Vehicles, archive: Archive
) -> None:
    actor_ = Annotated[Actor, Depends(current_actor)]

    @routes.get(
        "/vehicles/{vehicle}/readings",
        summary="Series of signals, downsampled with minima and maxima kept",
        responses=problem_responses(404, 422),
    )
    def get_readings(
        vehicle: str,
        actor: actor_,
        signals: Annotated[str, Query(examples=["control_module_voltage,engine_speed"])],
        begin: Annotated[
            datetime | None, Query(alias="from", description="RFC 3339; default: a day before `to`")
        ] = None,
        end: Annotated[datetime | None, Query(alias="to", description="RFC 3339; default: now")] = None,
        points: Annotated[int, Query(ge=4, le=5000, description="At most so many per signal")] = 500,
    ) -> ReadingsView:
        names = [name.strip() for name in signals.split(",") if name.strip()]
        if unknown := sorted(set(names) - set(SIGNALS)):
            raise Invalid(f"there is no signal called {', '.join(unknown)}")
        with database.unit() as unit:
            vehicles.get(unit, actor, vehicle)
            last = end or unit.now()
            first = begin or last - timedelta(days=1)
            if first.tzinfo is None or last.tzinfo is None:
                raise Invalid("from and to need a time zone, such as 2026-11-22T10:00:00Z")
            if not timedelta() < last - first <= LONGEST_SPAN:
                raise Invalid(f"from must lie before to, by {LONGEST_SPAN.days} days at most")
            rows = archive.readings(unit, vehicle, first, last, names)
        view = {}
        for name in names:
            if name in rows.signals:
                at_us, values = downsample(rows.at_us, rows.signals[name], points)
                shortest = [float(str(value)) for value in values]  # as many digits as float32 has
                view[name] = Series(unit=SIGNALS[name].unit, at=[from_us(us) for us in at_us.tolist()], value=shortest)
        return ReadingsView(vehicle=vehicle, signals=view)


def _add_intake(routes: APIRouter, database: Database, current_actor: ActorDependency) -> None:
    actor_ = Annotated[Actor, Depends(current_actor)]

    @routes.get("/ingest/rejected", summary="What was rejected, and why", responses=problem_responses(403, 422))
    def get_rejected(
        actor: actor_,
        limit: Annotated[int, Query(ge=1, le=MAXIMUM_LIMIT)] = DEFAULT_LIMIT,
        cursor: Annotated[str | None, Query(max_length=500)] = None,
    ) -> RejectedView:
        with database.unit() as unit:
            page = list_rejected(unit, actor, limit, cursor)
            return RejectedView(items=page.items, totals=rejected_totals(unit, actor), next=page.next)

    @routes.get("/ingest/counts", summary="Readings stored and rejected, for all your vehicles")
    def get_counts(actor: actor_) -> CountsView:
        with database.unit() as unit:
            counts = count_readings(unit, actor.organisation)
            return CountsView.model_validate(counts, from_attributes=True)


def _view(vehicle: Vehicle) -> VehicleView:
    return VehicleView(id=vehicle.id, vin=vehicle.vin, config=vehicle.config.to_json())
