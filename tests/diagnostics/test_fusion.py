"""What a fault's predictor sees: its own mode, how the others stand, the past only, and nothing of who the car is."""

from dataclasses import replace

import numpy as np
import pytest

from diagnostics.fusion import compare_all, fused, fused_columns, health_seen, nothing_measured, predict_histories
from diagnostics.modes import MODES, Measured
from diagnostics.predictor import Predictor
from diagnostics.training.train import train_table
from tests.diagnostics.tables import SOME, table

FAULT = "starter"


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    directory = tmp_path_factory.mktemp("predictor")
    train_table(table(5), 5, directory, SOME)
    return Predictor.load(directory)


def all_modes(measured: dict[str, Measured], trips: int) -> dict[str, Measured]:
    return {**nothing_measured(trips), **measured}


def test_columns_are_told_by_name_and_none_says_who_the_car_is() -> None:
    names = [name for name, _ in fused_columns(FAULT)]
    assert len(set(names)) == len(names)
    assert [name for name in names if name.startswith("health_of_")] == [f"health_of_{it}" for it in sorted(MODES)]
    assert not {"odometer", "start_s", "car", "missing"} & set(names)
    trips = table(3, cars=2)
    compared = compare_all(trips.measured, trips.car, trips.start_s, SOME)
    assert fused(FAULT, health_seen(SOME), compared, np.arange(4)).shape == (4, len(fused_columns(FAULT, SOME)))


def test_a_mode_that_the_car_does_not_show_counts_as_quiet() -> None:
    trips = table(3, cars=4)
    blind = {**trips.measured, "alternator": nothing_measured(len(trips))["alternator"]}
    compared = compare_all(blind, trips.car, trips.start_s, SOME)
    seen = fused(FAULT, health_seen(SOME), compared, np.arange(len(trips)))
    place = [name for name, _ in fused_columns(FAULT, SOME)].index("health_of_alternator")
    assert (seen[:, place] == 0).all()


def test_what_is_said_of_a_trip_stands_on_earlier_trips_only(predictor: Predictor) -> None:
    trips = table(7, cars=8)
    early = (trips.start_s % 1e9) < 25 * 86_400
    whole = predict_histories(predictor, all_modes(trips.measured, len(trips)), trips.car, trips.start_s)
    cut = {
        fault: Measured(one.values[early], one.observed_s[early])
        for fault, one in all_modes(trips.measured, len(trips)).items()
    }
    before = predict_histories(predictor, cut, trips.car[early], trips.start_s[early])
    np.testing.assert_array_equal(before.probability, whole.probability[early])
    np.testing.assert_array_equal(before.lead_days, whole.lead_days[early])


def test_asked_rows_say_the_same_beside_others_and_alone(predictor: Predictor) -> None:
    trips = table(7, cars=4)
    measured = all_modes(trips.measured, len(trips))
    whole = predict_histories(predictor, measured, trips.car, trips.start_s)
    few = predict_histories(predictor, measured, trips.car, trips.start_s, np.array([80, 170, 260]))
    np.testing.assert_allclose(few.probability[[80, 170, 260]], whole.probability[[80, 170, 260]], rtol=1e-5)
    assert np.isnan(np.delete(few.probability, [80, 170, 260], axis=0)).all()


def test_the_right_fault_is_the_most_probable_one(predictor: Predictor) -> None:
    trips = table(9, cars=40)
    said = predict_histories(predictor, all_modes(trips.measured, len(trips)), trips.car, trips.start_s)
    truth = np.stack([trips.severity[fault] for fault in said.faults], axis=1)
    sick = truth.max(axis=1) > 0.9
    assert (said.probability[sick].argmax(axis=1) == truth[sick].argmax(axis=1)).mean() > 0.95


def test_a_trip_too_short_to_vote_says_nothing(predictor: Predictor) -> None:
    trips = table(7, cars=4)
    one = trips.measured[FAULT]
    short = replace(one, observed_s=np.where(np.arange(len(trips)) == 50, np.float32(1), one.observed_s))
    measured = all_modes({**trips.measured, FAULT: short}, len(trips))
    said = predict_histories(predictor, measured, trips.car, trips.start_s)
    column = said.faults.index(FAULT)
    assert np.flatnonzero(np.isnan(said.probability[:, column])).tolist() == [50]
