"""F24, starter motor or cable: it turns the engine slowly, whatever the battery gives (faults.md F24, B6)."""

from dataclasses import dataclass

import numpy as np

from diagnostics.measures.starting import starting
from diagnostics.modes import Feature, Measure, Normal
from diagnostics.residuals import ResidualMode, Words
from ingest.readings import FloatArray


@dataclass(frozen=True)
class Starter(ResidualMode):
    """Long to start with a good voltage: a starter draws less, a cable more, and a battery rests lower besides."""

    def __post_init__(self) -> None:
        super().__post_init__()
        context = tuple(Feature(f"{measure.name}_beside", 0) for measure in self.measures if not measure.direction)
        object.__setattr__(self, "features", (*self.features, *context))

    def compare(self, measures: FloatArray, normal: Normal) -> FloatArray:
        """Give the residuals, and how the battery did beside them, in the spreads of this car's trips."""
        context = [column for column, measure in enumerate(self.measures) if not measure.direction]
        beside = (measures - normal.expected)[:, context] / normal.wander[:, context]
        own = super().compare(measures, normal)
        return np.concatenate([own, np.clip(beside, -25.0, 25.0)], axis=1).astype(np.float32)


MODE = Starter(
    fault="starter",
    signals=(
        "control_module_voltage", "engine_speed", "coolant_temperature", "ambient_air_temperature",
        "intake_air_temperature",
    ),
    source=starting,
    observed="observed",
    measures=(
        Measure("crank_time", "s", (0.5, 1.8), 0.7, 1),
        Measure("crank_seen", "s", (1.0, 1.0), 0.25, 1),
        Measure("crank_drop", "V", (0.8, 3.2), 0.5),
        Measure("first_drop", "V", (0.1, 0.9), 0.12),
        Measure("rest_voltage", "V", (12.1, 12.9), 0.18),
    ),
    words={
        "crank_time": Words("The engine took to start", "起动用时", 1),
        "crank_seen": Words("The starter turned for at least", "起动机转动至少", 0),
    },
    absolute=("crank_time", "crank_seen"),
)  # fmt: skip
