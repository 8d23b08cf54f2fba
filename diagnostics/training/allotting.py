"""Dealing out the false alarms that owners would accept: to the faults that find most for them."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from diagnostics.monitor import VOTE_AT
from diagnostics.training.fitting import MARGIN, STRICTEST
from ingest.readings import FloatArray

Name = TypeVar("Name", bound=Hashable)
FURTHEST = 6  # false alarms looked ahead, since the next one alone may buy nothing


@dataclass(frozen=True, slots=True)
class Claim:
    """What a fault could make of false alarms on cars of one age, by cars that its scoring booster never saw.

    `most` are the largest of `of_five` in the healthy time of each car, `episodes` those of each episode.
    """

    most: FloatArray
    episodes: FloatArray

    def vote_at(self, false_alarms: int) -> float:
        """Give the lowest probability to vote at for at most so many false alarms."""
        if false_alarms >= len(self.most):
            return VOTE_AT
        return round(min(max(float(np.sort(self.most)[::-1][false_alarms]) + MARGIN, VOTE_AT), STRICTEST), 5)

    def recall(self, false_alarms: int) -> float:
        """Give the share of the episodes that are found for so many false alarms."""
        return float((self.episodes >= self.vote_at(false_alarms)).mean()) if len(self.episodes) else 0.0


def allot(claims: Mapping[Name, Claim], hours: float, per_1000_h: float) -> dict[Name, int]:
    """Give how many false alarms each claim may raise on the healthy `hours`, `per_1000_h` of them in all.

    One after the other goes where it, alone or with the next few, finds the largest share of a fault's episodes.
    """
    given = dict.fromkeys(claims, 0)
    left = int(per_1000_h * hours / 1000)
    while left > 0:
        best: Name | None = None
        gain, step = 0.0, 0
        for name, claim in claims.items():
            now = claim.recall(given[name])
            for ahead in range(1, min(FURTHEST, left) + 1):
                more = (claim.recall(given[name] + ahead) - now) / ahead
                if more > gain:
                    best, gain, step = name, more, ahead
        if best is None:
            break
        given[best] += step
        left -= step
    return given
