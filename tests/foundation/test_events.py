"""The event log: commit-ordered numbers, and followers that skip nothing."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from foundation.database import Database, UnitOfWork
from foundation.events import START, append, end_of_log, read, read_many, stay_silent


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


def write_something(unit: UnitOfWork) -> None:
    """Take a transaction id."""
    unit.connection.execute(text("CREATE TEMPORARY TABLE taken (id integer) ON COMMIT DROP"))


def test_nobody_waits_for_a_long_transaction_that_has_promised_to_tell_nothing(database: Database) -> None:
    with database.unit() as importing:
        stay_silent(importing)
        write_something(importing)
        with database.unit() as unit:
            append(unit, "order_a", "meanwhile", {})
        with database.unit() as unit:
            (told,) = read_many(unit, None)
            assert end_of_log(unit) == told.cursor
        with database.unit() as held:
            append(held, "order_b", "early", {})
            with database.unit() as unit:
                append(unit, "order_c", "late", {})
            with database.unit() as unit:
                assert read_many(unit, None) == [told], "for one that may append they still wait"
    with database.unit() as unit:
        assert [event.kind for event in read_many(unit, None)] == ["meanwhile", "early", "late"]


def test_who_promised_to_tell_nothing_can_tell_nothing(database: Database) -> None:
    with database.unit() as unit:
        stay_silent(unit)
        with pytest.raises(RuntimeError):
            append(unit, "order_a", "opened", {})


def test_a_promise_covers_its_own_transaction_only(database: Database) -> None:
    with database.unit() as unit:
        stay_silent(unit)
        write_something(unit)
    with database.unit() as held:
        append(held, "order_a", "early", {})
        with database.unit() as silent:
            stay_silent(silent)
            write_something(silent)
            with database.unit() as unit:
                append(unit, "order_b", "late", {})
            with database.unit() as unit:
                assert read_many(unit, None) == []


def test_a_follower_among_writers_and_silent_ones_that_wait_for_each_other_skips_nothing(database: Database) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    over = threading.Event()
    with database.unit() as unit:
        for row in range(3):
            append(unit, f"row_{row}", "first", {})
        unit.connection.execute(text("CREATE TABLE contended AS SELECT 0 AS row FROM generate_series(1, 3)"))

    def contend(number: int, silent: bool) -> int:
        chance, told = random.Random(seed + number), 0
        while not over.is_set():
            with database.unit() as unit:
                if silent:
                    stay_silent(unit)
                unit.connection.execute(text("UPDATE contended SET row = row + 1"))  # each waits for the others
                time.sleep(chance.random() / 100)
                if not silent:
                    append(unit, f"row_{number}", "told", {})
                    told += 1
        return told

    seen = []
    with ThreadPoolExecutor(8) as threads:
        running = [threads.submit(contend, number, number >= 4) for number in range(6)]
        for turn in range(60):
            with database.unit() as unit:
                seen += read_many(unit, None, seen[-1].cursor if seen else START)
            time.sleep(turn % 3 / 100)
        over.set()
        told = sum(one.result() for one in running)
    with database.unit() as unit:
        seen += read_many(unit, None, seen[-1].cursor)
        assert seen == read_many(unit, None, limit=10_000)
    assert len(seen) == told + 3 > 10
