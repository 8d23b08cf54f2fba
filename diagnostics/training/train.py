"""Training: the same table and seed make the same predictor, byte for byte."""

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from diagnostics.baseline import RECENT_S, Walk, columns, compare
from diagnostics.evaluation.histories import SUDDEN
from diagnostics.fusion import fused, fused_columns, health_seen
from diagnostics.modes import MODES, FaultMode
from diagnostics.monitor import PREVALENCE
from diagnostics.predictor import METADATA, SHIPPED, Curve, FaultPredictor, Predictor, Rule, version_of
from diagnostics.training.allotting import Claim, allot
from diagnostics.training.calibration import brier_skill, expected_error, isotonic
from diagnostics.training.dataset import (
    COPY,
    FAULTY_FROM,
    HEALTHY_TO,
    BoolArray,
    IntArray,
    TripTable,
)
from diagnostics.training.fitting import Rows, boost, dealt, of_five, unseen_scores
from diagnostics.training.judged import JUDGED, told_of, with_copies
from ingest.readings import FloatArray, TimeArray

Claims = dict[tuple[str, str], Claim]  # by fault and the name of its threshold
# False alarms per 1000 h of healthy driving, all faults together, on kinds of cars that did not train. A car is young
# once: few of its hours, and most of what somebody hands to `forecourt score`.
FALSE_ALARMS = {"vote_at": 0.12, "young_vote_at": 0.13}
_STRETCH_S = 30 * 86_400.0  # of a car: what one false alarm may be raised in
EVERY = 6  # of a car's trips without the fault one in so many trains; they are much alike
_EVERY_SOUND = 4  # and of those for the severity
_AT_ONCE = 2  # faults
# What strands a car is told at more false alarms than the rule would give it, most of all while little is known of it.
LEAST = {("alternator", "vote_at"): 1.0, ("alternator", "young_vote_at"): 6.0}
_REACHED = 0.9  # severity that a short history has to be found at
_FEWEST = 30  # trips, for boosters of their own
_FEWEST_CARS = 20  # that a 90 % interval needs
_DAY_S = 86_400.0
_INTERVAL = (0.05, 0.5, 0.95)
_PROMISED_FROM = 0.15  # severity
_SUDDEN_TRIPS = 5  # within which a sudden fault is to be told
_VOTES = {True: (2, 3), False: (2, 3, 4)}  # of five trips, of a sudden fault and of others: what may be needed
_FEW = (0.2, 0.5, 1.0, 2.0)  # false alarms over which ways of scoring are compared


@dataclass(frozen=True, slots=True)
class _Fit:
    """One fault's table: `voting` are the trips behind `rows`, `calm` those before any fault of a car that is told."""

    fault: str
    names: list[tuple[str, int]]
    voting: IntArray
    rows: Rows
    learn: BoolArray
    calm: BoolArray

    @property
    def faulty(self) -> BoolArray:
        return self.rows.severity >= FAULTY_FROM

    @property
    def clear(self) -> BoolArray:
        """Mark trips that are plainly healthy or plainly faulty."""
        return self.faulty | (self.rows.severity <= HEALTHY_TO)

    @property
    def drawn(self) -> BoolArray:
        """Mark trips of cars that are in the table whatever a predictor said of them."""
        return self.rows.car < JUDGED

    @property
    def own(self) -> BoolArray:
        """Mark those of them that are of cars as they are driven, not of short copies: what is calibrated on."""
        return self.clear & (self.rows.car < COPY)


def train_table(
    table: TripTable, seed: int = 1, directory: Path = SHIPPED, modes: Mapping[str, FaultMode] = MODES,
    tell: Callable[[str], object] = str, kinds: Mapping[int, str] | None = None, before: Predictor | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Train every mode, write the predictor into `directory` and give the report.

    All cars train; whatever is calibrated, chosen or reported comes from trips that were scored by trees which had not
    seen their car, nor, with `kinds` by the number of a car, any car of its kind. Of judged cars (`judged.py`) the
    report also says what `before`, another predictor, makes of them.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for old in directory.glob("*.txt"):
        old.unlink()
    table = with_copies(table, seed)
    walk = Walk.along(table.car, table.start_s)
    compared = {}
    for fault, mode in modes.items():
        tell(f"comparing {fault}")
        compared[fault] = compare(mode, table.measured[fault], table.car, table.start_s, walk)
    entries: dict[str, dict[str, Any]] = {}
    report: dict[str, dict[str, Any]] = {}
    claims: Claims = {}

    def one(fault: str) -> tuple[dict[str, Any] | None, dict[str, Any], Claims]:
        voting = np.flatnonzero(table.measured[fault].observed_s >= modes[fault].least_s)
        features = fused(fault, health_seen(modes), compared, voting)
        fold = dealt(table.car[voting] % COPY, seed, kinds)
        fit = _fit(table, fault, fused_columns(fault, modes), voting, features, fold)
        if (fit.faulty & fit.learn & fit.drawn).sum() < _FEWEST or not (fit.clear & ~fit.faulty).any():
            return None, {"trained": False, "faulty_trips": int(fit.faulty.sum())}, {}
        known = before.faults.get(fault) if before is not None else None
        return _train(table, fit, columns(modes[fault]), seed, directory, known)

    # Threads: the boosters grow outside of Python, and the table need not be told to anybody.
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for count, (fault, (entry, told, claimed)) in enumerate(zip(modes, pool.map(one, modes), strict=True), 1):
            report[fault] = told
            if entry is not None:
                entries[fault] = entry
            claims |= claimed
            tell(f"trained {count} of {len(modes)} faults")
    hours = max((told["healthy_hours"] for told in report.values() if told["trained"]), default=0.0)
    given = _given(claims, hours)
    for (fault, key), false_alarms in given.items():
        claim = claims[fault, key]
        entries[fault][key] = claim.vote_at(false_alarms)
        report[fault][f"shipped_{key}"] = {
            "at": entries[fault][key], "false_alarms": round(false_alarms, 2),
            "recall": round(claim.recall(false_alarms), 4), "episodes": len(claim.episodes), "offers": claim.offers(),
        }  # fmt: skip
    metadata = {"seed": seed, "prevalence": PREVALENCE, "faulty_from": FAULTY_FROM, "faults": entries}
    (directory / METADATA).write_text(json.dumps(metadata, indent=1, sort_keys=True) + "\n")
    return {"predictor": version_of(directory), "seed": seed, "faults": report}


def _given(claims: Claims, hours: float) -> dict[tuple[str, str], float]:
    given: dict[tuple[str, str], float] = {}
    for key, per_1000_h in FALSE_ALARMS.items():
        given |= allot({name: claim for name, claim in claims.items() if name[1] == key}, hours, per_1000_h, LEAST)
    return given


def _fit(
    table: TripTable, fault: str, names: list[tuple[str, int]], voting: IntArray, features: FloatArray, fold: IntArray
) -> _Fit:
    car, severity = table.car[voting], table.severity[fault][voting]
    place = np.arange(len(voting)) - np.searchsorted(car, car)
    # A faulty car's trips are few and differ, as do those of short copies; of all others some will do.
    learn = (severity > HEALTHY_TO) & (place % 2 == 0) | (place % EVERY == 0) | (car >= COPY)
    onset_s = {int(it): np.inf for it in np.unique(table.car)}
    for one, at_s in zip(table.episodes.car, table.episodes.onset_s, strict=True):
        onset_s[int(one)] = min(onset_s[int(one)], at_s if not np.isnan(at_s) else np.inf)
    first_s = np.array([onset_s[int(it)] for it in car])
    calm = table.start_s[voting] < first_s
    for severities in table.severity.values():
        calm &= severities[voting] < HEALTHY_TO
    return _Fit(fault, names, voting, Rows(features, severity, car, fold), learn, calm)


def _train(
    table: TripTable,
    fit: _Fit,
    own: list[tuple[str, int]],
    seed: int,
    directory: Path,
    before: FaultPredictor | None = None,
) -> tuple[dict[str, Any], dict[str, Any], Claims]:
    rows, clear = fit.rows, fit.clear
    trees = unseen_scores(rows, fit.faulty, fit.learn & clear, fit.names, seed, "binary")
    candidates = {
        (kind, votes): _candidate(table, fit, raw, votes)
        for kind, raw in (("trees", trees), ("rule", Rule(own)(rows.features)))
        for votes in _VOTES[fit.fault in SUDDEN]
    }
    # At the same rate of false alarms: what finds more episodes; of two that find as many, what knows more of trips.
    by = max(candidates, key=lambda name: (round(candidates[name].recall, 2), candidates[name].skill(fit)))
    kind, chosen = by[0], candidates[by]
    if kind == "trees":
        learn = fit.learn & clear
        classifier = boost(rows.features[learn], fit.faulty[learn], fit.names, seed, "binary")
        classifier.save_model(directory / f"{fit.fault}.probability.txt")
    # How severe a fault is, is asked where it is: of trips without it a few will do.
    learn = fit.learn & fit.drawn & ((rows.severity > HEALTHY_TO) | (np.arange(len(rows.car)) % _EVERY_SOUND == 0))
    regressor = boost(rows.features[learn], rows.severity[learn], fit.names, seed, "regression")
    regressor.save_model(directory / f"{fit.fault}.severity.txt")
    unseen = unseen_scores(rows, rows.severity, learn, fit.names, seed, "regression")
    lead, lead_report = _lead(table, fit, chosen.probability >= chosen.vote_at, unseen, seed, directory)
    entry = {
        "kind": kind, "features": [name for name, _ in fit.names], "calibration": chosen.curve.to_json(),
        "vote_at": chosen.vote_at, "votes": chosen.votes, "lead": lead,
    }  # fmt: skip
    severe = (rows.severity > HEALTHY_TO) & fit.drawn
    return entry, {
        "trained": True, "kind": kind, "trips": len(rows.car), "cars": len(np.unique(rows.car)),
        **{f"{name}_{votes}": candidate.report(fit) for (name, votes), candidate in candidates.items()},
        "severity_error": round(float(np.abs(np.clip(unseen, 0, 1.5) - rows.severity)[severe].mean()), 4),
        "healthy_hours": round(chosen.hours, 1), **lead_report, **_judged(fit, chosen, before),
    }, {
        (fit.fault, "vote_at"): chosen.settled,
        (fit.fault, "young_vote_at"): chosen.young,
    }  # fmt: skip


def _judged(fit: _Fit, chosen: "_Candidate", before: FaultPredictor | None) -> dict[str, Any]:
    """Say what trees that never saw them make of the judged cars, beside what was said before; nothing without any."""
    if fit.drawn.all():
        return {}
    said = before.predict(fit.rows.features).probability if before is not None else None
    return {"judged": told_of(fit.rows.car, fit.rows.severity, chosen.probability, said)}


@dataclass(frozen=True, slots=True)
class _Candidate:
    """One way of scoring, calibrated: what it says of cars it has not seen, and what `votes` of five make of it.

    `young` are short histories and the first two weeks of a car, `settled` is the rest.
    """

    curve: Curve
    probability: FloatArray
    votes: int
    settled: Claim
    young: Claim
    hours: float

    @property
    def recall(self) -> float:
        """Give the share of episodes and of short histories that is found for few false alarms.

        Few, not none: one car alone decides nothing.
        """
        ways = [claim for claim in (self.settled, self.young) if len(claim.episodes)]
        return float(np.mean([claim.recall(many) for claim in ways for many in _FEW])) if ways else 0.0

    @property
    def vote_at(self) -> float:
        """Give a threshold to compare with: what is shipped is dealt out over all faults."""
        return self.settled.vote_at(_FEW[-1])

    def skill(self, fit: _Fit) -> float:
        """Give the Brier skill on trips that are plainly healthy or plainly faulty."""
        own = fit.own
        return brier_skill(self.probability[own], fit.faulty[own], car=fit.rows.car[own])

    def report(self, fit: _Fit) -> dict[str, Any]:
        own, faulty = fit.own, fit.faulty
        said, car = self.probability[own], fit.rows.car[own]
        return {
            "votes": self.votes, "recall": round(self.recall, 4), "episodes": len(self.settled.episodes),
            "healthy_hours": round(self.hours, 1),
            "calibration_error": round(expected_error(said, faulty[own], car=car), 4),
            "brier_skill": round(self.skill(fit), 4),
        }  # fmt: skip


def _candidate(table: TripTable, fit: _Fit, raw: FloatArray, votes: int) -> _Candidate:
    own = fit.own
    curve = isotonic(raw[own], fit.faulty[own], car=fit.rows.car[own])
    curve = Curve.from_json(curve.to_json())  # as it will be read
    edges, age_s = _edges(fit.rows.car), _age_s(table)[fit.voting]
    # Before the first trip, and where a trip says nothing, nothing is said: less than the least.
    floor = float(raw.min()) - 1
    above, sound = raw - floor, fit.calm & (fit.rows.car < COPY)

    def most(chosen: BoolArray) -> FloatArray:
        healthy = of_five(np.where(fit.calm, above, np.float32(np.nan)), edges, votes)[chosen] + floor
        stretch = fit.rows.car[chosen] * 1000 + (age_s[chosen] // _STRETCH_S).astype(np.int64)
        begin = _edges(stretch)[:-1]
        largest: FloatArray = np.maximum.reduceat(healthy, begin) if len(begin) else healthy
        return largest

    hours = float(table.running_s[fit.voting][sound].sum()) / 3600
    told = of_five(above, edges, votes)
    settled = Claim(most(sound & (age_s >= RECENT_S)), _found(table, fit, told) + floor, curve)
    youth = Claim(most(sound & (age_s < RECENT_S)), _found_young(fit, told) + floor, curve)
    probability = curve(raw)
    return _Candidate(curve, probability, votes, settled, youth, hours)


def _age_s(table: TripTable) -> TimeArray:
    """Give per trip the seconds since the first trip of its car."""
    edges = _edges(table.car)
    age_s: TimeArray = table.start_s - np.repeat(table.start_s[edges[:-1]], np.diff(edges))
    return age_s


def _edges(car: IntArray) -> IntArray:
    return np.append(np.flatnonzero(np.diff(car, prepend=np.int64(-1))), len(car)).astype(np.int64)


def _found(table: TripTable, fit: _Fit, third: FloatArray) -> FloatArray:
    """Give per episode that votes can tell the highest threshold at which it is found in time."""
    end_s = table.start_s[fit.voting] + table.length_s[fit.voting]
    edges, best = _edges(fit.rows.car), []
    cars = fit.rows.car[edges[:-1]]
    for row in np.flatnonzero(table.episodes.fault == fit.fault):
        place = int(np.searchsorted(cars, table.episodes.car[row]))
        if place == len(cars) or cars[place] != table.episodes.car[row]:
            continue
        own = slice(edges[place], edges[place + 1])
        latest = table.episodes.confirmed_s[row] - _DAY_S
        inside = (end_s[own] >= table.episodes.onset_s[row]) & ~(end_s[own] > latest)
        if fit.fault in SUDDEN:
            inside = (end_s[own] >= table.episodes.onset_s[row]) & (end_s[own] <= _fifth_s(table, fit.fault, int(row)))
        if inside.any():
            best.append(float(third[own][inside].max()))
    return np.array(best, dtype=np.float32)


def _found_young(fit: _Fit, third: FloatArray) -> FloatArray:
    """Give the same of the short histories whose fault gets far."""
    low, high = np.searchsorted(fit.rows.car, [COPY, JUDGED]).tolist()
    if low == high:
        return np.zeros(0, dtype=np.float32)
    edges, severity, third = _edges(fit.rows.car[low:high])[:-1], fit.rows.severity[low:high], third[low:high]
    reached = np.maximum.reduceat(severity, edges) >= _REACHED
    best = np.maximum.reduceat(np.where(severity > HEALTHY_TO, third, 0), edges)
    found: FloatArray = best[reached].astype(np.float32)
    return found


def _fifth_s(table: TripTable, fault: str, row: int) -> float:
    """Give the end of the fifth trip since a sudden fault lasts; a loose contact comes and goes before."""
    low, high = np.searchsorted(table.car, [table.episodes.car[row], table.episodes.car[row] + 1])
    sound = np.flatnonzero(table.severity[fault][low:high] < HEALTHY_TO)
    fifth = min(low + sound.max(initial=-1) + _SUDDEN_TRIPS, high - 1)
    return float(table.start_s[fifth] + table.length_s[fifth])


def _lead(
    table: TripTable, fit: _Fit, votes: BoolArray, severity: FloatArray, seed: int, directory: Path
) -> tuple[dict[str, float] | None, dict[str, Any]]:
    """Fit the days to the trouble code; cars whose monitor never told in their record say nothing of it."""
    code_s = {
        int(car): at_s
        for car, fault, at_s in zip(table.episodes.car, table.episodes.fault, table.episodes.confirmed_s, strict=True)
        if fault == fit.fault and not np.isnan(at_s)
    }
    until = np.array([code_s.get(int(car), np.nan) for car in fit.rows.car]) - table.start_s[fit.voting]
    ahead = (fit.rows.severity > HEALTHY_TO) & (until > 0)
    told = ahead & votes & (severity >= _PROMISED_FROM)
    if fit.fault in SUDDEN or (ahead & fit.learn).sum() < _FEWEST or len(np.unique(fit.rows.car[told])) < _FEWEST_CARS:
        return None, {}
    target = np.log1p(np.where(ahead, until, 0) / _DAY_S)
    raw = unseen_scores(fit.rows, target, fit.learn & ahead, fit.names, seed, "regression", monotone=False)
    learn = fit.learn & ahead
    boost(fit.rows.features[learn], target[learn], fit.names, seed, "regression", monotone=False).save_model(
        directory / f"{fit.fault}.lead.txt"
    )
    car, off = fit.rows.car[told], (target - raw)[told]
    low, middle, high = (round(at, 5) for at in _weighted_quantiles(off, car))
    days = np.expm1(raw[told, None] + np.array([low, middle, high]))
    true = np.expm1(target[told])
    report = {
        "lead_cars": len(np.unique(car)),
        "lead_coverage": round(float(((days[:, 0] <= true) & (true <= days[:, 2])).mean()), 4),
        "lead_width_days": round(float(np.median(days[:, 2] - days[:, 0])), 2),
        "lead_days": round(float(np.median(true)), 2),
    }
    return {"low": low, "middle": middle, "high": high, "from_severity": _PROMISED_FROM}, report


def _weighted_quantiles(off: FloatArray, car: IntArray) -> list[float]:
    """Give the quantiles of an error when every car counts as one, a further car beyond the worst included."""
    _, row, many = np.unique(car, return_inverse=True, return_counts=True)
    order = np.argsort(off)
    mass = np.cumsum((1 / many[row])[order]) / (len(many) + 1)
    low, middle, high = _INTERVAL
    # Outwards by the one car that is not there: what makes a split-conformal interval hold its share.
    return [
        float(off[order][min(int(np.searchsorted(mass, at)), len(off) - 1)])
        for at in (low - 1 / (len(many) + 1), middle, high)
    ]
