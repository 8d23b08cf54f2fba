"""Who plays in the demo: a family with cars and devices, and one account for each role."""

import secrets
from dataclasses import dataclass

from aftersales.seed import WORKSHOP_ORGANISATION
from forecourt.installation import Installation
from forecourt.seeding import seed_demo
from foundation import identity
from foundation.database import Database
from foundation.identity import Actor, Role
from ingest import registry
from ingest.vehicles import Fuel, VehicleConfig

CARS = (
    VehicleConfig(make="Toyota", model_line="Etios", model_year=2014, fuel=Fuel.PETROL, displacement_l=1.5),
    VehicleConfig(make="Volkswagen", model_line="Golf", model_year=2016, fuel=Fuel.PETROL, displacement_l=1.4),
    VehicleConfig(make="Honda", model_line="Civic", model_year=2018, fuel=Fuel.PETROL, displacement_l=1.5),
)
OWNER_SIDE = frozenset({Role.OWNER, Role.FLEET_OPERATOR, Role.INTEGRATOR, Role.ADMINISTRATOR})
SHANGHAI = (31.2304, 121.4737)


@dataclass(frozen=True, slots=True)
class Member:
    """An account of the demo: who it is, its bearer token, and the secret of its sign-in link."""

    actor: Actor
    token: str
    link: str


@dataclass(frozen=True, slots=True)
class Car:
    vehicle: str
    device: str
    mqtt_url: str


@dataclass(frozen=True, slots=True)
class Cast:
    """One run's people and cars; `cars[0]` is the one whose alternator is failing, `port_car` is behind an ELM327."""

    run: str
    family: str
    members: dict[Role, Member]
    cars: tuple[Car, ...]
    port_car: Car


def assemble(installation: Installation, database: Database, cars: int) -> Cast:
    """Seed catalogue and workshops if need be, and make a new family, so that runs never mix.

    It has `cars` cars that publish by themselves, and one more with an OBD port.
    """
    run = secrets.token_hex(2)
    with database.unit() as unit:
        seed_demo(unit)
        family = identity.add_organisation(unit, f"Family Li ({run})")
        members = {}
        for role in Role:
            home = family if role in OWNER_SIDE else WORKSHOP_ORGANISATION
            actor = identity.add_account(unit, f"{role.value}-{run}@demo.example", role, home, name=role.value)
            members[role] = Member(actor, identity.issue_token(unit, actor), identity.issue_link(unit, actor))
        provisioned = []
        names = [*(f"car-{run}-{number + 1}" for number in range(cars)), f"car-{run}-obd"]
        for number, vehicle in enumerate(names):
            registry.add_vehicle(
                unit, family, vehicle, None, CARS[number % len(CARS)], latitude=SHANGHAI[0], longitude=SHANGHAI[1]
            )
            provisioned.append((vehicle, *registry.add_device(unit, vehicle)))
    installation.let_devices_in(database)
    *fleet, port_car = (
        Car(vehicle, device, installation.device_url(device, password)) for vehicle, device, password in provisioned
    )
    return Cast(run, family, members, tuple(fleet), port_car)
