"""Real trips: a healthy car stays without findings in every order; a fault put into them is found exactly once."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from diagnostics.predictor import Predictor
from diagnostics.scoring import score
from ingest.readings import TripColumns
from ingest.trips import read_trip
from simulators.faults import AlternatorShape
from simulators.injection import inject as simulated
from tests.diagnostics.injections import (
    Shape,
    by_engine_load,
    constant,
    correct,
    fuel_flow,
    hot,
    inject,
    only_idle,
    weak_pump,
)

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


MINIMUM = ("short_term_fuel_trim_1", "long_term_fuel_trim_1", "engine_speed")


def driven(trips: list[TripColumns]) -> list[TripColumns]:
    """Give the trips on which the car moves: at idle alone a weak pump cannot be told from other lean mixtures."""
    return [trip for trip in trips if float(np.mean(trip.signals["vehicle_speed"] > 20)) > 0.2]


def metered(trip: TripColumns, gain: float = 1.0) -> TripColumns:
    """Give the trip with an air flow meter besides the manifold pressure."""
    flow = (14.7 * gain * fuel_flow(trip)).astype(np.float32)
    return replace(trip, signals={**trip.signals, "mass_air_flow": flow})


def only(trip: TripColumns, *signals: str) -> TripColumns:
    return replace(trip, signals={name: trip.signals[name] for name in (*MINIMUM, *signals)})


@pytest.mark.parametrize("learnt", [0.0, 1.0])
@pytest.mark.parametrize(("reserve", "draw"), [(1.2, 0.1), (1.3, 0.2), (1.5, 0.3)])
def test_a_weak_pump_in_real_drives_is_one_finding(
    etios: list[TripColumns], predictor: Predictor, reserve: float, draw: float, learnt: float
) -> None:
    # A pump with more in reserve shows on less than three of these twelve trips.
    for run in range(RUNS):
        pairs = zip(twelve(driven(etios), run), severities(), strict=True)
        sick = [correct(trip, weak_pump(trip, s, reserve, draw), learnt) if s else trip for trip, s in pairs]
        assert found(sick, predictor) == ["fuel_pump"], f"run {run}"


@pytest.mark.parametrize("air", ["intake_manifold_pressure", "mass_air_flow"])
def test_a_weak_pump_is_found_by_its_minimum_signals(etios: list[TripColumns], predictor: Predictor, air: str) -> None:
    for run in range(RUNS):
        pairs = zip(twelve(driven(etios), run), severities(), strict=True)
        sick = [only(metered(correct(trip, weak_pump(trip, s, 1.5, 0.3), 0.5)), air) for trip, s in pairs]
        assert found(sick, predictor) == ["fuel_pump"], f"run {run}"


def leaner(percent: float) -> Callable[[TripColumns, float], TripColumns]:
    """Give a change that leans the mixture alike at every flow, by `percent` at severity 1."""
    return lambda trip, s: correct(trip, np.full(len(trip.t_s), 100 / (1 - s * percent / 100) - 100), 0.5)


def leaking(trip: TripColumns, s: float) -> TripColumns:
    """F08 behind a meter that does not see the air of the leak."""
    vacuum = np.clip(1 - trip.signals["intake_manifold_pressure"] / 101, 0, 1)
    lean = np.clip(150 * s * np.sqrt(vacuum) / np.maximum(14.7 * fuel_flow(trip), 1.5), 0, 60)
    return only(correct(metered(trip), lean, 0.5), "mass_air_flow")


Change = Callable[[TripColumns, float], TripColumns]
SOUND: dict[str, Change] = {
    "other fuel": lambda trip, s: correct(trip, np.full(len(trip.t_s), 9.0 * (s > 0.3)), 0.5),
    "other fuel back": lambda trip, s: correct(trip, np.full(len(trip.t_s), -9.0 * (s > 0.3)), 0.5),
}
MISTAKABLE: dict[str, Change] = {
    "dirty injectors": leaner(8.0),
    "a wrong meter alone": lambda trip, s: only(leaner(25.0)(metered(trip), s), "mass_air_flow"),
    "a wrong meter beside the pressure": lambda trip, s: leaner(25.0)(metered(trip, 1 - 0.25 * s), s),
    "a leak behind the meter": leaking,
    "a leaking injector": lambda trip, s: correct(trip, 100 / (1 + 0.15 * s / np.maximum(fuel_flow(trip), 0.1)) - 100),
}


def changed(etios: list[TripColumns], predictor: Predictor, change: Change, run: int) -> list[str]:
    pairs = zip(twelve(driven(etios), run), severities(), strict=True)
    return found([change(trip, float(s)) for trip, s in pairs], predictor)


@pytest.mark.parametrize("change", SOUND.values(), ids=SOUND)
def test_another_fuel_is_no_fault(etios: list[TripColumns], predictor: Predictor, change: Change) -> None:
    for run in range(RUNS):
        assert changed(etios, predictor, change, run) == [], f"run {run}"


@pytest.mark.parametrize("change", MISTAKABLE.values(), ids=MISTAKABLE)
def test_other_faults_of_the_mixture_are_no_weak_pump(
    etios: list[TripColumns], predictor: Predictor, change: Change
) -> None:
    for run in range(RUNS):
        assert "fuel_pump" not in changed(etios, predictor, change, run), f"run {run}"


def test_a_car_that_does_not_tell_its_trims_has_no_healthy_pump(shared: Path, predictor: Predictor) -> None:
    trips = [read_trip(path).columns for path in sorted((shared / "data/trips/kit").glob("*.parquet"))[:2]]
    assert "fuel_pump" in score(trips, predictor=predictor)["not_observable"]
