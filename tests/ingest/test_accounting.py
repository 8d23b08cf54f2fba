"""Whatever a device sends, every reading is stored, rejected with a reason or redelivered; nothing stops the intake."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foundation.database import Database
from ingest import registry
from ingest.archive import Archive
from ingest.arrived import Arrived
from ingest.counting import count_readings
from ingest.dialects import DIALECTS, decode
from ingest.envelope import Message, Readings, encode
from ingest.intake import Intake
from ingest.rejected import header_of
from ingest.signals import SIGNALS
from ingest.topics import Kind, topic_of
from ingest.windows import Windows
from tests.ingest.test_envelope import json_values, messages
from tests.ingest.wire import NOON

names = st.sampled_from([*list(SIGNALS)[:6], "tyre_pressure", "\x00", ""])
numbers = st.one_of(st.none(), st.floats(-50, 50), st.sampled_from([float("nan"), float("inf"), 1e39, 10**400, 700]))
json_messages = st.builds(
    lambda seq, columns, at, unit: {
        "boot": "b1",
        "seq": seq,
        "t0": at,
        "dt_ms": [0, 5000],
        "signals": columns,
        "units": {"engine_speed": unit},
    },
    st.integers(0, 30),
    st.dictionaries(names, st.lists(numbers, min_size=2, max_size=2), max_size=4),
    st.sampled_from(["2026-11-23T03:59:00Z", "2026-11-23T04:59:00Z", "1970-01-01T00:00:00Z", None]),
    st.sampled_from(["rpm", "\ud800"]),
)
by_ecu = json_values | st.dictionaries(st.sampled_from(["7E8", "unknown", " "]), json_values | st.just({"stored": []}))
reports = st.dictionaries(st.sampled_from(["t", "mil", "freeze", "ecus", "readiness", "monitors", "vin"]), by_ecu)
results = st.dictionaries(st.sampled_from(["t", "id", "outcome", "detail", "ecus", "replies"]), by_ecu)
deliveries = st.one_of(
    st.builds(lambda it: (Kind.READINGS_BINARY, encode(Kind.READINGS_BINARY, it)), messages()),
    json_messages.map(lambda it: (Kind.READINGS_JSON, json.dumps(it).encode())),
    reports.map(lambda it: (Kind.DTCS, json.dumps({"boot": "b2", "seq": 1, "ecus": {}} | it).encode())),
    results.map(
        lambda it: (
            Kind.RESULT,
            json.dumps({"boot": "b3", "seq": 1, "id": "cmd", "kind": "snapshot", "outcome": "done"} | it).encode(),
        )
    ),
    st.tuples(
        st.sampled_from([Kind.STATUS, Kind.RESULT, Kind.DTCS, Kind.READINGS_JSON, Kind.READINGS_BINARY]),
        st.binary(max_size=40),
    ),
)


@pytest.fixture
def intake(database: Database, tmp_path: Path) -> Intake:
    with database.unit() as unit:
        registry.add_vehicle(unit, "org", "car-1")
    return Intake(database, Archive(tmp_path / "archive"), "w1")


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(sent=st.lists(deliveries, max_size=6), retained=st.booleans())
def test_every_reading_is_accounted_for(
    database: Database, intake: Intake, tmp_path: Path, sent: list[tuple[Kind, bytes]], retained: bool
) -> None:
    with database.unit() as unit:
        device, _ = registry.add_device(unit, "car-1")  # a new one, for what it sends to be new
    arrived = [Arrived(topic_of(device, kind), payload, NOON, retained) for kind, payload in sent]
    before = _total(database)
    windows = Windows(Archive(tmp_path / "archive"))
    outcome = intake.process(arrived, windows.update)
    first: dict[Any, int] = {}
    for one in decode(arrived):
        header = header_of(one)
        if header is not None:
            readings = isinstance(one.content, Message) and isinstance(one.content.content, Readings)
            first.setdefault((header.boot, header.seq), one.content.content.count if readings else 0)
    assert outcome.stored + sum(outcome.rejected.values()) == sum(first.values())
    assert _total(database) - before == outcome.stored + sum(outcome.rejected.values())
    assert intake.process(arrived).stored == 0


def test_every_dialect_is_heard() -> None:
    assert {dialect.device_of(topic_of("d", kind)) for kind in Kind for dialect in DIALECTS} == {"d", None}


def _total(database: Database) -> int:
    with database.unit() as unit:
        counts = count_readings(unit, "org")
    return counts.stored + sum(counts.rejected.values())
