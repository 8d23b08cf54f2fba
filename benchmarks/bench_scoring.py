"""A thousand vehicle-days (an hour, 20 signals each) from readings to probabilities, and one vehicle by itself."""

import json

import lightgbm
import numpy as np
import pandas as pd
from material import TWENTY, best, hours

from diagnostics.features import trip_features
from diagnostics.fusion import predict_histories
from diagnostics.predictor import Predictor
from diagnostics.single_row import SingleRow, Trees

VEHICLES, FOR_PANDAS, ROWS = 1000, 20, 2000
QUANTITIES = (
    "engine_speed", "intake_manifold_pressure", "mass_air_flow", "throttle_position", "coolant_temperature",
    "control_module_voltage", "short_term_fuel_trim_1", "long_term_fuel_trim_1",
)  # fmt: skip


def plain(table: pd.DataFrame) -> np.ndarray:
    """Give what a careful script measures of one vehicle: held readings, five gates, three statistics each.

    That is 120 numbers, about as many as our modes have measures, and none of the models that run beside a trip.
    """
    held = table.ffill(limit=5)
    running = held["engine_speed"] > 400
    warm = running & (held["coolant_temperature"] > 70)
    idle = warm & (held["vehicle_speed"] < 1)
    steady = held["intake_manifold_pressure"].diff().abs().rolling(3).max() < 3
    fast = warm & (held["vehicle_speed"] > 60)
    gates = (running, warm, idle, warm & steady, fast)
    return np.concatenate([held.loc[gate, list(QUANTITIES)].agg(["median", "mean", "std"]).to_numpy().ravel()
                           for gate in gates])  # fmt: skip


def loop(tables: list[pd.DataFrame], boosters: list[lightgbm.Booster]) -> None:
    for table in tables:
        measured = plain(table)
        for booster in boosters:
            row = np.resize(measured, booster.num_feature())[None]
            booster.predict(row, num_threads=1)


def main() -> None:
    block, predictor = hours(VEHICLES), Predictor.shipped()
    vehicle, start_s = np.arange(VEHICLES), np.zeros(VEHICLES)

    def ours() -> None:
        predict_histories(predictor, trip_features(block).measured, vehicle, start_s)

    ours()  # compiles
    took = best(ours, 3)
    boosters = [
        trees.booster for one in predictor.faults.values() for trees in (one.score, one.regressor)
        if isinstance(trees, Trees)
    ]  # fmt: skip
    few = hours(FOR_PANDAS)
    tables = [pd.DataFrame(few.values[:, :, one].T, columns=list(TWENTY)) for one in range(FOR_PANDAS)]
    theirs = best(lambda: loop(tables, boosters), 2) * VEHICLES / FOR_PANDAS
    booster = boosters[0]
    rows = np.random.default_rng(1).normal(size=(ROWS, booster.num_feature())).astype(np.float32)
    single = SingleRow(booster)
    fast = best(lambda: [single.predict(row) for row in rows], 3) / ROWS
    slow = best(lambda: [booster.predict(row[None], num_threads=1) for row in rows], 3) / ROWS
    results = [
        {"name": "1,000 vehicle-days, features and score", "value": theirs / took, "unit": "x",
         "against": f"pandas and Booster.predict per vehicle ({FOR_PANDAS} vehicles, scaled)", "wanted": ">= 50"},
        {"name": "one row by the single-row fast path", "value": slow / fast, "unit": "x",
         "against": "Booster.predict(num_threads=1) on one row", "wanted": ">= 6"},
        {"name": "one vehicle-day", "value": 1000 * took / VEHICLES, "unit": "ms", "against": None, "wanted": None},
    ]  # fmt: skip
    print(json.dumps(results))


if __name__ == "__main__":
    main()
