"""Vehicles belong to organisations; devices get passwords of which only a hash is kept."""

import bcrypt
import pytest

from foundation.database import Database
from foundation.grants import open_to
from foundation.identity import Actor, Role, add_organisation, desk_of
from foundation.refusals import Conflict, Invalid, NotFound
from ingest import registry
from ingest.partitions import owned_by, partition_of, sessions, wire_partition
from ingest.registry import Vehicles
from ingest.vehicles import Fuel, VehicleConfig

ETIOS = VehicleConfig(make="Toyota", model_line="Etios", fuel=Fuel.PETROL, equipment={"air_conditioning": True})


def test_another_organisation_s_vehicle_does_not_exist_until_it_is_opened(database: Database) -> None:
    with database.unit() as unit:
        home, other = add_organisation(unit, "Li"), add_organisation(unit, "Workshop")
        made = registry.add_vehicle(unit, home, "car-1", "9bwzzz377vt004251", ETIOS, 31.2, 121.5)
        assert Vehicles().get(unit, desk_of(home), "car-1") == made
        stranger = Actor("a", other, Role.TECHNICIAN)
        with pytest.raises(NotFound):
            Vehicles().get(unit, stranger, "car-1")
        assert Vehicles().list(unit, stranger) == []
        assert Vehicles().of_ids(unit, stranger, ["car-1"]) == {}
        open_to(unit, "car-1", other, Role.TECHNICIAN, "test")
        assert Vehicles().list(unit, stranger) == [made]
        assert Vehicles().of_ids(unit, stranger, ["car-1", "car-1", "car-2"]) == {"car-1": made}
        assert Vehicles().of_ids(unit, stranger, []) == {}
        assert registry.vehicle_of_vin(unit, "9BWZZZ377VT004251") == made


@pytest.mark.parametrize(
    "wrong", [{"id": "a b"}, {"vin": "IOQ"}, {"latitude": 91, "longitude": 0}, {"latitude": 5}, {"id": "x" * 65}]
)
def test_what_cannot_be_a_vehicle_is_refused(database: Database, wrong: dict) -> None:
    with database.unit() as unit, pytest.raises(Invalid):
        registry.add_vehicle(unit, "org", **wrong)


def test_a_taken_id_is_a_conflict(database: Database) -> None:
    with database.unit() as unit:
        registry.add_vehicle(unit, "org", "car-1")
        with pytest.raises(Conflict):
            registry.add_vehicle(unit, "org", "car-1")
        registry.add_device(unit, "car-1", "dev-1")
        with pytest.raises(Conflict):
            registry.add_device(unit, "car-1", "dev-1")
        with pytest.raises(Invalid):
            registry.add_device(unit, "car-1", "fc-ingest")
        with pytest.raises(NotFound):
            registry.add_device(unit, "car-2")


def test_a_device_s_password_changes_and_is_revoked(database: Database) -> None:
    with database.unit() as unit:
        registry.add_vehicle(unit, "org", "car-1")
        device, password = registry.add_device(unit, "car-1")
        (known,) = registry.credentials(unit)
        assert bcrypt.checkpw(password.encode(), known[1].encode())
        assert known[1].startswith("$2b$04$")
        assert registry.set_password(unit, device) != password
        assert [row["id"] for row in registry.list_devices(unit)] == [device]
        assert registry.owners(unit, [device, "other"])[device].organisation == "org"
        assert registry.revoke_device(unit, device)
        assert not registry.revoke_device(unit, device)
        assert registry.credentials(unit) == []
        assert registry.owners(unit, [device]) == {}


def test_a_vehicle_is_always_replayed_by_the_same_device(database: Database) -> None:
    with database.unit() as unit:
        registry.add_vehicle(unit, "org", "car-1")
        first, second = registry.replay_device(unit, "car-1"), registry.replay_device(unit, "car-1")
        assert first[0] == second[0]
        assert first[1] != second[1]


def test_a_generated_device_lies_in_its_vehicle_s_partition_and_another_makes_it_shared(database: Database) -> None:
    with database.unit() as unit:
        for number in range(5):
            registry.add_vehicle(unit, "org", f"car-{number}")
            device, _ = registry.add_device(unit, f"car-{number}", dialect="wican")
            assert wire_partition(device) == partition_of(f"car-{number}")
        assert registry.list_devices(unit)[0]["dialect"] == "wican"
        cars = [f"car-{number}" for number in range(5)]
        home = {partition_of(car) for car in cars}
        assert registry.heard_elsewhere(unit, cars, home) == []
        stranger = next(it for it in map("esp-{}".format, range(99)) if wire_partition(it) not in home)
        registry.add_device(unit, "car-3", stranger)
        assert registry.heard_elsewhere(unit, cars, home) == ["car-3"]
        with pytest.raises(Invalid):
            registry.add_device(unit, "car-3", dialect="klingon")


def test_the_workers_share_the_partitions_and_each_session_has_one_owner() -> None:
    for workers in (1, 3, 4, 16):
        parts = [owned_by(worker, workers) for worker in range(workers)]
        assert sorted(it for part in parts for it in part) == list(range(16))
        ids = [one.client_id for part in parts for one in sessions("x", part)]
        assert len(ids) == len(set(ids)) == 17
    with pytest.raises(ValueError, match="no worker"):
        owned_by(4, 4)
