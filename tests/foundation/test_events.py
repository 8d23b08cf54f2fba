"""The event log: commit-ordered numbers, and followers that skip nothing."""

import threading

from foundation.database import Database
from foundation.events import START, append, read, read_many


def test_numbers_count_from_one_within_a_subject(database: Database) -> None:
    with database.unit() as unit:
        assert append(unit, "order_a", "opened", {}) == 1
        assert append(unit, "order_b", "opened", {}) == 1
        assert append(unit, "order_a", "closed", {"by": "x"}) == 2
    with database.unit() as unit:
        assert [(e.number, e.kind) for e in read(unit, "order_a")] == [(1, "opened"), (2, "closed")]
        assert [e.number for e in read(unit, "order_a", after=1)] == [2]


def test_overlapping_transactions_on_one_subject_number_in_commit_order(database: Database) -> None:
    first_wrote, first_may_commit = threading.Event(), threading.Event()
    order: list[str] = []

    def slow() -> None:
        with database.unit() as unit:
            append(unit, "order_a", "slow", {})
            first_wrote.set()
            first_may_commit.wait(10)
            order.append("slow")

    def quick() -> None:
        with database.unit() as unit:
            append(unit, "order_a", "quick", {})
            order.append("quick")

    one, two = threading.Thread(target=slow), threading.Thread(target=quick)
    one.start()
    assert first_wrote.wait(10)
    two.start()
    first_may_commit.set()
    one.join(10)
    two.join(10)
    with database.unit() as unit:
        assert [e.kind for e in read(unit, "order_a")] == order == ["slow", "quick"]


def test_a_follower_of_many_waits_for_an_older_open_transaction(database: Database) -> None:
    with database.unit() as held:
        append(held, "order_a", "early", {})
        with database.unit() as unit:
            append(unit, "order_b", "late", {})
        with database.unit() as unit:
            assert read_many(unit, ["order_a", "order_b"]) == []
    with database.unit() as unit:
        seen = read_many(unit, ["order_a", "order_b"], START)
        assert [e.kind for e in seen] == ["early", "late"]
        assert read_many(unit, ["order_a", "order_b"], seen[0].cursor) == seen[1:]
