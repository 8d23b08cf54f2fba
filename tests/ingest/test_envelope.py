"""Wire bytes in, readings out; and whatever the bytes are, only `Malformed` may escape."""

import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ingest.arrived import Arrived
from ingest.dialects import DIALECTS, decode, forecourt_binary, forecourt_json
from ingest.dialects.dialect import Ours
from ingest.envelope import Header, Malformed, Message, Readings, Status, encode, restamp
from ingest.topics import Kind, parse_topic

START = datetime(2026, 11, 22, 10, tzinfo=UTC)
CONTRACT = {
    "boot": "b7",
    "seq": 17,
    "floor": 15,
    "t0": "2026-11-22T10:00:00Z",
    "age_ms": 61000,
    "dt_ms": [0, 1000, 2000],
    "signals": {"engine_speed": [812, 805.25, None], "coolant_temperature": [35, 35, 36]},
    "units": {"coolant_temperature": "degC"},
}


def binary(**changes: Any) -> bytes:
    document = {
        "boot": "b7",
        "seq": 17,
        "floor": 15,
        "t0": 1_795_341_600_000,
        "age_ms": 61000,
        "n": 2,
        "dt": np.array([0, 1000], "<u4").tobytes(),
        "signals": ["engine_speed", "coolant_temperature"],
        "values": np.array([812, math.nan, 35, math.inf], "<f4").tobytes(),
    }
    return msgpack.packb(document | changes)


def readings(message: Message | Status) -> Readings:
    assert isinstance(message, Message)
    assert isinstance(message.content, Readings)
    return message.content


def test_the_contract_s_json_example_reads_as_columns() -> None:
    message = forecourt_json.decode(json.dumps(CONTRACT).encode())
    content = readings(message)
    assert message.header == Header("b7", 17, 15, 61000)
    assert content.t0 == START
    assert content.dt_ms.tolist() == [0, 1000, 2000]
    assert dict(zip(content.signals, content.values.tolist(), strict=True))["coolant_temperature"] == [35, 35, 36]
    np.testing.assert_array_equal(content.values[0], np.array([812, 805.25, np.nan], np.float32))
    assert content.units == {"coolant_temperature": "degC"}
    assert content.count == 5


def test_binary_nan_is_missing_and_infinity_is_kept_for_the_gate() -> None:
    content = readings(forecourt_binary.decode(binary()))
    assert content.t0 == START
    np.testing.assert_array_equal(content.values, np.array([[812, np.nan], [35, np.inf]], np.float32))
    assert content.count == 3


def test_json_literals_that_are_not_finite_are_kept_for_the_gate_beside_their_siblings() -> None:
    written = json.dumps(CONTRACT).replace("812", "NaN").replace("805.25", "-Infinity")
    content = readings(forecourt_json.decode(written.encode()))
    assert np.isinf(content.values[0, :2]).all()
    assert content.values[1].tolist() == [35, 35, 36]


@pytest.mark.parametrize("number", ["1e300", "-1e300", "1" + "0" * 200])
def test_a_finite_number_beyond_float32_stays_finite(number: str) -> None:
    content = readings(forecourt_json.decode(json.dumps(CONTRACT).replace("812", number).encode()))
    assert np.isfinite(content.values[0, 0])
    assert abs(content.values[0, 0]) > 1e38


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"boot": None}, "boot"),
        ({"boot": "a b"}, "boot"),
        ({"seq": True}, "seq"),
        ({"seq": 1.0}, "seq"),
        ({"seq": -1}, "seq"),
        ({"seq": 2**60}, "seq"),
        ({"floor": 18}, "floor"),
        ({"age_ms": -1}, "age_ms"),
        ({"dt_ms": [0, -1, 2]}, "dt_ms"),
        ({"dt_ms": [0, 1.5, 2]}, "dt_ms"),
        ({"dt_ms": [0, 2**32, 2]}, "dt_ms"),
        ({"dt_ms": [0, 1000]}, "does not have 2 values"),
        ({"signals": {"engine_speed": [1, 2, "3"]}}, "no number"),
        ({"signals": {"engine_speed": [1, 2, True]}}, "no number"),
        ({"signals": {"engine_speed": 5}}, "does not have"),
        ({"signals": []}, "signals"),
        ({"units": {"engine_speed": 5}}, "units"),
        ({"t0": "2026-11-22T10:00:00"}, "zone"),
        ({"t0": "2027-02-29T10:00:00Z"}, "calendar"),
        ({"t0": "9999-12-31T23:59:59-23:00"}, "calendar"),
        ({"t0": 5}, "zone"),
    ],
)
def test_json_that_breaks_the_format_is_malformed(change: dict[str, Any], words: str) -> None:
    with pytest.raises(Malformed, match=words):
        forecourt_json.decode(json.dumps(CONTRACT | change).encode())


@pytest.mark.parametrize(
    "change",
    [
        {"n": 3},
        {"n": -1},
        {"dt": b"123"},
        {"values": b""},
        {"values": [812.0]},
        {"signals": ["engine_speed", "engine_speed"]},
        {"signals": ["engine_speed", 5]},
        {"t0": 2**63},
        {"t0": 5.0},
        {"floor": 2**64 - 1},
    ],
)
def test_binary_that_breaks_the_format_is_malformed(change: dict[str, Any]) -> None:
    with pytest.raises(Malformed) as caught:
        forecourt_binary.decode(binary(**change))
    assert caught.value.header is not None
    assert (caught.value.header.boot, caught.value.header.seq) == ("b7", 17)


def test_a_name_that_occurs_twice_is_malformed() -> None:
    with pytest.raises(Malformed, match="twice"):
        forecourt_json.decode(b'{"boot":"b","seq":1,"dt_ms":[0],"signals":{"a":[1],"a":[2]}}')


def test_more_than_a_million_bytes_are_malformed() -> None:
    with pytest.raises(Malformed, match="more than"):
        forecourt_json.decode(b" " * 1_000_001)


instants = st.one_of(
    st.none(),
    st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001 - hypothesis wants naive bounds
        lambda naive: naive.replace(tzinfo=UTC, microsecond=naive.microsecond // 1000 * 1000)
    ),
)
headers = st.builds(
    lambda boot, seq, back, age: Header(boot, seq, max(seq - back, 0), age),
    st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True),
    st.integers(0, 2**53 - 1),
    st.integers(0, 100),
    st.one_of(st.none(), st.integers(0, 10**9)),
)


@st.composite
def messages(draw: st.DrawFn) -> Message:
    names = draw(st.lists(st.text(st.characters(codec="utf-8"), max_size=20), max_size=5, unique=True))
    rows = draw(st.integers(0, 5))
    values = draw(arrays.arrays(np.float32, (len(names), rows), elements=st.floats(width=32)))
    dt_ms = draw(arrays.arrays(np.int64, rows, elements=st.integers(0, 2**32 - 1)))
    units = draw(st.dictionaries(st.text(max_size=5).filter(str.isprintable), st.just("degC"), max_size=2))
    return Message(draw(headers), Readings(draw(instants), dt_ms, tuple(names), values, units))


@pytest.mark.parametrize(
    ("kind", "dialect"), [(Kind.READINGS_JSON, forecourt_json), (Kind.READINGS_BINARY, forecourt_binary)]
)
@given(message=messages())
def test_both_encodings_give_back_what_was_sent(kind: Kind, dialect: Any, message: Message) -> None:
    sent = readings(message)
    got_message = dialect.decode(encode(kind, message))
    got = readings(got_message)
    assert (got_message.header, got.t0, got.signals, got.units) == (message.header, sent.t0, sent.signals, sent.units)
    np.testing.assert_array_equal(got.dt_ms, sent.dt_ms)
    if kind is Kind.READINGS_JSON:  # JSON has one literal for both infinities
        np.testing.assert_array_equal(np.isinf(got.values), np.isinf(sent.values))
        sent = Readings(sent.t0, sent.dt_ms, sent.signals, np.where(np.isinf(sent.values), np.inf, sent.values))
    np.testing.assert_array_equal(got.values, sent.values)


@given(message=messages(), floor=st.integers(0, 5), age=st.integers(0, 10**9))
def test_a_payload_is_sent_again_with_a_new_age_and_floor(message: Message, floor: int, age: int) -> None:
    floor = min(floor, message.header.seq)
    for kind, dialect in ((Kind.READINGS_JSON, forecourt_json), (Kind.READINGS_BINARY, forecourt_binary)):
        again = dialect.decode(restamp(kind, encode(kind, message), floor, age))
        assert again.header == Header(message.header.boot, message.header.seq, floor, age)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
fields = st.sampled_from(
    [
        "boot",
        "seq",
        "floor",
        "t0",
        "age_ms",
        "dt_ms",
        "n",
        "dt",
        "signals",
        "values",
        "units",
        "t",
        "ecus",
        "mil",
        "freeze",
        "readiness",
        "monitors",
        "vin",
        "id",
        "kind",
        "outcome",
        "detail",
        "replies",
        "online",
        "spool",
        "clock",
        "disk",
    ]
)
documents = st.dictionaries(
    fields, json_values | st.sampled_from(["b7", 3, [0], {"a": [1]}, {"7E8": {}}, {"7E8": [{}]}, "done"])
)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@given(
    payload=st.binary()
    | documents.map(lambda it: json.dumps(it).encode())
    | json_values.map(lambda it: json.dumps(it).encode())
    | documents.map(lambda it: msgpack.packb({"boot": "b", "seq": 1} | _small(it)))
)
def test_only_malformed_escapes_whatever_the_bytes(dialect: Any, payload: bytes) -> None:
    try:
        dialect.read(Arrived(dialect.subscription.replace("+", "dev").replace("#", "x"), payload, START))
    except Malformed as error:
        assert error.reason  # noqa: PT017 - it need not raise


def _small(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key).encode("utf-8", "replace").decode(): _small(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_small(item) for item in value]
    if isinstance(value, int):
        return value % 2**63
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


@pytest.mark.parametrize("deep", [b"[" * 100_000, b'{"freeze":' * 600 + b"1" + b"}" * 600, b"\x91" * 100_000])
def test_deep_nesting_is_malformed(deep: bytes) -> None:
    wrapped = b'{"boot":"b","seq":1,"ecus":{},"freeze":' + deep + b"}"
    for dialect in filter(lambda it: isinstance(it, Ours), DIALECTS):
        for payload in (deep, wrapped):
            with pytest.raises(Malformed):
                dialect.read(Arrived("", payload, START))


def test_a_batch_keeps_what_it_cannot_read() -> None:
    topics = ["fc/v1/dev/status", "fc/v1/dev/readings/json", "fc/v1/a b/status", "other/dev"]
    found = decode([Arrived(topic, b'{"online":true}', START + timedelta(seconds=1)) for topic in topics])
    assert [(one.device, type(one.content)) for one in found] == [
        ("dev", Status),
        ("dev", Malformed),
        ("", Malformed),
        ("", Malformed),
    ]


def test_each_topic_parses_to_its_device_and_kind() -> None:
    assert parse_topic("fc/v1/dev-1/readings/bin") == ("dev-1", Kind.READINGS_BINARY)
    assert parse_topic("fc/v1/dev-1/nothing") is None
    assert parse_topic("fc/v1/dev/1/status") is None
    assert len({dialect.name for dialect in DIALECTS}) == len(DIALECTS)
