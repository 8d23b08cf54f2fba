"""Alarms: k of m trips, hysteresis, 30 days, stop conditions; a function of the set of trips alone."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.findings import Evidence, Finding, Urgency
from diagnostics.monitor import QUIET, TripVerdict, judge, judge_vehicle, together
from tests.diagnostics.cars import NEW_YEAR

DAY = timedelta(days=1)
STOP = Evidence("stop_voltage", 11.5, 12.0, "V", "stop", "停车")


def verdict(day: float, mark: str) -> TripVerdict:
    """Give a trip: `x` votes, `.` does not, `-` is too short to vote, `S` votes and must stop, `s` must stop alone."""
    start = NEW_YEAR + day * DAY
    probability = {"x": 0.9, ".": 0.01, "-": None, "S": 0.9, "s": 0.01}[mark]
    stop_at = start + timedelta(minutes=5) if mark in "Ss" else None
    return TripVerdict(start, start + timedelta(hours=1), probability, 0.7, (), stop_at, STOP if stop_at else None)


def findings(marks: str, every: float = 0.5, repaired: Sequence[float] = ()) -> Sequence[Finding]:
    """Judge a car driven every half day; `repaired` are days."""
    trips = [verdict(place * every, mark) for place, mark in enumerate(marks)]
    return judge("car", "alternator", "p", trips, [NEW_YEAR + day * DAY for day in repaired]).findings


@pytest.mark.parametrize("marks", ["", "x", "xx", "xx...x", "x..x..x", "x.x...", "xx---"])
def test_fewer_than_three_votes_of_five_raise_nothing(marks: str) -> None:
    assert findings(marks) == ()


@pytest.mark.parametrize(("marks", "confirmed_by"), [("xxx", 2), ("..x.x.x", 6), ("xx..x", 4), ("x-x--x", 5)])
def test_the_third_vote_of_five_trips_confirms(marks: str, confirmed_by: int) -> None:
    (finding,) = findings(marks)
    assert finding.confirmed == NEW_YEAR + confirmed_by * 0.5 * DAY + timedelta(hours=1)
    assert finding.first_seen == NEW_YEAR + marks.index("x") * 0.5 * DAY
    assert finding.urgency is Urgency.S1


def test_trips_too_short_to_vote_neither_raise_nor_clear() -> None:
    assert len(findings("xxx" + "-" * 90 + "xxx")) == 1


def test_an_alarm_that_comes_and_goes_within_30_days_is_one_finding() -> None:
    assert len(findings("xxx.....xxx.....xxx")) == 1


def test_an_alarm_that_stands_for_months_is_one_finding() -> None:
    assert len(findings("xxx" + "x" * 200)) == 1


def test_two_of_five_keep_an_alarm_standing() -> None:
    assert len(findings("xxx" + "..x.x" * 40)) == 1


def test_a_fault_that_comes_back_after_30_days_is_a_new_finding() -> None:
    first, second = findings("xxx" + "." * 70 + "xxx")
    assert second.confirmed - first.confirmed >= QUIET


def test_an_alarm_back_within_30_days_goes_on_however_long_it_stands() -> None:
    (finding,) = findings("xxx......" + "x" * 80)
    assert finding.lasting == NEW_YEAR + 88 * DAY / 2 + timedelta(hours=1)


def test_a_stop_condition_that_comes_again_and_again_is_one_finding() -> None:
    """Twice within 30 days, five months long; and anew once 30 days were without it."""
    (finding,) = findings(("s" + "." * 29) * 10)
    assert finding.lasting == NEW_YEAR + 135 * DAY + timedelta(minutes=5)
    assert len(findings("s" + "." * 61 + "s")) == 2


def test_what_shows_after_a_repair_is_told_anew_and_by_trips_of_its_own() -> None:
    assert len(findings("xxx" + "x" * 20)) == 1
    first, second = findings("xxx" + "x" * 20, repaired=[5])
    assert first.confirmed < NEW_YEAR + 5 * DAY == second.first_seen
    assert second.confirmed == NEW_YEAR + 6 * DAY + timedelta(hours=1)
    assert len(findings("xxx" + "x" * 7 + "xx..." + "." * 9, repaired=[5])) == 1
    assert len(findings("s.s.s.s", repaired=[1.5])) == 2


def test_a_stop_condition_raises_by_itself() -> None:
    (finding,) = findings("..S")
    assert finding.urgency is Urgency.S0
    assert finding.confirmed == NEW_YEAR + DAY + timedelta(minutes=5)
    assert finding.evidence[0] == STOP


def test_a_stop_condition_escalates_the_finding_that_stands() -> None:
    (finding,) = findings("xxxxxS")
    assert finding.urgency is Urgency.S0
    assert finding.confirmed == NEW_YEAR + DAY + timedelta(hours=1)


def test_votes_after_a_stop_condition_belong_to_its_finding_for_good() -> None:
    assert len(findings(".....S" + "x" * 100)) == 1


def test_trips_together_say_more_than_each() -> None:
    said = [replace(verdict(day, "x"), probability=0.35) for day in range(5)]
    assert together(said[:3]) == pytest.approx(0.88, abs=0.01)
    assert together(said) > together(said[:3]) > 0.35 > together([verdict(0, ".")] * 2)


def test_what_is_below_alarm_is_watched() -> None:
    watch = judge("car", "alternator", "p", [verdict(0, "x"), verdict(1, ".")]).watch
    assert watch is not None
    assert (watch.votes, watch.trips, watch.probability) == (1, 2, 0.9)
    assert judge("car", "alternator", "p", [verdict(0, ".")]).watch is None
    assert judge("car", "alternator", "p", [verdict(day, "x") for day in range(3)]).watch is None


trips = st.lists(
    st.tuples(st.integers(0, 120), st.sampled_from("x.-Ss")), max_size=40, unique_by=lambda pair: pair[0]
).map(lambda pairs: [verdict(day, mark) for day, mark in pairs])


@given(trips, st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(verdicts: list[TripVerdict], random: object) -> None:
    shuffled = list(verdicts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert judge("car", "alternator", "p", shuffled) == judge("car", "alternator", "p", verdicts)


@given(trips)
def test_no_two_findings_within_30_days(verdicts: list[TripVerdict]) -> None:
    told: list[datetime] = [finding.confirmed for finding in judge("car", "alternator", "p", verdicts).findings]
    assert all(later - earlier >= QUIET for earlier, later in pairwise(told))


@given(trips)
def test_in_order_a_finding_once_raised_is_never_taken_back(verdicts: list[TripVerdict]) -> None:
    ordered = sorted(verdicts, key=lambda trip: trip.start)
    before: tuple[Finding, ...] = ()
    for count in range(len(ordered) + 1):
        now = judge("car", "alternator", "p", ordered[:count]).findings
        assert [finding.confirmed for finding in now[: len(before)]] == [finding.confirmed for finding in before]
        assert all(new.probability >= old.probability for new, old in zip(now, before, strict=False))
        assert all(new.urgency <= old.urgency for new, old in zip(now, before, strict=False))
        before = now


def car(**marks: str) -> dict[str, list[datetime]]:
    """Judge a car: per fault one mark a trip; `x` is 0.6, `X` 0.97, `.` 0.01. Gives the marks of raising trips."""
    said = {"x": 0.6, "X": 0.97, ".": 0.01}
    verdicts = {
        fault: [replace(verdict(0.5 * place, "x"), probability=said[mark]) for place, mark in enumerate(row)]
        for fault, row in marks.items()
    }
    return {
        fault: [finding.confirmed for finding in judgement.findings]
        for fault, judgement in judge_vehicle("car", "p", verdicts).items()
    }


def test_of_two_faults_that_alarm_the_more_probable_one_is_told() -> None:
    told = car(vacuum_leak="..xxxxx", fuel_pump="..XXXXX")
    assert told["vacuum_leak"] == []
    assert len(told["fuel_pump"]) == 1


def test_what_waits_is_watched_and_told_when_the_other_has_gone() -> None:
    waits, leads = "xxxxxxxxxxxxxxx", "XXXXXX........."
    told = car(vacuum_leak=waits, fuel_pump=leads)
    assert len(told["fuel_pump"]) == 1
    assert told["vacuum_leak"][0] > told["fuel_pump"][0] + timedelta(days=2)
    short = {
        fault: [replace(verdict(0.5 * place, "x"), probability=said) for place in range(5)]
        for fault, said in (("vacuum_leak", 0.6), ("fuel_pump", 0.97))
    }
    watch = judge_vehicle("car", "p", short)["vacuum_leak"].watch
    assert watch is not None
    assert watch.votes == 5


def test_two_faults_that_are_both_sure_are_both_told() -> None:
    told = car(thermostat_stuck_open="XXXXX", battery_12v="XXXXX")
    assert [len(times) for times in told.values()] == [1, 1]


def test_a_fault_alone_is_judged_as_ever() -> None:
    alone = [verdict(0.5 * place, mark) for place, mark in enumerate("xx..x.xx-x")]
    assert judge_vehicle("car", "p", {"alternator": alone})["alternator"] == judge("car", "alternator", "p", alone)


def test_a_stop_condition_waits_for_no_other_fault() -> None:
    first = [replace(verdict(0.5 * place, "x"), probability=0.97) for place in range(6)]
    second = [verdict(0.5 * place, mark) for place, mark in enumerate("xxxxxS")]
    told = judge_vehicle("car", "p", {"fuel_pump": first, "alternator": second})
    assert [finding.urgency for finding in told["alternator"].findings] == [Urgency.S0]


@given(trips, trips, st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter_to_a_car(
    one: list[TripVerdict], other: list[TripVerdict], random: object
) -> None:
    given_so = judge_vehicle("car", "p", {"fuel_pump": one, "alternator": other})
    shuffled = list(one)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert judge_vehicle("car", "p", {"alternator": other, "fuel_pump": shuffled}) == given_so
