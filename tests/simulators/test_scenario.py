"""Scenarios: what they may say, how SIM-B differs from SIM-A, and the hash that a report prints."""

from pathlib import Path

import numpy as np
import pytest

from simulators import scenario
from simulators.cycles import micro_trips
from simulators.faults import SIMULATED
from simulators.scenario import GENERATOR, ScenarioError, load, parse, scenario_hash, shipped

HERE = Path(scenario.__file__).parent
TEXT = (HERE / "scenarios" / "sim_a.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ('name = "SIM-A"', 'name = "SIM-A"\nwheels = 3', "unknown key wheels"),
        ("[priors]", "[priors]\nwings = [1, 2]", "unknown key priors.wings"),
        ("[shares]", "[shares]\nwings = 0.5", "unknown key shares.wings"),
        ("[bus.support]", "[bus.support]\nwings = 0.5", "unknown key bus.support.wings"),
        ("[faults]", "[faults]\ngremlins = { share = 0.1 }", "unknown key faults.gremlins"),
        ("[faults]", "[shapes]\nwings = [0, 1]\n[faults]", "unknown key shapes.wings"),
        ("median_days = 100", "median_weeks = 14", "unknown key faults.thermostat_stuck_open.median_weeks"),
        ('"udds"', '"moonwalk"', "no cycle is called moonwalk"),
        ("trim_bias = [-6.5, 6.5]", "trim_bias = [5, -5]", "priors.trim_bias"),
        ("trim_bias = [-6.5, 6.5]", "trim_bias = [5]", "priors.trim_bias: a range"),
        ("stop_start = 0.25", "stop_start = 1.25", "shares.stop_start: 1.25 is no share"),
        ("lost = [0.005, 0.045]", 'lost = "often"', "bus.lost"),
        ("share = 0.30", 'share = "many"', "share"),
        ('name = "SIM-A"', "", "missing key name"),
        ("[driving]", "[driving", "TOML|Expected|line"),
    ],
)
def test_what_a_scenario_must_not_say_is_refused_by_name(before: str, after: str, told: str) -> None:
    assert before in TEXT
    with pytest.raises(ScenarioError, match=told):
        parse(TEXT.replace(before, after, 1))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="No such file"):
        load(tmp_path / "none.toml")


def test_the_judge_is_not_the_teacher() -> None:
    a, b = shipped("sim_a"), shipped("sim_b")
    assert set(a.faults) == set(b.faults) == set(SIMULATED)
    assert not set(a.archetypes) & set(b.archetypes)
    pieces = [{piece.tobytes() for piece in micro_trips(it.driving.cycles)} for it in (a, b)]
    assert len(pieces[0]) > 20
    assert not pieces[0] & pieces[1]
    litres = [[float(it.draw_car(np.random.default_rng(n))[1]["displacement"][0]) for n in range(80)] for it in (a, b)]
    assert min(litres[1]) < min(litres[0])
    assert max(litres[1]) > max(litres[0])
    assert a.bus.polls != b.bus.polls
    assert a.shape_skew != b.shape_skew


def test_the_hash_covers_the_scenario_and_the_generator(tmp_path: Path) -> None:
    same, other = tmp_path / "same.toml", tmp_path / "other.toml"
    same.write_text(TEXT, encoding="utf-8")
    other.write_text(TEXT + "\n", encoding="utf-8")
    assert scenario_hash(same) == scenario_hash("sim_a") != scenario_hash(other)
    assert scenario_hash("sim_a") != scenario_hash("sim_b")
    assert all((HERE / name).is_file() for name in GENERATOR)
