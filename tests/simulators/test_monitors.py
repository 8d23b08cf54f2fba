"""The cars' own monitors: each fires on what it watches, on the second trip and not before; healthy cars keep quiet."""

import numpy as np
import pytest

from diagnostics.faults import FAULTS
from ingest.readings import Block
from simulators.conditions import draw_conditions
from simulators.episodes import HEALTHY, fleet
from simulators.faults import SIMULATED
from simulators.monitor_tests import FAILED, NOT_RUN, PASSED
from simulators.monitors import MONITORS, Units, belongs, codes, watch
from simulators.population import draw_cars
from simulators.scenario import shipped
from simulators.vehicle import INTERNALS, SIGNALS

SECONDS, TRIPS = 1200, 3
# A warm cruise with a start before and a minute of idling behind it: every monitor's conditions are met.
CRUISE = {
    "vehicle_speed": 80.0, "engine_speed": 2200.0, "engine_load": 40.0, "mass_air_flow": 15.0, "true_air_flow": 15.0,
    "coolant_temperature": 88.0, "modelled_coolant": 88.0, "intake_air_temperature": 20.0, "closed_loop": 1.0,
    "control_module_voltage": 14.1, "catalyst_temperature_b1s1": 650.0, "catalyst_storage": 0.9,
    "sensor_response": 0.15, "boost_command": 50.0, "boost": 48.0,
}  # fmt: skip
# Code -> what shows the fault, whole trips long.
FAULTY = {
    "P0128": {"coolant_temperature": 52.0},
    "P0217": {"coolant_temperature": 126.0},
    "P0480": {"fan_lack": 0.9},
    "P0116": {"intake_air_temperature": 45.0},
    "P0171": {"long_term_fuel_trim_1": 24.0},
    "P0172": {"long_term_fuel_trim_1": -24.0},
    "P0506": {"idle_error": -120.0, "vehicle_speed": 0.0},
    "P0507": {"idle_error": 250.0, "vehicle_speed": 0.0},
    "P0087": {"rail_error": -40.0},
    "P0300": {"misfire_rate": 5.0},
    "P0133": {"sensor_response": 1.4},
    "P0420": {"catalyst_storage": 0.05},
    "P0442": {"tank_leak": 1.3},
    "P0496": {"purge_flow": 0.8},
    "P0299": {"boost": 15.0},
    "P0562": {"control_module_voltage": 10.5},
    "P0563": {"control_module_voltage": 16.4},
    "P0741": {"lockup_slip": 180.0},
    "P0101": {"mass_air_flow": 9.0},
}


def judged(shown: dict[str, float], need: int = 2) -> dict[str, tuple[int, int]]:
    """Give code -> (pending, confirmed) of one car that shows this on all its trips, after a cold start."""
    values = np.zeros((len(SIGNALS) + len(INTERNALS), SECONDS, TRIPS), dtype=np.float32)
    for row, name in enumerate((*SIGNALS, *INTERNALS)):
        values[row] = {**CRUISE, **shown}.get(name, 0.0)
        if name == "engine_run_time":
            values[row] = np.arange(SECONDS)[:, None]
        if name == "coolant_temperature":
            values[row, :5] = 20.0
    lengths = np.full(TRIPS, SECONDS)
    truth = Block(tuple(SIGNALS), 1.0, values[: len(SIGNALS)], lengths)
    inside = Block(tuple(INTERNALS), 1.0, values[len(SIGNALS) :], lengths)
    cars = draw_cars(np.random.default_rng(1), TRIPS)
    start = np.datetime64("2025-05-01T06:00:00", "s") + np.arange(TRIPS) * np.timedelta64(12, "h")
    trips = draw_conditions(np.random.default_rng(2), cars, start)
    for name, value in (("ambient", 20.0), ("soak_h", 12.0), ("fuel_level", 50.0), ("flow_gain", 1.0)):
        getattr(trips, name)[:] = value
    limit = np.array([[(it.low + it.high) / 2] * TRIPS for it in MONITORS], dtype=np.float32)
    units = Units(
        limit, np.zeros_like(limit), np.ones_like(limit, dtype=bool), np.full(limit.shape, need, dtype=np.int64)
    )
    found = codes(watch(truth, inside, trips, units), units.need, np.zeros(TRIPS, dtype=np.int64))
    return {code.code: (code.pending, code.confirmed) for code in found}


def test_a_sound_car_passes_all() -> None:
    assert judged({}) == {}


@pytest.mark.parametrize("code", FAULTY)
def test_a_monitor_fails_on_what_it_watches_and_lights_the_lamp_on_the_second_trip(code: str) -> None:
    assert judged(FAULTY[code])[code] == (0, 1)
    assert judged(FAULTY[code], need=3)[code] == (0, 2)


def test_the_table_names_codes_of_the_faults() -> None:
    known = {code for name in SIMULATED for code in FAULTS[name].dtcs}
    assert {monitor.code for monitor in MONITORS} <= known
    assert set(FAULTY) | {"P0119", "P0615"} == {monitor.code for monitor in MONITORS}
    assert belongs("P0171", "vacuum_leak")
    assert not belongs("P0171", "alternator")


@pytest.mark.parametrize(
    ("verdicts", "pending", "confirmed", "lamp_off"),
    [
        ("FPF", 2, -1, -1),
        ("F.F", 0, 2, -1),  # a trip without the monitor says nothing
        ("FP", None, None, None),
        ("FFPPP", 0, 1, 4),
        ("FFPPFPPP", 0, 1, 7),
    ],
)
def test_two_failing_trips_confirm_and_three_passing_put_the_lamp_out(
    verdicts: str, pending: int | None, confirmed: int, lamp_off: int
) -> None:
    found = np.full((len(MONITORS), len(verdicts)), NOT_RUN, dtype=np.int8)
    found[0] = [{"F": FAILED, "P": PASSED, ".": NOT_RUN}[letter] for letter in verdicts]
    said = codes(found, np.full(found.shape, 2), np.zeros(len(verdicts), dtype=np.int64))
    if pending is None:
        assert said == ()
        return
    (code,) = said
    assert (code.pending, code.confirmed, code.lamp_off) == (pending, confirmed, lamp_off)


@pytest.mark.parametrize("name", ["sim_a", "sim_b"])
def test_healthy_cars_light_no_lamp(name: str) -> None:
    said = [code for chunk in fleet(shipped(name), 24, 40, 6, faults=HEALTHY) for code in chunk.codes]
    assert [code for code in said if code.confirmed >= 0] == []
