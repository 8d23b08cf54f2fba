"""Which of several faults of one car is told: a function of what its trips said of all faults."""

import numpy as np
from numpy.typing import NDArray

from diagnostics.compiled import compiled
from ingest.readings import FloatArray

VOTES, OF_TRIPS = 3, 5
SURE = 0.9  # a fault that all five trips hold for that probable stands on its own, whatever else there may be
_LEAST = 1e-4  # of a probability


def leading(
    probability: FloatArray, edges: NDArray[np.int64], vote_at: FloatArray, needed: NDArray[np.int64] | None = None
) -> NDArray[np.bool_]:  # fmt: skip
    """Tell `[trip, fault]` whether the fault may be told on that trip.

    `probability[trip, fault]` is NaN where a trip has no vote; trips are car after car in order of time, car k those
    from `edges[k]` to `edges[k + 1]`; `vote_at`, `[fault]` or `[trip, fault]`, is what makes a vote, and
    `needed[fault]` how many of them alarm (None: three). Of faults that have those among their last five trips, the one
    whose five trips say most together leads. The probabilities stand beside each other because each fault's was learnt
    from cars with the other faults, too, and sees their residuals.
    """
    leads = np.ones(probability.shape, dtype=np.bool_)
    limits = np.ascontiguousarray(np.broadcast_to(np.asarray(vote_at, dtype=np.float32), probability.shape))
    least = np.full(probability.shape[1], VOTES, dtype=np.int64) if needed is None else needed
    _lead(np.asarray(probability, dtype=np.float32), np.asarray(edges, dtype=np.int64), limits, least, leads)
    return leads


@compiled
def _lead(
    probability: FloatArray, edges: NDArray[np.int64], vote_at: FloatArray, needed: NDArray[np.int64],
    leads: NDArray[np.bool_],
) -> None:  # fmt: skip
    faults = probability.shape[1]
    last = np.zeros((faults, OF_TRIPS), dtype=np.float32)
    voted = np.zeros((faults, OF_TRIPS), dtype=np.bool_)
    said = np.zeros(faults, dtype=np.int64)
    weight, alarms = np.zeros(faults, dtype=np.float64), np.zeros(faults, dtype=np.bool_)
    for car in range(len(edges) - 1):
        last[:] = 0
        voted[:] = False
        said[:] = 0
        weight[:] = 0
        alarms[:] = False
        for trip in range(edges[car], edges[car + 1]):
            most = -np.inf
            for fault in range(faults):
                one = probability[trip, fault]
                if not np.isnan(one):
                    last[fault, said[fault] % OF_TRIPS] = one
                    voted[fault, said[fault] % OF_TRIPS] = one >= vote_at[trip, fault]
                    said[fault] += 1
                    votes, weight[fault] = 0, 0.0
                    for back in range(OF_TRIPS):
                        one = min(max(last[fault, back], _LEAST), 1 - _LEAST)
                        votes += voted[fault, back]
                        weight[fault] += np.log(one / (1 - one))
                    alarms[fault] = votes >= needed[fault]
                if alarms[fault]:
                    most = max(most, weight[fault])
            for fault in range(faults):
                if alarms[fault] and weight[fault] < most:
                    leads[trip, fault] = last[fault].min() >= SURE
