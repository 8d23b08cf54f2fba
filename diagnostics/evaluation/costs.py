"""What a vehicle-year costs when faults are predicted, when they are waited for, and with a yearly service (C3)."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from diagnostics.evaluation.histories import DAY_S, Episodes, Histories
from diagnostics.evaluation.outcomes import Outcomes
from diagnostics.evaluation.resampling import Figure, Numbers, ratio, spread
from diagnostics.faults import FAULTS
from diagnostics.findings import Urgency

# In diagnoses of 0.7 h: a fault that is not found in time, by its urgency; a repair a month too early.
MISSED: Mapping[Urgency, float] = {Urgency.S0: 50, Urgency.S1: 50, Urgency.S2: 20, Urgency.S3: 5}
EARLY_A_MONTH = 0.1
EPISODES_A_YEAR, SERVICE_DAYS = 0.5, 365.0


def costs(
    histories: Histories, episodes: Episodes, outcomes: Outcomes, drawn: NDArray[np.float32], false_a_year: float
) -> dict[str, Figure]:
    """Give the cost of a vehicle-year, every fault as common as any other; `drawn[resample, episode]`.

    A found fault costs its diagnosis and the months it was found before its code (its failure, where it sets none); a
    yearly service finds what is there on its day, and costs one diagnosis itself.
    """
    if not len(episodes.car):
        return {}
    missed = np.array([MISSED[FAULTS[histories.faults[fault]].urgency] for fault in episodes.fault], dtype=np.float64)
    last_s = histories.end_s[histories.edges[1:][np.searchsorted(histories.cars, episodes.car)] - 1]
    end_s = np.where(np.isnan(episodes.dtc_s), np.fmin(episodes.failure_s, last_s), episodes.dtc_s)
    months = np.clip(end_s - np.nan_to_num(outcomes.alarm_s), 0, None) / DAY_S / 30
    ours = np.where(outcomes.found, 1 + EARLY_A_MONTH * months, missed)
    there = np.clip((end_s - episodes.onset_s) / DAY_S / SERVICE_DAYS, 0, 1)
    weight = 1.0 / np.bincount(episodes.fault)[episodes.fault]

    def a_year(each: Numbers) -> Numbers:
        return EPISODES_A_YEAR * ratio(drawn, weight * each, weight)

    predicted, waited = a_year(ours) + false_a_year, a_year(missed)
    served = a_year(missed * (1 - there)) + 365.0 / SERVICE_DAYS
    over = len(missed)
    return {
        "cost_predicted": spread(predicted, over),
        "cost_reactive": spread(waited, over),
        "cost_yearly_service": spread(served, over),
        "cost_saved": spread(1 - predicted / np.minimum(waited, served), over),
    }
