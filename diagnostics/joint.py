"""A fault mode that shows in several measures at once: what tells it from its neighbours is how they move together."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from diagnostics.findings import Evidence
from diagnostics.modes import Feature, Measure, Normal
from diagnostics.residuals import ResidualMode, tell
from ingest.readings import FloatArray

_CLIP = 25.0  # spreads; more is no more a fault
_REASONS = 3


@dataclass(frozen=True, slots=True)
class Residuals:
    """What trips show beyond what their cars should: by name of a measure, `[trip]`, NaN where a trip does not."""

    measures: tuple[Measure, ...]
    excess: FloatArray
    wander: FloatArray

    def _column(self, name: str) -> int:
        return [measure.name for measure in self.measures].index(name)

    def over(self, name: str) -> FloatArray:
        """Give the excess in the measure's unit, positive upwards."""
        found: FloatArray = self.excess[:, self._column(name)]
        return found

    def scaled(self, name: str) -> FloatArray:
        """Give the excess in spreads of the car's trips."""
        return self.over(name) / self.spread(name)

    def spread(self, name: str) -> FloatArray:
        """Give the standard deviation between the car's trips."""
        found: FloatArray = self.wander[:, self._column(name)]
        return found


@dataclass(frozen=True, slots=True)
class Joint:
    """A feature of several residuals; names on `_scaled` are told in spreads. Direction as of `Feature`."""

    name: str
    of: Callable[[Residuals], FloatArray]
    direction: int = 1

    @property
    def lasting(self) -> bool:
        return self.name.endswith("_scaled")


@dataclass(frozen=True)
class JointMode(ResidualMode):
    """A `ResidualMode` that also sees `joint` features; a measure of direction 0 may speak in them, and in `words`."""

    joint: tuple[Joint, ...] = field(kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        more = tuple(Feature(joint.name, joint.direction, lasting=joint.lasting) for joint in self.joint)
        object.__setattr__(self, "features", (*self.features, *more))

    def compare(self, measures: FloatArray, normal: Normal) -> FloatArray:
        """Give the residuals one by one, then what they are together."""
        unfit = normal.own < self.least_own
        excess = np.where(unfit, np.float32(np.nan), measures - normal.expected).astype(np.float32)
        residuals = Residuals(self.measures, excess, normal.wander)
        joint = [np.clip(it.of(residuals), -_CLIP, _CLIP) if it.lasting else it.of(residuals) for it in self.joint]
        columns = (super().compare(measures, normal), np.stack(joint, axis=1))
        return np.concatenate(columns, axis=1).astype(np.float32)

    def rule(self, features: FloatArray) -> FloatArray:
        """Give the root of the summed squares of what exceeds in spreads, alone or together."""
        told = [column for column, feature in enumerate(self.features) if feature.name.endswith("_scaled")]
        excess = np.clip(np.nan_to_num(features[:, told], nan=0.0), 0.0, _CLIP)
        score: FloatArray = np.sqrt((excess * excess).sum(axis=1)).astype(np.float32)
        return score

    def evidence(self, measures: FloatArray, expected: FloatArray, own: FloatArray) -> tuple[Evidence, ...]:
        """Give the three largest deviations; where a measure has no direction, to either side."""
        reasons = []
        for column, measure in enumerate(self.measures):
            if measure.name not in self.words:
                continue
            value, normal = float(measures[column]), float(expected[column])
            away = (value - normal) / measure.wander
            excess = measure.direction * away if measure.direction else abs(away)
            if not excess >= 1:
                continue
            known = bool(own[column] >= 1)
            reasons.append((excess, tell(measure, self.words[measure.name], value, normal, known=known)))
        return tuple(reason for _, reason in sorted(reasons, key=lambda pair: -pair[0])[:_REASONS])


def least(*values: FloatArray) -> FloatArray:
    """Give the smallest of what a trip shows, where it shows two of them or more."""
    stacked = np.stack(values)
    shown = (~np.isnan(stacked)).sum(axis=0)
    lowest = np.min(np.where(np.isnan(stacked), np.inf, stacked), axis=0)
    found: FloatArray = np.where(shown >= min(2, len(values)), lowest, np.nan).astype(np.float32)
    return found
