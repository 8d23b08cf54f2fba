"""The fuel pump on hand-made trips: every number in them is known."""

from collections.abc import Mapping

import numpy as np
import pytest

from diagnostics.baseline import compare
from diagnostics.features import SIGNALS
from diagnostics.held import Held
from diagnostics.modes.fuel_pump import FEATURES, MODE
from ingest.readings import TripColumns, to_block
from ingest.vehicles import VehicleConfig

NAMES = [measure.name for measure in MODE.measures]
SHOWN = [feature.name for feature in FEATURES]
METER = 13.6  # g/s of a 1.6 L engine at a flow of 1


def drive(
    idle: float = 0.0, high: float = 0.0, learnt: float = 0.0, seconds: int = 900, meter: float | None = None,
    pressure: bool = True, size: float = 1.0, **other: float,
) -> TripColumns:  # fmt: skip
    """Give a warm trip of alternating minutes at idle and at a flow of 1.2, with total trims of `idle` and `high` %.

    `learnt` % of them are in the long-term trim. `meter` is the gain of an air flow meter, None for none; `size` the
    engine's, 1.0 for 1.6 L.
    """
    t_s = np.arange(seconds, dtype=np.float64)
    driving = (t_s // 60) % 2 == 1
    engine_speed, filling = np.where(driving, 2000.0, 800.0), np.where(driving, 0.6, 0.28)
    total = np.where(driving, high, idle) + np.sin(t_s)  # moves as a closed loop does
    signals = {
        "engine_speed": engine_speed,
        "short_term_fuel_trim_1": 100 * ((100 + total) / (100 + learnt) - 1),
        "long_term_fuel_trim_1": np.full(seconds, learnt),
        "coolant_temperature": np.full(seconds, 90.0),
        "intake_air_temperature": np.full(seconds, 20.0),
    }
    if pressure:
        signals["intake_manifold_pressure"] = 101.3 * filling
    if meter is not None:
        signals["mass_air_flow"] = meter * METER * size * filling * engine_speed / 1000
    signals |= {name: np.full(seconds, value) for name, value in other.items()}
    return TripColumns("car", "boot", None, t_s, {name: row.astype(np.float32) for name, row in signals.items()})


def measured(trip: TripColumns) -> Mapping[str, float]:
    answer = MODE.measure(Held(to_block([trip], SIGNALS)))
    return dict(zip(NAMES, answer.values[0].tolist(), strict=True)) | {"observed_s": float(answer.observed_s[0])}


def after(healthy: TripColumns, sick: TripColumns) -> Mapping[str, float]:
    """Give what the features say of a sick trip after six healthy ones."""
    answer = MODE.measure(Held(to_block([*[healthy] * 6, sick], SIGNALS)))
    features = compare(MODE, answer, np.zeros(7, dtype=np.int64), np.arange(7) * 3e4).features
    return dict(zip(SHOWN, features[6].tolist(), strict=True))


@pytest.mark.parametrize("learnt", [0.0, 10.0, -4.0])
def test_the_total_trim_counts_however_much_of_it_is_learnt(learnt: float) -> None:
    shown = measured(drive(idle=2.0, high=14.0, learnt=learnt))
    assert shown["trim_idle"] == pytest.approx(2, abs=0.3)
    assert shown["trim_high"] == pytest.approx(14, abs=0.3)
    assert shown["climb"] == pytest.approx(100 * (114 / 102 - 1), abs=0.3)
    assert shown["share_above_10"] == 100


@pytest.mark.parametrize("size", [0.7, 1.0, 1.8])
def test_a_meter_alone_shows_the_same_on_engines_of_every_size(size: float) -> None:
    shown = measured(drive(idle=2.0, high=14.0, meter=1.0, pressure=False, size=size))
    assert shown["trim_high"] == pytest.approx(14, abs=0.3)
    assert shown["slope"] == pytest.approx(measured(drive(idle=2.0, high=14.0))["slope"], rel=0.1)


SILENT = {
    "cold": {"coolant_temperature": 50.0},
    "open loop": {"short_term_fuel_trim_1": 0.0},
    "frozen": {"short_term_fuel_trim_1": 7.8},
    "rich on purpose": {"commanded_equivalence_ratio": 0.88},
    "no long-term trim": {"long_term_fuel_trim_1": np.nan},
    "no air flow": {"intake_manifold_pressure": np.nan},
    "no engine speed": {"engine_speed": np.nan},
    "always at idle": {"engine_speed": 800.0, "intake_manifold_pressure": 30.0},
    "on the overrun": {"engine_speed": 3000.0, "intake_manifold_pressure": 14.0},
}


@pytest.mark.parametrize("change", SILENT.values(), ids=SILENT)
def test_such_a_trip_says_nothing(change: dict[str, float]) -> None:
    assert measured(drive(high=14.0, **change))["observed_s"] == 0


@pytest.mark.parametrize("extra", ["coolant_temperature", "intake_air_temperature"])
def test_what_only_sharpens_may_be_missing(extra: str) -> None:
    shown = measured(drive(idle=2.0, high=14.0, **{extra: np.nan}))
    assert shown["trim_high"] == pytest.approx(14, abs=0.3)


def test_without_coolant_temperature_the_first_minutes_are_left_out() -> None:
    assert measured(drive(seconds=290, coolant_temperature=np.nan))["observed_s"] == 0


def test_an_equivalence_ratio_of_zero_is_an_unsupported_parameter() -> None:
    assert measured(drive(commanded_equivalence_ratio=0.0))["observed_s"] > 300


def test_a_trim_that_rests_at_its_end_is_in_use() -> None:
    assert measured(drive(learnt=25.0, short_term_fuel_trim_1=25.0))["share_spent"] == 100


def test_readings_under_change_do_not_count() -> None:
    trip = drive(high=14.0)
    hunting = np.where(np.arange(900) % 4 < 2, 2000.0, 2600.0).astype(np.float32)
    hunted = TripColumns("car", "boot", None, trip.t_s, {**trip.signals, "engine_speed": hunting})
    assert measured(hunted)["observed_s"] == 0


def test_a_weak_pump_climbs_and_other_lean_faults_do_not() -> None:
    well = drive(idle=-1.0, high=-2.0)
    assert after(well, drive(idle=1.0, high=14.0))["both"] > 10
    assert after(well, drive(idle=9.0, high=8.0))["both"] < 1  # dirty injectors, another fuel
    assert after(well, drive(idle=25.0, high=3.0))["both"] < 0  # a leak behind the meter
    assert after(well, drive(idle=-20.0, high=-2.0))["both"] < 1  # a leaking injector


@pytest.mark.parametrize(
    ("pressure", "meter", "wrong", "unexplained"),
    [(True, None, None, 33), (False, 1.0, 0.75, 0), (True, 1.0, 0.75, 0), (True, 1.0, 1.0, 33)],
    ids=["no meter", "a meter alone", "both, and they disagree", "both, and they agree"],
)
def test_a_meter_is_blamed_for_what_it_can_explain(
    pressure: bool, meter: float | None, wrong: float | None, unexplained: float
) -> None:
    well, lean = drive(pressure=pressure, meter=meter), drive(idle=33.0, high=33.0, pressure=pressure, meter=wrong)
    shown = after(well, lean)
    assert shown["unexplained"] == pytest.approx(unexplained, abs=2.5)
    if pressure and meter:
        assert shown["air_mismatch"] == pytest.approx(-100 * np.log(wrong), abs=1)


def test_accelerations_too_short_to_be_steady_show_a_pump() -> None:
    trip = drive()
    second = np.where((trip.t_s // 60) % 2 == 1, trip.t_s % 60 - 30, 0)
    pushed = (second > 0) & (second <= 10)
    turning = np.where(pushed, 2000 + 300 * second, trip.signals["engine_speed"]).astype(np.float32)
    lean = trip.signals["short_term_fuel_trim_1"] + 15 * (turning > 3500)
    shown = measured(TripColumns("car", "boot", None, trip.t_s, {
        **trip.signals, "engine_speed": turning, "short_term_fuel_trim_1": lean.astype(np.float32)
    }))  # fmt: skip
    assert shown["trim_high"] == pytest.approx(0, abs=0.5)
    assert shown["climb_utmost"] > 8
    assert shown["climb_brisk"] < 2


def test_the_evidence_is_in_words_of_both_languages_with_numbers() -> None:
    answer = MODE.measure(Held(to_block([*[drive(idle=1.0, high=1.0)] * 4, drive(idle=2.0, high=14.0)], SIGNALS)))
    normal = compare(MODE, answer, np.zeros(5, dtype=np.int64), np.arange(5) * 3e4).normal
    reasons = {reason.residual: reason for reason in MODE.evidence(answer.values[4], normal.expected[4], normal.own[4])}
    high = reasons["trim_high"]
    expected = "Fuel correction at high flow +14 %, at idle +2 %; this car's own normal at high flow +3 %"
    assert high.text_en == expected
    assert high.text_zh == "大流量时燃油修正+14 %，怠速时+2 %；本车平时大流量时为+3 %"
    assert (high.unit, round(high.value)) == ("%", 14)
    assert MODE.evidence(answer.values[3], normal.expected[3], normal.own[3]) == ()


def test_nothing_about_a_pump_stops_the_car() -> None:
    stop = MODE.stop(Held(to_block([drive(idle=50.0, high=56.0)], SIGNALS)))
    assert np.isnan(stop.at_s).all()
    assert np.isnan(stop.value).all()


def test_only_an_engine_has_a_fuel_pump() -> None:
    assert MODE.applies(None)
    assert MODE.applies(VehicleConfig.from_json({"fuel": "hybrid"}))
    assert not MODE.applies(VehicleConfig.from_json({"fuel": "electric"}))


def test_a_trip_measures_the_same_alone_and_beside_others() -> None:
    alone = MODE.measure(Held(to_block([drive(high=9.0)], SIGNALS))).values[0]
    beside = MODE.measure(Held(to_block([drive(seconds=1500), drive(high=9.0), drive(seconds=100)], SIGNALS))).values[1]
    np.testing.assert_allclose(alone, beside, atol=1e-4)
