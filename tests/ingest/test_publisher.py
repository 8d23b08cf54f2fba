"""The sender keeps what it was given until it is answered, whoever dies meanwhile; through the real bundled broker."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from forecourt.supervision.broker import Broker
from foundation.clock import FixedClock
from foundation.refusals import Invalid
from ingest.envelope import Readings, Status
from ingest.publisher import Publisher
from ingest.spool import Limits, Rank
from ingest.topics import Kind
from tests.ingest.answering import Answering

START = datetime(2026, 11, 22, 10, tzinfo=UTC)


def readings(rows: int = 3, t0: datetime | None = START) -> Readings:
    return Readings(t0, np.arange(rows) * 1000, ("engine_speed",), np.full((1, rows), 800, np.float32))


@pytest.fixture
def answering(broker: Broker) -> Answering:
    return Answering(broker.ingest_url, broker.ingest_client_id)


def test_messages_are_answered_and_the_device_says_that_it_comes_and_goes(
    answering: Answering, device_url: str, spool: Path
) -> None:
    with answering, Publisher(device_url, spool=spool, agent="test 1") as publisher:
        assert [publisher.send(Kind.READINGS_BINARY, "b1", readings()) for _ in range(300)] == list(range(1, 301))
        assert publisher.send(Kind.READINGS_JSON, "b2", readings()) == 1
        assert publisher.wait_committed(30)
        assert (publisher.committed, publisher.sent_messages, publisher.sent_readings) == (301, 301, 903)
        publisher.stop()
        answering.wait_for(lambda: Status(False, "test 1", 0, 0, "system") in answering.statuses())
    assert answering.statuses()[0].online
    assert sorted(set(answering.seqs())) == list(range(1, 301))


def test_nothing_is_lost_when_the_broker_is_killed(
    answering: Answering, broker: Broker, device_url: str, spool: Path
) -> None:
    with answering, Publisher(device_url, spool=spool) as publisher:
        for number in range(600):
            publisher.send(Kind.READINGS_BINARY, "b1", readings())
            if number == 300:
                answering.wait_for(lambda: len(answering.heard) > 20)
                kill(broker)
                broker.ensure()
        assert publisher.wait_committed(60)
    assert set(answering.seqs()) == set(range(1, 601))


CHILD = """
import sys
from pathlib import Path
import numpy as np
from ingest.envelope import Readings
from ingest.publisher import Publisher
from ingest.topics import Kind

publisher = Publisher(sys.argv[1], spool=Path(sys.argv[2]))
publisher.start()
while True:
    readings = Readings(None, np.arange(60) * 1000, ("engine_speed",), np.full((1, 60), 800, np.float32))
    print(publisher.send(Kind.READINGS_BINARY, "b1", readings), flush=True)
"""


def test_a_sender_killed_in_the_middle_goes_on_where_it_stopped(
    answering: Answering, device_url: str, spool: Path
) -> None:
    with answering:
        with subprocess.Popen(
            [sys.executable, "-c", CHILD, device_url, str(spool)], stdout=subprocess.PIPE, text=True
        ) as child:
            answering.wait_for(lambda: len(answering.heard) > 50)
            child.send_signal(signal.SIGKILL)
            handed_over = child.stdout.read().split() if child.stdout else []
        with Publisher(device_url, spool=spool) as publisher:
            last = publisher.send(Kind.READINGS_BINARY, "b1", readings())
            assert publisher.wait_committed(60)
        assert last >= len(handed_over)
        assert set(answering.seqs()) == set(range(1, last + 1))


def test_a_message_that_alone_stays_unanswered_ends_in_the_dead_folder_and_the_floor_moves_on(
    broker: Broker, device_url: str, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.publisher.LONGEST_RESEND_S", 0.1)
    with (
        Answering(broker.ingest_url, broker.ingest_client_id, deaf_to={1}) as ingest,
        Publisher(device_url, spool=spool, resend_s=0.05) as publisher,
    ):
        while publisher.dead == 0 and publisher.sent_messages < 1000:
            publisher.send(Kind.READINGS_JSON, "b1", readings())
            publisher.wait_committed(0.02)
        assert not publisher.wait_committed(30)
        assert (publisher.dead, publisher.waiting) == (1, 0)
        assert [path.name for path in Path(f"{spool}.dead").iterdir()] == ["b1-1.readings.json"]
        ingest.wait_for(lambda: any(status.dead == 1 for status in ingest.statuses()))
        last = publisher.send(Kind.READINGS_JSON, "b1", readings())
        ingest.wait_for(lambda: (last, last) in {(it.header.seq, it.header.floor) for it in ingest.messages()})
    assert ingest.seqs().count(1) >= 10


def test_the_age_is_that_of_the_moment_of_sending(broker: Broker, device_url: str, spool: Path) -> None:
    clock = FixedClock(START + timedelta(seconds=60))
    first = Publisher(device_url, spool=spool, clock=clock)
    first.send(Kind.READINGS_JSON, "b1", readings())
    first.send(Kind.READINGS_JSON, "b1", readings(t0=None), age_ms=5)
    first.stop()
    clock.advance(timedelta(hours=1))
    with Answering(broker.ingest_url, broker.ingest_client_id) as answering:
        with Publisher(device_url, spool=spool, clock=clock) as second:
            assert second.wait_committed(20)
        ages = {it.header.seq: it.header.age_ms for it in answering.messages()}
    assert ages == {1: 3_660_000, 2: 3_600_005}


def test_the_status_tells_of_the_clock_the_adapter_and_a_spool_without_room(
    broker: Broker, device_url: str, spool: Path
) -> None:
    with (
        Answering(broker.ingest_url, broker.ingest_client_id, silent=True) as deaf,
        Publisher(device_url, spool=spool, limits=Limits(most_bytes=200_000, keep_free=0)) as publisher,
    ):
        deaf.wait_for(lambda: len(deaf.statuses()) == 1)
        assert (deaf.statuses()[0].dropped, deaf.statuses()[0].disk) == (0, "ok")
        publisher.tell(clock_source="unset", adapter="asleep")
        publisher.tell(clock_source="unset", adapter="asleep")  # no news
        deaf.wait_for(lambda: len(deaf.statuses()) == 2)
        assert (deaf.statuses()[1].clock, deaf.statuses()[1].adapter) == ("unset", "asleep")
        while publisher.spool.dropped == 0:
            publisher.send(Kind.READINGS_BINARY, "b1", readings(5000), rank=Rank.SLOW)
        deaf.wait_for(lambda: deaf.statuses()[-1].disk == "low")
        assert deaf.statuses()[-1].dropped == publisher.spool.dropped
        floors = {it.header.seq: it.header.floor for it in deaf.messages()}
        deaf.silent = False
        publisher.send(Kind.READINGS_BINARY, "b1", readings())
        deaf.wait_for(lambda: any(it.header.floor > 1 for it in deaf.messages()))  # the gap is counted, not awaited
        assert min(floors.values()) == 1


def test_the_status_follows_a_spool_that_empties(
    broker: Broker, device_url: str, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.publisher.STATUS_S", 0.2)
    with (
        Answering(broker.ingest_url, broker.ingest_client_id, silent=True) as ingest,
        Publisher(device_url, spool=spool, resend_s=0.5) as publisher,
    ):
        publisher.send(Kind.READINGS_BINARY, "b1", readings())
        ingest.wait_for(lambda: ingest.statuses() and ingest.statuses()[-1].spool == 1)
        ingest.silent = False
        assert publisher.wait_committed(20)
        ingest.wait_for(lambda: (ingest.statuses()[-1].online, ingest.statuses()[-1].spool) == (True, 0))


def test_a_given_seq_is_kept_once(spool: Path) -> None:
    publisher = Publisher("mqtt://dev-1:x@127.0.0.1:1", spool=spool)
    assert [publisher.send(Kind.READINGS_JSON, "b1", readings(), seq=seq) for seq in (4, 4, None)] == [4, 4, 5]
    assert (publisher.sent_messages, publisher.waiting) == (2, 2)
    publisher.stop()


def test_what_cannot_be_sent_is_refused_at_once() -> None:
    publisher = Publisher("mqtt://dev-1:x@127.0.0.1:1")
    with pytest.raises(Invalid, match="split it"):
        publisher.send(Kind.READINGS_BINARY, "b1", readings(200_000))
    assert publisher.waiting == 0
    with pytest.raises(Invalid, match="no boot"):
        publisher.send(Kind.READINGS_BINARY, "b 1", readings())
    publisher.stop()
    for url in ("mqtt://127.0.0.1:1", "http://a:b@c", "mqtt://a.b:c@d", "mqtt://a:b@c:port"):
        with pytest.raises(Invalid):
            Publisher(url)


def test_a_refused_user_is_named(broker: Broker) -> None:
    with Publisher(broker.url_for("dev-1", "wrong")) as publisher:
        publisher.send(Kind.READINGS_BINARY, "b1", readings())
        assert not publisher.wait_committed(2)
        assert publisher.trouble is not None
        assert "refuses the user dev-1" in publisher.trouble


def kill(broker: Broker) -> None:
    mark = broker._process._mark()
    assert mark is not None
    os.kill(mark.pid, signal.SIGKILL)
