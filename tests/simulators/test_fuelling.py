"""Pump, lambda loop, learned trims, and what else moves them."""

import numpy as np
import pytest

from ingest.readings import Block, FloatArray
from simulators.air_path import STOICHIOMETRIC
from simulators.conditions import calendar, draw_conditions
from simulators.cycles import splice
from simulators.faults import Faults
from simulators.fuelling import FUEL, full_flow, load_cell, loop, missing_fuel, pressure_share
from simulators.population import Cars, draw_cars
from simulators.tank import draw_tank
from simulators.vehicle import simulate

COUNT = 200
FIRST = np.datetime64("2025-01-01T00:00:00", "s")


def run(severity: float) -> tuple[Cars, Block]:
    rng = np.random.default_rng(8)
    cars = draw_cars(rng, COUNT)
    conditions = draw_conditions(rng, cars, calendar(rng, COUNT, 1, FIRST, 2.0).ravel())
    faults = Faults.healthy(COUNT).with_fault("fuel_pump", severity)
    speed = splice(rng, conditions.duration_s, conditions.key_on_s + 3, conditions.key_off_s)
    return cars, simulate(cars, speed, conditions, faults, rng)


@pytest.fixture(scope="module")
def drives() -> dict[float, tuple[Cars, Block]]:
    return {severity: run(severity) for severity in (0.0, 0.4, 1.0)}


def total(block: Block) -> FloatArray:
    short, long = (block.signal(f"{term}_term_fuel_trim_1") for term in ("short", "long"))
    trim: FloatArray = 100 * ((1 + short / 100) * (1 + long / 100) - 1)
    return trim


def fuel(cars: Cars, block: Block) -> FloatArray:
    """Fuel over that at full power [time, trip], NaN where the lambda loop is not at work."""
    flow = block.signal("mass_air_flow") / STOICHIOMETRIC / block.signal("commanded_equivalence_ratio")
    at_work = (block.signal("engine_run_time") > 60) & (block.signal("short_term_fuel_trim_1") != 0)
    full = np.array([full_flow(car) for car in cars.rows()], dtype=np.float32)
    share: FloatArray = np.where(at_work, flow / full, np.nan)
    return share


def test_a_healthy_pump_is_never_at_its_limit(drives: dict[float, tuple[Cars, Block]]) -> None:
    assert np.nanmax(fuel(*drives[0.0])) < 0.95  # what drivers ask for, and what the engine can take
    cars = draw_cars(np.random.default_rng(2), 2000)
    assert all(pressure_share(car, 0.0, full_flow(car), 43.0) == 1 for car in cars.rows())


@pytest.mark.parametrize(("severity", "idle", "middle", "high"), [(0.4, 0, 0, 15), (1.0, 5, 20, 40)])
def test_what_is_missing_grows_with_flow_and_severity(severity: float, idle: float, middle: float, high: float) -> None:
    cars = draw_cars(np.random.default_rng(1), COUNT)
    at = [
        [missing_fuel(pressure_share(car, severity, part * full_flow(car), 20.0)) for car in cars.rows()]
        for part in (0.035, 0.15, 0.9)
    ]
    assert max(at[0]) <= idle + 1
    assert np.median(at[1]) == pytest.approx(middle, abs=6)
    assert np.median(at[2]) > high


def test_trims_rise_where_the_pump_falls_short(drives: dict[float, tuple[Cars, Block]]) -> None:
    cars, healthy = drives[0.0]
    share = fuel(cars, healthy)
    bands = [share < 0.05, (share > 0.12) & (share < 0.25), share > 0.5]
    for severity, low, high in ((0.4, (-0.5, -0.5, 3), (0.5, 0.8, 30)), (1.0, (-0.5, 10, 30), (5, 35, 60))):
        rise = total(drives[severity][1]) - total(healthy)
        found = [float(np.nanmean(rise[band])) for band in bands]
        assert all(a < it < b for a, it, b in zip(low, found, high, strict=True)), (severity, found)


def test_the_coolant_and_the_voltage_do_not_see_the_pump(drives: dict[float, tuple[Cars, Block]]) -> None:
    healthy, sick = drives[0.0][1], drives[1.0][1]
    for name in ("coolant_temperature", "control_module_voltage", "intake_manifold_pressure", "commanded_evap"):
        assert np.array_equal(healthy.signal(name), sick.signal(name), equal_nan=True)


def test_some_units_leave_the_loop_at_full_power(drives: dict[float, tuple[Cars, Block]]) -> None:
    cars, block = drives[0.0]
    # A cold engine is commanded rich as well, for the first seconds.
    rich = (block.signal("commanded_equivalence_ratio") < 0.95) & (block.signal("coolant_temperature") > 70)
    assert rich.any()
    assert (cars["open_loop_power"][rich.any(axis=0)] == 1).all()
    assert (block.signal("short_term_fuel_trim_1")[rich] == 0).all()
    assert (np.abs(block.signal("long_term_fuel_trim_1")[rich]) > 0).mean() > 0.9


def test_rail_pressure_is_answered_by_few_and_falls_with_the_pump(drives: dict[float, tuple[Cars, Block]]) -> None:
    cars, healthy = drives[0.0]
    there = ~np.isnan(healthy.signal("fuel_pressure")).all(axis=0)
    assert (there == (cars["rail_sensor"] > 0)).all()
    assert 0.03 < there.mean() < 0.2
    lowest = [np.nanmin(drives[s][1].signal("fuel_pressure")[:, there], axis=0) for s in (0.0, 1.0)]
    assert (lowest[0] > 0.95 * cars["rail_pressure"][there]).all()
    assert np.median(lowest[1] / lowest[0]) < 0.7


def test_healthy_trims_lie_where_real_ones_do(drives: dict[float, tuple[Cars, Block]]) -> None:
    """The Etios (B4): short 1-sigma 3.6 %, long 2.4 %, total within a trip 3.2 % and between its trips 2.0 %."""
    cars, block = drives[0.0]
    trim = np.where(np.isnan(fuel(cars, block)) | (block.signal("coolant_temperature") < 70), np.nan, total(block))
    long_enough = (~np.isnan(trim)).sum(axis=0) > 200
    within = np.nanstd(trim[:, long_enough], axis=0)
    low, high = np.percentile(within, [5, 95])
    assert low < 3.2 < high
    assert 2 < np.nanmean(trim[:, long_enough], axis=0).std() < 6
    purging = block.signal("commanded_evap")[block.signal("vehicle_speed") > 20]
    assert 0.3 < (purging > 5).mean() < 0.7  # the Etios: about half the time, at times fully open
    assert np.percentile(purging, 95) > 70


def test_the_loop_learns_in_the_cell_that_is_driven_and_stops_at_its_limit() -> None:
    car = draw_cars(np.random.default_rng(1), 1).rows()[0]
    car["trim_cells"] = 4
    assert [load_cell(car, load, idling) for load, idling in ((70, False), (40, False), (40, True))] == [3, 2, 0]
    for required, cell, long in ((12.0, 3, 12), (90.0, 2, 25)):
        fuel, cells = np.zeros(1, dtype=FUEL)[0], np.zeros(16, dtype=np.float32)
        fuel["closed"] = 1
        for _ in range(3600):
            loop(fuel, cells, cell, required, 1.0, 0.0)
        assert cells[cell] == pytest.approx(long, abs=0.5)
        assert np.delete(cells, cell).tolist() == [0] * 15
        fuel["closed"] = 0
        loop(fuel, cells, cell, required, 1.0, 0.0)
        assert fuel["short"] == 0
        assert fuel["long"] == pytest.approx(long, abs=0.5)


def test_a_tank_is_kept_until_the_next_filling_and_learned_after_it() -> None:
    tank = draw_tank(np.random.default_rng(4), np.repeat(np.arange(400), 12))
    shift, known, memory = (values.reshape(400, 12) for values in (tank.shift, tank.known, tank.memory))
    step = np.diff(shift, axis=1)
    assert 0.005 < (np.abs(step) > 4.5).mean() < 0.05  # a filling of another kind
    strange = np.argwhere(np.abs(step[:, :-1]) > 6)
    before = [abs(known[car, trip + 1] - shift[car, trip]) for car, trip in strange]
    after = [abs(known[car, trip + 2] - shift[car, trip + 1]) for car, trip in strange]
    assert np.median(before) < 2 > np.median(after)
    assert 0.003 < (memory == 0).mean() < 0.02
    assert (memory[:, 0] >= 0.8 - 1e-6).mean() > 0.95
