"""The whole way of a verdict: a fleet drives, workshops judge it, and a predictor is trained on what they said."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aftersales.workshop.workshops import Timing
from diagnostics.predictor import SHIPPED, Predictor
from diagnostics.training.judged import FEWEST_CARS
from forecourt.pipeline import Pipeline
from forecourt.verdict_training import lines, train_with_verdicts
from ingest.archive import Archive
from ingest.arrived import Arrived
from ingest.envelope import Header, Message, Readings, encode
from ingest.intake import Intake
from ingest.readings import TripColumns
from ingest.registry import add_device
from ingest.topics import Kind, topic_of
from simulators.episodes import HEALTHY, fleet
from simulators.injection import inject
from simulators.output import trip_of
from simulators.scenario import shipped
from tests.aftersales.verdicts.test_figures import again
from tests.aftersales.voices import Town, town
from tests.aftersales.world import World, garage

CARS, SICK, DAYS, KEPT = FEWEST_CARS + 1, 7, 14, 16  # a fleet of cars, those with a fault, trips of each that are kept
SEED, TRAINING_CARS, TRAINING_DAYS = 41, 2, 60
SINCE = timedelta(days=2)  # the finding's onset


@pytest.fixture
def street(world: World, tmp_path: Path) -> Town:
    world.put(garage(bays=6, services={"repair": Timing(None, 0, 0)}))
    return town(world, tmp_path)


def driven(car: int) -> list[TripColumns]:
    """Give the last trips of a simulated car; of some cars the later half has an alternator fault."""
    rng = np.random.default_rng(car)
    [chunk] = fleet(shipped("sim_b"), 1, DAYS, SEED, car, faults=HEALTHY)
    last = range(max(len(chunk.car) - KEPT, 0), len(chunk.car))
    trips = [trip_of(chunk.block, index, rng) for index in last]
    begun = len(trips) // 2
    return [
        inject(trip, "alternator", 0.9, rng) if car < SICK and number >= begun else trip
        for number, trip in enumerate(trips)
    ]


def send(street: Town, intake: Intake, car: str, trips: list[TripColumns]) -> None:
    """Store trips as the car's device would have sent them: the later half since the onset, the others before it."""
    now = street.world.clock.now()
    for number, trip in enumerate(trips):
        begin = now - SINCE * 2 + SINCE * 2 * number / len(trips) + timedelta(minutes=1)
        names = tuple(trip.signals)
        values = np.array([trip.signals[name] for name in names], dtype=np.float32)
        ms = np.round(trip.t_s * 1000).astype(np.int64)
        message = Message(Header("b1", number + 1, None, None), Readings(begin, ms, names, values, {}))
        payload = encode(Kind.READINGS_BINARY, message)
        intake.process([Arrived(topic_of(f"dev-{car}", Kind.READINGS_BINARY), payload, now)])


@pytest.mark.soak
def test_a_tiny_fleet_teaches_a_predictor_that_can_be_served(street: Town, tmp_path: Path) -> None:
    world, archive = street.world, Archive(tmp_path / "archive")
    intake = Intake(world.database, archive, "w1")
    for car in range(CARS):
        vehicle = world.another_car(f"car-{car:02}x")
        with world.database.unit() as unit:
            add_device(unit, vehicle.id, f"dev-{vehicle.id}")
        send(street, intake, vehicle.id, driven(car))
        verdict = "found" if car < SICK else ("other_fault" if car == SICK else "not_found")
        again(street, vehicle, 1, verdict=verdict)
    shipped_before = {file.name: file.read_bytes() for file in sorted(SHIPPED.iterdir()) if file.is_file()}
    told: list[str] = []
    made = tmp_path / "made"
    report = train_with_verdicts(
        world.database, archive, SEED, made, told.append, tmp_path / "cache", TRAINING_CARS, TRAINING_DAYS
    )
    used = report["verdicts"]["used"]["alternator"]
    assert (used["present"], used["absent"], used["cars"]) == (SICK, CARS - SICK, CARS)
    assert used["trips"] >= CARS * KEPT // 4, "the later half of what was driven, as far as it shows the voltage"
    assert report["verdicts"]["refused"] == []
    assert lines(report["verdicts"])[0].startswith(f"Used on alternator: {SICK} verdicts that it was there")
    judged: dict[str, Any] = report["faults"]["alternator"]["judged"]
    assert (judged["cars_present"], judged["cars_absent"]) == (SICK, CARS - SICK)
    assert judged["told_apart"] > 0.75, "on cars that its trees never saw, of so small a fleet"
    assert judged["before"]["told_apart"] > 0.9, "so does the shipped one: these cars are like those it learnt from"
    assert all(
        "judged" not in one or one["judged"] == {} for fault, one in report["faults"].items() if fault != "alternator"
    )
    assert {file.name: file.read_bytes() for file in sorted(SHIPPED.iterdir()) if file.is_file()} == shipped_before
    # It is served as the shipped one is: trips of a car that were settled are judged under its version.
    predictor = Predictor.load(made)
    assert predictor.version == report["predictor"] != Predictor.shipped().version
    assert "alternator" in predictor.faults
    world.clock.advance(timedelta(hours=1))
    pipeline = Pipeline(world.database, archive, predictor, "w2")
    while pipeline.settle():
        pass
    with world.database.unit() as unit:
        rows = unit.rows("SELECT DISTINCT predictor FROM trip_votes WHERE predictor IS NOT NULL", {})
    assert [row[0] for row in rows] == [predictor.version]
