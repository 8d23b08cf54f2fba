"""Deliveries become committed readings: once, whatever the order and however often they come."""

import json
import secrets
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from foundation.clock import FixedClock
from foundation.database import Database, UnitOfWork
from ingest import registry
from ingest.archive import Archive
from ingest.arrived import Arrived
from ingest.batch import Batch
from ingest.counting import count_readings
from ingest.intake import Intake, Outcome
from ingest.rejected import Reason
from ingest.topics import Kind
from ingest.trip_log import TripSpan
from tests.ingest.wire import NOON, columns, document

MINUTE = timedelta(minutes=1)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive")


@pytest.fixture
def intake(database: Database, archive: Archive) -> Intake:
    with database.unit() as unit:
        registry.add_vehicle(unit, "org", "car-1")
        registry.add_device(unit, "car-1", "dev-1")
    intake = Intake(database, archive, "w1")
    intake.start()
    return intake


def rows(database: Database, statement: str, **values: Any) -> list[Any]:
    with database.unit() as unit:
        return [tuple(row) for row in unit.connection.execute(text(statement), values)]


def replies(outcome: Outcome) -> dict[str, Any]:
    return {it.topic: json.loads(it.payload) for it in outcome.replies}


def test_a_batch_is_stored_answered_and_counted(database: Database, archive: Archive, intake: Intake) -> None:
    outcome = intake.process(
        [
            columns(1, engine_speed=[800, 99_999], coolant_temperature=[35, 35]),
            columns(2, NOON - MINUTE / 2, engine_speed=[801, 802]),
            columns(7, device="stranger", engine_speed=[1, 2, 3]),
            document(Kind.READINGS_JSON, {"boot": "b1", "seq": 3, "dt_ms": "x"}),
        ]
    )
    assert (outcome.stored, outcome.redelivered) == (5, 0)
    assert outcome.rejected == {Reason.IMPOSSIBLE: 1, Reason.UNKNOWN_DEVICE: 3, Reason.MALFORMED: 0}
    assert replies(outcome) == {
        "fc/v1/dev-1/committed": {"boot": "b1", "through_seq": 3, "also": []},
        "fc/v1/stranger/committed": {"boot": "b1", "through_seq": 0, "also": [[7, 7]]},
    }
    with database.unit() as unit:
        counts = count_readings(unit, "org")
        trip = archive.read_span(unit, TripSpan("car-1", "org", "b1", NOON - MINUTE, NOON, 1, "dev-1"))
    assert (counts.stored, counts.rejected["impossible"], counts.trips_waiting) == (5, 1, 1)
    assert trip.t_s.tolist() == [0, 1, 30, 31]
    np.testing.assert_array_equal(trip.signals["engine_speed"], np.array([800, np.nan, 801, 802], np.float32))
    assert rows(database, "SELECT value, seq, position FROM last_values WHERE signal = 'engine_speed'") == [(802, 2, 1)]


def test_what_a_locked_out_device_had_sent_before_is_rejected(database: Database, intake: Intake) -> None:
    with database.unit() as unit:
        registry.revoke_device(unit, "dev-1")
    outcome = intake.process([columns(1, engine_speed=[800, 801])])
    assert (outcome.stored, outcome.rejected) == (0, {Reason.UNKNOWN_DEVICE: 2})


def test_a_worker_that_starts_waits_for_its_predecessor_s_last_batch(
    database: Database, archive: Archive, intake: Intake, tmp_path: Path
) -> None:
    with ThreadPoolExecutor(1) as beside:

        def start(_unit: UnitOfWork, _batch: Batch) -> None:
            begun.append(beside.submit(Intake(database, archive, "w1").start))
            with pytest.raises(TimeoutError):
                begun[0].result(0.5)

        begun: list[Future[list[str]]] = []
        intake.process([columns(1, engine_speed=[800, 801])], start)
        assert begun[0].result(10) == []  # it has cleared nothing away
    [(listed,)] = rows(database, "SELECT name FROM segments")
    assert (tmp_path / "archive" / listed).exists()


def test_a_redelivery_is_neither_stored_nor_rejected(database: Database, intake: Intake) -> None:
    good, bad = columns(1, engine_speed=[800, 99_999]), document(Kind.READINGS_JSON, {"boot": "b1", "seq": 2})
    first = intake.process([good, bad, good])
    again = intake.process([bad, good])
    assert (first.stored, first.redelivered) == (1, 1)
    assert (again.stored, again.rejected, again.redelivered) == (0, {}, 2)
    assert replies(again) == {"fc/v1/dev-1/committed": {"boot": "b1", "through_seq": 2, "also": []}}
    assert rows(database, "SELECT redelivered, gaps FROM boots") == [(3, 0)]
    assert rows(database, "SELECT count(*) FROM rejected") == [(2,)]


def test_gaps_are_told_as_ranges_and_passed_over_below_the_floor(database: Database, intake: Intake) -> None:
    def process(*messages: tuple[int, int]) -> dict[str, Any]:
        batch = [columns(seq, floor=floor, engine_speed=[800]) for seq, floor in messages]
        return replies(intake.process(batch))["fc/v1/dev-1/committed"]

    assert process((5, 3), (6, 3), (9, 3)) == {"boot": "b1", "through_seq": 2, "also": [[5, 6], [9, 9]]}
    assert rows(database, "SELECT gaps FROM boots") == [(2,)]
    assert process((3, 3), (4, 3)) == {"boot": "b1", "through_seq": 6, "also": [[9, 9]]}
    assert process((10, 9)) == {"boot": "b1", "through_seq": 10, "also": []}
    assert rows(database, "SELECT gaps FROM boots") == [(4,)]
    assert process((7, 7)) == {"boot": "b1", "through_seq": 10, "also": []}
    assert rows(database, "SELECT gaps FROM boots") == [(3,)]


def test_a_boot_that_begins_with_nought_waits_for_it(intake: Intake) -> None:
    outcome = intake.process([columns(1, floor=0, engine_speed=[800])])
    assert replies(outcome)["fc/v1/dev-1/committed"] == {"boot": "b1", "through_seq": -1, "also": [[1, 1]]}
    outcome = intake.process([columns(0, floor=0, engine_speed=[800])])
    assert replies(outcome)["fc/v1/dev-1/committed"]["through_seq"] == 1


def test_a_batch_that_fails_leaves_nothing_behind(
    database: Database, archive: Archive, intake: Intake, tmp_path: Path
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("detector")

    message = columns(1, engine_speed=[800])
    with pytest.raises(RuntimeError, match="detector"):
        intake.process([message], fail)
    assert rows(database, "SELECT count(*) FROM message_keys") == [(0,)]
    assert intake.process([message]).stored == 1


def test_a_start_deletes_the_worker_s_own_unlisted_segments_only(intake: Intake, tmp_path: Path) -> None:
    intake.process([columns(1, engine_speed=[800])])
    (folder,) = (tmp_path / "archive").glob("fresh/date=*")
    for name in ("w1.lost.parquet", "w1.lost.parquet.tmp", "w2.other.parquet", "w11.other.parquet"):
        (folder / name).write_bytes(b"")
    assert sorted(path.rpartition("/")[2] for path in intake.start()) == ["w1.lost.parquet", "w1.lost.parquet.tmp"]
    assert len(list(folder.iterdir())) == 3


def test_retained_messages_are_history_and_not_live(database: Database, intake: Intake) -> None:
    assert intake.process([columns(1, engine_speed=[800], retained=True)]).stored == 1
    assert rows(database, "SELECT count(*) FROM last_values") == [(0,)]


def test_late_data_leave_newer_last_values_alone(database: Database, intake: Intake) -> None:
    intake.process([columns(2, NOON - MINUTE, engine_speed=[800], coolant_temperature=[40])])
    intake.process([columns(1, NOON - 9 * MINUTE, engine_speed=[700], vehicle_speed=[5])])
    found = rows(database, "SELECT signal, value, quality FROM last_values ORDER BY signal")
    assert found == [("coolant_temperature", 40, 0), ("engine_speed", 800, 0), ("vehicle_speed", 5, 4)]


def test_trouble_codes_and_statuses_are_kept(database: Database, intake: Intake) -> None:
    report = {"boot": "b1", "t": "2026-11-23T03:59:00Z", "mil": True}
    intake.process(
        [
            document(Kind.DTCS, report, seq=1, ecus={"7E8": {"stored": ["P0562"], "pending": []}}),
            document(Kind.STATUS, {"online": True, "clock": "unset"}),
            document(Kind.STATUS, {"online": True}, device="stranger"),
        ]
    )
    outcome = intake.process([columns(2, NOON - timedelta(days=99), age_ms=1000, engine_speed=[800])])
    assert outcome.batch.quality.tolist() == [8]
    assert rows(database, "SELECT report -> 'ecus' -> '7E8' -> 'stored' FROM dtc_reports") == [(["P0562"],)]
    assert rows(database, "SELECT device, reason FROM rejected JOIN rejected_messages m ON m.id = message") == [
        ("stranger", "unknown_device")
    ]


def test_rejected_payloads_of_any_bytes_can_be_kept(database: Database, intake: Intake) -> None:
    odd = {"boot": "b1", "seq": 1, "dt_ms": [0], "signals": {"\x00\ud800": [1]}, "units": {}}
    intake.process(
        [
            document(Kind.READINGS_JSON, odd),
            Arrived("fc/v1/dev-1/readings/bin", bytes(range(256)) * 40, NOON),
            Arrived("fc/v1/\x00/status", b"", NOON),
        ]
    )
    kept = rows(
        database,
        "SELECT reason, signal, size, length(payload) FROM rejected JOIN rejected_messages m ON m.id = message",
    )
    assert ("malformed", None, 10_240, 4096) in kept
    assert ("unknown_signal", "\ufffd\ufffd") in [row[:2] for row in kept]
    assert len(kept) == 3


messages = st.lists(
    st.tuples(
        st.sampled_from(["b1", "b2"]),
        st.integers(1, 8),
        st.integers(0, 1200),
        st.lists(st.sampled_from([0.0, 800.0, 900.0, 20_000.0]), min_size=1, max_size=3),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda it: (it[0], it[1]),
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(told=messages, data=st.data())
def test_any_order_and_repetition_of_arrival_gives_the_same_state(
    database: Database, archive: Archive, told: list[Any], data: st.DataObject
) -> None:
    start = NOON - timedelta(minutes=40)
    order = data.draw(st.permutations([*told, *data.draw(st.lists(st.sampled_from(told), max_size=4))]))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(order)), max_size=3)))

    def feed(arrivals: list[Any], cuts: list[int]) -> Any:
        car, device = f"car-{secrets.token_hex(6)}", f"dev-{secrets.token_hex(6)}"
        with database.unit() as unit:
            registry.add_vehicle(unit, car, car)
            registry.add_device(unit, car, device)
        intake = Intake(database, archive, "w1")
        sent = [
            columns(seq, start + timedelta(seconds=at), boot=boot, device=device, engine_speed=speeds)
            for boot, seq, at, speeds in arrivals
        ]
        for first, last in zip([0, *cuts], [*cuts, len(sent)], strict=True):
            intake.process(sent[first:last])
        return state_of(database, archive, car)

    assert feed(order, cuts) == feed(sorted(told, key=lambda it: (it[2], it[0], it[1])), [])


def state_of(database: Database, archive: Archive, car: str) -> Any:
    spans = rows(
        database,
        "SELECT boot, start_at, end_at, in_use_until, device FROM trip_spans WHERE vehicle = :car ORDER BY 1, 2",
        car=car,
    )
    last = rows(
        database, "SELECT signal, value, at, boot, seq, position FROM last_values WHERE vehicle = :car", car=car
    )
    with database.unit() as unit:
        trips = [
            archive.read_span(unit, TripSpan(car, car, boot, start, end, 1, device))
            for boot, start, end, _, device in spans
        ]
        counts = count_readings(unit, car)
    stored = [(trip.boot, trip.t_s.tolist(), Counter(trip.signals["engine_speed"].tolist())) for trip in trips]
    exact = [trip.signals["engine_speed"].tolist() for trip in trips]
    return [span[:4] for span in spans], last, stored, exact, counts.stored, counts.rejected


def test_spans_join_when_the_gap_is_filled(database: Database, intake: Intake, clock: FixedClock) -> None:
    def spans() -> list[tuple[datetime, datetime]]:
        return rows(database, "SELECT start_at, end_at FROM trip_spans ORDER BY 1")

    at = NOON - timedelta(minutes=30)
    intake.process([columns(1, at, engine_speed=[800]), columns(3, at + 8 * MINUTE, engine_speed=[800])])
    assert spans() == [(at, at), (at + 8 * MINUTE, at + 8 * MINUTE)]
    intake.process([columns(2, at + 4 * MINUTE, engine_speed=[800])])
    assert spans() == [(at, at + 8 * MINUTE)]
