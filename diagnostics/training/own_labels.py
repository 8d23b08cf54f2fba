"""A predictor from labels of one's own: any table of features, a label, a group, and what mistakes cost.

No group is ever on both sides of a split. All figures are of rows whose group the booster, the calibration and the
threshold behind them never saw.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from diagnostics.evaluation.reliability import reliability
from diagnostics.evaluation.resampling import area_under_roc, average_precision
from diagnostics.predictor import Curve
from diagnostics.training.own_table import BoolArray, OwnTable, matrix_of, prepare, read_table
from foundation.refusals import Invalid
from ingest.readings import FloatArray

PREDICTOR, METADATA, OUT_OF_FOLD = "predictor.txt", "metadata.json", "out_of_fold.parquet"
FOLDS = 5
_PARTS = 2 * FOLDS  # a fold is two of them; one of the others says when to stop
_ROUNDS, _PATIENCE = 600, 40
_KNOTS = 200
_SETTINGS: dict[str, Any] = {
    "objective": "binary", "metric": "binary_logloss", "learning_rate": 0.06, "num_leaves": 31,
    "min_data_in_leaf": 30, "feature_fraction": 0.5, "bagging_fraction": 0.8, "bagging_freq": 1, "lambda_l2": 5.0,
    "lambda_l1": 0.5, "max_bin": 127, "path_smooth": 1.0, "deterministic": True, "force_row_wise": True,
    "num_threads": 0, "verbosity": -1,
}  # fmt: skip

Floats = NDArray[np.float64]
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Costs:
    """What a false alarm and a missed fault cost, in any unit of money or trouble."""

    false_alarm: float
    miss: float

    def of(self, alarm: BoolArray, label: BoolArray) -> float:
        """Give the cost of all rows together."""
        return self.false_alarm * float((alarm & ~label).sum()) + self.miss * float((~alarm & label).sum())


def train_own(path: Path, label: str, group: str, costs: Costs, out: Path, seed: int = 1,
              tell: Tell = lambda _: None) -> dict[str, Any]:  # fmt: skip
    """Train on a table, write `predictor.txt`, `metadata.json` and `out_of_fold.parquet` to `out`, give the report."""
    if not (costs.false_alarm > 0 and costs.miss > 0):
        raise Invalid("both costs must be above 0")
    table = prepare(read_table(path), label, group)
    part = deal(table.group, table.label, seed)
    raw, rounds = np.zeros(len(table.label)), []
    for fold in range(FOLDS):
        tell(f"fold {fold + 1} of {FOLDS}")
        held, stop = part // 2 == fold, part == (2 * fold + 2) % _PARTS
        booster = _boost(table, ~held & ~stop, stop, seed)
        raw[held] = booster.predict(table.values[held], num_threads=0, num_iteration=booster.best_iteration)
        rounds.append(booster.best_iteration)
    fold_of = part // 2
    probability, alarm = _unseen(raw, table.label, fold_of, costs)
    tell("the predictor of all rows")
    final = lightgbm.train({**_SETTINGS, "seed": seed}, _dataset(table, np.ones(len(raw), dtype=np.bool_)),
                           max(int(np.median(rounds) * 1.1), 1))  # fmt: skip
    # The final booster's scores mean what those of the folds' boosters did: they were grown alike.
    calibration = Curve.from_json(_isotonic(raw, table.label).to_json())  # as it will be read
    threshold = cheapest(calibration(raw.astype(np.float32)).astype(np.float64), table.label, costs)
    report = _report(table, fold_of, raw, probability, alarm, costs) | {
        "threshold": threshold, "rounds": rounds, "top_columns": _top(final, table),
    }  # fmt: skip
    out.mkdir(parents=True, exist_ok=True)
    final.save_model(out / PREDICTOR)
    metadata = {"label": label, "group": group, "columns": table.columns, "categories": table.categories, "seed": seed,
                "calibration": calibration.to_json(), "threshold": threshold, "report": report}  # fmt: skip
    (out / METADATA).write_text(json.dumps(metadata, indent=1) + "\n", "utf-8")
    names = pa.array([table.group_names[place] for place in table.group])
    pq.write_table(
        pa.table({group: names, label: table.label, "fold": fold_of, "probability": probability, "alarm": alarm}),
        out / OUT_OF_FOLD,
    )
    return report


def score_own(directory: Path, path: Path) -> tuple[FloatArray, BoolArray]:
    """Give probability and alarm `[row]` of a table, by what `train_own` wrote into `directory`."""
    metadata = json.loads((directory / METADATA).read_text("utf-8"))
    values = matrix_of(read_table(path), metadata["columns"], metadata["categories"])
    raw = lightgbm.Booster(model_file=directory / PREDICTOR).predict(values, num_threads=0)
    probability = Curve.from_json(metadata["calibration"])(np.asarray(raw, dtype=np.float32))
    return probability, probability >= np.float32(metadata["threshold"])


def deal(group: NDArray[np.int64], label: BoolArray, seed: int) -> NDArray[np.int64]:
    """Give each row a part 0..9 by its group, so that parts hold about the same number of faults and rows."""
    groups = int(group.max()) + 1
    if groups < _PARTS:
        raise Invalid(f"the table has {groups} groups; {_PARTS} are the least: {FOLDS} folds, and as many to stop by")
    faults, rows = np.bincount(group, label, groups), np.bincount(group, minlength=groups)
    if (faults > 0).sum() < _PARTS:
        raise Invalid(f"{int((faults > 0).sum())} groups hold a fault; {_PARTS} are the least, one in every part")
    if (rows > faults).sum() < _PARTS:
        raise Invalid(f"{int((rows > faults).sum())} groups hold a row without fault; {_PARTS} are the least")
    dealt, held = np.zeros(groups, dtype=np.int64), np.zeros((_PARTS, 2))
    shuffled = np.random.default_rng(seed).permutation(groups)
    whole = np.array([max(faults.sum(), 1), rows.sum()])
    # The largest first, each to the part that has least so far.
    for one in shuffled[np.lexsort((-rows[shuffled], -faults[shuffled]))]:
        load = held / whole
        part = int((load[:, 0] + 0.1 * load[:, 1]).argmin() if faults[one] else load[:, 1].argmin())
        dealt[one] = part
        held[part] += (faults[one], rows[one])
    return dealt[group]


def cheapest(probability: Floats, label: BoolArray, costs: Costs) -> float:
    """Give the threshold that costs least on these rows; of several the highest, above 1 where none pays."""
    order = np.argsort(-probability, kind="stable")
    said, true = probability[order], label[order]
    last = np.append(np.diff(said) != 0, True)
    missed = true.sum() - np.cumsum(true)[last]
    false = np.cumsum(~true)[last]
    cost = costs.false_alarm * false + costs.miss * missed
    never = costs.miss * true.sum()
    best = int(cost.argmin())
    if never <= cost[best]:
        return float(said[0]) + 1.0
    return float(said[last][best])


def _unseen(raw: Floats, label: BoolArray, fold: NDArray[np.int64], costs: Costs) -> tuple[FloatArray, BoolArray]:
    """Give probability and alarm of each row by a calibration and a threshold from the other folds."""
    probability, alarm = np.zeros(len(raw), dtype=np.float32), np.zeros(len(raw), dtype=np.bool_)
    for one in range(FOLDS):
        held = fold == one
        curve = _isotonic(raw[~held], label[~held])
        limit = cheapest(curve(raw[~held].astype(np.float32)).astype(np.float64), label[~held], costs)
        probability[held] = curve(raw[held].astype(np.float32))
        alarm[held] = probability[held] >= limit
    return probability, alarm


def _isotonic(raw: Floats, label: BoolArray) -> Curve:
    at, place, many = np.unique(raw, return_inverse=True, return_counts=True)
    hits = np.bincount(place, label, len(at)) / many
    value = np.clip(isotonic_regression(hits, weights=many.astype(np.float64)).x, 0.0, 1.0)
    edge = np.flatnonzero(np.diff(value, prepend=-1.0) > 1e-9)
    keep = np.unique(np.concatenate([edge, np.maximum(edge - 1, 0), [len(value) - 1]]))
    if len(keep) > _KNOTS:
        keep = keep[np.unique(np.linspace(0, len(keep) - 1, _KNOTS).astype(np.int64))]
    return Curve(tuple(at[keep].tolist()), tuple(value[keep].tolist()))


def _dataset(table: OwnTable, rows: BoolArray, reference: lightgbm.Dataset | None = None) -> lightgbm.Dataset:
    return lightgbm.Dataset(
        table.values[rows], table.label[rows].astype(np.float32), reference=reference, params={"verbosity": -1},
        feature_name=[f"column_{index}" for index in range(len(table.columns))],  # names may hold what its files cannot
        categorical_feature=[index for index, name in enumerate(table.columns) if name in table.categories],
    )  # fmt: skip


def _boost(table: OwnTable, learn: BoolArray, stop: BoolArray, seed: int) -> lightgbm.Booster:
    data = _dataset(table, learn)
    return lightgbm.train(
        {**_SETTINGS, "seed": seed}, data, _ROUNDS, valid_sets=[_dataset(table, stop, data)],
        callbacks=[lightgbm.early_stopping(_PATIENCE, verbose=False)],
    )  # fmt: skip


def _report(
    table: OwnTable, fold: NDArray[np.int64], raw: Floats, probability: FloatArray, alarm: BoolArray, costs: Costs
) -> dict[str, Any]:
    label, said = table.label, probability.astype(np.float64)
    areas = [area_under_roc(raw[fold == one], label[fold == one]) for one in range(FOLDS)]
    each = [costs.of(alarm[fold == one], label[fold == one]) / (fold == one).sum() for one in range(FOLDS)]
    rows, share = len(label), float(label.mean())
    ours, never, always = costs.of(alarm, label), costs.miss * label.sum(), costs.false_alarm * (~label).sum()
    told = reliability(said, label, np.ones(rows))
    precision = average_precision(np.ones((1, rows), dtype=np.float32), said, label, share, np.ones(rows))[0]
    return {
        "rows": rows, "groups": len(table.group_names), "faulty": int(label.sum()), "columns": len(table.columns),
        "categories": sorted(table.categories), "ignored": dict(table.ignored), "warnings": list(table.warnings),
        "auc": area_under_roc(said, label), "auc_by_fold": areas, "pr_auc": float(precision), "prevalence": share,
        "calibration_error": told.error, "brier_skill": told.skill,
        "cost": ours, "cost_never": float(never), "cost_always": float(always), "cost_per_row": ours / rows,
        "cost_per_row_by_fold": each, "saved": 1 - ours / min(never, always),
        "false_alarms": int((alarm & ~label).sum()), "missed": int((~alarm & label).sum()),
        "recall": float((alarm & label).sum() / label.sum()),
    }  # fmt: skip


def _top(booster: lightgbm.Booster, table: OwnTable, count: int = 15) -> Mapping[str, float]:
    gain = booster.feature_importance("gain")
    whole = max(float(gain.sum()), 1e-12)
    return {table.columns[index]: float(gain[index]) / whole for index in np.argsort(-gain)[:count] if gain[index] > 0}
