"""The spool under want of room: what goes first, what never goes, and what the server is told."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import ingest.spool
from foundation.clock import FixedClock
from ingest.dialects import forecourt_json
from ingest.envelope import Message, Readings
from ingest.publisher import Publisher
from ingest.spool import Limits, Put, Rank, Spool, Stamp
from ingest.topics import Kind

STAMP = Stamp(0, 0.0, 0.0, "s")
TIGHT = Limits(most_bytes=200_000, keep_free=0)
DISK_FREE = Limits(most_bytes=10_000_000, keep_free=50_000_000, least_bytes=150_000)


@pytest.fixture
def held(spool: Path) -> Iterator[Spool]:
    one = Spool(spool, TIGHT)
    yield one
    one.close()


def put(spool: Spool, rank: Rank, size: int = 20_000, boot: str = "b") -> Put:
    return spool.put(Kind.READINGS_BINARY, boot, lambda seq: bytes(size), STAMP, None, rank)


def seqs(spool: Spool) -> list[int]:
    return [it.seq for it in spool.behind(0, 10_000)]


def test_the_oldest_slow_go_first_then_the_oldest_fast_and_codes_last(held: Spool) -> None:
    order = [Rank.KEEP, Rank.FAST, Rank.SLOW, Rank.SLOW, Rank.FAST]
    for rank in order:
        put(held, rank)
    assert (held.low, held.dropped) == (False, 0)
    while held.dropped == 0:
        put(held, Rank.FAST)
    assert held.low
    assert 3 not in seqs(held)
    for _ in range(10):
        put(held, Rank.FAST)
    assert not {2, 3, 4} & set(seqs(held))
    assert 1 in seqs(held)
    lost = set(range(1, max(seqs(held)) + 1)) - set(seqs(held))
    assert len(lost) == held.dropped
    for _ in range(30):
        put(held, Rank.KEEP)
    assert {it.seq for it in held.behind(0, 100)} <= set(range(17, 60))  # then even of those the oldest


def test_a_message_gives_way_to_what_matters_more_and_leaves_a_gap(held: Spool) -> None:
    while held.dropped == 0:
        put(held, Rank.KEEP)
    before = seqs(held)
    refused = put(held, Rank.SLOW)
    assert (refused.is_new, refused.gone) == (False, ())
    assert seqs(held) == before
    assert put(held, Rank.KEEP).seq == refused.seq + 1


def test_the_drops_are_counted_over_a_restart(spool: Path) -> None:
    one = Spool(spool, TIGHT)
    while (one.dropped or 0) < 5:
        put(one, Rank.FAST)
    one.close()
    again = Spool(spool, TIGHT)
    assert again.dropped == 5
    again.close()


def test_below_the_free_disk_floor_it_lives_on_the_room_it_has(spool: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = SimpleNamespace(free=60_000_000)
    monkeypatch.setattr(ingest.spool.shutil, "disk_usage", lambda _path: free)
    one = Spool(spool, DISK_FREE)
    for _ in range(10):
        put(one, Rank.SLOW)
    assert (one.dropped, one.low) == (0, False)
    free.free = 40_000_000
    size = spool.stat().st_size
    assert [put(one, Rank.FAST).is_new for _ in range(10)] == [True] * 10
    assert one.low
    assert len(one) in range(9, 12)
    assert all(seq > 8 for seq in seqs(one))
    assert one._file.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    assert spool.stat().st_size <= max(size, 300_000)
    free.free = 60_000_000
    put(one, Rank.FAST)
    assert not one.low
    one.close()


def test_a_file_that_may_not_grow_keeps_what_it_holds_and_never_raises(spool: Path) -> None:
    one = Spool(spool, Limits(keep_free=0))
    one._file.execute("PRAGMA max_page_count = 60")
    put(one, Rank.KEEP)
    for _ in range(40):
        assert put(one, Rank.SLOW).is_new
    assert one.low
    assert 1 in seqs(one)
    assert one.dropped == 41 - len(one)
    first = seqs(one)[1]
    assert one.answered("b", first, [])
    one.close()


def test_a_message_that_no_drop_makes_room_for_is_counted_and_nothing_is_lost(spool: Path) -> None:
    one = Spool(spool, Limits(keep_free=0))
    one._file.execute("PRAGMA max_page_count = 30")
    put(one, Rank.KEEP)
    assert not put(one, Rank.FAST, 500_000).is_new
    assert (seqs(one), one.dropped) == ([1], 1)
    assert put(one, Rank.FAST).seq == 3
    one.close()


def test_a_disk_that_takes_no_writes_at_all_is_survived(spool: Path) -> None:
    one = Spool(spool, Limits(keep_free=0))
    put(one, Rank.KEEP)
    one._file.execute("PRAGMA query_only = 1")  # SQLITE_READONLY, as on a card that gave up
    assert not put(one, Rank.KEEP).is_new
    assert one.answered("b", 1, []) == []
    assert (one.low, one.dropped, seqs(one)) == (True, 1, [1])
    one._file.execute("PRAGMA query_only = 0")
    assert put(one, Rank.KEEP).seq == 3
    assert one.answered("b", 1, []) == [1]
    one.close()


def test_a_garbled_file_is_put_aside(spool: Path) -> None:
    spool.write_bytes(b"no database at all" * 1000)
    one = Spool(spool)
    assert put(one, Rank.FAST).seq == 1
    assert Path(f"{spool}.broken").read_bytes().startswith(b"no database")
    one.close()


def test_a_file_of_the_time_before_ranks_goes_on(spool: Path) -> None:
    one = Spool(spool)
    put(one, Rank.KEEP)
    one.close()
    with sqlite3.connect(spool) as old:
        old.execute("DROP INDEX outbox_by_rank")
        old.execute("ALTER TABLE outbox DROP COLUMN rank")
    old.close()
    again = Spool(spool, TIGHT)
    assert put(again, Rank.SLOW).seq == 2
    assert seqs(again) == [1, 2]
    again.close()


def test_texts_are_kept_in_order(held: Spool) -> None:
    for key in ("command:b", "command:a", "other"):
        held.keep(key, f"of {key}")
    held.keep("command:b", "changed")
    held.forget("other")
    assert list(held.all_kept("command:").items()) == [("command:b", "changed"), ("command:a", "of command:a")]
    assert held.kept("other") is None


@pytest.mark.parametrize(
    ("clock_at_put", "same_start", "expected"),
    [
        (datetime(2026, 11, 22, tzinfo=UTC), True, 30_000),  # the machine ran on: its monotonic clock counts
        (datetime(2026, 11, 22, tzinfo=UTC), False, 7_200_000),  # a power cut: the wall clock does
        (datetime(1970, 1, 1, tzinfo=UTC), True, 30_000),  # nobody knew the time, but it was half a minute ago
        (datetime(1970, 1, 1, tzinfo=UTC), False, None),  # nobody knows
    ],
)
def test_the_age_survives_restarts_and_clocks(
    spool: Path, clock_at_put: datetime, same_start: bool, expected: int | None
) -> None:
    ticks = [1000.0]
    content = Readings(None, np.zeros(1, np.int64), ("engine_speed",), np.full((1, 1), 800, np.float32))
    url = "mqtt://dev-1:x@127.0.0.1:1"
    first = Publisher(url, spool=spool, clock=FixedClock(clock_at_put), monotonic=lambda: ticks[0], session="start-1")
    first.send(Kind.READINGS_JSON, "b1", content, age_ms=0)
    first.stop()
    ticks[0] += 30
    now = max(clock_at_put, datetime(2026, 11, 22, tzinfo=UTC)) + timedelta(hours=2)
    session = "start-1" if same_start else "start-2"
    second = Publisher(url, spool=spool, clock=FixedClock(now), monotonic=lambda: ticks[0], session=session)
    (waiting,) = second.spool.behind(0, 10)
    message = forecourt_json.decode(second._stamped(waiting))
    assert isinstance(message, Message)
    assert message.header.age_ms == expected
    second.stop()


@pytest.mark.skipif(shutil.which("mount") is None, reason="a disk that is really full needs mount")
def test_on_a_disk_that_is_really_full_nothing_held_is_lost(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if (
        os.geteuid() != 0
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], check=False).returncode
    ):
        pytest.skip("mount is not allowed here")
    try:
        one = Spool(disk / "spool.sqlite", Limits(keep_free=0))
        put(one, Rank.KEEP)
        for _ in range(200):
            put(one, Rank.SLOW)
        assert one.low
        (disk / "other").write_bytes(bytes(max(shutil.disk_usage(disk).free, 0)))
        held = seqs(one)
        for _ in range(20):
            put(one, Rank.FAST)
        assert 1 in seqs(one)
        total = max(it for it in (*held, put(one, Rank.FAST).seq))
        assert (one.dropped or 0) + len(one) == total
        one.close()
        again = Spool(disk / "spool.sqlite", Limits(keep_free=0))
        assert 1 in seqs(again)
        again.close()
    finally:
        subprocess.run(["umount", disk], check=True)
