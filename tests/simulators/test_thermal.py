"""The coolant, against the table of faults.md F01: WLTC 3b by ambient and by how far the thermostat stays open."""

from dataclasses import replace

import numpy as np
import pytest

from ingest.readings import Block, FloatArray
from simulators.conditions import calendar, draw_conditions
from simulators.cycles import speed_table
from simulators.faults import Faults
from simulators.population import Cars, draw_cars
from simulators.thermal import least_opening, warmth_kept
from simulators.vehicle import simulate

CARS = 200  # as many as the table was made with
FIRST = np.datetime64("2025-01-01T00:00:00", "s")
NEVER = 9999.0
# ambient degC, opening -> seconds to 75 degC, degC at the end; None: not recorded there
TABLE = {
    (-15, 0.0): (774, 86), (-15, 0.05): (852, 83), (-15, 0.10): (1080, 78), (-15, 0.20): (1715, 58),
    (-15, 0.35): (NEVER, 27), (10, 0.0): (610, 87), (10, 0.05): (669, 86), (10, 0.10): (745, 82),
    (10, 0.20): (1115, 74), (10, 0.35): (NEVER, 52), (23, 0.0): (403, 87), (23, 0.05): (516, 86),
    (23, 0.10): (610, 84), (23, 0.20): (772, 78), (23, 0.35): (1568, 64), (35, 0.0): (287, 87), (35, 0.35): (777, 73),
}  # fmt: skip


def cold_wltc(ambient: FloatArray, severity: FloatArray) -> tuple[Cars, Block]:
    """Drive the same cars from cold at each ambient and severity: cell after cell, `CARS` columns each."""
    rng = np.random.default_rng(5)
    cells = len(ambient)
    cars = draw_cars(rng, CARS).take(np.tile(np.arange(CARS), cells))
    count, cycle = len(cars), speed_table("wltc_3b")
    conditions = draw_conditions(rng, cars, calendar(rng, count, 1, FIRST, 2.0).ravel())
    whole = np.full(count, len(cycle), dtype=np.int64)
    conditions = replace(
        conditions, ambient=np.repeat(ambient, CARS), soak_h=np.full(count, 60, dtype=np.float32),
        key_on_s=whole * 0, key_off_s=whole * 0, duration_s=whole,
    )  # fmt: skip
    faults = Faults.healthy(count).with_fault("thermostat_stuck_open", np.repeat(severity, CARS))
    return cars, simulate(cars, np.repeat(cycle[:, None], count, axis=1), conditions, faults, rng)


@pytest.mark.parametrize("ambient", [-15, 10, 23, 35])
def test_warming_up_and_the_end_are_those_of_the_calibrated_prototype(ambient: int) -> None:
    cells = [cell for cell in TABLE if cell[0] == ambient]
    opening = np.array([cell[1] for cell in cells], dtype=np.float32)
    severity = np.where(opening > 0, (opening - 0.02) / 0.33, 0).astype(np.float32)
    _, block = cold_wltc(np.full(len(cells), ambient, dtype=np.float32), severity)
    coolant = block.signal("coolant_temperature").reshape(-1, len(cells), CARS)
    warm = coolant > 75
    seconds = np.median(np.where(warm.any(axis=0), warm.argmax(axis=0), NEVER), axis=1)
    end = np.median(coolant[-1], axis=1)
    for cell, found_s, found_end in zip(cells, seconds, end, strict=True):
        wanted_s, wanted_end = TABLE[cell]
        assert found_s == pytest.approx(wanted_s, rel=0.2), (cell, found_s)
        assert found_end == pytest.approx(wanted_end, rel=0.12, abs=9.5), (cell, found_end)


def test_a_healthy_thermostat_seals_or_nearly_so() -> None:
    cars = draw_cars(np.random.default_rng(2), 500)
    natural = np.array([least_opening(car, 0.0) for car in cars.rows()])
    assert 0 <= natural.min() < np.median(natural) < 0.005 < natural.max() <= 0.02
    stuck = np.array([least_opening(car, 1.0) for car in cars.rows()])
    assert np.allclose(stuck, 0.35)
    assert warmth_kept(0.35) < 0.6
    assert warmth_kept(float(natural.max())) > 0.99


def test_a_map_controlled_thermostat_runs_hotter_at_low_load() -> None:
    cars, block = cold_wltc(np.array([20], dtype=np.float32), np.zeros(1, dtype=np.float32))
    late = np.median(block.signal("coolant_temperature")[700:1000], axis=0)
    hot = cars["map_thermostat"] > 0
    assert 20 <= hot.sum() <= 60
    assert np.median(late[hot]) > np.median(late[~hot]) + 3
    assert late.max() < 108
