"""Behind our ELM327: each fault that shows through the port ends in one case, which the car's own code then joins."""

import copy
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from paho.mqtt.client import MQTTMessage

from forecourt.installation import Installation
from forecourt.settings import Settings
from ingest.address import BrokerAddress
from ingest.edge.edge import Config, Edge
from ingest.edge.engine import State
from ingest.partitions import MAPPED, wire_partition
from ingest.sources.mqtt import Connection, Profile
from ingest.topics import Kind, topic_of
from simulators.ecu import Ecu
from simulators.fleet import history
from simulators.garage import Character, drive
from simulators.played_trip import EndlessDrive
from tests.flow.car_end import QuickTimes, elm_of
from tests.flow.house import House, eventually
from tests.flow.trips import write_all

FACTOR = 75.0
PARKED_S = 320.0  # longer than the silence that ends a trip
BEHIND = timedelta(hours=3)  # quick time starts so far in the past, so that nothing is ever ahead of the server
FOUND_S, JOINED_S = 180.0, 60.0
SOAK = pytest.mark.soak  # an engine needs a long drive to get warm


@dataclass(frozen=True)
class Fault:
    """A fault, the car that shows it, what is asked of that car, and a code of the fault."""

    name: str
    seed: int
    signals: tuple[str, ...]
    code: str
    climate: float
    drive_s: int  # an engine has to get warm to show its thermostat
    severity: float = 1.0

    @property
    def character(self) -> Character:
        return Character(self.seed, traits={"climate_mean": self.climate, "climate_swing": 2.0}, fault=self.name)


FAULTS = (
    Fault("alternator", 21, ("control_module_voltage", "engine_speed", "engine_load"), "P0562", 20.0, 420),
    Fault(
        "thermostat_stuck_open", 22,
        ("coolant_temperature", "engine_speed", "vehicle_speed", "engine_load", "intake_manifold_pressure"), "P0128",
        6.0, 960,
    ),
    Fault(
        "fuel_pump", 23,
        ("short_term_fuel_trim_1", "long_term_fuel_trim_1", "engine_speed", "mass_air_flow",
         "intake_manifold_pressure"), "P0087", 20.0, 540,
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Scene:
    """One fault's car on the road: its house with its own vehicle, its control unit, and the car end in it."""

    fault: Fault
    house: House
    ecu: Ecu
    edge: Edge
    source: EndlessDrive

    def await_setting_out(self) -> None:
        """Wait until the next drive has begun and is being read."""
        before = self.source.number
        begun = f"the next drive of {self.fault.name} begins"
        eventually(lambda: self.source.number > before and self.edge.poller.state == State.CONNECTED, 60, begun)


@contextmanager
def on_the_road(house: House, fault: Fault, folder: Path) -> Iterator[Scene]:
    """Give the car its healthy past by replay, then let it drive with the fault behind our ELM327, in quick time."""
    folder.mkdir()
    quick = QuickTimes(datetime.now(UTC) - BEHIND, FACTOR)
    past = history(fault.seed, 8, np.zeros(8), until=quick.now() - timedelta(hours=2), fault=fault.name,
                   traits=fault.character.traits)  # fmt: skip
    house.replay(write_all(past, folder / "past"), "--start", past[0].start.isoformat())
    plan = {"fast": {"signals": list(fault.signals), "period_s": 2.0}, "slow": {"period_s": 20.0}}
    (folder / "plan.json").write_text(json.dumps(plan), "utf-8")
    source = EndlessDrive(
        lambda number: drive(fault.character, fault.severity, quick.now(), fault.drive_s, fault.seed + number),
        parked_s=PARKED_S,
        monotonic=quick.monotonic,
    )
    try:
        with elm_of(source) as (ecu, server):
            config = Config(server.address, house.vehicle, house.device_url, folder / "edge", folder / "plan.json",
                            rate=20.0)  # fmt: skip
            with Edge(config, times=quick.times()) as edge:
                try:
                    yield Scene(fault, house, ecu, edge, source)
                finally:
                    quick.stopping.set()
    finally:
        source.close()


@SOAK
@pytest.mark.parametrize("names", ["alternator", "thermostat_stuck_open fuel_pump"])
def test_each_fault_is_one_case_that_its_code_joins(house: House, tmp_path: Path, names: str) -> None:
    with ExitStack() as roads:
        scenes = []
        for fault in (it for it in FAULTS if it.name in names.split()):
            house.provision()
            scenes.append(roads.enter_context(on_the_road(copy.copy(house), fault, tmp_path / fault.name)))
        for scene in scenes:
            case = eventually(lambda scene=scene: the_case(scene), FOUND_S, f"a case of {scene.fault.name}")
            assert case["fault"] == scene.fault.name
            scene.ecu.set_codes(stored=(scene.fault.code,))
        for scene in scenes:
            joined = eventually(lambda scene=scene: codes_in(scene), JOINED_S, f"{scene.fault.code} joins its case")
            assert joined == [scene.fault.code]
            assert [case["fault"] for case in scene.house.cases()] == [scene.fault.name]
            assert answered(scene.house) == [scene.fault.code]
        clear_codes(scenes[-1])


def the_case(scene: Scene) -> dict[str, Any] | None:
    assert scene.edge.failure is None
    cases = scene.house.cases()
    assert len(cases) <= 1, [case["fault"] for case in cases]
    return cases[0] if cases and cases[0]["appointment"] else None


def codes_in(scene: Scene) -> list[str]:
    [case] = scene.house.cases()
    return [code["code"] for code in case["codes"]]


def clear_codes(scene: Scene) -> None:
    """Both authorities clear the codes; one alone, or a command without them, does not."""
    house, device = scene.house, scene.edge.publisher.device
    [case] = house.cases()
    house.post(f"/v1/appointments/{case['appointment']['id']}/confirm", {})
    with listening(house, device) as (results, order):
        order({"id": "cmd-forged", "kind": "clear_dtcs", "valid_s": 60})
        [refused] = eventually(lambda: list(results), 30, "the result of a command without authority")
        assert (refused["id"], refused["outcome"]) == ("cmd-forged", "refused")
        asked = house.post(f"/v1/vehicles/{house.vehicle}/commands", {"kind": "clear_dtcs"}, house.workshop)
        assert asked["state"] == "awaiting_owner"
        with house.as_(house.workshop) as workshop:
            assert workshop.post(f"/v1/commands/{asked['id']}/approve").json()["state"] == "awaiting_owner"
        assert scene.ecu.codes[0] == (scene.fault.code,)
        scene.await_setting_out()
        house.post(f"/v1/commands/{asked['id']}/approve", {})
        told = eventually(lambda: results[1:], 60, "the result of the approved command")[0]
        assert (told["id"], told["outcome"], told["ecus"]) == (asked["id"], "done", {"7E8": "cleared"})
        assert any(line.replace(" ", "").endswith("0144") for line in told["replies"])
    eventually(lambda: house.get(f"/v1/commands/{asked['id']}")["state"] == "done", 30, "the command is done")
    eventually(lambda: answered(house) == [], 30, "the state tells no stored code any more")


def answered(house: House) -> list[str] | None:
    """Give the stored codes as the control unit last really answered: a car that has parked meanwhile is silent."""
    codes = house.get(f"/v1/vehicles/{house.vehicle}/state")["trouble_codes"]
    found: list[str] | None = codes["ecus"]["7E8"]["answers"]["stored"]["codes"]
    return found


@contextmanager
def listening(house: House, device: str) -> Iterator[tuple[list[dict[str, Any]], Callable[[dict[str, Any]], None]]]:
    """Hear the device's results at the broker, and be able to send it a command past the server."""
    results: list[dict[str, Any]] = []
    lock = threading.Lock()

    def hear(_connection: Connection, message: MQTTMessage) -> None:
        document = json.loads(message.payload)
        with lock:
            if document["id"] not in {one["id"] for one in results}:
                results.append(document)

    address = BrokerAddress.parse(Installation(Settings(data=house.data)).ingest_mqtt_url)
    connection = Connection(address, Profile("flow-listener"), hear)
    connection.open([f"{MAPPED}/{wire_partition(device)}/{topic_of(device, Kind.RESULT)}"])
    try:
        yield results, lambda command: connection.publish(topic_of(device, Kind.COMMAND), json.dumps(command).encode())
    finally:
        connection.close()
