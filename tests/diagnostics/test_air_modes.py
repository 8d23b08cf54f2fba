"""The measures of air path and driveline on hand-made trips: every number is chosen, so every answer is known."""

from dataclasses import replace

import numpy as np
import pytest

from diagnostics.baseline import compare
from diagnostics.held import Held, Table
from diagnostics.measures.air import SIGNALS as AIR_SIGNALS
from diagnostics.measures.air import air
from diagnostics.measures.driveline import SIGNALS as ROAD_SIGNALS
from diagnostics.measures.driveline import driveline
from diagnostics.modes import MODES
from ingest.readings import TripColumns, to_block
from ingest.vehicles import VehicleConfig

TOP = 25.0  # rpm per km/h


def trip(**other: np.ndarray) -> TripColumns:
    """Two minutes standing and eight driving, slow and fast in turns; a 1.6 L engine that breathes by the book."""
    t_s = np.arange(600, dtype=np.float64)
    standing, fast = t_s < 120, (t_s // 60) % 2 == 1
    wheel = np.where(standing, 0.0, np.where(fast, 100.0, 50.0))
    turns = np.where(standing, 750.0, np.where(fast, TOP * 100, 1500.0))
    pressure = np.where(standing, 30.0, np.where(fast, 70.0, 45.0) + 12 * ((t_s // 240) % 2))
    flow = 0.1 * 1.6 * (pressure - 6.5) * turns / 1000
    signals = {
        "engine_speed": turns + np.sin(t_s), "vehicle_speed": wheel, "coolant_temperature": 90.0 + 0 * t_s,
        "intake_air_temperature": 20.0 + 0 * t_s, "intake_manifold_pressure": pressure + 0.3 * np.sin(2 * t_s),
        "mass_air_flow": flow, "throttle_position": np.where(standing, 16.0, np.where(fast, 40.0, 25.0)),
        "engine_load": np.where(fast, 70.0, 35.0) + np.sin(t_s), "barometric_pressure": 100.0 + 0 * t_s,
    }  # fmt: skip
    signals |= other
    return TripColumns("car", "boot", None, t_s, {name: it.astype(np.float32) for name, it in signals.items()})


def of(made: TripColumns, name: str, change: np.ndarray | float, where: np.ndarray | None = None) -> TripColumns:
    """Give the trip with one signal multiplied, where asked."""
    old = made.signals[name]
    new = np.where(True if where is None else where, old * change, old)
    return replace(made, signals={**made.signals, name: new.astype(np.float32)})


def measured(*trips: TripColumns) -> tuple[Table, Table]:
    held = Held(to_block(trips, tuple({*AIR_SIGNALS, *ROAD_SIGNALS})))
    return air(held), driveline(held)


def test_the_idle_throttle_is_that_of_the_idle_flow() -> None:
    plain = trip()
    busy = of(of(plain, "intake_manifold_pressure", 1.3, plain.t_s < 120), "throttle_position", 1.082, plain.t_s < 120)
    fouled = of(plain, "throttle_position", 18 / 16, plain.t_s < 120)
    found = measured(plain, busy, fouled)[0]["idle_throttle"]
    assert found[1] == pytest.approx(found[0], abs=0.2)  # a compressor takes more air: no soot
    assert found[2] == pytest.approx(found[0] + 2, abs=0.1)


@pytest.mark.parametrize("lost", [0.0, 0.05, 0.1])
def test_an_exhaust_shows_where_the_engine_turns_fast(lost: float) -> None:
    plain = trip()
    sick = of(plain, "mass_air_flow", 1 - lost, plain.t_s % 120 >= 60)
    found = measured(plain, sick)[0]["breathing_fall"]
    # From 1500 to 2500 rpm is half of the way, in squares, from 1000 to 3000.
    assert found[1] - found[0] == pytest.approx(-200 * np.log(1 - lost), abs=0.5)


def test_a_stuck_reply_is_no_measure() -> None:
    stuck = trip()
    stuck.signals["intake_manifold_pressure"][:] = 45.0
    assert np.isnan(measured(stuck)[0]["breathing_fall"][0])


def boosted(kept: float, *, shown: bool = True) -> TripColumns:
    """An engine that is asked for 60 kPa of boost half of the time, and gives `kept` of it."""
    made = trip()
    fast = made.t_s % 120 >= 60
    pressure = np.where(fast & (made.t_s >= 120), 100.0 + 60 * kept, 45.0) + np.sin(made.t_s)
    pedal = np.where(fast & (made.t_s >= 120), 60.0, 15.0)
    more = {"intake_manifold_pressure": pressure, "accelerator_pedal_position_d": pedal}
    return trip(**more) if shown else made


def test_boost_is_what_the_pedal_gets() -> None:
    table, _ = measured(boosted(1.0), boosted(0.5), boosted(1.0, shown=False))
    assert table["boost_high"][0] - table["boost_high"][1] == pytest.approx(30, abs=0.5)
    assert np.isnan(table["boost_high"][2])
    assert list(table["boost_s"] > 60) == [True, True, False]


def test_underboost_is_of_turbocharged_cars() -> None:
    mode = MODES["underboost"]
    assert mode.applies(None)
    assert mode.applies(VehicleConfig(aspiration="turbocharged"))
    assert not mode.applies(VehicleConfig(aspiration="naturally_aspirated"))


def test_gears_are_known_by_their_ratio() -> None:
    table = measured(trip())[1]
    assert table["gear_fast"][0] == pytest.approx(TOP * 100, rel=0.002)
    assert table["gear_town"][0] == pytest.approx(3000, rel=0.002)
    assert np.isnan(table["gear_road"][0])


def residuals(last: TripColumns) -> np.ndarray:
    """Compare a trip with six of the same healthy car, by the mode of slip."""
    mode = MODES["transmission_slip"]
    held = Held(to_block([trip()] * 6 + [last], tuple({*AIR_SIGNALS, *ROAD_SIGNALS})))
    return compare(mode, mode.measure(held), np.zeros(7, dtype=np.int64), np.arange(7) * 1e5).features[-1]


def test_slip_is_more_than_other_tyres_and_less_than_another_gear() -> None:
    fast = trip().t_s % 120 >= 60
    by = {part: residuals(of(trip(), "engine_speed", part, fast))[0] for part in (1.0, 1.015, 1.06, 1.17)}
    assert abs(by[1.0]) < 0.1
    assert by[1.015] < 2.5
    assert by[1.06] > 5
    assert np.isnan(by[1.17])


def test_slip_shows_between_pulling_and_being_pushed_whatever_the_tyres() -> None:
    t_s = np.arange(600, dtype=np.float64)
    wheel = np.interp(t_s % 80, [0, 20, 40, 60, 80], [60, 60, 90, 90, 60])  # km/h: a stretch, faster, a stretch, slower
    pushed = t_s % 80 >= 60
    load = np.where(pushed, 10.0, 40.0) + np.sin(t_s)
    sound = trip(vehicle_speed=wheel, engine_speed=TOP * wheel, engine_load=load)
    tyres, slips = of(sound, "engine_speed", 1.02), of(sound, "engine_speed", 1.02, ~pushed)
    assert measured(sound, tyres, slips)[1]["slip_overrun"] == pytest.approx([0, 0, 2], abs=0.4)


def test_an_open_throttle_shows_what_the_filter_takes() -> None:
    wide = trip().t_s % 120 >= 60
    open_ = of(trip(), "throttle_position", 80 / 40, wide)
    open_.signals["intake_manifold_pressure"][wide] = 98 + 0.3 * np.sin(2 * open_.t_s[wide])
    plain, clogged = open_, of(open_, "intake_manifold_pressure", 95 / 98, wide)
    found = measured(plain, clogged, trip())[0]["full_deficit"]
    assert found[1] - found[0] == pytest.approx(3, abs=0.2)
    assert np.isnan(found[2])
