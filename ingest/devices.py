"""Devices as their organisation sees them: it lists its own, adds them to its cars, and locks them out."""

from typing import Any

from sqlalchemy import select

from foundation.access import OWNERS
from foundation.database import UnitOfWork
from foundation.identity import Actor, Role
from foundation.refusals import Forbidden, NotFound
from ingest.device_dialects import FORECOURT
from ingest.registry import TOLD, Vehicles, add_device, revoke_device, set_password
from ingest.tables import devices

PROVISIONERS = OWNERS | {Role.INTEGRATOR}  # a fleet's own software fits devices, too


def list_own(unit: UnitOfWork, actor: Actor) -> list[dict[str, Any]]:
    """Give the devices of the actor's organisation, by id."""
    actor.must_be(*PROVISIONERS)
    rows = unit.connection.execute(
        select(*TOLD).where(devices.c.organisation == actor.organisation).order_by(devices.c.id)
    )
    return [dict(row) for row in rows.mappings()]


def provision(
    unit: UnitOfWork,
    actor: Actor,
    vehicle: str,
    id: str | None = None,  # noqa: A002 - the column's name
    dialect: str = FORECOURT,
) -> tuple[dict[str, Any], str]:
    """Add a device to a car of the actor's own organisation; gives it with its password, which nobody can read again.

    A car that is only opened to him is `Forbidden`.
    """
    car = Vehicles().get(unit, actor, vehicle)
    if car.organisation != actor.organisation:
        raise Forbidden("devices are fitted by the organisation that the car belongs to", why="foreign_car")
    actor.must_be(*PROVISIONERS)
    device, password = add_device(unit, car.id, id, dialect)
    return _own(unit, actor, device), password


def renew_password(unit: UnitOfWork, actor: Actor, device: str) -> tuple[dict[str, Any], str]:
    """Give a device a new password instead of its old one; one that was locked out is let in again."""
    _own(unit, actor, device)
    actor.must_be(*PROVISIONERS)
    password = set_password(unit, device)
    return _own(unit, actor, device), password


def revoke(unit: UnitOfWork, actor: Actor, device: str) -> dict[str, Any]:
    """Lock a device out; one that is locked out already stays so, since when it was."""
    _own(unit, actor, device)
    actor.must_be(*PROVISIONERS)
    revoke_device(unit, device)
    return _own(unit, actor, device)


def _own(unit: UnitOfWork, actor: Actor, device: str) -> dict[str, Any]:
    row = unit.connection.execute(
        select(*TOLD).where(devices.c.id == device, devices.c.organisation == actor.organisation)
    ).one_or_none()
    if row is None:
        raise NotFound(f"there is no device {device}")
    return dict(row._mapping)  # noqa: SLF001 - a row's documented mapping
