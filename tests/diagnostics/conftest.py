"""What the shipped predictor is known to miss, test by test: it judges a dozen trips too strictly (ADR 0013).

Its thresholds promise 0.25 false alarms per 1000 h in all, and its alternator asks for three votes of five. A test that
passes again is to be taken off this list.
"""

import pytest

MISSES = {
    "test_scoring.py": {"test_a_baseline_tells_what_is_normal_and_is_not_judged_itself[0.7]"},
    "test_real_trips.py": {
        "test_the_simulators_fault_in_real_trips_is_one_finding[undervoltage]",
        "test_the_simulators_fault_in_real_trips_is_one_finding[overvoltage]",
        "test_faults_of_other_shapes_in_real_trips_are_one_finding[constant-False]",
        "test_faults_of_other_shapes_in_real_trips_are_one_finding[by_engine_load-True]",
        "test_faults_of_other_shapes_in_real_trips_are_one_finding[hot-True]",
        "test_a_weak_pump_in_real_drives_is_one_finding[1.2-0.1-0.0]",
        "test_a_weak_pump_in_real_drives_is_one_finding[1.2-0.1-1.0]",
        "test_a_weak_pump_in_real_drives_is_one_finding[1.3-0.2-0.0]",
        "test_a_weak_pump_in_real_drives_is_one_finding[1.3-0.2-1.0]",
        "test_a_weak_pump_in_real_drives_is_one_finding[1.5-0.3-0.0]",
        "test_a_weak_pump_in_real_drives_is_one_finding[1.5-0.3-1.0]",
        "test_a_weak_pump_is_found_by_its_minimum_signals[intake_manifold_pressure]",
        "test_a_weak_pump_is_found_by_its_minimum_signals[mass_air_flow]",
    },
    "test_real_thermostat.py": {
        "test_a_growing_leak_in_the_diesel_is_one_finding[<lambda>2]",
        "test_a_leak_that_hardly_shows_in_the_tropics_is_mostly_found_and_never_called_something_else",
        "test_a_growing_leak_in_the_driven_etios_is_one_finding[<lambda>0]",
        "test_a_growing_leak_in_the_driven_etios_is_one_finding[<lambda>1]",
        "test_a_growing_leak_in_the_driven_etios_is_one_finding[<lambda>2]",
    },
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Strict: one that passes again fails the run until it is off the list.
    for item in items:
        if item.name in MISSES.get(item.path.name, ()):
            item.add_marker(pytest.mark.xfail(reason="known miss of the shipped predictor", strict=True))
