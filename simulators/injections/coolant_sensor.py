"""A coolant sensor off its mark, or dropping out, in a recorded trip (faults.md F06)."""

import numpy as np

from ingest.readings import TripColumns
from simulators.recorded import by_second, with_change

NEEDS = (("coolant_temperature",), ("engine_speed",))
_BIAS_K, _BENDS = 15.0, 0.5  # of a severity of 1, hot; by how much less it may be when cold
_DROPS, _SELDOM = 0.02, 0.004  # per second and severity, of a sensor that drops out and of any other
_DROPPING, _LEFT = 0.35, 0.3  # share of the sensors that drop out; their share of the bias
_BROKEN_C = -40.0


def inject(trip: TripColumns, severity: float, rng: np.random.Generator) -> TripColumns:
    """Shift what the sensor shows, and lose it now and then: half of the time to -40 degC, else to the value before."""
    dropping, sign, bends = rng.random() < _DROPPING, rng.choice([-1.0, 1.0]), rng.uniform(0, _BENDS)
    shown = by_second(trip, "coolant_temperature")
    cold = np.clip((90 - shown) / 90, 0, 1)
    bias = sign * _BIAS_K * severity * (_LEFT if dropping else 1.0) * (1 - bends * cold)
    luck = rng.random(len(shown)) / (severity * (_DROPS if dropping else _SELDOM))
    before = np.concatenate([shown[:1], shown[:-1]]) + np.concatenate([bias[:1], bias[:-1]])
    seen = np.select([luck < 0.5, luck < 1], [_BROKEN_C, before], shown + bias)
    return with_change(trip, "coolant_temperature", (seen - shown).astype(np.float32))
