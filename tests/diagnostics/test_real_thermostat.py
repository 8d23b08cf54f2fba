"""Real trips of two cars, one of them a diesel: healthy ones have no finding, a leaking thermostat is found as such.

The Etios was driven at 23 to 33 degC, the Leon at 13 to 29 degC: what a leak does to the coolant is least there.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from diagnostics.predictor import Predictor
from diagnostics.scoring import score
from ingest.readings import TripColumns
from ingest.trips import read_trip
from simulators.injection import inject as simulated
from tests.diagnostics.injections import leak
from tests.diagnostics.test_real_trips import etios, found, predictor, severities, twelve

__all__ = ["etios", "predictor"]

FAULT = "thermostat_stuck_open"
RUNS = 6

Injection = Callable[[TripColumns, float, np.random.Generator], TripColumns]


def of_the_simulator(trip: TripColumns, severity: float, rng: np.random.Generator) -> TripColumns:
    return simulated(trip, FAULT, severity, rng)


def at(ambient: float) -> Injection:
    """Take off what a leak takes at `ambient` degC; the trip itself was driven in summer."""
    return lambda trip, severity, rng: leak(trip, severity, ambient)


@pytest.fixture(scope="module")
def leon(shared: Path) -> list[TripColumns]:
    """All trips of the Seat, by date."""
    return [read_trip(path).columns for path in sorted((shared / "data/trips/kit").glob("*.parquet"))]


@pytest.fixture(scope="module")
def driven(etios: list[TripColumns]) -> list[TripColumns]:
    """The Etios' trips but those in which it stood with the engine on."""
    return [trip for trip in etios if np.nanmean(trip.signals["vehicle_speed"]) > 5]


def sick(trips: Sequence[TripColumns], run: int, injection: Injection) -> list[TripColumns]:
    rng = np.random.default_rng(run)
    pairs = zip(twelve(list(trips), run), severities(), strict=True)
    return [injection(trip, float(severity), rng) for trip, severity in pairs]


def test_the_untouched_diesel_has_no_finding(leon: list[TripColumns], predictor: Predictor) -> None:
    answer = score(leon, predictor=predictor)
    assert answer["findings"] == answer["watch"] == []
    assert answer["observed_hours"] == pytest.approx(26.3, abs=0.3)
    assert FAULT not in answer["not_observable"]


@pytest.mark.parametrize("count", [3, 5, 12, 25])
def test_no_choice_and_no_order_of_the_diesels_trips_has_a_finding(
    leon: list[TripColumns], predictor: Predictor, count: int
) -> None:
    for run in range(8):
        chosen = [leon[index] for index in np.random.default_rng([run, count]).permutation(len(leon))[:count]]
        assert score(chosen, predictor=predictor)["findings"] == [], f"run {run}"


@pytest.mark.parametrize("injection", [of_the_simulator, at(-5.0), at(10.0), at(20.0)])
def test_a_growing_leak_in_the_diesel_is_one_finding(
    leon: list[TripColumns], predictor: Predictor, injection: Injection
) -> None:
    for run in range(RUNS):
        assert found(sick(leon, run, injection), predictor) == [FAULT], f"run {run}"


@pytest.mark.parametrize("injection", [at(-5.0), at(10.0), at(25.0)])
def test_a_growing_leak_in_the_driven_etios_is_one_finding(
    driven: list[TripColumns], predictor: Predictor, injection: Injection
) -> None:
    for run in range(RUNS):
        assert found(sick(driven, run, injection), predictor) == [FAULT], f"run {run}"


def test_a_leak_that_hardly_shows_in_the_tropics_is_mostly_found_and_never_called_something_else(
    driven: list[TripColumns], predictor: Predictor
) -> None:
    told = [found(sick(driven, run, of_the_simulator), predictor) for run in range(RUNS)]
    assert all(faults in ([], [FAULT]) for faults in told)
    assert told.count([FAULT]) >= RUNS - 1


def test_the_evidence_tells_the_level(leon: list[TripColumns], predictor: Predictor) -> None:
    (finding,) = score(sick(leon, 0, at(10.0)), predictor=predictor)["findings"]
    assert finding["urgency"] == "S3"
    assert finding["evidence"][0]["text_en"].startswith("Coolant")
    assert "degC" in finding["evidence"][0]["text_zh"]
