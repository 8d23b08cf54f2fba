"""Dealing out the false alarms that owners would accept: to the faults that find most for them."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from diagnostics.monitor import VOTE_AT
from diagnostics.predictor import Curve
from diagnostics.training.fitting import MARGIN, STRICTEST
from ingest.readings import FloatArray

Name = TypeVar("Name", bound=Hashable)
_TAIL = 20  # of the worst stretches, whose excess tells how far those of other cars would reach
# False alarms that a fault may be given: none is as good as none at the first step.
STEPS = (0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 8, 11, 15)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a fault could make of false alarms on cars of one age, by kinds of cars that its scoring trees never saw.

    `most` are the largest raw scores of `of_five` in each month of a sound car, `episodes` those of each episode;
    `curve` makes them probabilities. The worst of some hundred cars is passed by the next hundred as well: so beyond
    the worst `_TAIL` months as many are expected as an exponential tail through them has.
    """

    most: FloatArray
    episodes: FloatArray
    curve: Curve
    _begin: float = field(init=False)
    _scale: float = field(init=False)
    _count: int = field(init=False)

    def __post_init__(self) -> None:
        ordered = np.sort(self.most.astype(np.float64))[::-1]
        count = min(_TAIL, len(ordered) - 1)
        begin = float(ordered[count]) if count > 0 else 0.0
        excess = float((ordered[:count] - begin).mean()) if count > 0 else 0.0
        for name, value in (("_begin", begin), ("_scale", max(excess, 1e-3)), ("_count", max(count, 0))):
            object.__setattr__(self, name, value)

    def _above(self, false_alarms: float) -> float:
        """Give the raw score that so many months of other cars would pass."""
        if false_alarms >= self._count:
            ordered = np.sort(self.most.astype(np.float64))[::-1]
            return float(ordered[int(false_alarms)]) if false_alarms < len(ordered) else -np.inf
        return self._begin + self._scale * float(np.log(self._count / max(false_alarms, 1e-9)))

    def vote_at(self, false_alarms: float) -> float:
        """Give the lowest probability to vote at for so many false alarms."""
        above = self._above(false_alarms)
        if above == -np.inf:
            return VOTE_AT
        said = float(self.curve(np.array([above], dtype=np.float64))[0])
        return round(min(max(said + MARGIN, VOTE_AT), STRICTEST), 5)

    def recall(self, false_alarms: float) -> float:
        """Give the share of the episodes that are found for so many false alarms."""
        if not len(self.episodes):
            return 0.0
        return float((self.curve(self.episodes) >= self.vote_at(false_alarms)).mean())

    def offers(self) -> list[tuple[float, float, float]]:
        """Give false alarms, threshold and recall of every step: what the fault would make of other sums."""
        return [(step, self.vote_at(step), round(self.recall(step), 4)) for step in STEPS]


def allot(
    claims: Mapping[Name, Claim], hours: float, per_1000_h: float, least: Mapping[Name, float]
) -> dict[Name, float]:
    """Give how many false alarms each claim may raise on the healthy `hours`, `per_1000_h` of them in all.

    One after the other gets more where that finds the largest share of a fault's episodes for each false alarm; a
    claim with a `least`, one of `STEPS`, begins there.
    """
    given = {name: least.get(name, STEPS[0]) for name in claims}
    found = {name: {step: claim.recall(step) for step in STEPS} for name, claim in claims.items()}
    left = per_1000_h * hours / 1000 - sum(given.values())
    while True:
        best: tuple[float, Name, float] | None = None
        for name, recalls in found.items():
            now = given[name]
            for step in STEPS:
                if not 0 < step - now <= left:
                    continue
                gain = (recalls[step] - recalls[now]) / (step - now)
                if gain > (best[0] if best else 0.0):
                    best = gain, name, step
        if best is None:
            return given
        _, name, step = best
        left -= step - given[name]
        given[name] = step
