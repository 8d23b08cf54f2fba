"""The HTTP door of ingest: vehicles, what they say now and said before, what is asked of them, what was rejected."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Response

from foundation.database import Database
from foundation.http import ActorDependency, IdempotencyKey, problem_responses
from foundation.idempotency import once
from foundation.identity import Actor
from foundation.paging import DEFAULT_LIMIT, MAXIMUM_LIMIT
from foundation.refusals import Invalid
from ingest import commands, devices_http
from ingest.archive import Archive
from ingest.archive.stream import ARROW_STREAM, arrow_stream
from ingest.batch import from_us
from ingest.bodies import (
    CommandsView,
    CommandView,
    CommandWish,
    CountsView,
    ReadingsView,
    RejectedView,
    Series,
    StateView,
    VehiclesView,
    VehicleView,
)
from ingest.counting import count_readings
from ingest.registry import Vehicles
from ingest.rejections import list_rejected, rejected_totals
from ingest.series import downsample
from ingest.signals import SIGNALS
from ingest.state import state_of
from ingest.vehicles import Vehicle

FIRST_YEAR = 1970
LONGEST_SPAN = timedelta(days=31)
REFUSED = problem_responses(403, 404, 409, 422)


def router(
    database: Database,
    current_actor: ActorDependency,
    archive: Archive,
    tell_broker: devices_http.TellBroker = lambda: False,
) -> APIRouter:
    """Give the routes of ingest; `tell_broker` is called when other devices may connect than before."""
    routes = APIRouter(prefix="/v1", tags=["vehicles"])
    vehicles = Vehicles()
    _add_vehicles(routes, database, current_actor, vehicles)
    _add_readings(routes, database, current_actor, vehicles, archive)
    _add_commands(routes, database, current_actor, vehicles)
    _add_answers(routes, database, current_actor, vehicles)
    _add_intake(routes, database, current_actor)
    devices_http.add_routes(routes, database, current_actor, tell_broker)
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

    @routes.get(
        "/vehicles/{vehicle}/state",
        summary="Each signal's newest value, the devices, and what each ECU says of trouble",
        responses=problem_responses(404),
    )
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
        responses=problem_responses(404, 422)
        | {200: {"description": "JSON, or on `Accept` an Arrow stream", "content": {ARROW_STREAM: {}}}},
        response_model=ReadingsView,
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
        accept: Annotated[str, Header(include_in_schema=False)] = "",
    ) -> ReadingsView | Response:
        names = [name.strip() for name in signals.split(",") if name.strip()]
        if unknown := sorted(set(names) - set(SIGNALS)):
            raise Invalid(f"there is no signal called {', '.join(unknown)}")
        with database.unit() as unit:
            vehicles.get(unit, actor, vehicle)
            last = end or unit.now()
            if last.year < FIRST_YEAR:
                raise Invalid(f"nothing was read before {FIRST_YEAR}")
            first = begin or last - timedelta(days=1)
            if first.tzinfo is None or last.tzinfo is None:
                raise Invalid("from and to need a time zone, such as 2026-11-22T10:00:00Z")
            if not timedelta() < last - first <= LONGEST_SPAN:
                raise Invalid(f"from must lie before to, by {LONGEST_SPAN.days} days at most")
            rows = archive.readings(unit, vehicle, first, last, names)
        series = {
            name: downsample(rows.at_us, rows.signals[name], points)
            for name in dict.fromkeys(names)
            if name in rows.signals
        }
        if ARROW_STREAM in accept:
            units = {name: SIGNALS[name].unit for name in series}
            return Response(arrow_stream(vehicle, series, units), media_type=ARROW_STREAM)
        view = {
            name: Series(
                unit=SIGNALS[name].unit,
                at=[from_us(us) for us in at_us.tolist()],
                value=[float(str(value)) for value in values],  # as many digits as float32 has
            )
            for name, (at_us, values) in series.items()
        }
        return ReadingsView(vehicle=vehicle, signals=view)


def _add_commands(routes: APIRouter, database: Database, current_actor: ActorDependency, vehicles: Vehicles) -> None:
    actor_ = Annotated[Actor, Depends(current_actor)]

    @routes.post("/vehicles/{vehicle}/commands", status_code=201, summary="Ask something of the car", responses=REFUSED)
    def ask(vehicle: str, actor: actor_, body: CommandWish, key: IdempotencyKey = None) -> CommandView:
        with database.unit() as unit:
            answer = once(
                unit,
                actor,
                f"vehicles/{vehicle}/commands",
                key,
                body.model_dump(mode="json"),
                lambda: commands.ask(
                    unit, actor, vehicles, vehicle, body.kind, plan=body.plan_document(), device=body.device
                ),
            )
            return CommandView.model_validate(answer)

    @routes.get(
        "/vehicles/{vehicle}/commands",
        summary="What was asked of the car, the newest first",
        responses=problem_responses(404, 422),
    )
    def list_commands(
        vehicle: str,
        actor: actor_,
        limit: Annotated[int, Query(ge=1, le=MAXIMUM_LIMIT)] = DEFAULT_LIMIT,
        cursor: Annotated[str | None, Query(max_length=500)] = None,
    ) -> CommandsView:
        with database.unit() as unit:
            page = commands.list_commands(unit, actor, vehicles, vehicle, limit, cursor)
            return CommandsView.model_validate({"items": page.items, "next": page.next})


def _add_answers(routes: APIRouter, database: Database, current_actor: ActorDependency, vehicles: Vehicles) -> None:
    actor_ = Annotated[Actor, Depends(current_actor)]

    @routes.get("/commands/{command}", summary="One command with its result", responses=problem_responses(404))
    def get_command(command: str, actor: actor_) -> CommandView:
        with database.unit() as unit:
            return CommandView.model_validate(commands.get_command(unit, actor, command))

    @routes.post("/commands/{command}/approve", summary="Agree, for the side that is missing", responses=REFUSED)
    def approve(command: str, actor: actor_, key: IdempotencyKey = None) -> CommandView:
        with database.unit() as unit:
            answer = once(
                unit,
                actor,
                f"commands/{command}/approve",
                key,
                {},
                lambda: commands.approve(unit, actor, vehicles, command),
            )
            return CommandView.model_validate(answer)

    @routes.post("/commands/{command}/decline", summary="Say no, or take it back, before it is sent", responses=REFUSED)
    def decline(command: str, actor: actor_, key: IdempotencyKey = None) -> CommandView:
        with database.unit() as unit:
            answer = once(
                unit,
                actor,
                f"commands/{command}/decline",
                key,
                {},
                lambda: commands.decline(unit, actor, vehicles, command),
            )
            return CommandView.model_validate(answer)


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
