"""Boosters at work: all trees of one as flat arrays, for one row at once or for many, without LightGBM's getting ready.

Each tree is walked without branches (Lucchese et al., QuickScorer, SIGIR 2015): a row begins with all leaves of a tree
alive, every split that sends it right takes away the leaves on its left, and the leftmost that is left is the answer.
So all splits are the same few operations, on many trees at once (one row) or on many rows at once (a matrix).
"""

import lightgbm
import numpy as np
from numpy.typing import NDArray

from diagnostics.compiled import compiled
from ingest.readings import FloatArray, TimeArray

_LEAVES = 32  # of a tree, one bit each
_ALL = np.uint32(0xFFFFFFFF)
_HASH = 0x077CB531  # de Bruijn: the upper five bits of its product with a single bit tell which one it is
_BLOCK = 128  # rows at once
_WIDE = 8  # splits at once
_FEW = 8  # rows, from which on a matrix is quicker
_READ = (
    "num_leaves", "split_feature", "threshold", "decision_type", "left_child", "right_child", "leaf_value", "is_linear",
)  # fmt: skip
_CATEGORY, _NAN_LEFT, _MISSING, _MISSING_NAN = 1, 2, 12, 8  # bits of LightGBM's `decision_type`

Places = NDArray[np.int64]
Bits = NDArray[np.uint32]


class SingleRow:
    """One booster made ready for one row at a time: raw scores, one thread.

    `split[tree, place]` is its column (a second set of columns sends what is not known to the right), `limit` up to
    which a row goes left, `kept` the leaves that stay for one that goes right; `leaf[tree, hash]` are the scores.
    """

    def __init__(self, booster: lightgbm.Booster) -> None:
        text = booster.model_to_string()
        found: dict[str, list[str]] = {name: [] for name in _READ}
        for line in text.splitlines():
            name, _, values = line.partition("=")
            if name in found:
                found[name] += values.split()
        read = {name: np.array(values, dtype=np.float64) for name, values in found.items()}
        leaves = read["num_leaves"].astype(np.int64)
        kind, threshold = read["decision_type"].astype(np.int64), read["threshold"]
        odd = ((kind & _CATEGORY) > 0) | (((kind & _MISSING) > 0) & ((kind & _MISSING) != _MISSING_NAN))
        if leaves.max() > _LEAVES or odd.any() or read["is_linear"].any():
            raise ValueError(f"only plain trees of at most {_LEAVES} leaves are known here")
        # What knows no missing value takes it for 0.
        nan_right = np.where((kind & _MISSING) > 0, (kind & _NAN_LEFT) == 0, threshold < 0)
        self.columns = booster.num_feature()
        column = read["split_feature"].astype(np.int64) + np.where(nan_right, self.columns, 0)
        shape = len(leaves), -(-(int(leaves.max()) - 1) // _WIDE) * _WIDE
        self.split = np.zeros(shape, dtype=np.int32)
        self.limit = np.full(shape, np.inf, dtype=np.float32)  # where every row goes left
        self.kept = np.full(shape, _ALL, dtype=np.uint32)
        self.leaf = np.zeros((len(leaves), _LEAVES), dtype=np.float64)
        children = read["left_child"].astype(np.int64), read["right_child"].astype(np.int64)
        _lay_out(
            leaves, column, _below(threshold), *children, read["leaf_value"], self.split, self.limit, self.kept,
            self.leaf,
        )  # fmt: skip

    def predict(self, row: FloatArray) -> float:
        """Give the raw score of `row[column]`."""
        score: float = _score_row(self.split, self.limit, self.kept, self.leaf, row)
        return score


class Trees:
    """A booster that gives raw scores of any number of rows."""

    def __init__(self, booster: lightgbm.Booster) -> None:
        self.booster = booster
        self._single = SingleRow(booster)

    def __call__(self, features: FloatArray) -> FloatArray:
        """Give raw scores `[trip]` of `features[trip, column]`."""
        one, rows = self._single, len(features)
        if rows <= _FEW:
            return np.array([one.predict(row) for row in features], dtype=np.float32)
        both = np.zeros((2, one.columns, -(-rows // _BLOCK) * _BLOCK), dtype=np.float32)
        both[0, :, :rows] = np.where(np.isnan(features.T), np.float32(-np.inf), features.T)
        both[1, :, :rows] = features.T
        scores = np.zeros(both.shape[2], dtype=np.float64)
        _score_rows(one.split, one.limit, one.kept, one.leaf, both.reshape(2 * one.columns, -1), scores)
        return scores[:rows].astype(np.float32)


def _below(threshold: TimeArray) -> FloatArray:
    """Give the greatest float32 that is not above: of float32 values the same are above it."""
    with np.errstate(over="ignore"):
        near = threshold.astype(np.float32)
    return np.where(near > threshold, np.nextafter(near, np.float32(-np.inf)), near)


@compiled
def _lay_out(
    leaves: Places, column: Places, threshold: FloatArray, left: Places, right: Places, value: TimeArray,
    split: NDArray[np.int32], limit: FloatArray, kept: Bits, leaf: TimeArray,
) -> None:  # fmt: skip
    """Put tree after tree into its column; a child below 0 is the leaf `-child - 1`."""
    at, at_leaf = 0, 0
    waiting, under = np.empty(_LEAVES, dtype=np.int64), np.empty(_LEAVES, dtype=np.int64)
    for tree in range(len(leaves)):
        order = np.zeros(_LEAVES, dtype=np.int64)  # of the leaves, from the left
        seen, open_ = 0, 1
        waiting[0] = 0 if leaves[tree] > 1 else -1
        while open_ > 0:
            open_ -= 1
            node = waiting[open_]
            if node < 0:
                order[-node - 1] = seen
                seen += 1
            else:
                waiting[open_], waiting[open_ + 1] = right[at + node], left[at + node]
                open_ += 2
        for node in range(leaves[tree] - 2, -1, -1):  # a split stands behind the one above it
            low, high = left[at + node], right[at + node]
            lost = under[low] if low >= 0 else 1 << order[-low - 1]
            under[node] = lost | (under[high] if high >= 0 else 1 << order[-high - 1])
            split[tree, node], limit[tree, node] = column[at + node], threshold[at + node]
            kept[tree, node] = _ALL ^ np.uint32(lost)
        for one in range(leaves[tree]):
            leaf[tree, (((1 << order[one]) * _HASH) >> 27) & 31] = value[at_leaf + one]
        at += leaves[tree] - 1
        at_leaf += leaves[tree]


@compiled
def _score_row(split: NDArray[np.int32], limit: FloatArray, kept: Bits, leaf: TimeArray, row: FloatArray) -> float:
    columns = len(row)
    both = np.empty(2 * columns, dtype=np.float32)
    for column in range(columns):
        value = row[column]
        both[column] = np.float32(-np.inf) if np.isnan(value) else value
        both[columns + column] = value
    score = 0.0
    for tree in range(len(leaf)):
        alive = _ALL
        for place in range(split.shape[1]):
            alive &= _ALL if both[split[tree, place]] <= limit[tree, place] else kept[tree, place]
        bits = np.int64(alive)
        score += leaf[tree, (((bits & -bits) * _HASH) >> 27) & 31]
    return score


@compiled
def _score_rows(
    split: NDArray[np.int32], limit: FloatArray, kept: Bits, leaf: TimeArray, both: FloatArray, scores: TimeArray
) -> None:
    """Add to `scores[row]` what the trees say of `both[column, row]`; rows are a multiple of a block."""
    alive = np.empty(_BLOCK, dtype=np.uint32)
    for first in range(0, len(scores), _BLOCK):
        for tree in range(len(leaf)):
            alive[:] = _ALL
            for place in range(split.shape[1]):
                values = both[split[tree, place], first : first + _BLOCK]
                most, stay = limit[tree, place], kept[tree, place]
                for row in range(_BLOCK):
                    alive[row] &= _ALL if values[row] <= most else stay
            for row in range(_BLOCK):
                bits = np.int64(alive[row])
                scores[first + row] += leaf[tree, (((bits & -bits) * _HASH) >> 27) & 31]
