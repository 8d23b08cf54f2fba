"""What the pages' tests play with: a family's car with readings, a failing alternator, and its proposed visit."""

import json
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from aftersales.opening import open_case
from aftersales.seed import WORKSHOP_ORGANISATION
from aftersales.views import get_case
from diagnostics.findings import Evidence, Finding, Urgency
from diagnostics.monitor import QUIET
from diagnostics.tables import findings
from foundation.database import Database, new_id
from foundation.identity import Actor, Role, add_account, add_organisation
from ingest.archive import Archive
from ingest.arrived import Arrived
from ingest.intake import Intake
from ingest.registry import Vehicles, add_device, add_vehicle
from ingest.topics import Kind, topic_of
from ingest.vehicles import Fuel, VehicleConfig
from tests.passwords import kept_of

CONFIG = VehicleConfig(make="Toyota", model_line="Etios", model_year=2014, fuel=Fuel.PETROL, displacement_l=1.5)
EVIDENCE = Evidence(
    "charging_voltage_idle",
    12.6,
    13.8,
    "V",
    "Charging voltage at idle 12.6 V, this car's own normal 13.8 V",
    "怠速充电电压12.6 V，本车平时为13.8 V",
)


@dataclass(frozen=True, slots=True)
class Scene:
    """One family, one workshop's people, one car."""

    database: Database
    archive: Archive
    owner: Actor
    technician: Actor
    advisor: Actor
    vehicle: str
    device: str

    def fail(self, urgency: Urgency = Urgency.S1) -> str:
        """Let the alternator be found failing; gives the appointment that is proposed."""
        case = self.find_fault(urgency)
        with self.database.unit() as unit:
            return str(get_case(unit, self.owner, case)["appointment"]["id"])

    def find_fault(self, urgency: Urgency = Urgency.S1) -> str:
        """Let the alternator be found failing; gives the case."""
        with self.database.unit() as unit:
            now = unit.now()
            found = Finding(
                self.vehicle,
                "alternator",
                0.97,
                0.6,
                urgency,
                now - timedelta(days=3),
                now - timedelta(minutes=5),
                (EVIDENCE,),
                "test-1",
                new_id("find"),
            )
            row = {
                "id": found.id,
                "vehicle": found.vehicle,
                "organisation": self.owner.organisation,
                "fault": found.fault,
                "probability": found.probability,
                "severity": found.severity,
                "urgency": found.urgency.value,
                "first_seen": found.first_seen,
                "confirmed_at": found.confirmed,
                "quiet_until": found.confirmed + QUIET,
                "evidence": [asdict(reason) for reason in found.evidence],
                "predictor": found.predictor,
                "recorded_at": now,
            }
            unit.connection.execute(findings.insert().values(**row))
            return open_case(unit, found, Vehicles().get(unit, self.owner, self.vehicle))

    def drive(self, boot: str, seconds: int, volts: float, *, ago: timedelta = timedelta()) -> None:
        """Let the car be heard: one reading a second up to `ago`, through the real gate."""
        now = self.database.clock.now() - ago
        message = {
            "boot": boot,
            "seq": 1,
            "floor": 1,
            "t0": (now - timedelta(seconds=seconds - 1)).isoformat(),
            "age_ms": seconds * 1000,
            "dt_ms": [second * 1000 for second in range(seconds)],
            "signals": {
                "vehicle_speed": [52.0] * seconds,
                "engine_speed": [1850.0] * seconds,
                "coolant_temperature": [88.0] * seconds,
                "control_module_voltage": [volts + 0.05 * (second % 2) for second in range(seconds)],
            },
        }
        topic = topic_of(self.device, Kind.READINGS_JSON)
        intake = Intake(self.database, self.archive)
        intake.start()
        intake.process([Arrived(topic, json.dumps(message).encode(), self.database.clock.now())])

    def say(self, topic: Kind, /, **told: Any) -> None:
        """Let the car's device say something through the real gate."""
        body = {"boot": "b9", "t": self.database.clock.now().isoformat()} | told
        intake = Intake(self.database, self.archive)
        intake.start()
        arrived = Arrived(topic_of(self.device, topic), json.dumps(body).encode(), self.database.clock.now())
        assert intake.process([arrived]).rejected == {}


def build_scene(database: Database, archive: Archive) -> Scene:
    with database.unit() as unit:
        family = add_organisation(unit, "Family Li")
        owner = add_account(
            unit, "li.wei@example.com", Role.OWNER, family, name="Li Wei", password_hash=kept_of("secret")
        )
        technician = add_account(unit, "zhang@example.com", Role.TECHNICIAN, WORKSHOP_ORGANISATION, name="Zhang")
        advisor = add_account(unit, "wang@example.com", Role.ADVISOR, WORKSHOP_ORGANISATION, name="Wang")
        vehicle = add_vehicle(unit, family, "car-1", None, CONFIG, 31.23, 121.47)
        device, _ = add_device(unit, vehicle.id)
    return Scene(database, archive, owner, technician, advisor, vehicle.id, device)
