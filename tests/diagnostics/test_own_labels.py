"""Labels of one's own: what is learnt and told of a synthetic fleet, and what is refused, with the reason."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from diagnostics.training.own_labels import METADATA, OUT_OF_FOLD, Costs, cheapest, deal, score_own, train_own
from diagnostics.training.own_table import prepare
from foundation.refusals import Invalid

COSTS = Costs(10, 500)


def fleet(rows: int = 4000, seed: int = 1, **more: object) -> pa.Table:
    """200 trucks; two columns tell of the fault, one is noise that every truck has its own of, many are missing."""
    rng = np.random.default_rng(seed)
    truck = rng.integers(0, 200, rows)
    faulty = rng.random(rows) < 0.03
    values = {
        "heat": rng.normal(size=rows) + 2.0 * faulty,
        "wear": rng.normal(size=rows) + 1.5 * faulty,
        "identity": rng.normal(size=200)[truck],
    }
    gaps = {name: np.where(rng.random(rows) < 0.3, np.nan, column) for name, column in values.items()}
    columns = {name: pa.array(column, from_pandas=True) for name, column in gaps.items()}
    kind = np.where(faulty & (rng.random(rows) < 0.5), "worn", rng.choice(["new", "used", "worn"], rows))
    return pa.table({**columns, "kind": kind, "class": np.where(faulty, "pos", "neg"), "truck": truck, **more})


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    folder = tmp_path_factory.mktemp("own")
    pq.write_table(fleet(), folder / "features.parquet")
    return folder, train_own(folder / "features.parquet", "class", "truck", COSTS, folder / "out")


def test_it_costs_less_than_any_fixed_answer_and_no_group_is_on_both_sides(trained: tuple[Path, dict]) -> None:
    folder, report = trained
    assert report["auc"] > 0.8
    assert report["cost"] < 0.8 * min(report["cost_never"], report["cost_always"])
    assert report["calibration_error"] < 0.02
    assert set(report["top_columns"]) <= {"heat", "wear", "kind", "identity"}
    table = pq.read_table(folder / "out" / OUT_OF_FOLD).to_pydict()
    assert len(set(zip(table["truck"], table["fold"], strict=True))) == 200
    assert sum(table["alarm"]) == report["false_alarms"] + report["faulty"] - report["missed"]


def test_what_was_saved_scores_other_rows(trained: tuple[Path, dict]) -> None:
    folder, _ = trained
    pq.write_table(fleet(seed=2), folder / "others.parquet")
    probability, alarm = score_own(folder / "out", folder / "others.parquet")
    faulty = np.array(fleet(seed=2)["class"].to_pylist()) == "pos"
    assert COSTS.of(alarm, faulty) < 0.8 * 500 * faulty.sum()
    assert abs(probability.mean() - faulty.mean()) < 0.01
    pq.write_table(fleet().drop_columns(["heat"]), folder / "less.parquet")
    with pytest.raises(Invalid, match="heat"):
        score_own(folder / "out", folder / "less.parquet")


def test_labels_that_nothing_tells_of_are_not_learnt(tmp_path: Path) -> None:
    table = fleet()
    dealt = np.random.default_rng(3).permutation(np.array(table["class"].to_pylist()))
    pq.write_table(
        table.set_column(table.column_names.index("class"), "class", pa.array(dealt)), tmp_path / "t.parquet"
    )
    report = train_own(tmp_path / "t.parquet", "class", "truck", COSTS, tmp_path / "out")
    assert report["auc"] == pytest.approx(0.5, abs=0.08)
    assert json.loads((tmp_path / "out" / METADATA).read_text())["report"]["cost"] == report["cost"]


def test_columns_that_do_not_help_are_named() -> None:
    rows = 4000
    made = prepare(
        fleet(
            note=[f"note {index}" for index in range(rows)], fixed=np.ones(rows), nothing=pa.nulls(rows, pa.float64()),
            day=pa.array([1] * rows, pa.date32()),
        ),
        "class", "truck",
    )  # fmt: skip
    assert made.columns == ("heat", "wear", "identity", "kind")
    assert made.categories == {"kind": ("new", "used", "worn")}
    assert {name: why.split(",")[0] for name, why in made.ignored.items()} == {
        "note": "words", "fixed": "the same in every row", "nothing": "empty",
        "day": "neither numbers nor words: date32[day]",
    }  # fmt: skip


def test_a_column_that_is_the_label_is_warned_of() -> None:
    table = fleet()
    truth = np.array(table["class"].to_pylist()) == "pos"
    repaired = pa.array(np.where(truth, 3.5, np.nan), from_pandas=True)  # its being there tells
    made = prepare(table.append_column("repair_days", repaired), "class", "truck")
    assert len(made.warnings) == 1
    assert "repair_days" in made.warnings[0]


@pytest.mark.parametrize(
    ("label", "group", "words"),
    [
        ("fault", "truck", "no column 'fault'"),
        ("class", "owner", "no column 'owner'"),
        ("kind", "truck", "must be 0 and 1"),
        ("only", "truck", "every row has the label"),
        ("class", "gaps", "rows have no 'gaps'"),
    ],
)
def test_a_table_that_cannot_be_learnt_from_is_refused(label: str, group: str, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        prepare(fleet(only=np.zeros(4000), gaps=pa.nulls(4000, pa.int64())), label, group)


def test_too_few_groups_are_refused() -> None:
    with pytest.raises(Invalid, match="9 groups"):
        deal(np.arange(90) % 9, np.arange(90) % 2 == 0, 1)
    with pytest.raises(Invalid, match="3 groups hold a fault"):
        deal(np.arange(90) % 30, np.arange(90) % 30 < 3, 1)


def test_the_threshold_is_the_cheapest_one() -> None:
    """At 0.6 one false alarm (10) and no miss; at 0.9 none and one miss (500)."""
    said, true = np.array([0.9, 0.8, 0.6, 0.1]), np.array([True, False, True, False])
    assert cheapest(said, true, COSTS) == 0.6
    assert cheapest(said, true, Costs(10, 1)) == 0.9
    assert cheapest(said, np.array([False, False, False, True]), Costs(10, 1)) > 1
