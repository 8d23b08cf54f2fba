"""The register of vehicles and of the devices in them."""

import hashlib
import re
import secrets
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pwdlib.hashers.bcrypt import BcryptHasher
from sqlalchemy import Row, func, select, true, update
from sqlalchemy import exists as there_is
from sqlalchemy.dialects.postgresql import insert

from foundation.database import UnitOfWork, new_id
from foundation.grants import visible
from foundation.identity import Actor
from foundation.refusals import Conflict, Invalid, NotFound
from ingest.device_dialects import FORECOURT, TOPIC_ROOTS
from ingest.partitions import partition_of, wire_partition
from ingest.tables import devices, vehicles
from ingest.topics import is_id
from ingest.vehicles import Vehicle, VehicleConfig

_VIN = re.compile(r"[A-HJ-NPR-Z0-9]{17}")
# The lowest cost: device passwords are 128 random bits, which no guessing finds, and thousands reconnect at once.
_PASSWORDS = BcryptHasher(rounds=4)
# What is told of a device: never its password's hash.
TOLD = (
    devices.c.id,
    devices.c.vehicle,
    devices.c.organisation,
    devices.c.created_at,
    devices.c.revoked_at,
    devices.c.dialect,
)


class Vehicles:
    """The `VehicleRegister` of the other rooms."""

    def get(self, unit: UnitOfWork, actor: Actor, vehicle: str) -> Vehicle:
        row = unit.connection.execute(
            select(vehicles).where(vehicles.c.id == vehicle, visible(actor, vehicles.c.organisation, vehicles.c.id))
        ).one_or_none()
        if row is None:
            raise NotFound(f"there is no vehicle {vehicle}")
        return vehicle_of_row(row)

    def configure(self, unit: UnitOfWork, actor: Actor, vehicle: str, config: VehicleConfig) -> Vehicle:
        row = unit.connection.execute(
            update(vehicles)
            .where(vehicles.c.id == vehicle, vehicles.c.organisation == actor.organisation)
            .values(config=config.to_json())
            .returning(vehicles)
        ).one_or_none()
        if row is None:
            raise NotFound(f"there is no vehicle {vehicle}")
        return vehicle_of_row(row)

    def list(self, unit: UnitOfWork, actor: Actor) -> list[Vehicle]:
        """Give the vehicles the actor may see, by id."""
        seen = visible(actor, vehicles.c.organisation, vehicles.c.id)
        return [
            vehicle_of_row(row) for row in unit.connection.execute(select(vehicles).where(seen).order_by(vehicles.c.id))
        ]

    def of_ids(self, unit: UnitOfWork, actor: Actor, ids: Iterable[str]) -> dict[str, Vehicle]:
        """Give those of these vehicles which the actor may see, by id."""
        seen = visible(actor, vehicles.c.organisation, vehicles.c.id)
        rows = unit.connection.execute(select(vehicles).where(vehicles.c.id.in_(set(ids)), seen))
        return {row.id: vehicle_of_row(row) for row in rows}


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose readings a device's messages are; `vehicle` belongs to `organisation`."""

    device: str
    vehicle: str
    organisation: str
    partition: int


def add_vehicle(
    unit: UnitOfWork,
    organisation: str,
    id: str | None = None,  # noqa: A002 - the column's name
    vin: str | None = None,
    config: VehicleConfig | None = None,
    latitude: float | None = None,
    longitude: float | None = None,
) -> Vehicle:
    """Register a vehicle. A taken id raises `Conflict`; an id, VIN or place that cannot be raises `Invalid`."""
    vehicle = Vehicle(
        id or new_id("veh"), organisation, vin.upper() if vin else None, config or VehicleConfig(), latitude, longitude
    )
    if not is_id(vehicle.id):
        raise Invalid("a vehicle's id is 1 to 64 letters, digits, _ and -", why="vehicle_id")
    if vehicle.vin is not None and not is_vin(vehicle.vin):
        raise Invalid(f"{vehicle.vin} is no VIN: 17 letters and digits without I, O and Q", why="no_vin")
    if (latitude is None) != (longitude is None) or abs(latitude or 0) > 90 or abs(longitude or 0) > 180:
        raise Invalid("a place has a latitude within 90 and a longitude within 180 degrees", why="no_place")
    added = unit.connection.execute(
        insert(vehicles)
        .values(
            id=vehicle.id,
            organisation=organisation,
            vin=vehicle.vin,
            config=vehicle.config.to_json(),
            latitude=latitude,
            longitude=longitude,
            created_at=unit.now(),
        )
        .on_conflict_do_nothing()
        .returning(vehicles.c.id)
    )
    if added.one_or_none() is None:
        raise Conflict(f"the vehicle id {vehicle.id} is taken", why="id_taken")
    return vehicle


def exists(unit: UnitOfWork, vehicle: str) -> bool:
    """Whether the id is taken, by whomever: for provisioning on the server's own machine."""
    return bool(unit.connection.execute(select(there_is().where(vehicles.c.id == vehicle))).scalar_one())


def note_reported_vins(unit: UnitOfWork, told: Sequence[tuple[str, str, datetime]]) -> None:
    """Keep the VIN that each car told last, as (vehicle, VIN, when); it registers a vehicle that has none yet.

    A registered VIN is never replaced: that the car tells another one is for people to look into.
    """
    newest: dict[str, tuple[str, datetime]] = {}
    for vehicle, vin, at in told:
        if is_vin(vin) and (vehicle not in newest or at >= newest[vehicle][1]):
            newest[vehicle] = (vin, at)
    for vehicle, (vin, at) in sorted(newest.items()):
        unit.connection.execute(
            update(vehicles)
            .where(vehicles.c.id == vehicle, func.coalesce(vehicles.c.vin_reported_at <= at, true()))
            .values(vin=func.coalesce(vehicles.c.vin, vin), vin_reported=vin, vin_reported_at=at)
        )


def is_vin(text: str) -> bool:
    """Whether this can be a VIN: 17 letters and digits without I, O and Q, and not a filler such as all noughts."""
    return _VIN.fullmatch(text) is not None and len(set(text)) > 1


def any_vehicle(unit: UnitOfWork, vehicle: str) -> Vehicle:
    """Give a vehicle of any organisation: for background work and for commands on the server's own machine."""
    row = unit.connection.execute(select(vehicles).where(vehicles.c.id == vehicle)).one_or_none()
    if row is None:
        raise NotFound(f"there is no vehicle {vehicle}")
    return vehicle_of_row(row)


def all_vehicles(unit: UnitOfWork) -> list[Vehicle]:
    return [vehicle_of_row(row) for row in unit.connection.execute(select(vehicles).order_by(vehicles.c.id))]


def vehicle_of_vin(unit: UnitOfWork, vin: str) -> Vehicle:
    """Give the vehicle that was registered last under a VIN, of any organisation."""
    row = unit.connection.execute(
        select(vehicles)
        .where(vehicles.c.vin == vin.upper())
        .order_by(vehicles.c.created_at.desc(), vehicles.c.id)
        .limit(1)
    ).one_or_none()
    if row is None:
        raise NotFound(f"there is no vehicle with the VIN {vin}")
    return vehicle_of_row(row)


def add_device(
    unit: UnitOfWork,
    vehicle: str,
    id: str | None = None,  # noqa: A002 - the column's name
    dialect: str = FORECOURT,
) -> tuple[str, str]:
    """Add a device to a vehicle; gives its id and its password, of which only the hash is kept.

    Without an id it gets one that the broker puts into its vehicle's partition.
    """
    device = id or _device_id(partition_of(vehicle))
    if not is_id(device) or device.startswith("fc-"):
        raise Invalid("a device's id is 1 to 64 letters, digits, _ and -, and does not begin with fc-", why="device_id")
    if dialect not in TOPIC_ROOTS:
        raise Invalid(f"there is no dialect {dialect}: there are {', '.join(TOPIC_ROOTS)}", why="no_dialect")
    owner, password = any_vehicle(unit, vehicle), _new_password()
    added = unit.connection.execute(
        insert(devices)
        .values(
            id=device,
            vehicle=owner.id,
            organisation=owner.organisation,
            partition=partition_of(owner.id),
            wire_partition=wire_partition(device),
            dialect=dialect,
            password_hash=_PASSWORDS.hash(password),
            created_at=unit.now(),
        )
        .on_conflict_do_nothing()
        .returning(devices.c.id)
    )
    if added.one_or_none() is None:
        raise Conflict(f"the device id {device} is taken", why="id_taken")
    return device, password


def _device_id(partition: int) -> str:
    return next(it for it in iter(lambda: new_id("dev"), None) if wire_partition(it) == partition)


def heard_elsewhere(unit: UnitOfWork, names: Iterable[str], partitions: Collection[int]) -> list[str]:
    """Give which of these vehicles have a device whose messages the broker puts into none of these partitions."""
    rows = unit.connection.execute(
        select(devices.c.vehicle)
        .where(devices.c.vehicle.in_(sorted(names)), devices.c.wire_partition.not_in(sorted(partitions)))
        .distinct()
        .order_by(devices.c.vehicle)
    )
    return list(rows.scalars())


def replay_device(unit: UnitOfWork, vehicle: str) -> tuple[str, str]:
    """Give the device under which this machine replays a vehicle's trips: always the same one, with a new password."""
    device = f"replay-{hashlib.sha256(vehicle.encode()).hexdigest()[:24]}"
    known = unit.connection.execute(select(devices.c.id).where(devices.c.id == device)).scalar_one_or_none()
    return (device, set_password(unit, device)) if known else add_device(unit, vehicle, device)


def set_password(unit: UnitOfWork, device: str) -> str:
    """Give a device a new password and let it in again if it was locked out."""
    password = _new_password()
    changed = unit.connection.execute(
        update(devices).where(devices.c.id == device).values(password_hash=_PASSWORDS.hash(password), revoked_at=None)
    )
    if changed.rowcount == 0:
        raise NotFound(f"there is no device {device}")
    return password


def revoke_device(unit: UnitOfWork, device: str) -> bool:
    """Lock a device out; False when there is no such device, or it is locked out already."""
    changed = unit.connection.execute(
        update(devices).where(devices.c.id == device, devices.c.revoked_at.is_(None)).values(revoked_at=unit.now())
    )
    return changed.rowcount > 0


def list_devices(unit: UnitOfWork) -> list[dict[str, Any]]:
    """Give all devices without their passwords, by id."""
    return [dict(row) for row in unit.connection.execute(select(*TOLD).order_by(devices.c.id)).mappings()]


def credentials(unit: UnitOfWork) -> list[tuple[str, str, str]]:
    """Give (device, bcrypt hash, dialect) of the devices that may connect."""
    columns = devices.c.id, devices.c.password_hash, devices.c.dialect
    rows = unit.connection.execute(select(*columns).where(devices.c.revoked_at.is_(None)).order_by(devices.c.id))
    return [(row.id, row.password_hash, row.dialect) for row in rows]


def admits(unit: UnitOfWork, device: str, password: str) -> bool:
    """Whether this is the password of a device that is not locked out."""
    kept = unit.connection.execute(
        select(devices.c.password_hash).where(devices.c.id == device, devices.c.revoked_at.is_(None))
    ).scalar_one_or_none()
    return kept is not None and _PASSWORDS.verify(password, kept)


def dialect_of(unit: UnitOfWork, device: str) -> str | None:
    """Give the dialect that a device is registered with; None: there is no such device, or it is locked out."""
    return unit.connection.execute(
        select(devices.c.dialect).where(devices.c.id == device, devices.c.revoked_at.is_(None))
    ).scalar_one_or_none()


def owners(unit: UnitOfWork, names: Sequence[str]) -> dict[str, Owner]:
    """Give whose the devices are, in one statement; unknown and locked-out ones are left out."""
    rows = unit.connection.execute(
        select(devices.c.id, devices.c.vehicle, devices.c.organisation, devices.c.partition).where(
            devices.c.id.in_(names), devices.c.revoked_at.is_(None)
        )
    )
    return {row.id: Owner(row.id, row.vehicle, row.organisation, row.partition) for row in rows}


def vehicle_of_row(row: "Row[Any]") -> Vehicle:
    return Vehicle(row.id, row.organisation, row.vin, VehicleConfig.from_json(row.config), row.latitude, row.longitude)


def _new_password() -> str:
    return secrets.token_urlsafe(16)
