"""The features of all fault modes over 1,000 vehicle-hours of 20 signals, on one core, against what everybody has."""

import json

import numpy as np
import pandas as pd
from material import TWENTY, best, hours
from tsfresh import extract_features
from tsfresh.feature_extraction import MinimalFCParameters

from diagnostics.features import trip_features

VEHICLES, FOR_PANDAS, FOR_TSFRESH = 1000, 100, 4
SEVEN = ["mean", "std", "min", "max", "median", "skew", "count"]


def frame(vehicles: int) -> pd.DataFrame:
    block = hours(vehicles)
    rows = block.values.transpose(2, 1, 0).reshape(-1, len(TWENTY))
    table = pd.DataFrame(rows, columns=list(TWENTY)).ffill().fillna(0.0)
    table["vehicle"] = np.repeat(np.arange(vehicles), block.values.shape[1])
    return table


def main() -> None:
    block = hours(VEHICLES)
    trip_features(block)  # compiles
    ours = best(lambda: trip_features(block), 3)
    summed = best(lambda: np.sum(block.values), 7)
    table = frame(FOR_PANDAS)
    grouped = best(lambda: table.groupby("vehicle").agg(SEVEN), 3) * VEHICLES / FOR_PANDAS
    few = frame(FOR_TSFRESH)
    few["second"] = np.tile(np.arange(3600), FOR_TSFRESH)
    minimal = MinimalFCParameters()
    settings = {"column_id": "vehicle", "column_sort": "second", "n_jobs": 0, "disable_progressbar": True}
    fresh = best(lambda: extract_features(few, default_fc_parameters=minimal, **settings), 2) * VEHICLES / FOR_TSFRESH
    per_second = ours / (VEHICLES * 3600) * 1e9
    results = [
        {"name": "features, all fault modes", "value": summed / ours, "unit": "x",
         "against": "np.sum over the same float32 block", "wanted": ">= 0.05"},
        {"name": "features, all fault modes", "value": fresh / ours, "unit": "x",
         "against": f"tsfresh MinimalFCParameters ({FOR_TSFRESH} vehicles, scaled)", "wanted": ">= 400"},
        {"name": "features, all fault modes", "value": grouped / ours, "unit": "x",
         "against": f"pandas groupby, seven statistics ({FOR_PANDAS} vehicles, scaled)", "wanted": ">= 10"},
        {"name": "features, per vehicle-second", "value": per_second, "unit": "ns", "against": None, "wanted": None},
    ]  # fmt: skip
    print(json.dumps(results))


if __name__ == "__main__":
    main()
