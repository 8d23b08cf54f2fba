"""Trips of real cars in any order, and faults put into them: here of a car that is made up."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from diagnostics.baseline import columns
from diagnostics.evaluation.real import RealCar, course, holds, injected, thresholds, untouched
from diagnostics.modes import MODES
from diagnostics.predictor import Curve, FaultPredictor, Predictor, Rule
from forecourt.evaluation import read_real
from ingest.readings import TripColumns

FAULT = "alternator"
FAULTS = (FAULT, "fuel_pump", "misfire")


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    """The residual rule of the alternator, no trees."""
    rule = FaultPredictor(Rule(columns(MODES[FAULT])), lambda features: features[:, 0], Curve((0, 8), (0, 1)), 0.5)
    return Predictor("test", {FAULT: rule})


@pytest.fixture(scope="module")
def car() -> RealCar:
    """Forty trips of twenty minutes at 14.2 V, give or take what a trip differs by."""
    trips = []
    for number in range(40):
        rng = np.random.default_rng(number)
        t_s = np.arange(1200.0)
        signals = {
            "engine_speed": 1500 + 600 * np.sin(t_s / 40) + rng.normal(0, 20, 1200),
            "vehicle_speed": 40 + 20 * np.sin(t_s / 40),
            "control_module_voltage": np.round(14.2 + rng.normal(0, 0.05) + rng.normal(0, 0.03, 1200), 2),
        }
        told = {name: values.astype(np.float32) for name, values in signals.items()}
        trips.append(TripColumns("", f"trip{number}", None, t_s, told))
    return RealCar("made up", tuple(trips))


def sag(trip: TripColumns, fault: str, severity: float, rng: np.random.Generator) -> TripColumns:
    volts = trip.signals["control_module_voltage"] - np.float32(2 * severity)
    return replace(trip, signals={**trip.signals, "control_module_voltage": volts})


def test_a_sound_car_has_no_alarm_in_any_order(car: RealCar, predictor: Predictor) -> None:
    told = untouched([car, car], predictor, FAULTS, orders=3, seed=1)
    assert (told.alarms, told.shuffled, told.trips) == (0, 0, 80)
    assert told.hours == pytest.approx(2 * 40 / 3, rel=0.02)


def test_a_fault_that_is_put_in_is_found_and_one_that_is_not_is_missed(car: RealCar, predictor: Predictor) -> None:
    def able(trip: TripColumns, fault: str) -> bool:
        return fault != "misfire"

    found = injected([car], predictor, FAULTS, able, sag, runs=2, seed=1)
    assert found[FAULT].value == 1
    assert found[FAULT].over == 2
    assert found["fuel_pump"].value == 0  # nothing is known of it
    assert "misfire" not in found  # no trip can hold it
    nothing = injected([car], predictor, (FAULT,), able, lambda trip, *_: trip, runs=2, seed=1)
    assert nothing[FAULT].value == 0


def test_courses_thresholds_and_needs(predictor: Predictor, car: RealCar) -> None:
    sudden = course("misfire", np.random.default_rng(1))
    assert sudden.tolist() == [0] * 30 + [1] * 5
    gradual = course(FAULT, np.random.default_rng(1))
    assert (np.diff(gradual) >= 0).all()
    assert gradual[-1] == 1
    assert thresholds(predictor, FAULTS).tolist() == [[0.5, np.inf, np.inf]] * 2
    assert holds(car.trips[0], [["mass_air_flow", "engine_speed"]])
    assert not holds(car.trips[0], [["engine_speed"], ["mass_air_flow"]])


def test_the_recorded_cars_are_read_in_the_order_driven(shared: Path) -> None:
    etios, leon = read_real(shared / "data/trips")
    assert (etios.name, len(etios.trips), leon.name) == ("carobd", 77, "kit")
    begins = [float(trip.signals["time_since_dtc_clear"][0]) for trip in etios.trips]
    assert begins == sorted(begins)
    assert sum(trip.duration_s for trip in leon.trips) > 20 * 3600
