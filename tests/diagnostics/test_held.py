"""Columns made ready for measuring."""

import numpy as np
import pytest

from diagnostics import features
from diagnostics.held import Held
from ingest.readings import Block
from tests.diagnostics.cars import block, trip


def test_a_reading_stands_for_five_seconds_and_never_behind_the_end() -> None:
    values = np.full((1, 70, 300), np.nan, dtype=np.float32)
    lengths = np.arange(1, 301).clip(max=70)
    for one in range(299):  # the last trip shows nothing
        values[0, one % 60, one] = one if one % 60 < lengths[one] else np.nan
    held = Held(Block(("engine_speed",), 1.0, values, lengths))
    column, at = held.column("engine_speed"), np.arange(70)
    for one in range(300):
        shows = one < 299 and one % 60 < lengths[one]
        stands = (at >= one % 60) & (at <= one % 60 + 5) & (at < lengths[one]) & shows
        np.testing.assert_array_equal(column[one], np.where(stands, np.float32(one), np.float32(np.nan)))
        assert held.shown("engine_speed")[one] == shows
    np.testing.assert_array_equal(held.fresh("engine_speed"), values[0].T)
    assert np.isnan(held.column("vehicle_speed")).all()
    assert not held.shown("vehicle_speed").any()


def test_trips_measured_some_at_a_time_say_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    given = block(*(trip(300 + 90 * one, drop=0.1 * one) for one in range(7)))
    whole = features.trip_features(given)
    monkeypatch.setattr(features, "_SLOTS_HELD", 3 * given.values.shape[1])
    parts = features.trip_features(given)
    np.testing.assert_array_equal(parts.running_s, whole.running_s)
    for fault, measured in whole.measured.items():
        np.testing.assert_array_equal(parts.measured[fault].values, measured.values)
        np.testing.assert_array_equal(parts.measured[fault].observed_s, measured.observed_s)
        np.testing.assert_array_equal(parts.stops[fault].at_s, whole.stops[fault].at_s)
        np.testing.assert_array_equal(parts.shown[fault], whole.shown[fault])
