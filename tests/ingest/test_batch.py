"""Rows in order: putting whole messages in order gives what sorting every row would."""

import numpy as np
import pytest

from ingest.batch import Batch, Origin


def batch(rng: np.random.Generator, overlap: bool) -> Batch:
    """Give messages of three cars in any order; their times overlap, or repeat, or lie apart."""
    origins, pieces = [], []
    for seq in rng.permutation(24).tolist():
        car = int(rng.integers(3))
        origins.append(Origin(f"dev-{car}", "b1", seq, f"car-{car}", "org", 0, 0))
        steps = rng.integers(0, 3, 5) if overlap else np.arange(5)
        pieces.append((7 if overlap else 10) * seq + (np.cumsum(steps) if rng.random() < 0.7 else steps))
    at_us = np.concatenate(pieces).astype(np.int64)
    origin, position = np.repeat(np.arange(24), 5), np.tile(np.arange(5), 24)
    kept = rng.random(len(at_us)) < 0.9
    return Batch(tuple(origins), origin[kept], at_us[kept], position[kept], {}, np.zeros(kept.sum(), np.uint8), {})


@pytest.mark.parametrize("overlap", [False, True])
@pytest.mark.parametrize("seed", range(20))
def test_the_order_is_that_of_every_row(seed: int, overlap: bool) -> None:
    found = batch(np.random.default_rng(seed), overlap)
    owner, identity = found.ranks("vehicle")[found.origin], found.ranks("boot", "seq")[found.origin]
    expected = np.lexsort((found.position, identity, found.at_us, owner))
    np.testing.assert_array_equal(found.order("vehicle"), expected)


def test_no_rows_have_an_order_too() -> None:
    nothing = np.zeros(0, np.int64)
    assert not len(Batch((), nothing, nothing, nothing, {}, np.zeros(0, np.uint8), {}).order("vehicle"))
