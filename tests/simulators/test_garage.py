"""Cars by the fault they have: histories, and drives as the control unit knows them."""

from datetime import UTC, datetime

import numpy as np
import pytest

from ingest.readings import TripColumns
from simulators.faults import SIMULATED
from simulators.fleet import LiveCar
from simulators.garage import Character, drive, growing, history
from simulators.injection import SHARES
from simulators.vehicle import SIGNALS

START = datetime(2026, 11, 22, 7, 30, tzinfo=UTC)


def of(trip: TripColumns, name: str) -> np.ndarray:
    values = trip.signals[name]
    return values[~np.isnan(values)]


def test_every_fault_that_is_sampled_can_be_asked_for() -> None:
    assert set(SHARES) <= set(SIMULATED)
    for fault in SIMULATED:
        assert len(history(4, 1, [0.7], longest_s=200, fault=fault)) == 1
    with pytest.raises(ValueError, match="gremlins"):
        history(4, 1, [0.7], longest_s=200, fault="gremlins")


def test_a_history_with_a_stuck_thermostat_warms_up_late() -> None:
    sick, well = (history(5, 8, grades, fault="thermostat_stuck_open") for grades in (growing(8, 4), np.zeros(8)))
    tops = np.array([[of(trip, "coolant_temperature").max() for trip in trips] for trips in (sick, well)])
    assert (tops[0, :4] == tops[1, :4]).all()
    assert (tops[1, 6:] - tops[0, 6:]).min() > 5
    assert max(trip.duration_s for trip in well) > 1200  # half an hour at most, so that an engine gets warm
    assert np.array_equal(of(sick[-1], "vehicle_speed"), of(well[-1], "vehicle_speed"))


def test_a_history_with_a_weak_pump_needs_ever_more_trim() -> None:
    trips = history(6, 6, [0, 0, 0, 0.7, 1.0, 1.2], fault="fuel_pump")
    level = [float(np.percentile(of(trip, "long_term_fuel_trim_1"), 90)) for trip in trips]
    assert max(level[:3]) < 12
    assert level[5] == pytest.approx(25, abs=1)


def test_a_drive_is_what_the_control_unit_knows_each_second() -> None:
    character = Character(11, traits={"rail_sensor": 1.0, "wide_band": 0.0}, fault="fuel_pump")
    trip = drive(character, 0.9, START, 600, seed=4)
    assert trip.start == START
    assert trip.t_s.tolist() == list(range(600))
    assert set(SIGNALS) - set(trip.signals) == {"oxygen_sensor_b1s1_lambda"}  # it has a sensor that switches
    assert not any(np.isnan(values).any() for values in trip.signals.values())
    assert of(trip, "engine_speed")[0] == 0 < of(trip, "engine_speed")[60]
    again = drive(character, 0.9, START, 600, seed=4)
    assert all(trip.signals[name].tobytes() == again.signals[name].tobytes() for name in trip.signals)
    healthy = drive(character, 0.0, START, 600, seed=4)
    assert of(healthy, "fuel_pressure").min() > of(trip, "fuel_pressure").min() + 20
    blind = drive(Character(11, traits={"rail_sensor": 0.0, "wide_band": 1.0}), 0.0, START, 600, seed=4)
    assert set(SIGNALS) - set(blind.signals) == {"fuel_pressure", "oxygen_sensor_b1s1_voltage"}
    with pytest.raises(ValueError, match="60 s"):
        drive(character, 0.0, START, 30, seed=3)


def test_a_live_car_has_the_fault_it_is_given() -> None:
    car = LiveCar("mqtt://nowhere", 3, 0.5, fault="thermostat_stuck_open")
    assert car.character == Character(3, fault="thermostat_stuck_open")
    assert LiveCar("mqtt://nowhere", 3, 0.5).character.fault == "alternator"
