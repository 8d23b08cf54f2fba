"""The quick readers of our own payloads say what the strict ones say, or leave it to them."""

import json
from collections.abc import Callable
from typing import Any

import msgpack
import numpy as np
import pytest

from ingest.dialects import forecourt_binary, forecourt_json, strict
from ingest.envelope import Malformed, Message, Readings

PLAIN: dict[str, Any] = {
    "boot": "b1", "seq": 7, "floor": 3, "age_ms": 250, "t0": "2026-11-23T04:00:00.5Z", "dt_ms": [0, 1000],
    "signals": {"engine_speed": [800, 812.5], "vehicle_speed": [None, 1e300]},
}  # fmt: skip
CHANGES: list[dict[str, Any]] = [
    {}, {"t0": None}, {"floor": None}, {"floor": 8}, {"seq": 7.0}, {"seq": True}, {"seq": -1}, {"seq": 2**60},
    {"boot": "a b"}, {"boot": ""}, {"dt_ms": []}, {"dt_ms": [0]}, {"dt_ms": [-1, 0]}, {"dt_ms": [0, 2**32]},
    {"signals": {}}, {"signals": {"engine_speed": [1, True]}}, {"signals": {"engine_speed": ["1", 2]}},
    {"signals": {'a"b': [1, 2]}}, {"signals": {"engine_speed": [10**400, 1]}}, {"signals": {"x": [float("nan"), 1]}},
    {"units": {"engine_speed": "rpm"}}, {"stranger": [{"a": 1}]}, {"age_ms": -1}, {"t0": "yesterday"},
]  # fmt: skip


PACKED: dict[str, Any] = {
    "boot": "b1", "seq": 7, "floor": 3, "age_ms": 250, "t0": 1_780_000_000_000, "n": 2,
    "dt": np.array([0, 1000], "<u4").tobytes(), "signals": ["engine_speed", "vehicle_speed"],
    "values": np.array([800, 812.5, np.nan, np.inf], "<f4").tobytes(),
}  # fmt: skip
REPACKED: list[dict[str, Any]] = [
    {}, {"t0": None}, {"t0": -1}, {"t0": 1e12}, {"t0": 2**60}, {"floor": None}, {"floor": 8}, {"seq": 7.0},
    {"seq": True}, {"seq": -1}, {"seq": 2**63}, {"boot": "a b"}, {"boot": ""}, {"boot": b"b1"}, {"n": 1}, {"n": -2},
    {"n": 2.0}, {"dt": "00000000"}, {"dt": b""}, {"n": 0, "dt": b"", "values": b""}, {"values": b"1234"},
    {"signals": []}, {"signals": ["x"]}, {"signals": ["x", "x"]}, {"signals": ["x", 1]}, {"signals": None},
    {"units": {"engine_speed": "rpm"}}, {"stranger": 1}, {"age_ms": -1}, {"age_ms": None},
]  # fmt: skip


def told(payload: bytes, decode: Callable[[bytes], Message] = forecourt_json.decode) -> object:
    """Give what a payload says, comparably; a reason where it is malformed."""
    try:
        message = decode(payload)
    except Malformed as error:
        return error.reason, error.header
    content = message.content
    assert isinstance(content, Readings)
    values = np.nan_to_num(content.values, nan=-1e30).tolist()
    return message.header, content.t0, content.dt_ms.tolist(), content.signals, values, dict(content.units)


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_json_is_read_the_same_in_one_look(change: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    payload = json.dumps(PLAIN | change).encode()
    twice = payload.replace(b'"seq"', b'"seq": 9, "seq"')
    quick = told(payload), told(twice)
    monkeypatch.setattr(forecourt_json, "_plain", lambda _payload: None)
    monkeypatch.setattr(forecourt_json, "_quick", lambda _payload: None)
    assert quick == (told(payload), told(twice))


@pytest.mark.parametrize("change", REPACKED, ids=str)
def test_messagepack_is_read_the_same_in_one_look(change: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    payload = msgpack.packb(PACKED | change)
    seq = msgpack.packb("seq")
    changed = (
        payload,
        bytes([payload[0] + 1]) + seq + b"\x09" + payload[1:],
        payload[:-1],
        payload + b"\x00",
        b"\xde\x00" + bytes([payload[0] & 15]) + payload[1:],
    )
    quick = [told(each, forecourt_binary.decode) for each in changed]
    monkeypatch.setattr(forecourt_binary, "_plain", lambda _payload: None)
    assert quick == [told(each, forecourt_binary.decode) for each in changed]


def test_what_ours_write_is_read_in_one_look() -> None:
    assert isinstance(forecourt_json._plain(json.dumps(PLAIN).encode()), Message)
    assert isinstance(forecourt_binary._plain(msgpack.packb(PACKED)), Message)


def test_a_map_that_repeats_a_name_is_left_to_the_strict_reader() -> None:
    one = msgpack.packb({"boot": "b", "signals": ["x"]})
    assert strict.load_messagepack(one) == {"boot": "b", "signals": ["x"]}
    for twice in (
        b"\x82" + 2 * (msgpack.packb("seq") + b"\x01"),
        b"\x81" + msgpack.packb("units") + b"\x82" + 2 * (msgpack.packb("a") + b"\x01"),
        b"\x81" + msgpack.packb("x") + b"\x91\x82" + 2 * (msgpack.packb("a") + b"\x01"),
    ):
        with pytest.raises(Malformed, match="twice"):
            strict.load_messagepack(twice)
