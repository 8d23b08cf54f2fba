"""Histograms of total fuel trims by air flow, and what is read from them."""

import numpy as np
from numpy.typing import NDArray

from diagnostics.compiled import compiled

BINS, LOWEST, PER = 256, -48.0, 2.0  # trims from -48 % by half a percent
# Rows: four cells of flow (standing, rolling, working, high), each without purge and with it; then others.
STANDING, ROLLING, CRUISING, PUSHED = 0, 2, 4, 6
BELOW, ABOVE, TOP, ROWS = 8, 9, 10, 11


@compiled
def quantile(counts: NDArray[np.int32], level: float, least: float) -> float:
    """Give the quantile in bins, evenly spread within each; NaN with fewer than `least`."""
    total = 0
    for count in counts:
        total += count
    if total < max(least, 1):
        return np.nan
    wanted, passed = level * total, 0
    for place in range(len(counts)):
        if passed + counts[place] >= wanted and counts[place] > 0:
            return float(place + (wanted - passed) / counts[place])
        passed += counts[place]
    return float(len(counts))


@compiled
def trim_at(counts: NDArray[np.int32], level: float, least: float) -> float:
    """Give a quantile of trims in %."""
    return LOWEST + quantile(counts, level, least) / PER


@compiled
def share_above(counts: NDArray[np.int32], trim: float, least: float) -> float:
    """Give the % of the samples with more than `trim` %."""
    total, above = 0.0, 0.0
    edge = (trim - LOWEST) * PER
    for place in range(len(counts)):
        total += counts[place]
        above += counts[place] * min(max(place + 1 - edge, 0.0), 1.0)
    return 100 * above / total if total >= least else np.nan


@compiled
def preferred(table: NDArray[np.int32], cell: int, fewer: float, chosen: NDArray[np.int32]) -> None:
    """Put into `chosen` what a cell has without purge, or, where that is little, all that it has."""
    clean = 0
    for count in table[cell]:
        clean += count
    for place in range(len(chosen)):
        chosen[place] = table[cell, place] + (0 if clean >= fewer else table[cell + 1, place])


@compiled
def purge_effect(table: NDArray[np.int32], least: float) -> float:
    """Give by how many % the trim is higher without purge than with it, standing and driving apart; NaN: not shown."""
    effect, weight = 0.0, 0.0
    for first, last in ((STANDING, STANDING), (ROLLING, PUSHED)):
        counts, sums = [0, 0], [0.0, 0.0]
        for row in range(first, last + 2):
            for place in range(table.shape[1]):
                counts[row % 2] += table[row, place]
                sums[row % 2] += table[row, place] * place
        share = min(counts[0], counts[1])
        if share >= least:
            effect += share * (sums[0] / counts[0] - sums[1] / counts[1]) / PER
            weight += share
    return effect / weight if weight > 0 else np.nan


@compiled
def more(trim: float, other: float) -> float:
    """Give in % by how much more fuel is asked for than at the other trim; what is alike at every flow cancels out."""
    return 100 * ((100 + trim) / (100 + other) - 1)
