"""Alarms: when trips that each say little become a finding one shows an owner. Pure: no database, no clock.

A trip that was long enough votes when its probability reaches its fault's threshold (`VOTE_AT` of a fault that has
none of its own). Three votes among the last five such trips raise a finding, or as many as training found best for the
fault; the alarm stands until at most one of five votes. A stop condition (S0) raises at once.

Trouble that goes on is told once. It goes on while its signs, votes for a standing alarm or a stop condition, come
within 30 days of event time of one another, and until five trips that can vote go by without; what comes in that time
is added to the finding that is there. A repair ends it: what shows after that is told anew, and must show by trips of
its own.

Faults of one car look alike: while several alarm, the most probable one is told and the others are watched, unless
they are sure enough to stand beside it (`diagnostics/isolation.py`).
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import exp, log
from types import MappingProxyType

import numpy as np

from diagnostics.faults import FAULTS
from diagnostics.findings import Evidence, Finding, Urgency
from diagnostics.isolation import OF_TRIPS, VOTES, leading

PREVALENCE = 0.02  # faulty trips among trips, 1:50 (faults.md C3): what trip probabilities are calibrated at
VOTE_AT = 0.15  # at that prevalence: the trip is nine times likelier with the fault than without
CLEARED_AT = 1  # votes of the last five trips
QUIET = timedelta(days=30)  # without any sign: then trouble that comes back is told anew
SHARED = 0.6  # of a trip's evidence that counts beside other trips' of the same car, which are not independent
CEILING = 0.995
STOP_PROBABILITY = 0.95  # the condition is measured; what remains is a fault beside the part that is named
STOP_SEVERITY = 1.0

Repairs = Mapping[str, Sequence[datetime]]  # fault -> when it was repaired on this vehicle
NO_REPAIRS: Repairs = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class TripVerdict:
    """What one trip says of one fault. `probability` is None when the trip was too short to vote.

    `stop_at` is the first instant of the S0 condition within the trip, `stop_evidence` its words. From the probability
    `vote_at` on the trip votes, and `needed` votes of five trips alarm; `lead_days` are low, middle and high of the
    days to the trouble code, if promised. `leads` is false while another fault of the car is the more probable one.
    """

    start: datetime
    end: datetime
    probability: float | None
    severity: float
    evidence: tuple[Evidence, ...] = ()
    stop_at: datetime | None = None
    stop_evidence: Evidence | None = None
    vote_at: float = VOTE_AT
    lead_days: tuple[float, float, float] | None = None
    leads: bool = True
    needed: int = VOTES

    @property
    def voted(self) -> bool:
        return self.probability is not None and self.probability >= self.vote_at


@dataclass(frozen=True, slots=True)
class Watch:
    """A fault below alarm: how many of the last trips voted, and the largest probability among them."""

    fault: str
    probability: float
    severity: float
    votes: int
    trips: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """Findings in event-time order, and what is to be watched, if anything."""

    findings: tuple[Finding, ...]
    watch: Watch | None


class _History:
    """The walk through one vehicle's trips for one fault."""

    def __init__(self, vehicle: str, fault: str, predictor: str) -> None:
        self.vehicle, self.fault, self.predictor = vehicle, fault, predictor
        self.findings: list[Finding] = []
        self.recent: deque[TripVerdict] = deque(maxlen=OF_TRIPS)
        self.standing = False  # the alarm, with hysteresis
        self.told = False  # the last finding's trouble has not gone since
        self.since = 0  # voting trips since the last finding, or stop
        self.mended = False  # the last finding's trouble was repaired

    def trip(self, verdict: TripVerdict) -> None:
        if verdict.stop_at is not None:
            self._stop(verdict, verdict.stop_at)
        if verdict.probability is None:
            return
        self.recent.append(verdict)
        votes = sum(trip.voted for trip in self.recent)
        self.since += 1
        if votes <= CLEARED_AT:
            self.standing = False
            self.told = self.told and self.since < OF_TRIPS
        elif votes >= verdict.needed:
            self.standing = True
        if not self.standing:
            return
        if self.told or self._quiet(verdict.end):
            self._gain(verdict)
        elif verdict.leads:
            self._raise()

    def repaired(self) -> None:
        """Begin anew: what the trips before the repair said is not held against the car any more."""
        self.recent.clear()
        self.standing, self.told, self.mended = False, False, True

    def _quiet(self, instant: datetime) -> bool:
        """Tell whether the last finding's trouble was there too lately for another one; then an alarm adds to it."""
        return bool(self.findings) and not self.mended and instant - self.findings[-1].last_sign < QUIET

    def _raise(self) -> None:
        voting = [trip for trip in self.recent if trip.voted]
        strongest = max(voting, key=lambda trip: (trip.severity, trip.start))
        self.findings.append(
            Finding(
                self.vehicle, self.fault, together(self.recent), strongest.severity,
                FAULTS[self.fault].urgency, voting[0].start, self.recent[-1].end, strongest.evidence, self.predictor,
                lead_days=self.recent[-1].lead_days,
            )
        )  # fmt: skip
        self.told, self.since, self.mended = True, 0, False

    def _gain(self, verdict: TripVerdict) -> None:
        if not verdict.voted:
            return
        last = heard(self.findings[-1], verdict.end)
        worse = verdict.severity > last.severity and last.urgency is not Urgency.S0
        self.findings[-1] = replace(
            last,
            probability=max(last.probability, together(self.recent)),
            severity=max(last.severity, verdict.severity),
            evidence=verdict.evidence if worse else last.evidence,
        )

    def _stop(self, verdict: TripVerdict, instant: datetime) -> None:
        goes_on, self.since = self.told or self._quiet(instant), 0
        if goes_on:
            self.findings[-1] = heard(escalate(self.findings[-1], verdict), instant)
        else:
            self.told, self.mended = True, False
            first = next((trip.start for trip in self.recent if trip.voted), verdict.start)
            self.findings.append(stop_finding(self.vehicle, self.fault, self.predictor, first, instant, verdict))


def together(trips: Iterable[TripVerdict]) -> float:
    """Give the probability of the fault by several trips of one car: prior odds times their shared likelihood ratios.

    Three trips at `VOTE_AT` make 0.5; three at 0.35 make 0.88.
    """
    prior = _log_odds(PREVALENCE)
    told = [_log_odds(min(max(trip.probability, 1e-4), CEILING)) for trip in trips if trip.probability is not None]
    return min(CEILING, 1 / (1 + exp(-prior - SHARED * sum(odds - prior for odds in told))))


def _log_odds(probability: float) -> float:
    return log(probability / (1 - probability))


def stop_finding(
    vehicle: str, fault: str, predictor: str, first_seen: datetime, instant: datetime, verdict: TripVerdict
) -> Finding:
    """Give the finding that a stop condition raises by itself."""
    evidence = (verdict.stop_evidence,) if verdict.stop_evidence else ()
    return Finding(
        vehicle, fault, max(STOP_PROBABILITY, verdict.probability or 0.0), max(STOP_SEVERITY, verdict.severity),
        Urgency.S0, first_seen, instant, (*evidence, *verdict.evidence)[:3], predictor,
    )  # fmt: skip


def heard(finding: Finding, instant: datetime) -> Finding:
    """Give the finding whose trouble showed again at that instant."""
    return replace(finding, lasting=max(finding.last_sign, instant))


def escalate(finding: Finding, verdict: TripVerdict) -> Finding:
    """Give the finding with the stop condition added: S0, and its evidence in front. It keeps id and times."""
    if finding.urgency is Urgency.S0:
        return finding
    evidence = (verdict.stop_evidence,) if verdict.stop_evidence else ()
    return replace(
        finding,
        probability=max(finding.probability, STOP_PROBABILITY, verdict.probability or 0.0),
        severity=max(finding.severity, STOP_SEVERITY, verdict.severity),
        urgency=Urgency.S0,
        evidence=(*evidence, *finding.evidence)[:3],
    )


def judge(
    vehicle: str, fault: str, predictor: str, verdicts: Iterable[TripVerdict], repairs: Sequence[datetime] = ()
) -> Judgement:
    """Give the findings of one vehicle and fault, which was repaired at the instants of `repairs`.

    The order of `verdicts` does not matter: event time does.
    """
    history, due = _History(vehicle, fault, predictor), deque(sorted(repairs))
    for verdict in sorted(verdicts, key=lambda trip: (trip.start, trip.end)):
        while due and due[0] <= verdict.start:
            due.popleft()
            history.repaired()
        history.trip(verdict)
    voting = [trip for trip in history.recent if trip.voted]
    watch = None
    if voting and not history.told and not (history.standing and voting[-1].leads):
        watch = Watch(
            fault,
            max(trip.probability or 0.0 for trip in voting),
            max(trip.severity for trip in voting),
            len(voting),
            len(history.recent),
        )
    return Judgement(tuple(history.findings), watch)


def judge_vehicle(
    vehicle: str, predictor: str, verdicts: Mapping[str, Sequence[TripVerdict]], repairs: Repairs = NO_REPAIRS
) -> dict[str, Judgement]:
    """Give the findings of one vehicle by fault: each fault's own trips, told as far as no other is likelier."""
    faults = sorted(verdicts)
    times = sorted({(trip.start, trip.end) for fault in faults for trip in verdicts[fault]})
    place = {time: row for row, time in enumerate(times)}
    probability = np.full((len(times), len(faults)), np.nan, dtype=np.float32)
    vote_at = np.full(probability.shape, VOTE_AT, dtype=np.float32)
    for column, fault in enumerate(faults):
        for trip in verdicts[fault]:
            if trip.probability is not None:
                vote_at[place[trip.start, trip.end], column] = trip.vote_at
                probability[place[trip.start, trip.end], column] = trip.probability
    needed = [max((trip.needed for trip in verdicts[fault]), default=VOTES) for fault in faults]
    leads = leading(probability, np.array([0, len(times)]), vote_at, np.array(needed, dtype=np.int64))
    return {
        fault: judge(vehicle, fault, predictor, [
            replace(trip, leads=bool(leads[place[trip.start, trip.end], column])) for trip in verdicts[fault]
        ], repairs.get(fault, ()))
        for column, fault in enumerate(faults)
    }  # fmt: skip
