"""Real trips: a healthy car stays without findings in every order; a fault put into them is found exactly once."""

from pathlib import Path

import numpy as np
import pytest

from diagnostics.predictor import Predictor
from diagnostics.scoring import score
from ingest.readings import TripColumns
from ingest.trips import read_trip
from simulators.faults import AlternatorShape
from simulators.injection import inject as simulated
from tests.diagnostics.injections import Shape, by_engine_load, constant, hot, inject, only_idle

RUNS = 6


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor.shipped()


@pytest.fixture(scope="module")
def etios(shared: Path) -> list[TripColumns]:
    """All trips of the Toyota, in the order in which they were driven."""
    trips = [read_trip(path).columns for path in sorted((shared / "data/trips/carobd").glob("*.parquet"))]
    return sorted(trips, key=lambda trip: float(trip.signals["time_since_dtc_clear"][0]))


def twelve(trips: list[TripColumns], run: int) -> list[TripColumns]:
    """Give twelve trips in order: consecutive ones in even runs, any twelve in odd runs."""
    rng = np.random.default_rng(run)
    first = int(rng.integers(0, len(trips) - 12))
    chosen = range(first, first + 12) if run % 2 == 0 else sorted(rng.choice(len(trips), 12, replace=False))
    return [trips[index] for index in chosen]


def severities() -> np.ndarray:
    """Grow linearly from the fourth trip to 1 at the twelfth."""
    return np.clip((np.arange(12) - 3) / 8, 0, 1)


def test_the_untouched_car_has_no_finding(etios: list[TripColumns], predictor: Predictor) -> None:
    answer = score(etios, predictor=predictor)
    assert answer["findings"] == []
    assert answer["observed_hours"] == pytest.approx(25.8, abs=0.3)
    assert "alternator" not in answer["not_observable"]


@pytest.mark.parametrize("count", [1, 3, 5, 12, 30])
def test_no_choice_and_no_order_of_untouched_trips_has_a_finding(
    etios: list[TripColumns], predictor: Predictor, count: int
) -> None:
    for run in range(12):
        rng = np.random.default_rng([run, count])
        chosen = [etios[index] for index in rng.permutation(len(etios))[:count]]
        assert score(chosen, predictor=predictor)["findings"] == [], f"run {run}"


def found(trips: list[TripColumns], predictor: Predictor) -> list[str]:
    return [finding["fault"] for finding in score(trips, predictor=predictor)["findings"]]


@pytest.mark.parametrize("shape", AlternatorShape)
def test_the_simulators_fault_in_real_trips_is_one_finding(
    etios: list[TripColumns], predictor: Predictor, shape: AlternatorShape
) -> None:
    for run in range(RUNS):
        rng = np.random.default_rng(run)
        pairs = zip(twelve(etios, run), severities(), strict=True)
        sick = [simulated(trip, "alternator", float(s), rng, shape) for trip, s in pairs]
        assert found(sick, predictor) == ["alternator"], f"run {run}"


@pytest.mark.parametrize(
    ("shape", "ripple"), [(constant, True), (constant, False), (by_engine_load, True), (only_idle, True), (hot, True)]
)
def test_faults_of_other_shapes_in_real_trips_are_one_finding(
    etios: list[TripColumns], predictor: Predictor, shape: Shape, ripple: bool
) -> None:
    for run in range(RUNS):
        rng = np.random.default_rng(run)
        pairs = zip(twelve(etios, run), severities(), strict=True)
        sick = [inject(trip, float(s), shape, rng, ripple=ripple) if s else trip for trip, s in pairs]
        assert found(sick, predictor) == ["alternator"], f"run {run}"


def test_a_car_that_does_not_tell_its_voltage_is_not_called_healthy(shared: Path, predictor: Predictor) -> None:
    trips = [read_trip(path).columns for path in sorted((shared / "data/trips/kit").glob("*.parquet"))[:4]]
    answer = score(trips, predictor=predictor)
    assert answer["findings"] == answer["watch"] == []
    assert "alternator" in answer["not_observable"]
    assert answer["observed_hours"] > 1
