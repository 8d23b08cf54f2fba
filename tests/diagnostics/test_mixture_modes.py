"""The modes of the mixture on hand-made trips: each rises with its own fault, and the others stay below it."""

from collections.abc import Mapping

import numpy as np
import pytest

from diagnostics.baseline import compare
from diagnostics.features import SIGNALS
from diagnostics.held import Held
from diagnostics.modes import MODES
from ingest.readings import TripColumns, to_block

MIXTURE = ("air_flow_meter", "vacuum_leak", "fuel_pump", "injector_clogged", "injector_leaking", "evap")
STILL, ROLLING, CRUISE, HIGH = range(4)
RPM, FILLING, SPEED = (np.array(row) for row in ([750, 1100, 1500, 2300], [0.27, 0.3, 0.34, 0.5], [0, 8, 40, 80]))


def drive(seed: int, *, meter: bool = True, pressure: bool = True, **fault: float | tuple[float, ...]) -> TripColumns:
    """Give 20 minutes of warm driving by half minutes, standing to high flow, with `fault` in it.

    `trim` is in % by the four flows, `gain` of the meter, `closed` % of throttle, `vacuum` Pa in the tank, `pull` the
    share of it that purge draws, `rough` rpm.
    """
    rng = np.random.default_rng(seed)
    t_s = np.arange(1200.0)
    kind = ((t_s // 30) % 4).astype(int)
    turning = RPM[kind] + rng.normal(0, float(fault.get("rough", 6.0)), 1200)
    filling = FILLING[kind] + rng.normal(0, 0.002, 1200)
    trim = np.broadcast_to(fault.get("trim", 0.0), 4)[kind] + rng.normal(0, 1.0) + 1.5 * rng.normal(0, 1, 1200)
    signals = {
        "engine_speed": turning,
        "vehicle_speed": SPEED[kind],
        "short_term_fuel_trim_1": trim,
        "long_term_fuel_trim_1": 0 * t_s,
        "coolant_temperature": 0 * t_s + 90,
        "intake_air_temperature": 0 * t_s + 20,
        "barometric_pressure": 0 * t_s + 101,
        "throttle_position": 14 + 19 * filling * turning / 1000 - float(fault.get("closed", 0.0)) * (kind == STILL),
        "commanded_evap": np.where((t_s // 120) % 2 == 1, 40.0, 0.0),
        "fuel_pressure": float(fault.get("rail", 350.0)) + rng.normal(0, 1, 1200),
        "evap_vapor_pressure": np.where(
            (t_s // 120) % 2 == 1, -600.0 * float(fault.get("pull", 1.0)), 200.0 + float(fault.get("vacuum", 0.0))
        ),
    }
    if pressure:
        signals["intake_manifold_pressure"] = 101.3 * filling
    if meter:
        gain = np.broadcast_to(fault.get("gain", 1.0), 4)[kind]
        signals["mass_air_flow"] = 13.6 * gain * filling * turning / 1000
    return TripColumns("car", "boot", None, t_s, {name: row.astype(np.float32) for name, row in signals.items()})


def rules(*sick: TripColumns, **kind: bool) -> Mapping[str, float]:
    """Give the median score of every mode over sick trips that follow twelve healthy ones of the same car."""
    held = Held(to_block([*(drive(seed, **kind) for seed in range(12)), *sick], SIGNALS))
    found = {}
    for fault in MIXTURE:
        mode = MODES[fault]
        answer = mode.measure(held)
        seen = compare(mode, answer, np.zeros(len(answer.values), dtype=np.int64), np.arange(len(answer.values)) * 3e4)
        found[fault] = float(np.median(mode.rule(seen.features)[12:]))
    return found


SICK: dict[str, tuple[str, dict[str, bool], dict[str, float | tuple[float, ...]]]] = {
    "a dirty meter beside the pressure": ("air_flow_meter", {}, {"trim": 20.0, "gain": 0.83}),
    "a meter that turns from rich to lean": (
        "air_flow_meter", {}, {"trim": (-6.0, -4.0, 14.0, 25.0), "gain": (1.06, 1.04, 0.88, 0.8)}
    ),
    "a leak behind a meter": (
        "vacuum_leak", {}, {"trim": (24.0, 14.0, 6.0, 2.0), "gain": (0.8, 0.88, 0.94, 0.98), "closed": 1.5}
    ),
    "a leak without a meter": ("vacuum_leak", {"meter": False}, {"closed": 1.5}),
    "a weak pump": ("fuel_pump", {"meter": False}, {"trim": (0.0, 2.0, 8.0, 20.0)}),
    "clogged injectors": ("injector_clogged", {"meter": False}, {"trim": 12.0}),
    "one clogged injector": ("injector_clogged", {}, {"trim": 6.0, "rough": 18.0}),
    "a dripping injector": ("injector_leaking", {}, {"trim": (-18.0, -11.0, -6.0, -3.0)}),
    "a regulator that is too high": ("injector_leaking", {"meter": False}, {"trim": -14.0, "rail": 480.0}),
    "a tank that purge hardly draws down": ("evap", {}, {"pull": 0.4}),
    "a leaking tank": ("evap", {}, {"vacuum": -180.0 * 6}),
}  # fmt: skip


@pytest.mark.parametrize(("fault", "kind", "how"), SICK.values(), ids=SICK)
def test_its_own_mode_rises_most(fault: str, kind: dict[str, bool], how: dict[str, float | tuple[float, ...]]) -> None:
    scores = rules(*(drive(50 + seed, **kind, **how) for seed in range(3)), **kind)
    assert max(scores, key=lambda name: scores[name]) == fault, scores
    assert scores[fault] > 4


def untrimmed(trip: TripColumns) -> TripColumns:
    """Give the trip as a car shows it that tells no fuel trims."""
    kept = {name: row for name, row in trip.signals.items() if "fuel_trim" not in name}
    return TripColumns(trip.vehicle, trip.boot, trip.start, trip.t_s, kept)


def test_a_meter_speaks_without_trims_where_a_manifold_pressure_stands_beside_it() -> None:
    mode = MODES["air_flow_meter"]
    sound, sick = ([untrimmed(drive(seed, gain=gain)) for seed in range(12)] for gain in (1.0, 0.83))
    answer = mode.measure(Held(to_block([*sound, sick[0]], SIGNALS)))
    assert (answer.observed_s >= mode.least_s).all()
    seen = compare(mode, answer, np.zeros(13, dtype=np.int64), np.arange(13) * 3e4).features
    scores = mode.rule(seen)
    assert scores[12] > 4 > scores[:12].max()
    blind = mode.measure(Held(to_block([untrimmed(drive(0, pressure=False))], SIGNALS)))
    assert blind.observed_s[0] < mode.least_s


def test_healthy_trips_stay_below() -> None:
    scores = rules(*(drive(50 + seed) for seed in range(9)))
    assert max(scores.values()) < 3, scores


@pytest.mark.parametrize("step", [-8.0, 8.0])
def test_another_fuel_moves_the_trims_alike_and_shows_neither_shape_nor_a_wrong_meter(step: float) -> None:
    scores = rules(*(drive(50 + seed, trim=step) for seed in range(3)))
    assert max(scores[name] for name in ("air_flow_meter", "vacuum_leak", "fuel_pump", "evap")) < 4, scores


def test_a_valve_that_stands_open_is_told_to_either_side() -> None:
    for trim in ((15.0, 8.0, 3.0, 1.0), (-15.0, -8.0, -3.0, -1.0)):
        scores = rules(*(drive(50 + seed, trim=trim, closed=1.2, vacuum=-900.0) for seed in range(3)))
        assert scores["evap"] > 5


def test_every_mode_speaks_both_languages() -> None:
    sick = drive(60, trim=(24.0, 14.0, 6.0, 2.0), gain=(0.8, 0.88, 0.94, 0.98), closed=1.5)
    mode = MODES["vacuum_leak"]
    answer = mode.measure(Held(to_block([*(drive(seed) for seed in range(12)), sick], SIGNALS)))
    normal = compare(mode, answer, np.zeros(13, dtype=np.int64), np.arange(13) * 3e4).normal
    reasons = mode.evidence(answer.values[-1], normal.expected[-1], normal.own[-1])
    assert len(reasons) == 3
    assert any(reason.text_en.startswith("Fuel correction at idle over that above it +1") for reason in reasons)
    assert any(reason.text_zh.startswith("怠速燃油修正高于行驶时+1") for reason in reasons)
