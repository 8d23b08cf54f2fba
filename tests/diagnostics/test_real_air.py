"""The modes of air path and driveline on real healthy cars: quiet as recorded, loud with a fault injected."""

from pathlib import Path

import numpy as np
import pytest

from diagnostics.baseline import compare
from diagnostics.features import SIGNALS
from diagnostics.held import Held
from diagnostics.modes import MODES
from ingest.readings import TripColumns, to_block
from ingest.trips import read_trip
from simulators.injection import inject

OURS = ("throttle_body", "exhaust_restriction", "air_filter", "underboost", "transmission_slip")


def trips(shared: Path, fleet: str, least_s: float = 500.0) -> list[TripColumns]:
    files = sorted((shared / "data/trips" / fleet).glob("*.parquet"))
    return [trip for trip in (read_trip(path).columns for path in files) if trip.duration_s > least_s][:30]


@pytest.fixture(scope="module")
def fleets(shared: Path) -> dict[str, list[TripColumns]]:
    return {fleet: trips(shared, fleet) for fleet in ("carobd", "kit")}


def rules(fault: str, driven: list[TripColumns], severity: float) -> np.ndarray:
    """Give the rule of each observed trip after the first twelve, those made sick by `severity`."""
    sick = [
        inject(trip, fault, severity, np.random.default_rng(number)) if number >= 12 else trip
        for number, trip in enumerate(driven)
    ]
    mode, many = MODES[fault], len(sick)
    measured = mode.measure(Held(to_block(sick, SIGNALS)))
    seen = compare(mode, measured, np.zeros(many, dtype=np.int64), np.arange(many) * 3e4).seen
    told = (measured.observed_s >= mode.least_s) & (np.arange(many) >= 12)
    return mode.rule(seen)[told]


@pytest.mark.parametrize("fault", OURS)
@pytest.mark.parametrize("fleet", ["carobd", "kit"])
def test_healthy_cars_are_quiet(fleets: dict[str, list[TripColumns]], fleet: str, fault: str) -> None:
    found = rules(fault, fleets[fleet], 0.0)
    assert not len(found) or np.median(found) < 1.2
    assert not len(found) or found.max() < 4


@pytest.mark.parametrize(
    ("fleet", "fault", "least"),
    [("carobd", "throttle_body", 5), ("kit", "underboost", 3), ("kit", "transmission_slip", 4)],
)
def test_faults_are_loud(fleets: dict[str, list[TripColumns]], fleet: str, fault: str, least: float) -> None:
    found = rules(fault, fleets[fleet], 0.9)
    assert len(found) >= 6
    assert np.median(found) > least
