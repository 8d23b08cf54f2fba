"""What every fault mode keeps to, found by discovery: a new file is tested on the day it is there."""

import numpy as np
import pytest

from diagnostics.baseline import columns, compare
from diagnostics.faults import FAULTS
from diagnostics.held import Held
from diagnostics.modes import MODES, FaultMode
from ingest.readings import Block
from ingest.signals import SIGNALS
from tests.diagnostics.cars import block, trip

EVERY_MODE = pytest.mark.parametrize("mode", MODES.values(), ids=list(MODES))


def test_the_alternator_is_found() -> None:
    assert "alternator" in MODES


@EVERY_MODE
def test_names_are_known_and_unique(mode: FaultMode) -> None:
    assert mode.fault in FAULTS
    assert set(mode.signals) <= set(SIGNALS)
    assert {signal for group in FAULTS[mode.fault].minimum_signals for signal in group} <= set(mode.signals)
    measures, seen = [measure.name for measure in mode.measures], [name for name, _ in columns(mode)]
    assert len(set(measures)) == len(measures)
    assert len(set(seen)) == len(seen)
    assert all(direction in {-1, 0, 1} for _, direction in columns(mode))
    assert all(measure.healthy[0] <= measure.healthy[1] and measure.wander > 0 for measure in mode.measures)


@EVERY_MODE
def test_answers_have_the_shapes_of_the_contract(mode: FaultMode) -> None:
    given = block(trip(300), trip(30), trip(700))
    answer, stop = mode.measure(Held(given)), mode.stop(Held(given))
    compared = compare(mode, answer, np.zeros(3, dtype=np.int64), np.arange(3) * 1e5)
    assert answer.values.shape == (3, len(mode.measures))
    assert answer.observed_s.shape == stop.at_s.shape == stop.value.shape == (3,)
    assert compared.features.shape == (3, len(mode.features))
    assert compared.seen.shape == (3, len(columns(mode)))
    assert mode.rule(compared.seen).shape == (3,)
    assert {array.dtype for array in (answer.values, compared.seen, stop.at_s)} == {np.dtype(np.float32)}


@EVERY_MODE
@pytest.mark.parametrize("shape", [(0, 0), (0, 2), (5, 0), (5, 2)])
def test_nothing_read_is_nothing_observed(mode: FaultMode, shape: tuple[int, int]) -> None:
    empty = Block(("engine_speed",), 1.0, np.full((1, *shape), np.nan, np.float32), np.full(shape[1], shape[0]))
    assert not mode.measure(Held(empty)).observed_s.any()
    assert np.isnan(mode.stop(Held(empty)).at_s).all()


@EVERY_MODE
def test_a_mode_sees_no_date_and_no_odometer(mode: FaultMode) -> None:
    labels = {"odometer", "time_with_mil", "distance_with_mil", "time_since_dtc_clear", "distance_since_dtc_clear"}
    assert not labels & set(mode.signals)
    answer = mode.measure(Held(block(trip(300), trip(300, drop=0.5))))
    near = compare(mode, answer, np.zeros(2, dtype=np.int64), np.array([0.0, 1e5]))
    far = compare(mode, answer, np.zeros(2, dtype=np.int64), np.array([1e9, 1e9 + 1e5]))
    np.testing.assert_array_equal(near.seen, far.seen)
