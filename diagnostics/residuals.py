"""The usual fault mode: measures held against what the car should show, told in the spreads of its own trips."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from diagnostics.findings import Evidence
from diagnostics.held import Held, Table
from diagnostics.modes import Feature, Measure, Measured, Normal, Stop, no_stop
from ingest.readings import FloatArray
from ingest.vehicles import Fuel, VehicleConfig

_CLIP = 25.0  # spreads; more is no more a fault
_REASONS = 3
_OWN = ("this car's own normal", "本车平时")
_HEALTHY = ("healthy cars", "正常车辆")


@dataclass(frozen=True, slots=True)
class Words:
    """How a measure is told: `en` and `zh` name it; `digits` behind the point; `signed` puts a plus before it."""

    en: str
    zh: str
    digits: int = 0
    signed: bool = False


@dataclass(frozen=True)
class ResidualMode:
    """A fault that moves its measures away from what the car should show, each in one direction.

    `source` is the table (`diagnostics/measures/`) that has the measures by name and, as `observed`, the seconds per
    trip that could speak of this fault. A measure's `direction` is the fault's: +1 it rises, -1 it falls, 0 it is
    context for the eye and for `words` alone. `absolute` names measures whose value speaks without a baseline too.
    """

    fault: str
    signals: tuple[str, ...]
    source: Callable[[Held], Table]
    observed: str
    measures: tuple[Measure, ...]
    words: Mapping[str, Words]
    least_s: float = 60.0
    absolute: tuple[str, ...] = ()
    least_own: float = 0.0
    restless: float = np.inf
    burns: bool = True  # needs a combustion engine
    features: tuple[Feature, ...] = field(init=False)

    def __post_init__(self) -> None:
        told = [measure for measure in self.measures if measure.direction]
        residuals = [Feature(f"{measure.name}_scaled", 1, lasting=True) for measure in told]
        excesses = [Feature(f"{measure.name}_excess", 1) for measure in told]
        values = [Feature(measure.name, measure.direction) for measure in told if measure.name in self.absolute]
        object.__setattr__(self, "features", (*residuals, *excesses, *values))

    def applies(self, config: VehicleConfig | None) -> bool:
        """Tell whether such a car has the thing that may fail; an unknown car may."""
        return config is None or not self.burns or config.fuel is not Fuel.ELECTRIC

    def measure(self, held: Held) -> Measured:
        """Take the measures of every trip from the table."""
        table = held.once(self.source)
        values = np.stack([table[measure.name] for measure in self.measures], axis=1)
        return Measured(values.astype(np.float32), table[self.observed].astype(np.float32))

    def compare(self, measures: FloatArray, normal: Normal) -> FloatArray:
        """Give each residual in the spreads of this car's trips, then in its own unit, then what speaks by itself."""
        direction = np.array([measure.direction for measure in self.measures], dtype=np.float32)
        told = direction != 0
        excess = (measures - normal.expected)[:, told] * direction[told]
        usual = np.array([measure.wander for measure in self.measures], dtype=np.float32)
        unfit = (normal.own < self.least_own) | (normal.wander > self.restless * usual)
        excess = np.where(unfit[:, told], np.float32(np.nan), excess)
        scaled = np.clip(excess / normal.wander[:, told], -_CLIP, _CLIP)
        names = [measure.name for measure in self.measures]
        values = measures[:, [column for column, name in enumerate(names) if told[column] and name in self.absolute]]
        return np.concatenate([scaled, excess, values], axis=1).astype(np.float32)

    def rule(self, features: FloatArray) -> FloatArray:
        """Give the root of the summed squares of what exceeds, in spreads: the rung below the predictor."""
        count = sum(measure.direction != 0 for measure in self.measures)
        excess = np.clip(np.nan_to_num(features[:, :count], nan=0.0), 0.0, _CLIP)
        score: FloatArray = np.sqrt((excess * excess).sum(axis=1)).astype(np.float32)
        return score

    def stop(self, held: Held) -> Stop:
        """Find nothing; a mode with a condition that must stop the car says so itself."""
        return no_stop(held)

    def evidence(self, measures: FloatArray, expected: FloatArray, own: FloatArray) -> tuple[Evidence, ...]:
        """Give the three largest deviations, each divided by what a healthy car's trips differ by."""
        reasons = []
        for column, measure in enumerate(self.measures):
            if measure.name not in self.words or not measure.direction:
                continue
            value, normal = float(measures[column]), float(expected[column])
            excess = measure.direction * (value - normal) / measure.wander
            if not excess >= 1:  # also leaves out what this trip did not show
                continue
            known = bool(own[column] >= 1)
            reasons.append((excess, tell(measure, self.words[measure.name], value, normal, known=known)))
        return tuple(reason for _, reason in sorted(reasons, key=lambda pair: -pair[0])[:_REASONS])

    def stop_evidence(self, value: float) -> Evidence:
        """Say that there is nothing to say: `stop` finds nothing."""
        raise ValueError(f"{self.fault} has no stop condition that could show {value}")


def tell(measure: Measure, words: Words, value: float, normal: float, *, known: bool) -> Evidence:
    """Put one measure beside what it should be; `known` tells whether the car's own trips say so."""
    form, unit = f"{'+' if words.signed else ''}.{words.digits}f", "" if measure.unit == "1" else f" {measure.unit}"
    own_en, own_zh = _OWN if known else _HEALTHY
    return Evidence(
        measure.name, round(value, 3), round(normal, 3), measure.unit,
        f"{words.en} {value:{form}}{unit}; {own_en} {normal:{form}}{unit}",
        f"{words.zh}{value:{form}}{unit}；{own_zh}{normal:{form}}{unit}",
    )  # fmt: skip
