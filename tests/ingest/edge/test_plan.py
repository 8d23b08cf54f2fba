"""The poll plan and its schedule, as tables."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from foundation.refusals import Invalid
from ingest.edge.plan import DEFAULT, FAST_PIDS, load_plan, plan_in_force, read_plan, save_plan
from ingest.edge.schedule import Entry, Schedule
from ingest.signals import PIDS
from ingest.spool import Rank


def test_the_default_reads_every_pid_with_signals_in_one_group() -> None:
    ranks = {pid: DEFAULT.rank_of(pid) for pid in PIDS}
    assert {pid for pid, rank in ranks.items() if rank is Rank.FAST} == set(FAST_PIDS)
    assert set(ranks.values()) == {Rank.FAST, Rank.SLOW}


@pytest.mark.parametrize(
    ("document", "ranks"),
    [
        ({"fast": {"signals": ["engine_speed"], "period_s": 0.5}}, {0x0C: Rank.FAST, 0x0D: None}),
        ({"slow": {"signals": ["engine_speed"], "period_s": 5}}, {0x0C: Rank.SLOW, 0x0D: None}),
        (
            {"fast": {"signals": ["engine_speed"], "period_s": 1}, "slow": {"period_s": 5}},
            {0x0C: Rank.FAST, 0x0D: Rank.SLOW},
        ),
        (
            {"fast": {"period_s": 1}, "slow": {"signals": ["engine_speed"], "period_s": 5}},
            {0x0C: Rank.SLOW, 0x0D: Rank.FAST},
        ),
    ],
)
def test_a_plan_goes_through_its_file(document: Any, ranks: dict[int, Rank | None], tmp_path: Path) -> None:
    plan = read_plan(document)
    assert {pid: plan.rank_of(pid) for pid in ranks} == ranks
    save_plan(tmp_path / "plan.json", plan, None)
    assert load_plan(tmp_path / "plan.json") == plan


def test_an_ordered_plan_wins_over_the_file_it_came_after_and_loses_to_another_one(tmp_path: Path) -> None:
    kept, first, second = (tmp_path / name for name in ("plan.json", "first.json", "second.json"))
    ordered = read_plan({"fast": {"signals": ["engine_speed"], "period_s": 2}})
    first.write_text('{"fast": {"signals": ["vehicle_speed"], "period_s": 1}}')
    second.write_text('{"fast": {"signals": ["engine_load"], "period_s": 1}}')
    assert plan_in_force(kept, first) == load_plan(first)
    save_plan(kept, ordered, first)
    assert plan_in_force(kept, first) == ordered
    assert plan_in_force(kept, second) == load_plan(second)
    save_plan(kept, ordered, None)
    assert plan_in_force(kept, None) == ordered
    kept.write_text("{")
    assert plan_in_force(kept, None) == DEFAULT


def test_a_file_that_is_no_plan_is_named(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text("{")
    with pytest.raises(Invalid, match=r"plan\.json"):
        load_plan(tmp_path / "plan.json")


def run(schedule: Schedule, seconds: float, cost: float, start: float = 0.0) -> list[tuple[float, Any]]:
    now, done = start, []
    while now < start + seconds:
        entry = schedule.next(now)
        if entry is None:
            now += schedule.wait_s(now)
            continue
        done.append((now, entry.what))
        now += cost
        schedule.done(entry, now)
    return done


def entries() -> list[Entry]:
    return [
        *(Entry(pid, 1.0, Rank.FAST) for pid in range(8)),
        *(Entry(pid, 10.0, Rank.SLOW) for pid in range(100, 120)),
    ]


def test_each_has_its_period_when_there_is_time_for_all() -> None:
    counts = Counter(what for _, what in run(Schedule.beginning(entries(), 0.0), 100, 0.05))
    assert all(99 <= counts[pid] <= 101 for pid in range(8))
    assert all(counts[pid] == 10 for pid in range(100, 120))


def test_under_overload_all_have_their_turn() -> None:
    counts = Counter(what for _, what in run(Schedule.beginning(entries(), 0.0), 100, 0.2))
    assert max(counts[pid] for pid in range(8)) - min(counts[pid] for pid in range(8)) <= 3
    assert min(counts[pid] for pid in range(8)) > 30
    assert min(counts[pid] for pid in range(100, 120)) >= 8


def test_who_slept_asks_each_once_and_not_what_was_missed() -> None:
    schedule = Schedule.beginning(entries(), 0.0)
    run(schedule, 10, 0.01)
    counts = Counter(what for _, what in run(schedule, 0.9, 0.001, start=1000.0))
    assert set(counts.values()) == {1}
    assert len(counts) == 28


def test_what_nobody_answers_is_asked_less_and_less_often() -> None:
    entry = Entry(1, 1.0)
    pauses = []
    for misses in (0, 3, 4, 6, 9, 40):
        entry.misses = misses
        pauses.append(entry.pause_s)
    assert pauses == [1.0, 1.0, 2.0, 8.0, 60.0, 60.0]
    assert Entry(1, 120.0, misses=9).pause_s == 120.0
