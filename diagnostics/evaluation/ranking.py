"""How well episodes stand out from healthy cars: precision and recall per fault, at a stated prevalence."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diagnostics.evaluation.histories import DAY_S, SUDDEN, Episodes, Histories, IntArray
from diagnostics.evaluation.outcomes import Outcomes
from diagnostics.evaluation.resampling import Figure, Numbers, area_under_roc, average_precision, curve, spread
from diagnostics.monitor import PREVALENCE
from ingest.readings import FloatArray, TimeArray

YEAR_S = 365 * DAY_S
AT_RECALL = 0.8
EPISODES_A_YEAR = 0.5  # of all faults together, in an old fleet
_YEAR_H = 400.0
_WINDOWS = 6  # of a healthy car, at most


@dataclass(frozen=True, slots=True)
class Ranking:
    """`areas` per fault, `curves` recall and precision per fault, and the figures over all of them."""

    areas: Mapping[str, Figure]
    curves: Mapping[str, tuple[Numbers, Numbers]]
    figures: Mapping[str, Figure]


def ranking(
    histories: Histories, episodes: Episodes, outcomes: Outcomes, smooth: FloatArray, counts: NDArray[np.float32]
) -> Ranking:
    """Rank observable episodes by their score against windows of healthy cars, as long as such an episode usually is.

    A car counts as one however many windows it gives. Positives make up `PREVALENCE`.
    """
    cars = histories.cars
    healthy = np.flatnonzero(~np.isin(cars, episodes.car))
    areas: dict[str, Figure] = {}
    curves: dict[str, tuple[Numbers, Numbers]] = {}
    drawn_areas, roc, alarms_at_recall, unreached = [], [], 0.0, 0
    for place, fault in enumerate(histories.faults):
        chosen = (episodes.fault == place) & outcomes.observable
        if not chosen.any() or not len(healthy):
            continue
        length_s = _usual_s(histories, episodes.where(chosen), sudden=fault in SUDDEN)
        window, car, hours = _windows(histories, healthy, smooth[:, place], length_s)
        score = np.concatenate([outcomes.score[chosen], window]).astype(np.float64)
        positive = np.arange(len(score)) < chosen.sum()
        item_car = np.concatenate([np.searchsorted(cars, episodes.car[chosen]), car])
        weight = np.where(positive, 1.0, 1.0 / np.bincount(car, minlength=len(cars)).clip(1)[item_car])
        values = average_precision(counts[:, item_car], score, positive, PREVALENCE, weight)
        areas[fault] = spread(values, int(chosen.sum()))
        drawn_areas.append(values)
        curves[fault] = curve(score, positive, PREVALENCE, weight)
        roc.append(area_under_roc(score, positive))
        limit = np.quantile(outcomes.score[chosen], 1 - AT_RECALL, method="lower")
        if limit > 0:
            alarms_at_recall += float((window >= limit).sum()) / hours * _YEAR_H
        else:
            unreached += 1
    return Ranking(areas, curves, _over_faults(drawn_areas, roc, alarms_at_recall, unreached, areas))


def _over_faults(
    drawn: list[Numbers], roc: list[float], false_a_year: float, unreached: int, areas: Mapping[str, Figure]
) -> dict[str, Figure]:
    if not drawn:
        return {"pr_auc": Figure(None)}
    table = np.stack(drawn)
    over = sum(figure.over for figure in areas.values())
    # Faults whose scores never reach that recall are left out of both sides of the law.
    wanted = AT_RECALL * EPISODES_A_YEAR * (len(drawn) - unreached) / len(drawn)
    return {
        "pr_auc": spread(table.mean(axis=0), over),
        "pr_auc_worst": spread(table.min(axis=0), over),
        "roc_auc": Figure(float(np.mean(roc)), over=over),
        "precision_at_recall_0.8_lambda_0.5": Figure(wanted / (wanted + false_a_year) if wanted else None, over=over),
        "faults_that_reach_recall_0.8": Figure(float(len(drawn) - unreached), over=len(drawn)),
    }


def _usual_s(histories: Histories, episodes: Episodes, *, sudden: bool) -> float:
    """Give the median time in which an episode can be found; of sudden ones, that of a few trips."""
    edges, cars = histories.edges, histories.cars
    if sudden:
        gaps = np.diff(histories.begin_s)[np.diff(histories.car) == 0]
        return 5 * float(np.median(gaps)) if len(gaps) else DAY_S
    last = histories.end_s[edges[1:][np.searchsorted(cars, episodes.car)] - 1]
    ends = np.fmin(np.fmin(episodes.dtc_s - DAY_S, episodes.failure_s), last)
    return max(float(np.median(ends - episodes.onset_s)), DAY_S)


def _windows(
    histories: Histories, healthy: IntArray, smooth: FloatArray, length_s: float
) -> tuple[FloatArray, IntArray, float]:
    """Give the largest score of each window of the healthy cars, its car's row, and the hours in all of them."""
    scores: list[FloatArray] = []
    rows: list[IntArray] = []
    hours, edges = 0.0, histories.edges
    for row in healthy:
        low, high = edges[row], edges[row + 1]
        begins: TimeArray = histories.begin_s[low:high]
        place = ((begins - begins[0]) / length_s).astype(np.int64)
        # The last, cut short, is left out where there are others.
        many = min(max(int((begins[-1] - begins[0]) / length_s), 1), _WINDOWS)
        inside = place < many
        best = np.zeros(many, dtype=np.float32)
        np.maximum.at(best, place[inside], smooth[low:high][inside])
        scores.append(best)
        rows.append(np.full(many, row, dtype=np.int64))
        hours += float(histories.hours[low:high][inside].sum())
    return np.concatenate(scores), np.concatenate(rows), max(hours, 1e-9)
