"""All figures of the protocol from histories, episodes and alarms; each with its interval over resampled vehicles."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from diagnostics.evaluation.calibrated import Calibrated, calibrated
from diagnostics.evaluation.costs import costs
from diagnostics.evaluation.histories import SUDDEN, BoolArray, Episodes, Histories, IntArray
from diagnostics.evaluation.outcomes import FalseAlarms, Outcomes, false_alarms, outcomes
from diagnostics.evaluation.raising import Alarms, raised, smoothed
from diagnostics.evaluation.ranking import Ranking, ranking
from diagnostics.evaluation.resampling import RESAMPLES, Figure, Numbers, draws, quantile, ratio, spread
from ingest.readings import FloatArray

YEAR_H = 400.0  # vehicle-hours in a vehicle-year (faults.md C2)
EPISODES_A_YEAR = (0.5, 0.1)  # in an old fleet and in a young one


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What came out, for the report: figures by name, the same per fault, and what is drawn.

    `confusion[fault, named]` counts first alarms, the last column those without any; `leads` are the days of found
    gradual episodes.
    """

    faults: tuple[str, ...]
    figures: Mapping[str, Figure]
    per_fault: Mapping[str, Mapping[str, Figure]]
    confusion: NDArray[np.int64]
    leads: Numbers
    ranking: Ranking
    calibrated: Calibrated

    def to_json(self) -> dict[str, Any]:
        return {
            "figures": {name: figure.to_json() for name, figure in self.figures.items()},
            "faults": {
                fault: {name: figure.to_json() for name, figure in row.items()} for fault, row in self.per_fault.items()
            },
            "confusion": {"faults": list(self.faults), "counts": self.confusion.tolist()},
            "curves": {
                "precision": {fault: _thinned(*curve) for fault, curve in self.ranking.curves.items()},
                "reliability": {fault: _thinned(one.said, one.was) for fault, one in self.calibrated.diagrams.items()},
                "leads": [round(float(days), 2) for days in self.leads],
            },
        }


def _thinned(x: Numbers, y: Numbers, most: int = 120) -> list[list[float]]:
    """Give at most `most` points of a line, for the eye."""
    chosen = np.unique(np.linspace(0, len(x) - 1, min(len(x), most)).astype(np.int64))
    return [[round(float(value), 4) for value in values[chosen]] for values in (x, y)]


@dataclass(frozen=True, slots=True)
class Judged:
    """Everything that figures are counted from."""

    histories: Histories
    episodes: Episodes
    alarms: Alarms
    smooth: FloatArray
    outcomes: Outcomes
    false: FalseAlarms
    counts: NDArray[np.float32]  # [resample, car]
    drawn: NDArray[np.float32]  # [resample, episode]: how often its car is drawn

    @property
    def sudden(self) -> BoolArray:
        return np.array([name in SUDDEN for name in self.histories.faults])[self.episodes.fault]


def judged(
    histories: Histories, episodes: Episodes, vote_at: FloatArray, seed: int = 1, resamples: int = RESAMPLES
) -> Judged:
    """Raise the alarms and hold them against the episodes."""
    alarms, smooth = raised(histories, vote_at), smoothed(histories)
    cars = histories.cars
    strata, place = np.full(len(cars), -1, dtype=np.int64), np.searchsorted(cars, episodes.car)
    strata[place] = episodes.fault
    counts = draws(strata, seed, resamples)
    return Judged(
        histories, episodes, alarms, smooth, outcomes(histories, episodes, alarms, smooth),
        false_alarms(histories, alarms), counts, counts[:, place],
    )  # fmt: skip


def evaluate(
    histories: Histories, episodes: Episodes, vote_at: FloatArray, seed: int = 1, resamples: int = RESAMPLES
) -> Evaluation:
    """Judge the histories when a trip votes for fault f from `vote_at[f]` on; the same seed, the same intervals."""
    all_of = judged(histories, episodes, vote_at, seed, resamples)
    ranked = ranking(histories, episodes, all_of.outcomes, all_of.smooth, all_of.counts)
    sure = calibrated(histories, episodes, all_of.counts)
    figures = {
        **_alarm_figures(all_of), **_recall_figures(all_of), **_lead_figures(all_of), **_names(all_of),
        **ranked.figures, **sure.figures,
    }  # fmt: skip
    figures |= _precision(figures)
    a_year = (figures["false_alarms_per_1000_h"].value or 0.0) / 1000 * YEAR_H
    figures |= costs(histories, episodes, all_of.outcomes, all_of.drawn, a_year)
    out, gradual = all_of.outcomes, ~all_of.sudden
    return Evaluation(
        histories.faults, figures, _per_fault(all_of, ranked, sure), _confusion(all_of),
        out.lead_d[out.found & gradual & ~np.isnan(out.lead_d)], ranked, sure,
    )  # fmt: skip


def poisson_upper(count: float) -> float:
    """Give the one-sided 95 % upper bound of a Poisson mean after `count` events (0 events: the rule of three)."""
    return float(chi2.ppf(0.95, 2 * (count + 1)) / 2)


def _rate(counts: NDArray[np.float32], alarms: IntArray, hours: Numbers) -> Figure:
    return spread(1000 * ratio(counts, alarms.astype(np.float64), hours), int(hours.sum()))


def _alarm_figures(of: Judged) -> dict[str, Figure]:
    false, healthy = of.false, of.false.healthy
    alarms, hours = false.early * healthy, false.hours * healthy
    many, long = float(alarms.sum()), float(hours.sum())
    ill = ~healthy
    after = of.histories.hours.sum() - false.hours.sum()
    return {
        "false_alarms_per_1000_h": _rate(of.counts, alarms, hours),
        "false_alarms": Figure(many, over=int(long)),
        "false_alarms_per_1000_h_upper_95": Figure(1000 * poisson_upper(many) / long if long else None, over=int(long)),
        "false_alarms_before_onset_per_1000_h": _rate(of.counts, false.early * ill, false.hours * ill),
        "wrong_alarms_per_episode": spread(
            ratio(of.counts, (false.wrong * ill).astype(np.float64), np.bincount(
                np.searchsorted(of.histories.cars, of.episodes.car), minlength=len(healthy)).astype(np.float64)),
            len(of.episodes.car),
        ),
        "hours_with_a_fault": Figure(float(after)),
    }  # fmt: skip


def macro(of: Judged, hits: BoolArray, chosen: BoolArray) -> tuple[Figure, Figure]:
    """Give the mean over faults of the share of `chosen` episodes that are hits, and that of the worst fault."""
    shares = []
    for fault in np.unique(of.episodes.fault[chosen]):
        inside = chosen & (of.episodes.fault == fault)
        shares.append(ratio(of.drawn[:, inside], hits[inside].astype(np.float64), np.ones(inside.sum())))
    if not shares:
        return Figure(None), Figure(None)
    table, over = np.stack(shares), int(chosen.sum())
    return spread(table.mean(axis=0), over), spread(table.min(axis=0), over)


def _recall_figures(of: Judged) -> dict[str, Figure]:
    seen, gradual, found = of.outcomes.observable, ~of.sudden, of.outcomes.found
    observable, worst = macro(of, found, gradual & seen)
    everything, worst_of_all = macro(of, found & seen, gradual)
    sudden, worst_sudden = macro(of, found, of.sudden & seen)
    return {
        "recall_gradual": observable, "recall_gradual_worst": worst,
        "recall_gradual_all": everything, "recall_gradual_all_worst": worst_of_all,
        "recall_sudden": sudden, "recall_sudden_worst": worst_sudden,
        "recall_sudden_all": macro(of, found & seen, of.sudden)[0],
    }  # fmt: skip


def _lead_figures(of: Judged) -> dict[str, Figure]:
    out, gradual = of.outcomes, ~of.sudden & of.outcomes.observable
    made = {}
    for name, days in (("lead", out.lead_d), ("failure_lead", out.failure_d)):
        known = gradual & ~np.isnan(days)
        for words, chosen in (("", known & out.found), ("_missed_0", known)):
            of_these = of.drawn[:, chosen]
            for q, place in ((0.5, "median"), (0.1, "p10")):
                made[f"{name}_{place}{words}"] = spread(quantile(of_these, days[chosen], q), int(chosen.sum()))
    without = gradual & np.isnan(of.episodes.dtc_s)
    made["recall_without_code"] = macro(of, out.found, without)[0]
    width = out.interval_d[:, 1] - out.interval_d[:, 0]
    promised = ~np.isnan(width) & ~np.isnan(out.lead_d) & out.found
    if promised.any():
        held = (out.lead_d >= out.interval_d[:, 0]) & (out.lead_d <= out.interval_d[:, 1])
        drawn, ones, over = of.drawn[:, promised], np.ones(promised.sum()), int(promised.sum())
        made["interval_coverage"] = spread(ratio(drawn, held[promised].astype(np.float64), ones), over)
        made["interval_width_median_d"] = spread(quantile(drawn, width[promised].astype(np.float64), 0.5), over)
        share = (width / np.maximum(out.lead_d, 1e-9))[promised].astype(np.float64)
        made["interval_width_of_lead"] = spread(quantile(drawn, share, 0.5), over)
    return made


def _names(of: Judged) -> dict[str, Figure]:
    """Give isolation: given a true alarm, whether the first name told, and what was said then, is right."""
    out = of.outcomes
    # A true alarm: something was raised while the fault was there, and this car can show the fault.
    told = out.observable & (out.named >= 0)
    drawn, ones = of.drawn[:, told], np.ones(int(told.sum()))
    right = out.named == of.episodes.fault
    third = right | ((out.rank > 0) & (out.rank <= 3))
    return {
        "isolation_top_1": spread(ratio(drawn, right[told].astype(np.float64), ones), len(ones)),
        "isolation_top_3": spread(ratio(drawn, third[told].astype(np.float64), ones), len(ones)),
        "isolation_top_1_macro": macro(of, right, told)[0],
    }


def _confusion(of: Judged) -> NDArray[np.int64]:
    faults = len(of.histories.faults)
    table = np.zeros((faults, faults + 1), dtype=np.int64)
    named = np.where(of.outcomes.named < 0, faults, of.outcomes.named)
    seen = of.outcomes.observable
    np.add.at(table, (of.episodes.fault[seen], named[seen]), 1)
    return table


def _precision(figures: Mapping[str, Figure]) -> dict[str, Figure]:
    """Give precision by the law of faults.md C2 where alarms are raised now; lambda stands in the name."""
    recall, rate = figures["recall_gradual"].value, figures["false_alarms_per_1000_h"].value
    if recall is None or rate is None:
        return {}
    a_year = rate / 1000 * YEAR_H
    return {
        f"precision_lambda_{lam:g}": Figure(recall * lam / max(recall * lam + a_year, 1e-12)) for lam in EPISODES_A_YEAR
    }


def _per_fault(of: Judged, ranked: Ranking, sure: Calibrated) -> dict[str, dict[str, Figure]]:
    out, false = of.outcomes, of.false
    hours = false.hours * false.healthy
    made: dict[str, dict[str, Figure]] = {}
    for place, fault in enumerate(of.histories.faults):
        own = of.episodes.fault == place
        seen, drawn = own & out.observable, of.drawn
        ones, found = np.ones(len(own)), out.found.astype(np.float64)
        coded = seen & out.found & ~np.isnan(out.lead_d)
        named = seen & (out.named >= 0)
        right = (out.named == of.episodes.fault).astype(np.float64)
        made[fault] = {
            "episodes": Figure(float(own.sum())),
            "observable": Figure(float(seen.sum())),
            "with_code": Figure(float((own & ~np.isnan(of.episodes.dtc_s)).sum())),
            "recall": spread(ratio(drawn[:, seen], found[seen], ones[seen]), int(seen.sum())),
            "recall_all": spread(ratio(drawn[:, own], (found * out.observable)[own], ones[own]), int(own.sum())),
            "lead_median": spread(quantile(drawn[:, coded], out.lead_d[coded], 0.5), int(coded.sum())),
            "severity_median": spread(
                quantile(drawn[:, seen & out.found], out.severity[seen & out.found].astype(np.float64), 0.5),
                int((seen & out.found).sum()),
            ),
            "isolation_top_1": spread(ratio(drawn[:, named], right[named], ones[named]), int(named.sum())),
            "false_alarms": Figure(float((false.early_by_fault[:, place] * false.healthy).sum())),
            "false_alarms_per_1000_h": _rate(of.counts, false.early_by_fault[:, place] * false.healthy, hours),
            "pr_auc": ranked.areas.get(fault, Figure(None)),
            "ece": sure.errors.get(fault, Figure(None)),
            "brier_skill": sure.skills.get(fault, Figure(None)),
        }
    return made
