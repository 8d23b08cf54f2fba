"""A process that dies with a batch in hand: the next one spools it, once, under the boot that read it."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from foundation.clock import FixedClock
from ingest.dialects import forecourt_binary
from ingest.edge.batches import Batches
from ingest.edge.spooling import Outbox
from ingest.edge.times import Instant, Times
from ingest.publisher import Publisher
from ingest.spool import Rank

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
NOWHERE = "mqtt://dev-1:secret@127.0.0.1:1"


class Start:
    """One start of the car end on a folder: outbox and batches, without car and broker."""

    def __init__(self, folder: Path, at: float = 100.0, session: str = "machine") -> None:
        self.at = at
        times = Times(FixedClock(NOON), lambda: self.at, lambda _: None, session)
        self.publisher = Publisher(
            NOWHERE, spool=folder / "spool.sqlite", clock=times.clock, monotonic=times.monotonic, session=session
        )
        self.outbox = Outbox(self.publisher, times, folder)
        self.batches = Batches(self.outbox.readings, self.outbox.note)

    def read(self, at: float, rank: Rank = Rank.FAST, **values: float) -> None:
        self.batches.take(rank, Instant(at, NOON), list(values.items()))

    def held(self) -> list[tuple[str, int, list[float]]]:
        found = []
        for held in self.publisher.spool.behind(0, 100):
            content = forecourt_binary.decode(held.payload).content
            found.append((held.boot, held.seq, np.ravel(content.values)[~np.isnan(np.ravel(content.values))].tolist()))
        return found

    def die(self) -> None:
        """End as SIGKILL does: nothing is closed in order, nothing is spooled."""
        self.publisher.spool.close()
        self.outbox.close()


def test_samples_of_a_killed_process_are_spooled_by_the_next_under_the_old_boot(tmp_path: Path) -> None:
    first = Start(tmp_path)
    first.read(100.0, engine_speed=800.0)
    first.read(101.0, engine_speed=810.0)
    first.read(101.5, Rank.SLOW, coolant_temperature=80.0)
    boot = first.outbox.boot
    first.die()
    second = Start(tmp_path, at=130.0)
    assert second.held() == [(boot, 1, [800.0, 810.0]), (boot, 2, [80.0])]
    assert second.outbox.boot != boot
    [fast, _] = second.publisher.spool.behind(0, 10)
    assert second.publisher._age_now(fast.stamp) == 30_000
    second.die()
    third = Start(tmp_path)
    assert len(third.held()) == 2
    third.die()


def test_a_batch_that_was_spooled_and_not_yet_struck_off_is_not_spooled_twice(tmp_path: Path) -> None:
    first = Start(tmp_path)
    first.read(100.0, engine_speed=800.0)
    journal = (tmp_path / "open-fast.journal").read_bytes()
    first.batches.end_all()
    first.die()
    (tmp_path / "open-fast.journal").write_bytes(journal)  # killed between the spool's commit and the emptying
    second = Start(tmp_path)
    assert [values for _, _, values in second.held()] == [[800.0]]
    second.die()


@pytest.mark.parametrize("cut", [1, 5, 9])
def test_a_torn_end_is_where_the_batch_ends(tmp_path: Path, cut: int) -> None:
    first = Start(tmp_path)
    for number in range(4):
        first.read(100.0 + number, engine_speed=float(number + 1))
    first.die()
    path = tmp_path / "open-fast.journal"
    path.write_bytes(path.read_bytes()[:-cut])
    second = Start(tmp_path)
    assert [values for _, _, values in second.held()] == [[1.0, 2.0, 3.0]]
    second.die()


@pytest.mark.parametrize("garbage", [b"", b"\xc1", b"\x00" * 4096, b"\x93\x01\x02", bytes(range(256))])
def test_a_journal_of_garbage_is_no_batch_and_no_end(tmp_path: Path, garbage: bytes) -> None:
    (tmp_path / "open-fast.journal").write_bytes(garbage)
    start = Start(tmp_path)
    assert start.held() == []
    start.read(100.0, engine_speed=800.0)
    start.die()
    again = Start(tmp_path)
    assert [values for _, _, values in again.held()] == [[800.0]]
    again.die()


def test_after_a_power_cut_the_age_comes_from_the_wall_clock_or_is_unknown(tmp_path: Path) -> None:
    first = Start(tmp_path)
    first.read(100.0, engine_speed=800.0)
    first.batches.take(Rank.SLOW, Instant(100.0, None), [("fuel_level", 50.0)])
    first.die()
    second = Start(tmp_path, at=3.0, session="another start of the machine")
    fast, slow = second.publisher.spool.behind(0, 10)
    assert second.publisher._age_now(fast.stamp) == 0
    assert second.publisher._age_now(slow.stamp) is None
    second.die()
