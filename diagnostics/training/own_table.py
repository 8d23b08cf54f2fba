"""A table of one's own to learn from: which of its columns can be used, and what is wrong with the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from diagnostics.evaluation.resampling import area_under_roc
from foundation.refusals import Invalid
from ingest.readings import FloatArray

CATEGORIES = 32  # at most, of a column of words
_TELLING = 0.9999  # area under the curve of one column alone: it is the label in other words
# What stands for no and yes, in the order (no, yes).
_WORDS = (("0", "1"), ("false", "true"), ("no", "yes"), ("neg", "pos"), ("negative", "positive"), ("healthy", "faulty"))
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class OwnTable:
    """Rows with a label. `values[row, column]`, NaN for missing; a column of words holds places in its `categories`."""

    columns: tuple[str, ...]
    values: FloatArray
    categories: Mapping[str, tuple[str, ...]]
    label: BoolArray
    group: NDArray[np.int64]
    group_names: Sequence[Any]
    ignored: Mapping[str, str] = field(default_factory=dict)  # column -> why
    warnings: tuple[str, ...] = ()


def read_table(path: Path) -> pa.Table:
    """Read a Parquet or CSV table; `Invalid` for what is neither."""
    try:
        return pa_csv.read_csv(path) if path.suffix.lower() == ".csv" else pq.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise Invalid(f"{path.name} cannot be read as a table: {error}") from error


def prepare(table: pa.Table, label: str, group: str) -> OwnTable:
    """Sort out the columns of a table. `Invalid` where nothing can be learnt from it, with the reason."""
    for role, name in (("label", label), ("group", group)):
        if name not in table.column_names:
            raise Invalid(f"the table has no column {name!r} for the {role}; it has {_some(table.column_names)}")
    if label == group:
        raise Invalid("label and group are the same column")
    warnings: list[str] = []
    known = table[label].is_valid().combine_chunks()
    if table[label].null_count:
        warnings.append(f"{table[label].null_count} rows without a label were left out")
        table = table.filter(known)
    truth = _label(table[label], label)
    if table[group].null_count:
        raise Invalid(f"{table[group].null_count} rows have no {group!r}: every row needs the group it belongs to")
    names, place = np.unique(table[group].to_numpy(), return_inverse=True)
    made, categories, ignored = _sorted_out(table.drop_columns([label, group]))
    warnings += [
        f"the column {name!r} tells the label by itself: is it known before the fault is?"
        for name, values in made.items()
        if tells(values, truth)
    ]
    return OwnTable(tuple(made), np.stack(list(made.values()), axis=1), categories, truth, place.astype(np.int64),
                    names.tolist(), ignored, tuple(warnings))  # fmt: skip


def _sorted_out(table: pa.Table) -> tuple[dict[str, FloatArray], dict[str, tuple[str, ...]], dict[str, str]]:
    """Give the columns that can be used, the words of those of words, and why the others cannot."""
    made: dict[str, FloatArray] = {}
    categories: dict[str, tuple[str, ...]] = {}
    ignored: dict[str, str] = {}
    for name in table.column_names:
        values, words, why = _column(table[name])
        if why:
            ignored[name] = why
            continue
        made[name] = values
        if words is not None:
            categories[name] = words
    if not made:
        reasons = "; ".join(f"{name}: {why}" for name, why in ignored.items())
        raise Invalid(f"no column is left to learn from ({reasons or 'there is none'})")
    return made, categories, ignored


def matrix_of(table: pa.Table, columns: Sequence[str], categories: Mapping[str, Sequence[str]]) -> FloatArray:
    """Give the columns that a predictor was trained on; `Invalid` where one is missing."""
    if missing := [name for name in columns if name not in table.column_names]:
        raise Invalid(f"the table lacks the columns {_some(missing)}")
    made = []
    for name in columns:
        words = categories.get(name)
        values = _coded(table[name], words) if words is not None else _numbers(table[name])
        if values is None:
            raise Invalid(f"the column {name!r} held numbers when this was trained, and holds none now")
        made.append(values)
    return np.stack(made, axis=1)


def tells(values: FloatArray, truth: BoolArray) -> bool:
    """Say whether a column, or its being missing, parts the two kinds of rows all by itself."""
    absent = np.isnan(values)
    filled = np.where(absent, -np.inf, values)
    areas = [area_under_roc(filled.astype(np.float64), truth)]
    if absent.any():
        areas.append(area_under_roc(absent.astype(np.float64), truth))
        there = ~absent
        if 0 < truth[there].sum() < there.sum() and there.mean() > 0.5:
            areas.append(area_under_roc(values[there].astype(np.float64), truth[there]))
    return any(max(area, 1 - area) >= _TELLING for area in areas)


def _label(column: pa.ChunkedArray, name: str) -> BoolArray:
    kinds = sorted({str(value).lower().removesuffix(".0") for value in column.unique().to_pylist()})
    pair = next((words for words in _WORDS if set(kinds) <= set(words)), None)
    if len(kinds) > 2 or pair is None:
        raise Invalid(f"the label {name!r} must be 0 and 1, true and false or the like; it holds {_some(kinds)}")
    if len(kinds) < 2:
        raise Invalid(f"every row has the label {kinds[0] if kinds else None!r}: there is nothing to tell apart")
    return np.array([str(value).lower().removesuffix(".0") == pair[1] for value in column.to_pylist()])


def _column(column: pa.ChunkedArray) -> tuple[FloatArray, tuple[str, ...] | None, str]:
    """Give the values, the words they stand for if any, and why the column is of no use."""
    words: tuple[str, ...] | None = None
    values = _numbers(column)
    if values is None:
        if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
                or pa.types.is_dictionary(column.type)):  # fmt: skip
            return np.zeros(0, dtype=np.float32), None, f"neither numbers nor words: {column.type}"
        words = tuple(sorted(str(value) for value in set(column.to_pylist()) if value is not None))
        if len(words) > CATEGORIES:
            return np.zeros(0, dtype=np.float32), None, f"words, {len(words)} different ones"
        values = _coded(column, words)
    there = values[~np.isnan(values)]
    if not len(there):
        return values, words, "empty"
    if (there == there[0]).all() and len(there) == len(values):
        return values, words, "the same in every row"
    return values, words, ""


def _numbers(column: pa.ChunkedArray) -> FloatArray | None:
    kind = column.type
    if pa.types.is_boolean(kind):
        column = column.cast(pa.int8())
    elif not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        return None
    values: FloatArray = column.cast(pa.float64(), safe=False).to_numpy().astype(np.float32)
    values[~np.isfinite(values)] = np.nan
    return values


def _coded(column: pa.ChunkedArray, words: Sequence[str]) -> FloatArray:
    """Give each word's place; NaN for one that was not there in training."""
    place = {word: float(index) for index, word in enumerate(words)}
    told = [np.nan if value is None else place.get(str(value), np.nan) for value in column.to_pylist()]
    return np.array(told, dtype=np.float32)


def _some(names: Sequence[Any]) -> str:
    shown = ", ".join(str(name) for name in names[:8])
    return f"{shown} and {len(names) - 8} more" if len(names) > 8 else shown
