"""The HTTP door of devices: fitted, given new passwords, locked out; the broker is told before the answer."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from foundation.database import Database
from foundation.http import ActorDependency, Body, problem_responses
from foundation.identity import Actor
from ingest import devices

# Tells the bundled broker who may connect now; False when the broker is not ours to tell.
TellBroker = Callable[[], bool]
Dialect = Literal["forecourt", "wican", "ovms", "autopi", "torque", "traccar"]
_IN_FORCE = (
    "Whether the bundled broker has been told. If not, the broker is another's: whoever keeps it has to see to it"
)


class DeviceView(BaseModel):
    id: str = Field(examples=["dev_01jd3k"], description="Its MQTT user name, and its place in topics")
    vehicle: str
    dialect: Dialect
    created_at: datetime
    revoked_at: datetime | None


class DevicesView(BaseModel):
    items: list[DeviceView]


class ChangedDevice(DeviceView):
    in_force: bool = Field(description=_IN_FORCE)


class DeviceWithPassword(ChangedDevice):
    password: str = Field(description="Shown here and never again; only its hash is kept")


class DeviceWish(Body):
    vehicle: str = Field(examples=["car-1"])
    id: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9_-]{1,64}$",
        description="Its maker's own id, where the device cannot be given one; else leave it out",
    )
    dialect: Dialect = "forecourt"


def add_routes(routes: APIRouter, database: Database, current_actor: ActorDependency, tell_broker: TellBroker) -> None:
    """Add the routes of devices. No idempotency keys: a kept answer would keep the password."""
    actor_ = Annotated[Actor, Depends(current_actor)]

    @routes.get("/devices", summary="Your organisation's devices", responses=problem_responses(403))
    def list_devices(actor: actor_) -> DevicesView:
        with database.unit() as unit:
            return DevicesView.model_validate({"items": devices.list_own(unit, actor)})

    @routes.post(
        "/devices", status_code=201, summary="Fit a device to a car", responses=problem_responses(403, 404, 409, 422)
    )
    def add(actor: actor_, body: DeviceWish) -> DeviceWithPassword:
        with database.unit() as unit:
            device, password = devices.provision(unit, actor, body.vehicle, body.id, body.dialect)
        return DeviceWithPassword.model_validate(_told(device, tell_broker) | {"password": password})

    @routes.post("/devices/{device}/password", summary="Give it a new password", responses=problem_responses(403, 404))
    def renew(device: str, actor: actor_) -> DeviceWithPassword:
        with database.unit() as unit:
            changed, password = devices.renew_password(unit, actor, device)
        return DeviceWithPassword.model_validate(_told(changed, tell_broker) | {"password": password})

    @routes.post("/devices/{device}/revoke", summary="Lock it out at once", responses=problem_responses(403, 404))
    def revoke(device: str, actor: actor_) -> ChangedDevice:
        with database.unit() as unit:
            changed = devices.revoke(unit, actor, device)
        return ChangedDevice.model_validate(_told(changed, tell_broker))


def _told(device: dict[str, Any], tell_broker: TellBroker) -> dict[str, Any]:
    """Tell the broker, after the commit."""
    return device | {"in_force": tell_broker()}
