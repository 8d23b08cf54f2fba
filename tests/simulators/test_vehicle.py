"""The simulated cars obey the physics and resemble the one real car we have."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from ingest.readings import Block, FloatArray
from simulators.conditions import Conditions, calendar, draw_conditions
from simulators.cycles import CYCLES, micro_trips, speed_table, splice
from simulators.faults import Faults
from simulators.population import Cars, draw_cars
from simulators.vehicle import simulate

FIRST = np.datetime64("2025-01-01T00:00:00", "s")


def run(seed: int, count: int, faults: Faults | None = None, longest_s: int = 1800) -> tuple[Cars, Conditions, Block]:
    rng = np.random.default_rng(seed)
    cars = draw_cars(rng, count)
    conditions = draw_conditions(rng, cars, calendar(rng, count, 1, FIRST, 2.0).ravel(), longest_s)
    speed = splice(rng, conditions.duration_s, conditions.key_on_s + 3, conditions.key_off_s)
    return cars, conditions, simulate(cars, speed, conditions, faults or Faults.healthy(count), rng)


@pytest.fixture(scope="module")
def population() -> tuple[Cars, Conditions, Block]:
    return run(11, 300)


@pytest.fixture(scope="module")
def on_wltc() -> tuple[Cars, Block, Block]:
    rng = np.random.default_rng(4)
    cars, speed = draw_cars(rng, 150), speed_table("wltc_3b")
    conditions = draw_conditions(rng, cars, np.full(150, FIRST + np.timedelta64(120, "D")))
    whole = np.full(150, len(speed), dtype=np.int64)
    conditions = replace(conditions, duration_s=whole, key_on_s=whole * 0, key_off_s=whole * 0)
    drawn = np.repeat(speed[:, None], 150, axis=1)
    return cars, *simulate(cars, drawn, conditions, Faults.healthy(150), rng, internals=True)


def idling(block: Block) -> np.ndarray:
    speed, turning, run_time = (block.signal(n) for n in ("vehicle_speed", "engine_speed", "engine_run_time"))
    return (turning > 400) & (turning < 1000) & (speed < 1) & (run_time > 15)


def test_cycles_have_the_published_length_and_distance() -> None:
    expected = {"wltc_3b": (1801, 23.266), "udds": (1370, 11.990), "us06": (601, 12.888),
                "hwfet": (766, 16.507), "nedc": (1180, 11.013)}  # fmt: skip
    for cycle in CYCLES:
        speed = speed_table(cycle)
        rows, distance = expected[cycle]
        assert len(speed) == rows
        assert speed.sum() / 3600 == pytest.approx(distance, abs=0.01)


def test_spliced_trips_start_and_end_at_rest() -> None:
    assert all(piece[0] == 0 and piece[-1] == 0 and piece.max() > 0 for piece in micro_trips())
    lead, tail = np.array([8, 20]), np.array([5, 0])
    speed = splice(np.random.default_rng(2), np.array([900, 400]), lead, tail)
    assert speed.shape == (900, 2)
    assert np.isnan(speed[400:, 1]).all()
    assert speed[:8, 0].max() == speed[:20, 1].max() == speed[895:, 0].max() == speed[399, 1] == 0
    assert np.nanmax(np.abs(np.diff(speed, axis=0))) < 20  # km/h in a second


def test_warm_idle_is_as_measured_on_real_engines(population: tuple[Cars, Conditions, Block]) -> None:
    cars, _, block = population
    warm = idling(block) & (block.signal("coolant_temperature") > 75)
    light = warm & (cars["turbocharged"] == 0)
    pressure = block.signal("intake_manifold_pressure")[light]
    assert 25 <= np.median(pressure) <= 40
    assert np.mean((pressure > 19) & (pressure < 60)) > 0.98
    assert 1.6 <= np.median(block.signal("mass_air_flow")[warm]) <= 4.0
    assert 650 <= np.median(block.signal("engine_speed")[warm]) <= 850


def test_a_cold_engine_warms_up_in_some_minutes(population: tuple[Cars, Conditions, Block]) -> None:
    _, conditions, block = population
    coolant = block.signal("coolant_temperature")
    mild = (coolant[0] < 35) & (conditions.ambient > 15) & (conditions.ambient < 30) & (block.lengths > 1200)
    seconds = [
        float(np.argmax(coolant[:, car] > 75)) for car in np.flatnonzero(mild) if np.nanmax(coolant[:, car]) > 75
    ]
    assert len(seconds) > 10
    assert 200 < np.median(seconds) < 600  # the calibrated prototype took 403 s at 23 degC (faults.md B5)
    assert np.nanmax(coolant) < 112
    assert np.nanpercentile(coolant[:, conditions.ambient > 15], 95) > 85


def test_healthy_voltages_lie_where_real_ones_do(population: tuple[Cars, Conditions, Block]) -> None:
    cars, _, block = population
    voltage, turning = block.signal("control_module_voltage"), block.signal("engine_speed")
    plain = cars["smart_alternator"] == 0
    charging = (block.signal("engine_run_time") > 15) & (turning > 400)
    assert 13.6 < np.mean(voltage[charging & plain]) < 14.2
    assert np.mean(voltage[charging & plain] < 13.0) < 0.04
    smart = voltage[charging & ~plain]
    assert np.percentile(smart, 2) < 12.8
    assert np.percentile(smart, 98) > 14.5  # legitimately 12.4 to 15 V
    before = voltage[0]
    assert 12.0 < np.percentile(before, 5) < np.percentile(before, 95) < 12.95
    assert np.percentile(np.nanmin(voltage[:200], axis=0), 20) < 11.0  # the starter's dip is caught now and then


def test_voltage_falls_with_heat_where_the_regulator_says_so(population: tuple[Cars, Conditions, Block]) -> None:
    cars, _, block = population
    voltage, coolant = block.signal("control_module_voltage"), block.signal("coolant_temperature")
    driving = (block.signal("vehicle_speed") > 20) & (cars["smart_alternator"] == 0)
    slopes = []
    for car in np.flatnonzero(
        (coolant[0] < 35) & (np.nanmax(coolant, axis=0) > 85) & (cars["regulator_slope"] > 0.008)
    ):
        rows = driving[:, car]
        if rows.sum() > 300:
            slopes.append(np.polyfit(coolant[rows, car], voltage[rows, car], 1)[0])
    assert len(slopes) > 3
    assert np.median(slopes) < -0.002


def test_a_sick_alternator_sags_at_idle_and_a_sick_regulator_overcharges() -> None:
    count = 60
    healthy = Faults.healthy(count)
    low = healthy.with_alternator(np.ones(count, dtype=np.float32), np.zeros(count, dtype=bool))
    high = healthy.with_alternator(np.ones(count, dtype=np.float32), np.ones(count, dtype=bool))
    cars, _, good = run(5, count, None, 700)
    _, _, sagging = run(5, count, low, 700)
    _, _, boiling = run(5, count, high, 700)
    rows = idling(good) & (cars["smart_alternator"] == 0)
    mean = [np.mean(block.signal("control_module_voltage")[rows]) for block in (good, sagging, boiling)]
    assert mean[1] < mean[0] - 0.8
    assert mean[2] > mean[0] + 1.0


def test_battery_and_starter_faults_leave_the_charging_voltage_alone() -> None:
    count = 60
    faults = Faults.healthy(count).with_fault("battery_12v", 0.8).with_fault("starter", 0.8)
    cars, _, good = run(6, count, None, 700)
    _, _, weak = run(6, count, faults, 700)
    driving = (good.signal("vehicle_speed") > 20) & (cars["smart_alternator"] == 0)
    difference = weak.signal("control_module_voltage")[driving] - good.signal("control_module_voltage")[driving]
    assert abs(np.median(difference)) < 0.05
    dips = [np.nanmin(block.signal("control_module_voltage"), axis=0) for block in (good, weak)]
    assert np.median(dips[1]) < np.median(dips[0]) - 0.3


def test_consumption_is_that_of_petrol_cars(on_wltc: tuple[Cars, Block, Block]) -> None:
    cars, block, internals = on_wltc
    litres = internals.signal("fuel_flow").sum(axis=0) / 745 / 23.266 * 100
    assert 6 < np.median(litres) < 8.5
    assert np.percentile(litres, 2) > 4
    assert np.corrcoef(cars["mass"], litres)[0, 1] > 0.6
    fuelled = (internals.signal("closed_loop") > 0) & (cars["speed_density"] == 0)
    ratio = internals.signal("true_air_flow")[fuelled] / internals.signal("fuel_flow")[fuelled]
    assert np.median(ratio) == pytest.approx(14.7, rel=0.02)
    assert np.median(block.signal("oil_temperature")[-1]) > np.median(block.signal("coolant_temperature")[-1])


def test_a_turbocharger_lifts_the_pressure_over_that_outside_and_lags(on_wltc: tuple[Cars, Block, Block]) -> None:
    cars, block, internals = on_wltc
    over = (block.signal("intake_manifold_pressure") - block.signal("barometric_pressure")).max(axis=0)
    assert over[cars["turbocharged"] == 0].max() < 2
    assert np.median(over[cars["turbocharged"] > 0]) > 10
    command, boost = internals.signal("boost_command"), internals.signal("boost")
    rising = np.diff(command, axis=0) > 10
    assert rising.any()
    assert (boost[1:] < command[1:])[rising].all()


def test_the_exhaust_of_a_sound_car(on_wltc: tuple[Cars, Block, Block]) -> None:
    """A switching front sensor goes to and fro, a wide-band one stands at 1, the rear one hardly moves (B3, F14)."""
    cars, block, internals = on_wltc
    front, wide = (block.signal(f"oxygen_sensor_b1s1_{it}") for it in ("voltage", "lambda"))
    assert (np.isnan(front[0]) == (cars["wide_band"] > 0)).all()
    assert (np.isnan(wide[0]) == (cars["wide_band"] == 0)).all()
    closed = internals.signal("closed_loop")
    long_closed = closed * (block.signal("engine_run_time") > 200)
    for before in range(1, 12):  # fuel cut fills the catalyst with oxygen for some seconds
        long_closed[before:] *= closed[:-before]
    calm = long_closed > 0
    there = front[calm & ~np.isnan(front)]
    assert 0.3 < (there < 0.3).mean() < 0.6 > (there > 0.6).mean() > 0.3
    assert np.median(wide[calm & ~np.isnan(wide)]) == pytest.approx(1, abs=0.01)
    rear = block.signal("oxygen_sensor_b1s2_voltage")
    assert 0.6 < np.median(rear[calm]) < 0.8
    assert np.median([rear[calm[:, car], car].std() for car in range(len(cars))]) < 0.05
    catalyst = block.signal("catalyst_temperature_b1s1")
    assert (catalyst[900:] > 300).mean() > 0.98
    assert 650 < np.percentile(catalyst, 99) < 950


def test_throttle_and_pedal_at_a_warm_idle(population: tuple[Cars, Conditions, Block]) -> None:
    cars, _, block = population
    warm = idling(block) & (block.signal("coolant_temperature") > 75)
    assert 2 < np.median(block.signal("relative_throttle_position")[warm]) < 8
    assert 12 < np.median(block.signal("absolute_load")[warm]) < 30
    stands = warm & (block.signal("vehicle_speed") == 0)
    rest = np.broadcast_to(cars["pedal_rest"], stands.shape)
    assert np.allclose(block.signal("accelerator_pedal_position_d")[stands], rest[stands])


def _etios(shared: Path, names: list[str]) -> list[dict[str, FloatArray]]:
    tables = [pq.read_table(shared / "data" / "trips" / "carobd" / f"{name}.parquet") for name in names]
    return [{column: table[column].to_numpy()[::4] for column in table.column_names} for table in tables]


def test_the_real_etios_could_be_one_of_the_population(
    shared: Path, population: tuple[Cars, Conditions, Block]
) -> None:
    cars, _, block = population
    plain = np.flatnonzero(cars["smart_alternator"] == 0)
    trips = [{name: block.signal(name)[: block.lengths[car], car] for name in block.signals} for car in plain.tolist()]
    real = _etios(shared, ["live1", "live13", "live19", "live25", "drive4", "drive13", "long4", "idle29", "ufpe12"])

    def statistics(trip: dict[str, FloatArray]) -> list[float]:
        running = (trip["engine_speed"] > 500) & (trip["engine_run_time"] > 15)
        voltage = trip["control_module_voltage"]
        idle = voltage[running & (trip["vehicle_speed"] < 1) & (trip["engine_speed"] < 1000)]
        driving = voltage[running & (trip["vehicle_speed"] > 20)]
        spread = [float(part.std()) if len(part) > 60 else np.nan for part in (idle, driving)]
        level = [float(part.mean()) if len(part) > 60 else np.nan for part in (idle, driving)]
        off = voltage[(trip["engine_speed"] == 0) & (trip["engine_run_time"] == 0)]
        return [*level, *spread, float(off[0]) if len(off) else np.nan]

    mine = np.array([statistics(trip) for trip in trips])
    theirs = np.nanmedian([statistics(trip) for trip in real], axis=0)
    low, high = np.nanpercentile(mine, [3, 97], axis=0)
    assert (low < theirs).all(), (low, theirs)
    assert (theirs < high).all(), (high, theirs)
