"""Battery and starter by the first start of hand-made trips."""

import numpy as np
import pytest

from diagnostics.features import SIGNALS
from diagnostics.held import Held
from diagnostics.measures.starting import starting
from diagnostics.modes.battery_12v import MODE as BATTERY
from diagnostics.modes.starter import MODE as STARTER
from ingest.readings import TripColumns, to_block
from simulators.injection import inject


def start(
    seconds: int = 300, cranked: int = 1, dip: float = 2.0, sag: float = 0.4, air: float = 25.0, off: float = 12.5
) -> TripColumns:
    """Rest for 10 s, crank for `cranked`, run without alternator for 3 s and then with it; 20 s of key at the end."""
    t_s = np.arange(seconds, dtype=np.float64)
    began = 10 + cranked
    speed = np.select([t_s < 10, t_s < began, t_s < seconds - 20], [0.0, 230.0, 800.0], 0.0)
    states = [t_s < 10, t_s < began, t_s < began + 3, t_s < seconds - 20]
    voltage = np.select(states, [12.4, 12.4 - dip, 12.4 - sag, 14.1], off)
    signals = {
        "engine_speed": speed, "control_module_voltage": voltage, "ambient_air_temperature": np.full(seconds, air),
        "coolant_temperature": np.full(seconds, air),
    }  # fmt: skip
    return TripColumns("car", "boot", None, t_s, {name: row.astype(np.float32) for name, row in signals.items()})


def measured(*trips: TripColumns) -> dict[str, np.ndarray]:
    return dict(Held(to_block(trips, SIGNALS)).once(starting))


def test_what_a_plain_start_shows() -> None:
    shown = {name: float(values[0]) for name, values in measured(start()).items()}
    assert shown["rest_voltage"] == pytest.approx(12.38, abs=0.001)  # as at 20 degC
    assert shown["crank_lowest"] == pytest.approx(10.4)
    assert shown["crank_drop"] == pytest.approx(2.0, abs=0.01)
    assert shown["first_drop"] == pytest.approx(0.4, abs=0.01)
    assert shown["crank_time"] == pytest.approx(1.5)
    assert shown["key_off_voltage"] == pytest.approx(12.5)
    assert shown["observed"] == 269


def test_a_cold_battery_is_held_against_a_warm_one() -> None:
    cold = 0.4 * np.exp(0.015 * 35)
    assert measured(start(sag=cold, air=-10.0))["first_drop"][0] == pytest.approx(0.4, abs=0.01)


def test_each_second_of_cranking_is_one_more() -> None:
    times = measured(*(start(cranked=seconds) for seconds in (1, 2, 4)))["crank_time"]
    np.testing.assert_allclose(np.diff(times), [1.0, 2.0])


def test_a_reading_told_again_shows_no_longer_crank() -> None:
    longer = start(cranked=3)
    turning = {name: values.copy() for name, values in longer.signals.items()}
    turning["engine_speed"][10:13] = [200.0, 215.0, 230.0]
    fresh = TripColumns("car", "boot", None, longer.t_s, turning)
    np.testing.assert_allclose(measured(longer, fresh)["crank_seen"], [1.0, 3.0])


def test_a_trip_that_begins_with_the_engine_running_shows_no_start() -> None:
    whole = start()
    later = {name: values[30:] for name, values in whole.signals.items()}
    shown = measured(TripColumns("car", "boot", None, whole.t_s[:-30], later))
    assert shown["observed"][0] == 0
    assert np.isnan(shown["crank_time"][0])


def test_a_gap_of_the_link_is_no_long_crank() -> None:
    holed = {name: values.copy() for name, values in start().signals.items()}
    for values in holed.values():
        values[6:22] = np.nan
    assert np.isnan(measured(TripColumns("car", "boot", None, start().t_s, holed))["crank_time"][0])


@pytest.mark.parametrize("fault", ["battery_12v", "starter"])
def test_the_injected_fault_moves_its_own_measure(fault: str) -> None:
    mode = {"battery_12v": BATTERY, "starter": STARTER}[fault]
    name = {"battery_12v": "first_drop", "starter": "crank_time"}[fault]
    column = [measure.name for measure in mode.measures].index(name)
    sick = [inject(start(), fault, 1.0, np.random.default_rng(seed)) for seed in range(12)]
    values = mode.measure(Held(to_block([start(), *sick], SIGNALS))).values[:, column]
    assert np.median(values[1:]) > values[0] + mode.measures[column].wander
